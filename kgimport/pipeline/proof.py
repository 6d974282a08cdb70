"""`kgimport check`: every check of every table answered, before anything is written."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from kgimport import checks, identity, sources
from kgimport.errors import IntegrityError, ValueRefusedError
from kgimport.graph import NodeTable, skips_missing_ends
from kgimport.pipeline.locating import located
from kgimport.pipeline.resolution import resolved
from kgimport.pipeline.scanning import scan
from kgimport.sources.athena import PRIMARY, Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kgimport.checks import Check, Finding, Profile
    from kgimport.dialect import Format
    from kgimport.graph import Graph, Table
    from kgimport.identity import Ids
    from kgimport.pipeline.resolution import Resolved
    from kgimport.pipeline.scanning import Scanned
    from kgimport.report import Progress


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What a user may choose for `export`.

    `memory_mb` bounds the joins that resolve the ends; `warehouse` is asked for tables of Athena.
    """

    ids: Ids = "dense"
    format: Format = "csv"
    memory_mb: int = 1024
    warehouse: Warehouse = PRIMARY


DEFAULTS = ExportOptions()


@dataclass(frozen=True, slots=True)
class Proof:
    """What one pass over every table showed."""

    profiles: Mapping[str, Profile]
    sources: Mapping[str, int]  # rows in the source, the rejected ones among them
    findings: tuple[Finding, ...]


def prove(graph: Graph, there: Resolved, options: ExportOptions, progress: Progress) -> Proof:
    """Answers every check of every table, in one pass over each."""
    profiles, rows, findings = {}, {}, []
    names = [table.name for table in graph.tables]
    for at, name in enumerate(names):
        progress(f"check {name}", at / len(names))
        with sources.reading(name):
            profiles[name], rows[name], found = _examine(there.tables[name], options)
        findings += found
    return Proof(profiles, rows, (*findings, *there.duplicates))


def check(graph: Graph, options: ExportOptions, progress: Progress) -> Proof:
    """Proves a graph's integrity and writes nothing that stays; raises what was found."""
    with tempfile.TemporaryDirectory(prefix="kgimport-") as folder:
        graph = located(graph, Path(folder), options.warehouse, progress).graph
        tables = scan(graph, options.format)
        there = resolved(graph, tables, Path(folder), options.memory_mb, progress)
        proof = prove(graph, there, options, progress)
    refuse(proof.findings)
    return proof


def _examine(scanned: Scanned, options: ExportOptions) -> tuple[Profile, int, list[Finding]]:
    questions = tuple(_checks(scanned, options))
    rows = kept(scanned)
    asked = [*checks.profile(scanned.fields), *checks.counts(questions)]
    answers = rows.select(asked).collect(engine="streaming").row(0, named=True)
    profile = checks.profiled(scanned.fields, answers)
    offended = checks.offended(questions, answers)
    found = [_finding(scanned.table, rows, each, count) for each, count in offended]
    return profile, _source_rows(scanned, profile), found


def kept(scanned: Scanned) -> pl.LazyFrame:
    """The rows that are exported: all, or those whose ends exist where the user chose to skip."""
    if skips_missing_ends(scanned.table):
        return scanned.frame.filter(~identity.missing())
    return scanned.frame


def _source_rows(scanned: Scanned, profile: Profile) -> int:
    if not skips_missing_ends(scanned.table):
        return profile.rows
    return int(scanned.frame.select(pl.len()).collect(engine="streaming").item())


def _checks(scanned: Scanned, options: ExportOptions) -> Iterator[Check]:
    table = scanned.table
    if isinstance(table, NodeTable):
        yield from checks.key_checks(table.key, scanned.schema)
        if options.ids == "keys":
            yield from checks.first_cell_checks(table.key, scanned.schema)
    elif not skips_missing_ends(table):
        yield checks.end_check("start", table.start.key, identity.START)
        yield checks.end_check("end", table.end.key, identity.END)
    column = table.label_column if isinstance(table, NodeTable) else table.type_column
    if column is not None:
        yield from checks.name_checks(column, scanned.schema[column], _word(table), options.format)
    yield from checks.value_checks(scanned.fields)


def _word(table: Table) -> str:
    return "label" if isinstance(table, NodeTable) else "type"


def _key_columns(table: Table) -> tuple[str, ...]:
    return table.key if isinstance(table, NodeTable) else (*table.start.key, *table.end.key)


def _finding(table: Table, frame: pl.LazyFrame, one: Check, count: int) -> Finding:
    rows = checks.samples(frame, one, _key_columns(table)).collect(engine="streaming")
    shown = checks.printable(rows)
    return checks.Finding(one.name, one.kind, table.name, one.columns, one.sentence, count, shown)


def refuse(findings: Sequence[Finding]) -> None:
    """Raises the error that all findings together are; none is no error."""
    if not findings:
        return
    kinds = {finding.kind for finding in findings}
    text = "\n".join(str(finding) for finding in findings)
    if "integrity" in kinds:
        raise IntegrityError(
            f"the tables do not make a graph:\n{text}",
            "mend the rows in dbt; for relationships whose ends may be missing, "
            "`on_missing: skip` sets them aside and counts them",
        )
    raise ValueRefusedError(
        f"these values cannot be carried exactly:\n{text}",
        "mend them in dbt, or choose a policy under the column's config.meta.kgimport",
    )
