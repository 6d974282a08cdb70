"""What was written, read back by another library: is it what the record says, column by column?

It may run while Neo4j's importer does. Polars has written the files, so DuckDB reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from kgimport import second_reader
from kgimport.checks.agreement import facts_of_files
from kgimport.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from kgimport.properties import Kind, PropertyType
    from kgimport.records import CellRecord, ExportRecord, Facts, TableRecord


def differences(made: DuckDBPyConnection, build: Path, record: ExportRecord) -> Iterator[str]:
    """One sentence for each column of a build directory that does not hold what it must.

    Digests of another DuckDB, whose hashes are not the same, are left out; sums are not. `made` may
    be interrupted or closed meanwhile, which raises `duckdb.Error`.
    """
    same = second_reader.maker(made) == record.witness
    for table in record.tables:
        yield from _of_table(made, build, record, table, digests=same)


def _of_table(
    made: DuckDBPyConnection,
    build: Path,
    record: ExportRecord,
    table: TableRecord,
    *,
    digests: bool,
) -> Iterator[str]:
    files = [build / file.path for file in table.files if file.rows]
    if not files:
        return
    types = [cell.type for cell in table.cells]
    try:
        if TARGETS[record.format].files.kind == "csv":
            multiline = any(file.multiline for file in table.files)
            relation = second_reader.csv(
                files, _duckdb_types(types), record.longest_row, parallel=not multiline
            )
        else:
            relation = second_reader.parquet(files)
        found = facts_of_files(made, relation, types)
    except (duckdb.InterruptException, duckdb.ConnectionException, duckdb.OutOfMemoryException):
        raise  # which say nothing of the files
    except duckdb.Error as error:
        yield f"{table.name}: its files cannot be read back: {second_reader.first_line(error)}"
        return
    for at, (cell, each) in enumerate(zip(table.cells, found, strict=True)):
        if told := _unequal(cell.facts, each, digests=digests):
            yield f"{table.name}.{_name(table, cell, at)}: {told}"


def _name(table: TableRecord, cell: CellRecord, at: int) -> str:
    if cell.property:
        return cell.property
    marks = ("the id", "labels") if table.kind == "node" else ("the start", "the end", "the type")
    return marks[at]


def _duckdb_types(types: list[PropertyType]) -> dict[str, str]:
    """By the names of the columns, what DuckDB's reader of CSV makes of their cells by itself."""
    finest = any(each.unit == "ns" for each in types)
    return {str(at): _duckdb_type(each, finest=finest) for at, each in enumerate(types)}


def _duckdb_type(made: PropertyType, *, finest: bool) -> str:
    if made.is_list or (made.kind in {"local_datetime", "instant"} and finest):
        return "VARCHAR"
    return _CELLS.get(made.kind, "VARCHAR")


_CELLS: dict[Kind, str] = {
    "integer": "BIGINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "local_datetime": "TIMESTAMP",
    "instant": "TIMESTAMP",
}


def _unequal(wanted: Facts, found: Facts, *, digests: bool) -> str:
    """Return what differs, in a few words; nothing where nothing does."""
    if wanted.values != found.values:
        return f"{wanted.values:,} values were meant, {found.values:,} were written"
    if wanted.sums != found.sums or wanted.signs != found.signs:
        return "other values were written than were meant"
    if digests and wanted.digest != found.digest:
        return "other values of the same sums were written than were meant"
    return ""
