"""`kgimport check`: a graph's tables opened, and every check of every table answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from kgimport import checks, declaration, dialect, identity, points, sources
from kgimport.errors import IntegrityError, ValueRefusedError
from kgimport.graph import NodeTable, RelationshipTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kgimport.checks import Check, Finding, Profile
    from kgimport.dialect import Field
    from kgimport.graph import Graph, Table
    from kgimport.report import Progress


@dataclass(frozen=True, slots=True)
class Scanned:
    """A table with its rows, unread: ids attached, and the columns that become properties."""

    table: Table
    frame: pl.LazyFrame
    fields: tuple[Field, ...]


def scan(graph: Graph) -> dict[str, Scanned]:
    """All tables of a graph, opened but unread; refuses what their schemas cannot bear."""
    opened = {table.name: sources.scan(table) for table in graph.tables}
    schemas = {name: schema_ for name, (_, schema_) in opened.items()}
    declaration.check_columns(graph, schemas)
    identity.check_key_types(graph, schemas)
    fields = _all_fields(graph, schemas)
    names = {table.name: [f.name for f in fields[at]] for at, table in enumerate(graph.tables)}
    declaration.check_properties(graph, names)
    nodes = {table.name: opened[table.name][0] for table in graph.nodes}
    return {
        table.name: Scanned(
            table, _attached(graph, table, opened[table.name][0], nodes), fields[at]
        )
        for at, table in enumerate(graph.tables)
    }


def _all_fields(graph: Graph, schemas: Mapping[str, pl.Schema]) -> list[tuple[Field, ...]]:
    made: list[tuple[Field, ...]] = []
    refused: list[ValueRefusedError] = []
    for table in graph.tables:
        try:
            made.append((*dialect.fields(table, schemas[table.name]), *points.fields(table)))
        except ValueRefusedError as error:
            refused.append(error)
    if refused:
        raise ValueRefusedError("\n".join(each.message for each in refused), refused[0].hint)
    return made


def _attached(
    graph: Graph, table: Table, frame: pl.LazyFrame, nodes: Mapping[str, pl.LazyFrame]
) -> pl.LazyFrame:
    frame = points.attach(frame, table)
    if isinstance(table, NodeTable):
        return identity.attach_node_id(frame, table)
    ids = [identity.ids_of(graph, end, nodes) for _, end in table.ends]
    return identity.resolve_ends(identity.attach_ends(frame, table), *ids)


@dataclass(frozen=True, slots=True)
class Proof:
    """What one pass over every table showed."""

    profiles: Mapping[str, Profile]
    sources: Mapping[str, int]  # rows in the source, the rejected ones among them
    findings: tuple[Finding, ...]


def prove(graph: Graph, tables: Mapping[str, Scanned], progress: Progress) -> Proof:
    """Answers every check of every table: one pass each, and one over the keys of each id space."""
    profiles, rows, findings = {}, {}, []
    for at, scanned in enumerate(tables.values()):
        name = scanned.table.name
        progress(f"check {name}", at / len(tables))
        with sources.reading(name):
            profiles[name], rows[name], found = _examine(scanned)
        findings += found
    for id_space in dict.fromkeys(table.id_space for table in graph.nodes):
        findings += _duplicates(graph, id_space, tables)
    return Proof(profiles, rows, tuple(findings))


def check(graph: Graph, progress: Progress) -> Proof:
    """Proves a graph's integrity and writes nothing; raises what was found."""
    proof = prove(graph, scan(graph), progress)
    refuse(proof.findings)
    return proof


def _examine(scanned: Scanned) -> tuple[Profile, int, list[Finding]]:
    questions = tuple(_checks(scanned))
    rows = kept(scanned)
    asked = [*checks.profile(scanned.fields), *checks.counts(questions)]
    answers = rows.select(asked).collect(engine="streaming").row(0, named=True)
    profile = checks.profiled(scanned.fields, answers)
    offended = checks.offended(questions, answers)
    found = [_finding(scanned.table, rows, each, count) for each, count in offended]
    return profile, _source_rows(scanned, profile), found


def _skips(table: Table) -> bool:
    return isinstance(table, RelationshipTable) and table.on_missing == "skip"


def missing() -> pl.Expr:
    """Marks relationship rows with an end that is no node."""
    return pl.col(identity.START_MISSING) | pl.col(identity.END_MISSING)


def kept(scanned: Scanned) -> pl.LazyFrame:
    """The rows that are exported: all, or those whose ends exist where the user chose to skip."""
    return scanned.frame.filter(~missing()) if _skips(scanned.table) else scanned.frame


def exported(scanned: Scanned) -> pl.LazyFrame:
    """A table's rows as they were exported: its own columns, without the rejected rows."""
    marks = (identity.ID, identity.START, identity.END)
    ends = (identity.START_MISSING, identity.END_MISSING)
    frame = scanned.frame
    if isinstance(scanned.table, RelationshipTable):
        frame = kept(scanned).drop(ends)
    return frame.drop(marks, strict=False)


def _source_rows(scanned: Scanned, profile: Profile) -> int:
    if not _skips(scanned.table):
        return profile.rows
    return int(scanned.frame.select(pl.len()).collect(engine="streaming").item())


def _checks(scanned: Scanned) -> Iterator[Check]:
    table = scanned.table
    if isinstance(table, NodeTable):
        yield from checks.key_checks(table.key)
    elif not _skips(table):
        yield checks.end_check("start", table.start.key, identity.START_MISSING)
        yield checks.end_check("end", table.end.key, identity.END_MISSING)
    column = table.label_column if isinstance(table, NodeTable) else table.type_column
    if column is not None:
        dtype = scanned.frame.collect_schema()[column]
        yield from checks.name_checks(column, dtype, _word(table))
    yield from checks.value_checks(scanned.fields)


def _word(table: Table) -> str:
    return "label" if isinstance(table, NodeTable) else "type"


def _key_columns(table: Table) -> tuple[str, ...]:
    return table.key if isinstance(table, NodeTable) else (*table.start.key, *table.end.key)


def _finding(table: Table, frame: pl.LazyFrame, one: Check, count: int) -> Finding:
    rows = checks.samples(frame, one, _key_columns(table)).collect(engine="streaming")
    shown = checks.printable(rows)
    return checks.Finding(one.name, one.kind, table.name, one.columns, one.sentence, count, shown)


def _duplicates(graph: Graph, id_space: str, tables: Mapping[str, Scanned]) -> Iterator[Finding]:
    members = graph.id_space(id_space)
    frames = {each.name: tables[each.name].frame.select(identity.ID) for each in members}
    with sources.reading(", ".join(frames)):
        found = checks.duplicates(frames, identity.ID)
        rows = found.sort(identity.ID).collect(engine="streaming")
    if not rows.is_empty():
        yield checks.Finding(
            "duplicate-key",
            "integrity",
            ", ".join(frames),
            members[0].key,
            f"a key that others in id space {id_space} have too",
            int(rows["rows"].sum()),
            checks.printable(rows.head(checks.SAMPLES).rename({identity.ID: "key"})),
        )


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
