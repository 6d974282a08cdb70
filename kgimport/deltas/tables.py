"""The tables of a build directory for Neptune, and the SQL that reads and describes their rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.deltas import headers
from kgimport.errors import DestinationError
from kgimport.second_reader import escaped, text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kgimport.deltas.headers import Column
    from kgimport.records import DataFile, ExportRecord, TableRecord

# A value among several in one cell; `\\;` is part of a value.
_ITEMS = r"(?:\\;|[^;])+"


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one table: its columns, its files, and which of them the other build lacks."""

    name: str
    edges: bool
    columns: tuple[Column, ...]
    files: tuple[Path, ...]
    fresh: tuple[Path, ...]
    multiline: bool
    longest_row: int
    # Vertices per label, or edges per type, in all files.
    counts: Mapping[str, int]

    def at(self, role: str) -> str:
        """Return the name in SQL of the column with that role; NULL if there is none."""
        found = (f"c{at}" for at, each in enumerate(self.columns) if each.role == role)
        return next(found, "NULL::VARCHAR")

    def rows(self, files: Iterable[Path]) -> str:
        """Return SQL for the rows of some of its files; columns are texts named `c0`, `c1` …

        A blank cell is null, and `""` is an empty text. Names by position cannot collide: DuckDB
        ignores the case of names, and Neptune does not.
        """
        names = ", ".join(text(escaped(str(file))) for file in files)
        types = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(self.columns)))
        line = max(2 * self.longest_row, 2**21)
        return (
            f"read_csv([{names}], columns = {{{types}}}, auto_detect = false, header = true, "
            "delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, "
            f"max_line_size = {line}, buffer_size = {max(16 * 2**20, 4 * line)}, "
            f"new_line = '\\n', parallel = {str(not self.multiline).lower()})"
        )


def tables_of(build: Path, record: ExportRecord, known: Collection[str]) -> tuple[Table, ...]:
    """Return the tables of a build directory that have rows.

    `known` holds the SHA-256 of the files that the other build has, too. Raises `DestinationError`
    if two files of a table differ in their headers.
    """
    return tuple(_table(build, record, each, known) for each in record.tables if each.written)


def _table(build: Path, record: ExportRecord, table: TableRecord, known: Collection[str]) -> Table:
    edges = table.kind == "relationship"
    files = [file for file in table.files if file.rows]
    found = {headers.read(build / file.path, edges=edges) for file in files}
    if len(found) > 1:
        raise DestinationError(f"the files of {table.name} have several headers", "export again")
    return Table(
        table.name,
        edges,
        found.pop(),
        tuple(build / file.path for file in files),
        tuple(build / file.path for file in files if _identity(table, file) not in known),
        any(file.multiline for file in files),
        record.longest_row,
        table.counts,
    )


def identities(record: ExportRecord) -> frozenset[str]:
    """Return what identifies the content of each file of rows."""
    return frozenset(_identity(table, file) for table in record.tables for file in table.files)


def _identity(table: TableRecord, file: DataFile) -> str:
    return f"{table.kind} {file.sha256}"


def digest(table: Table) -> str:
    """Return SQL for a digest of a row's content, equal if the row says the same.

    It covers the label, the ends, and each property's header cell and value. It depends neither on
    the table, nor on the order of columns, labels or values of a set. Every part comes after its
    length, so two rows never give one text.
    """
    ordered = sorted(enumerate(table.columns), key=lambda each: each[1].cell)
    parts = (_part(column, f"c{at}") for at, column in ordered if column.role != "id")
    return f"unhex(sha256(concat('', {', '.join(parts)})))"


def _part(column: Column, value: str) -> str:
    named = text(f"{len(column.cell.encode())}:{column.cell}")
    content = f"array_to_string({items(value)}, ';')" if column.many else value
    return (
        f"{named} || strlen({content}) || ':' || {content}"  # null if the value is; concat skips it
    )


def items(value: str) -> str:
    """Return SQL for the values in one cell: a sorted list without duplicates."""
    return f"list_sort(list_distinct(regexp_extract_all({value}, {text(_ITEMS)})))"


def statements(table: Table) -> str:
    """Return SQL for a list of what a row states: `name`, `cell`, `many`, `fixed` and `value`.

    What is `fixed` in the store cannot be taken back, other than with its vertex or edge.
    """
    return f"[{', '.join(_stated(table.columns))}]"


def _stated(columns: Sequence[Column]) -> Iterator[str]:
    for at, column in enumerate(columns):
        if column.role != "id":
            fixed = column.role != "property"
            yield (
                f"{{'name': {text(column.name)}, 'cell': {text(column.cell)}, "
                f"'many': {column.many}, 'fixed': {fixed}, 'value': c{at}}}"
            )


def split(labels: str) -> list[str]:
    """Return the labels of one cell."""
    return re.findall(_ITEMS, labels)
