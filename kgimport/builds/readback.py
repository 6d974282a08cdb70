"""Read a build directory back with another library, and compare each column with the record.

This may run during Neo4j's import. Polars has written the files, so DuckDB reads them.
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

# The types that DuckDB's reader gives to cells of CSV; others are read as text.
_CELLS: dict[Kind, str] = {
    "integer": "BIGINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "local_datetime": "TIMESTAMP",
    "instant": "TIMESTAMP",
}


def differences(made: DuckDBPyConnection, build: Path, record: ExportRecord) -> Iterator[str]:
    """Yield a sentence for each column of a build directory that differs from the record.

    Digests are compared only if this DuckDB computes the same hashes; sums always are. If `made` is
    interrupted or closed meanwhile, `duckdb.Error` is raised.
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
        target = TARGETS[record.target]
        if target.files.kind == "csv":
            multiline = any(file.multiline for file in table.files)
            relation = second_reader.csv(
                files,
                _duckdb_types(types),
                record.longest_row,
                parallel=not multiline,
                headed=target.files.headed,
            )
        else:
            relation = second_reader.parquet(files)
        found = facts_of_files(made, relation, types)
    except (duckdb.InterruptException, duckdb.ConnectionException, duckdb.OutOfMemoryException):
        raise  # these are not errors of the files
    except duckdb.Error as error:
        yield f"{table.name}: its files cannot be read back: {second_reader.first_line(error)}"
        return
    for at, (cell, each) in enumerate(zip(table.cells, found, strict=True)):
        if difference := _unequal(cell.facts, each, digests=digests):
            yield f"{table.name}.{_name(table, cell, at)}: {difference}"


def _name(table: TableRecord, cell: CellRecord, at: int) -> str:
    if cell.property:
        return cell.property
    if table.kind == "node":
        return ("the id", "labels")[at]
    marks = [each for each in table.cells if not each.property]
    names = ("the id", "the start", "the end", "the type")
    return names[at] if len(marks) == len(names) else names[at + 1]


def _duckdb_types(types: list[PropertyType]) -> dict[str, str]:
    """Return the type that DuckDB's reader of CSV gives to each column, by the column's name."""
    finest = any(each.unit == "ns" for each in types)
    return {str(at): _duckdb_type(each, finest=finest) for at, each in enumerate(types)}


def _duckdb_type(made: PropertyType, *, finest: bool) -> str:
    if made.is_list or (made.kind in {"local_datetime", "instant"} and finest):
        return "VARCHAR"
    return _CELLS.get(made.kind, "VARCHAR")


def _unequal(wanted: Facts, found: Facts, *, digests: bool) -> str:
    """Return what differs, in a few words; an empty text if nothing does."""
    if wanted.values != found.values:
        return f"{wanted.values:,} values were expected, {found.values:,} were written"
    if wanted.sums != found.sums or wanted.signs != found.signs:
        return "the values that were written differ from those that were expected"
    if digests and wanted.digest != found.digest:
        return "the values that were written differ, although their sums are as expected"
    return ""
