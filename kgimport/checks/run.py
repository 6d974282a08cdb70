"""`kgimport check`: run every check on every table, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport import findings, sources, sums
from kgimport.checks import agreement, rules
from kgimport.checks.ends import exported_rows, without_relationship
from kgimport.checks.profile import longest, profile, profiled
from kgimport.errors import IntegrityError, SourceError, ValueRefusedError
from kgimport.notebook import Summary, as_html, summary
from kgimport.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from kgimport.checks.agreement import Plan
    from kgimport.checks.ids import Resolved
    from kgimport.checks.profile import Profile
    from kgimport.checks.rules import Check
    from kgimport.checks.scan import Scanned
    from kgimport.findings import Finding
    from kgimport.graph import Graph, Table
    from kgimport.options import ExportOptions
    from kgimport.progress import Progress
    from kgimport.records import Facts
    from kgimport.sums import Extent


_MAY_BE_MISSING = (
    "fix the rows in dbt; for relationships whose ends may be missing, "
    "`on_missing: skip` sets them aside and counts them"
)
_HINTS = {
    "null-end": "fix the rows in dbt; if a null key means that there is no relationship, "
    "`on_null: skip` makes none, and counts such rows",
    "duplicate-edge": "declare a `key:` that distinguishes its rows, or keep one of them in SQL",
    "required": "fix the rows in dbt, or remove `required: true` from columns that may be empty",
    "dangling-end": _MAY_BE_MISSING,
}
# How many rows Polars writes at a time, and how many times `--memory` those may take.
_ROWS_AT_ONCE, _TIMES = 1_000, 4


@dataclass(frozen=True, slots=True)
class Proof:
    """What one pass over every table found."""

    profiles: Mapping[str, Profile]
    sources: Mapping[str, int]  # rows in the source, including those that are left out
    nulls: Mapping[str, int]  # rows without a relationship, because a key is null
    findings: tuple[Finding, ...]
    # What Polars found in the columns that the second reader also reads, by table and property.
    extents: Mapping[str, Mapping[str, Extent]]

    def summary(self, title: str) -> Summary:
        """Return how many rows each table has, and how many of them an export rejects."""
        rejected = {
            name: rows - self.profiles[name].rows - self.nulls[name]
            for name, rows in self.sources.items()
        }
        columns = {"rows": self.sources, "to be rejected": rejected}
        if any(self.nulls.values()):
            columns["without an end"] = self.nulls
        rows = ((name, *(each[name] for each in columns.values())) for name in self.sources)
        return summary(title, ("table", *columns), rows)

    def _repr_html_(self) -> str:
        return as_html(self.summary("sound"))


def prove(
    graph: Graph,
    there: Resolved,
    options: ExportOptions,
    progress: Progress,
    plans: Mapping[str, Plan] = MappingProxyType({}),
) -> Proof:
    """Run every check on every table, in one pass over each table.

    `plans` names, for each table, the columns that the second reader reads too.
    """
    profiles, rows, nulls, extents, findings = {}, {}, {}, {}, []
    names = [table.name for table in graph.tables]
    for at, name in enumerate(names):
        progress(f"check {name}", at / len(names))
        scanned = there.tables[name]
        asked = dict(plans[name].asked(scanned)) if name in plans else {}
        profiles[name], answers, found = _examine(scanned, options, asked)
        rows[name], nulls[name] = _source_rows(scanned, profiles[name])
        extents[name] = dict(zip(asked, sums.extents(answers), strict=True))
        findings += [*_unseen(graph, scanned.table), *found]
    return Proof(profiles, rows, nulls, (*findings, *there.duplicates), extents)


def _unseen(graph: Graph, table: Table) -> list[Finding]:
    """Return what only the files of a table show; those of several tables are looked at once."""
    together = graph.of_origin(table.origin)
    return sources.findings(table, together) if together[0] == table else []


def prove_and_compare(
    graph: Graph,
    there: Resolved,
    before: Mapping[str, str],
    made: DuckDBPyConnection,
    *,
    options: ExportOptions,
    progress: Progress,
) -> tuple[Proof, dict[str, dict[str, Facts]]]:
    """Run every check, then read every table with a second reader, which must find the same.

    `before` holds the tables' fingerprints. Returns the proof, and what the second reader found by
    table and property. Raises an error for the findings, if there are any.
    """
    plans = {
        name: agreement.plan(made, scanned, there.ends.get(name))
        for name, scanned in there.tables.items()
    }
    proof = prove(graph, there, options, progress, plans)
    refuse(proof.findings)
    for name, scanned in there.tables.items():
        _must_fit(scanned, proof.profiles[name], options)
    facts = {}
    for at, (name, scanned) in enumerate(there.tables.items()):
        progress(f"read {name} a second time", at / len(plans))
        facts[name] = agreement.compare(
            made, scanned, plans[name], proof.extents[name], fingerprint=before[name]
        )
    return proof, facts


def _must_fit(scanned: Scanned, profile: Profile, options: ExportOptions) -> None:
    """Refuse rows so long that those written at one time would take far more than `--memory`.

    A few kilobytes of Parquet may repeat a long text a million times. Polars writes about a
    thousand rows at a time, and exits without an error if it runs out of memory.
    """
    at_once = min(profile.rows, _ROWS_AT_ONCE) * profile.long_row
    if at_once <= _TIMES * options.memory_mb * 2**20:
        return
    sizes = scanned.collect(exported_rows(scanned).select(longest(scanned.fields)))
    column, size = max(sizes.row(0, named=True).items(), key=itemgetter(1))
    wanted = at_once // (_TIMES * 2**20) + 1
    raise SourceError(
        f"the rows of table {scanned.table.name} take too much memory: {profile.rows:,} rows, "
        f"with up to {size / 2e6:,.0f} MB in column {column}",
        f"allow more with --memory {wanted}, or shorten the values of that column or leave it out",
    )


def _examine(
    scanned: Scanned, options: ExportOptions, extents: Mapping[str, Sequence[pl.Expr]]
) -> tuple[Profile, list[Any], list[Finding]]:
    """Return a table's profile, the results of `extents`, and the findings."""
    questions = tuple(_checks(scanned, options))
    rows = exported_rows(scanned)
    more = [each for four in extents.values() for each in four]
    asked = [
        *profile(scanned.fields),
        *rules.counts(questions),
        *(each.alias(f"extent:{at}") for at, each in enumerate(more)),
    ]
    answers = scanned.collect(rows.select(asked)).row(0, named=True)
    seen = profiled(scanned.fields, answers)
    offended = rules.failed(questions, answers)
    found = [_finding(scanned, rows, each, count) for each, count in offended]
    return seen, [answers[f"extent:{at}"] for at in range(len(more))], found


def _source_rows(scanned: Scanned, profile: Profile) -> tuple[int, int]:
    """Return how many rows a table has, and how many have no relationship: some key is null."""
    table = scanned.table
    if table.kind == "node" or not table.leaves_out_rows:
        return profile.rows, 0
    nulls = without_relationship(table).sum().cast(pl.Int64)
    rows, without = scanned.collect(scanned.frame.select(pl.len(), nulls.alias("nulls"))).row(0)
    return rows, without or 0


def _checks(scanned: Scanned, options: ExportOptions) -> Iterator[Check]:
    table, target = scanned.table, TARGETS[options.target]
    yield from rules.key_checks(table.key, scanned.schema)
    if table.kind == "node":
        if options.id_kind == "keys":
            first = target.first_cell_rules
            yield from rules.first_cell_checks(table.key, scanned.schema, first)
    else:
        yield from rules.end_checks(table)
    yield from rules.required_checks(table, scanned.schema, scanned.fields)
    if (column := table.name_column) is not None:
        refused = target.name_rules(table.word)
        yield from rules.name_checks(column, scanned.schema[column], table.word, refused)
    yield from rules.value_checks(scanned.fields)


def _finding(scanned: Scanned, frame: pl.LazyFrame, one: Check, count: int) -> Finding:
    table = scanned.table
    rows = scanned.collect(rules.samples(frame, one, chain.from_iterable(table.keys)))
    shown = findings.printable(rows)
    return findings.Finding(one.name, one.kind, table.name, one.columns, one.sentence, count, shown)


def refuse(findings: Sequence[Finding]) -> None:
    """Raise one error for all findings, if there are any."""
    if not findings:
        return
    kinds = {finding.kind for finding in findings}
    text = "\n".join(str(finding) for finding in findings)
    if "integrity" in kinds:
        hints = [hint for check, hint in _HINTS.items() if any(check == f.check for f in findings)]
        hint = hints[0] if len(hints) == 1 else _MAY_BE_MISSING
        raise IntegrityError(f"the tables do not form a graph:\n{text}", hint, findings)
    raise ValueRefusedError(
        f"these values cannot be imported exactly:\n{text}",
        "fix them in dbt, or choose a policy under the column's config.meta.kgimport",
        findings,
    )
