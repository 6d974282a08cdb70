"""`kgimport check`: every check of every table answered, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kgimport import findings, identity, sources, sums
from kgimport.checks import agreement, rules
from kgimport.checks.ends import exported_rows
from kgimport.checks.profile import longest, profile, profiled
from kgimport.errors import IntegrityError, SourceError, ValueRefusedError
from kgimport.notebook import Summary, as_html, summary
from kgimport.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl
    from duckdb import DuckDBPyConnection

    from kgimport.checks.agreement import Plan
    from kgimport.checks.ids import Resolved
    from kgimport.checks.profile import Profile
    from kgimport.checks.rules import Check
    from kgimport.checks.scan import Scanned
    from kgimport.findings import Finding
    from kgimport.graph import Graph
    from kgimport.options import ExportOptions
    from kgimport.progress import Progress
    from kgimport.records import Facts
    from kgimport.sums import Extent


@dataclass(frozen=True, slots=True)
class Proof:
    """What one pass over every table showed."""

    profiles: Mapping[str, Profile]
    sources: Mapping[str, int]  # rows in the source, the rejected ones among them
    findings: tuple[Finding, ...]
    # What Polars found in columns that a second reader reads, too, by table and property.
    extents: Mapping[str, Mapping[str, Extent]]

    def summary(self, title: str) -> Summary:
        """Return how many rows each table has, and how many of them an export rejects."""
        rows = ((name, n, n - self.profiles[name].rows) for name, n in self.sources.items())
        return summary(title, ("table", "rows", "to be rejected"), rows)

    def _repr_html_(self) -> str:
        return as_html(self.summary("sound"))


def prove(
    graph: Graph,
    there: Resolved,
    options: ExportOptions,
    progress: Progress,
    plans: Mapping[str, Plan] = MappingProxyType({}),
) -> Proof:
    """Answers every check of every table, in one pass over each.

    `plans` says of which columns a second reader has to find the same.
    """
    profiles, rows, extents, findings = {}, {}, {}, []
    names = [table.name for table in graph.tables]
    for at, name in enumerate(names):
        progress(f"check {name}", at / len(names))
        scanned = there.tables[name]
        asked = dict(plans[name].asked(scanned)) if name in plans else {}
        profiles[name], answers, found = _examine(scanned, options, asked)
        rows[name] = _source_rows(scanned, profiles[name])
        extents[name] = dict(zip(asked, sums.extents(answers), strict=True))
        findings += [*sources.findings(scanned.table), *found]
    return Proof(profiles, rows, (*findings, *there.duplicates), extents)


def prove_and_compare(
    graph: Graph,
    there: Resolved,
    before: Mapping[str, str],
    made: DuckDBPyConnection,
    *,
    options: ExportOptions,
    progress: Progress,
) -> tuple[Proof, dict[str, dict[str, Facts]]]:
    """Proves the graph's integrity, and that a second reader finds the same in its tables.

    `before` are the tables' fingerprints. Gives, by table and property, what that reader has found.
    Raises what was found wrong.
    """
    plans = {
        name: agreement.plan(made, scanned, there.ends.get(name))
        for name, scanned in there.tables.items()
    }
    proof = prove(graph, there, options, progress, plans)
    refuse(proof.findings)
    for name, scanned in there.tables.items():
        _must_fit(scanned, proof.profiles[name], options)
    told = {}
    for at, (name, scanned) in enumerate(there.tables.items()):
        progress(f"read {name} a second time", at / len(plans))
        told[name] = agreement.compare(
            made, scanned, plans[name], proof.extents[name], fingerprint=before[name]
        )
    return proof, told


def _must_fit(scanned: Scanned, profile: Profile, options: ExportOptions) -> None:
    """Refuses rows so long that those which are written at one time take far more than `--memory`.

    Some kilobytes of Parquet may say a long text a million times; Polars writes some thousand rows
    at a time, and ends without a word where it has no memory for them.
    """
    at_once = min(profile.rows, _ROWS_AT_ONCE) * profile.long_row
    if at_once <= _TIMES * options.memory_mb * 2**20:
        return
    sizes = scanned.collect(exported_rows(scanned).select(longest(scanned.fields)))
    column, size = max(sizes.row(0, named=True).items(), key=itemgetter(1))
    wanted = at_once // (_TIMES * 2**20) + 1
    raise SourceError(
        f"the rows of table {scanned.table.name} take too much memory: {profile.rows:,} of them, "
        f"whose {column} has up to {size / 2e6:,.0f} MB",
        f"give more with --memory {wanted}, or cut or leave out what is so long",
    )


_ROWS_AT_ONCE, _TIMES = 1_000, 4


def _examine(
    scanned: Scanned, options: ExportOptions, extents: Mapping[str, Sequence[pl.Expr]]
) -> tuple[Profile, list[Any], list[Finding]]:
    """Return a table's profile, the answers about `extents`, and what was found wrong."""
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


def _source_rows(scanned: Scanned, profile: Profile) -> int:
    if not scanned.table.skips_missing_ends:
        return profile.rows
    return scanned.count()


def _checks(scanned: Scanned, options: ExportOptions) -> Iterator[Check]:
    table, target = scanned.table, TARGETS[options.format]
    yield from rules.key_checks(table.key, scanned.schema)
    if table.kind == "node":
        if options.ids == "keys":
            first = target.first_cell_rules
            yield from rules.first_cell_checks(table.key, scanned.schema, first)
    elif not table.skips_missing_ends:
        yield rules.end_check("start", table.start.key, identity.START)
        yield rules.end_check("end", table.end.key, identity.END)
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
    """Raise the error that all findings together are; none is no error."""
    if not findings:
        return
    kinds = {finding.kind for finding in findings}
    text = "\n".join(str(finding) for finding in findings)
    if "integrity" in kinds:
        raise IntegrityError(
            f"the tables do not make a graph:\n{text}",
            "mend the rows in dbt; for relationships whose ends may be missing, "
            "`on_missing: skip` sets them aside and counts them",
            findings,
        )
    raise ValueRefusedError(
        f"these values cannot be carried exactly:\n{text}",
        "mend them in dbt, or choose a policy under the column's config.meta.kgimport",
        findings,
    )
