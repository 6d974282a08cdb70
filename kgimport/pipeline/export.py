"""`kgimport export`: tables to a build directory; all of it, or nothing."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

import polars as pl

from kgimport import identity, importer, report, schema, sources, store, writer
from kgimport.errors import DestinationError, ReconciliationError, SourceError
from kgimport.graph import NodeTable
from kgimport.pipeline.clock import Clock
from kgimport.pipeline.locating import located
from kgimport.pipeline.proof import DEFAULTS, ExportOptions, kept, prove, refuse
from kgimport.pipeline.resolution import resolved
from kgimport.pipeline.scanning import scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kgimport.checks import Profile
    from kgimport.dialect import Field
    from kgimport.graph import Graph
    from kgimport.pipeline.proof import Proof
    from kgimport.pipeline.resolution import Resolved
    from kgimport.pipeline.scanning import Scanned
    from kgimport.report import ExportRecord, Progress, QueryRecord, TableRecord

REJECTS = "rejects"


def export(
    graph: Graph,
    out: Path,
    progress: Progress,
    options: ExportOptions = DEFAULTS,
    home: str | None = None,
) -> ExportRecord:
    """Proves a graph's integrity and writes its build directory; all of it, or nothing.

    `home` is where the build directory will be in the end, if that is not `out`.
    """
    clock = Clock(progress)
    with _fresh_directory(out) as folder:
        scratch = folder / _SCRATCH
        scratch.mkdir()
        with clock.stage("scan"):
            place = located(graph, folder, options.warehouse, progress)
            before = {table.name: sources.fingerprint(table) for table in place.graph.tables}
            tables = scan(place.graph, options.format)
        with clock.stage("resolve"):
            there = resolved(place.graph, tables, scratch, options.memory_mb, progress)
        with clock.stage("check"):
            proof = prove(place.graph, there, options, progress)
        refuse(proof.findings)
        with clock.stage("write"):
            written = tuple(
                _write_all(
                    place.graph, there, proof, folder=folder, options=options, progress=progress
                )
            )
        _must_be_the_same(before, written)
        final = place.seen_from(home or str(out.absolute()))
        record = _export_record(
            final,
            written,
            proof,
            options=options,
            seconds=clock.seconds,
            queries=place.queries,
        )
        _leave_record(folder, record)
        shutil.rmtree(scratch)
    return record


_SCRATCH = ".resolve"


@contextmanager
def _fresh_directory(out: Path) -> Iterator[Path]:
    """A folder aside that takes the place of `out` when the block ends well."""
    if out.exists() and not (out / report.EXPORT_RECORD).is_file() and _holds_anything(out):
        raise DestinationError(
            f"{out} holds something else than a build directory", "choose another --out"
        )
    aside = out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        aside.mkdir(parents=True)
        yield aside
        old = out.with_name(f".{out.name}.old-{os.getpid()}")
        if out.exists():
            out.rename(old)
        aside.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise DestinationError(
            f"{error.filename or out} cannot be written: {error.strerror}", "choose another --out"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _holds_anything(path: Path) -> bool:
    return not path.is_dir() or any(path.iterdir())


def _write_all(
    graph: Graph,
    there: Resolved,
    proof: Proof,
    *,
    folder: Path,
    options: ExportOptions,
    progress: Progress,
) -> Iterator[TableRecord]:
    for at, scanned in enumerate(there.tables.values()):
        progress(f"write {scanned.table.name}", at / len(there.tables))
        yield _write(graph, scanned, proof, folder, options)


def _must_be_the_same(before: Mapping[str, str], written: tuple[TableRecord, ...]) -> None:
    """A table is read more than once: what was checked has to be what was written."""
    changed = [table.name for table in written if table.fingerprint != before[table.name]]
    if changed:
        raise SourceError(
            f"these tables changed while they were exported: {', '.join(changed)}",
            "export again when nothing writes to them",
        )


def _write(
    graph: Graph, scanned: Scanned, proof: Proof, folder: Path, options: ExportOptions
) -> TableRecord:
    table, profile = scanned.table, proof.profiles[scanned.table.name]
    if isinstance(table, NodeTable):
        cells = writer.node_cells(table, scanned.schema, options.ids)
    else:
        cells = writer.relationship_cells(table, graph, options.ids)
    rejected = proof.sources[table.name] - profile.rows
    with sources.reading(table.name):
        written = writer.write(
            folder,
            table.name,
            kept(scanned),
            cells,
            scanned.fields,
            form=options.format,
            unspelled=profile.unspelled,
        )
        if rejected:
            _set_aside(scanned, folder)
    if written.rows != profile.rows:
        raise ReconciliationError(
            f"{table.name}: {profile.rows:,} rows were checked, {written.rows:,} were written",
            "the table changed meanwhile: export again when nothing writes to it",
        )
    return _table_record(scanned, written, profile, rejected)


def _set_aside(scanned: Scanned, folder: Path) -> None:
    """Writes the rejected rows as they came, with the ends that were missing."""
    rejects = folder / REJECTS
    rejects.mkdir(exist_ok=True)
    sides = [
        pl.when(pl.col(column).is_null()).then(pl.lit(side))
        for side, column in (("start", identity.START), ("end", identity.END))
    ]
    rows = scanned.frame.filter(identity.missing()).select(
        *scanned.schema.names(),
        pl.concat_str(sides, separator=", ", ignore_nulls=True).alias(_MISSING),
    )
    path = rejects / f"{writer.folder_name(scanned.table.name)}.parquet"
    rows.sink_parquet(path, engine="streaming")


_MISSING = "__missing__"  # no table's own column is named so


def _table_record(
    scanned: Scanned, written: writer.Written, profile: Profile, rejected: int
) -> TableRecord:
    table, dtypes = scanned.table, scanned.frame.collect_schema()
    return report.TableRecord(
        name=table.name,
        kind="node" if isinstance(table, NodeTable) else "relationship",
        counts=_counts(scanned, written.rows),
        argument=writer.argument(table),
        sources=sources.names(table),  # before the fingerprint, which tells of a later change
        fingerprint=sources.fingerprint(table),
        rows=profile.rows + rejected,
        written=written.rows,
        rejected=rejected,
        properties=profile.properties,
        fields=tuple(_field_record(each, dtypes[each.column]) for each in scanned.fields),
        header=written.header,
        files=written.files,
    )


def _counts(scanned: Scanned, written: int) -> dict[str, int]:
    """How many nodes each label gets, or relationships each type."""
    table = scanned.table
    names = table.labels if isinstance(table, NodeTable) else tuple(filter(None, (table.type,)))
    column = table.label_column if isinstance(table, NodeTable) else table.type_column
    fixed = dict.fromkeys(names, written)
    if column is None:
        return fixed
    rows = kept(scanned).select(pl.col(column)).with_row_index("row")
    if scanned.schema[column] == pl.List:
        rows = rows.explode(column).unique()
    counted = rows.group_by(pl.col(column).cast(pl.String)).len().sort(column)
    return {**dict(counted.collect(engine="streaming").rows()), **fixed}


def _field_record(field: Field, dtype: pl.DataType) -> report.FieldRecord:
    how = field.carrier
    return report.FieldRecord(field.column, field.name, str(dtype), how.header, how.cypher)


def _export_record(
    graph: Graph,
    tables: tuple[TableRecord, ...],
    proof: Proof,
    *,
    options: ExportOptions,
    seconds: Mapping[str, float],
    queries: tuple[QueryRecord, ...],
) -> ExportRecord:
    items = schema.items(graph)
    return report.ExportRecord(
        graph=graph.name,
        build_id=report.build_id(graph.name, tables, items),
        kgimport=version("kgimport"),
        ids=options.ids,
        format=options.format,
        tables=tables,
        schema=items,
        declaration=graph,
        longest_row=max(profile.longest_row for profile in proof.profiles.values()),
        findings=proof.findings,
        seconds=dict(seconds),
        queries=queries,
    )


def _leave_record(folder: Path, record: ExportRecord) -> None:
    args = importer.arguments(record)
    store.write_whole(folder / importer.ARGUMENTS, importer.argument_file(args))
    store.write_whole(folder / "schema.cypher", schema.script(record.schema))
    store.write_whole(folder / report.EXPORT_RECORD, report.dump(record))
