"""`kgimport export`: write tables to a build directory; all of it, or nothing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from kgimport import (
    files,
    identity,
    locations,
    records,
    s3,
    second_reader,
    sources,
    temporary,
    writer,
)
from kgimport.builds import folders
from kgimport.builds.remote import UNDER_WAY, published
from kgimport.checks import agreement
from kgimport.checks.ends import exported_rows, rejected
from kgimport.checks.features import with_features
from kgimport.checks.ids import resolve
from kgimport.checks.joins import Workspace
from kgimport.checks.run import prove_and_compare
from kgimport.checks.scan import scan
from kgimport.clock import Clock
from kgimport.errors import DestinationError, ReconciliationError, UsageError
from kgimport.locations import Foreign, LocalPath, S3Path
from kgimport.options import DEFAULTS, ExportOptions
from kgimport.progress import silent
from kgimport.sources.locate import locate
from kgimport.targets import TARGETS
from kgimport.values.columns import are_listed, as_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from duckdb import DuckDBPyConnection

    from kgimport.checks.ids import Resolved
    from kgimport.checks.profile import Profile
    from kgimport.checks.run import Proof
    from kgimport.checks.scan import Scanned
    from kgimport.graph import Graph, RelationshipTable, Table
    from kgimport.locations import Folder
    from kgimport.progress import Progress
    from kgimport.records import ExportRecord, Facts, FeatureRecord, QueryRecord, TableRecord
    from kgimport.targets import Cell, Field

REJECTS = "rejects"
MISSING = "__missing__"  # the column of rejected rows that states which ends are missing
_SCRATCH = ".resolve"
_GROUP_BYTES = 2**30


def export(
    graph: Graph,
    out: str | Path,
    *,
    options: ExportOptions = DEFAULTS,
    progress: Progress = silent,
) -> ExportRecord:
    """Prove a graph's integrity and write its build directory: all of it, or nothing.

    `out` is a folder, or an s3:// address. A build directory that is already there is replaced: the
    export waits for its readers, and is refused while another export writes it (see
    `builds.folders`). A build directory for S3 is first written to the local disk (TMPDIR), whole.

    Raises `IntegrityError` or `ValueRefusedError` with the findings in the rows, and
    `DestinationError` if `out` cannot be written or holds something else. `UsageError` for an
    address that is not in S3.
    """
    home = locations.folder(str(out), options.session)
    if isinstance(home, S3Path):
        return _export_to_s3(graph, home, options, progress)
    if isinstance(home, Foreign):
        raise UsageError(
            f"{home} is neither a folder nor a place in S3", f"write a path, or {locations.S3_FORM}"
        )
    place = Path(out)
    return _export(graph, place, LocalPath(str(place.absolute())), options, progress)


def _export_to_s3(
    graph: Graph, home: S3Path, options: ExportOptions, progress: Progress
) -> ExportRecord:
    _must_be_ours(home)
    with temporary.folder() as place:
        folder = place / "build"
        record = _export(graph, folder, home, options, progress)
        return published(record, folder, home, progress)


def _must_be_ours(home: S3Path) -> None:
    names = {each.place.name_below(home) for each in s3.below(home)}
    if names and not names & {records.EXPORT_RECORD, UNDER_WAY}:
        raise DestinationError(
            f"{home} holds something other than a build directory", "choose another --out"
        )


def _export(
    graph: Graph, out: Path, home: Folder, options: ExportOptions, progress: Progress
) -> ExportRecord:
    """Write a build directory into the folder `out`; its final place is `home`."""
    clock = Clock(progress)
    with folders.fresh(out, progress) as folder:
        scratch = folder / _SCRATCH
        scratch.mkdir()
        with clock.stage("scan"):
            place = locate(graph, folder, progress, options.memory_mb)
            before = sources.fingerprints(place.graph)
            tables = scan(place.graph, options.target)
        there, computed = _resolved(place.graph, tables, scratch, options, clock)
        with second_reader.database(options.memory_mb) as made:
            with clock.stage("check"):
                proof, facts = prove_and_compare(
                    place.graph, there, before, made, options=options, progress=progress
                )
            with clock.stage("write"):
                writing = _Writing(place.graph, proof, folder, options, made, facts)
                written = tuple(_write_all(writing, there, progress))
            digests = second_reader.maker(made)
        _must_be_the_same(before, written)
        record = _export_record(
            place.seen_from(home),
            written,
            proof,
            options=options,
            digests=digests,
            seconds=clock.seconds,
            queries=place.queries,
            computed=computed,
        )
        _leave_record(folder, record)
        shutil.rmtree(scratch)
    return record


def _resolved(
    graph: Graph, tables: Mapping[str, Scanned], scratch: Path, options: ExportOptions, clock: Clock
) -> tuple[Resolved, tuple[FeatureRecord, ...]]:
    """Return the tables with ids and features, and what there is to say of the features."""
    place, edge_text = Workspace(scratch, options.memory_mb), TARGETS[options.target].edge_text
    with clock.stage("resolve"):
        there = resolve(graph, tables, place, clock.progress, edge_text)
    if not graph.features:
        return there, ()
    with clock.stage("features"):
        return with_features(graph, there, place, clock.progress)


@dataclass(frozen=True, slots=True)
class _Writing:
    """What writing a table needs; `facts` is what the second reader has found in each table."""

    graph: Graph
    proof: Proof
    folder: Path
    options: ExportOptions
    made: DuckDBPyConnection
    facts: Mapping[str, Mapping[str, Facts]]


def _write_all(writing: _Writing, there: Resolved, progress: Progress) -> Iterator[TableRecord]:
    for at, (name, scanned) in enumerate(there.tables.items()):
        progress(f"write {name}", at / len(there.tables))
        yield _write(writing, scanned, there.ends.get(name))


def _must_be_the_same(before: Mapping[str, str], written: tuple[TableRecord, ...]) -> None:
    changed = [table.name for table in written if table.fingerprint != before[table.name]]
    if changed:
        raise sources.changed(changed)


def _write(writing: _Writing, scanned: Scanned, ends: tuple[Path, Path] | None) -> TableRecord:
    table, options = scanned.table, writing.options
    profile = writing.proof.profiles[table.name]
    target = TARGETS[options.target]
    cells = target.cells(table, scanned.schema, writing.graph, options.id_kind)
    left_out = writing.proof.sources[table.name] - profile.rows
    written = scanned.read(
        lambda: writer.write(
            writing.folder,
            _place(table, options),
            exported_rows(scanned),
            cells,
            scanned.fields,
            form=options.target,
            compress=options.compress,
            unspelled=profile.unspelled,
            rows_per_group=_rows_per_group(profile),
        )
    )
    if left_out > writing.proof.nulls[table.name] and table.kind == "relationship":
        scanned.read(lambda: _set_aside(scanned, table, writing.folder))
    if written.rows != profile.rows:
        raise ReconciliationError(
            f"{table.name}: {profile.rows:,} rows were checked, {written.rows:,} were written",
            "the table changed meanwhile: export again when nothing writes to it",
        )
    record = _table_record(writing, scanned, written)
    return scanned.read(lambda: _bound(record, writing, scanned, cells, ends))


def _place(table: Table, options: ExportOptions) -> str:
    """Return the folder of a table's files in the build directory."""
    folder = records.folder_of(options.dialect, options.format, table.kind)
    return f"{folder}/{files.folder_name(table.name)}"


def _rows_per_group(profile: Profile) -> int:
    """Return how many rows fit into a gibibyte: `--memory` must not change what the files hold."""
    fit = _GROUP_BYTES // max(profile.long_row, 1)
    return max(1, min(writer.ROWS_PER_GROUP, fit))


def _bound(
    record: TableRecord,
    writing: _Writing,
    scanned: Scanned,
    cells: tuple[Cell, ...],
    ends: tuple[Path, Path] | None,
) -> TableRecord:
    """Return the record with the facts that the files, and the store, must agree with."""
    facts, scratch = writing.facts[scanned.table.name], writing.folder / _SCRATCH
    sides: tuple[Facts, ...] = ()
    both = None
    if ends and writing.options.id_kind == "dense":
        sides, both = agreement.facts_of_ends(writing.made, ends)
    spelling = agreement.Spelling(writing.made, exported_rows(scanned), scratch)
    columns = agreement.cell_records(scanned, spelling, cells, facts, sides)
    return replace(record, cells=columns, ends=both)


def _set_aside(scanned: Scanned, table: RelationshipTable, folder: Path) -> None:
    """Write the rejected rows as they were read, and which of their ends are missing."""
    rejects = folder / REJECTS
    rejects.mkdir(exist_ok=True)
    sides = [
        pl.when(pl.col(column).is_null()).then(pl.lit(side))
        for side, column in (("start", identity.START), ("end", identity.END))
    ]
    rows = scanned.frame.filter(rejected(table)).select(
        *scanned.schema.names(),
        pl.concat_str(sides, separator=", ", ignore_nulls=True).alias(MISSING),
    )
    path = rejects / f"{files.folder_name(table.name)}.parquet"
    rows.sink_parquet(path, engine="streaming")


def _table_record(writing: _Writing, scanned: Scanned, written: writer.Written) -> TableRecord:
    table, dtypes = scanned.table, scanned.frame.collect_schema()
    profile, rows = writing.proof.profiles[table.name], writing.proof.sources[table.name]
    nulls = writing.proof.nulls[table.name]
    return records.TableRecord(
        name=table.name,
        kind=table.kind,
        counts=_counts(scanned, written.rows),
        argument=TARGETS[writing.options.target].argument(table),
        sources=sources.names(table),  # before the fingerprint, which then reveals a later change
        fingerprint=sources.fingerprint(table),
        rows=rows,
        written=written.rows,
        rejected=rows - profile.rows - nulls,
        nulls=nulls,
        properties=profile.properties,
        fields=tuple(_field_record(each, dtypes[each.column]) for each in scanned.fields),
        header=written.header,
        files=written.files,
        cells=(),
        ends=None,
    )


def _counts(scanned: Scanned, written: int) -> dict[str, int]:
    """Return how many nodes each label gets, or how many relationships each type."""
    table = scanned.table
    fixed = dict.fromkeys(table.names, written)
    if (column := table.name_column) is None:
        return fixed
    dtype = scanned.schema[column]
    each = as_names(column, dtype).alias("name")
    rows = exported_rows(scanned).select(each)
    if are_listed(dtype):
        rows = rows.select(pl.col("name").list.unique()).explode("name")
    counted = rows.group_by("name").len("rows").sort("name")
    return {**dict(scanned.collect(counted).rows()), **fixed}


def _field_record(field: Field, dtype: pl.DataType) -> records.FieldRecord:
    how = field.carrier
    return records.FieldRecord(field.column, field.name, str(dtype), how.header, how.cypher)


def _export_record(
    graph: Graph,
    tables: tuple[TableRecord, ...],
    proof: Proof,
    *,
    options: ExportOptions,
    digests: str,
    seconds: Mapping[str, float],
    queries: tuple[QueryRecord, ...],
    computed: tuple[FeatureRecord, ...],
) -> ExportRecord:
    items = TARGETS[options.target].schema(graph)
    return records.ExportRecord(
        graph=graph.name,
        build_id=records.build_id(graph.name, tables, items),
        kgimport=version("kgimport"),
        ids=options.id_kind,
        format=options.format,
        dialect=options.dialect,
        tables=tables,
        schema=items,
        declaration=graph,
        longest_row=max(profile.longest_row for profile in proof.profiles.values()),
        witness=digests,
        findings=proof.findings,
        seconds=dict(seconds),
        queries=queries,
        features=computed,
    )


def _leave_record(folder: Path, record: ExportRecord) -> None:
    target = TARGETS[record.target]
    for name, content in {**target.companions(record), **target.extras(record)}.items():
        files.write_whole(folder / name, content)
    files.write_whole(folder / records.EXPORT_RECORD, records.dump(record))
