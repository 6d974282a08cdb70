"""The tables of a build directory, and the SQL that reads and describes their rows.

Those for Neptune, and those for Neo4j that have keys for ids.
"""

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

    from kgimport.deltas.headers import Column, Role
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
    # Only for Neo4j: whether a header stands in each file, and the labels or type of all rows.
    headed: bool = True
    names: str = ""

    @property
    def has_ids(self) -> bool:
        """Whether each row has an id; Neo4j's relationships have none."""
        return any(each.role == "id" for each in self.columns)

    def at(self, role: Role) -> str:
        """Return SQL for the column with that role; without one, an edge's id is made of its ends.

        The labels of a vertex are sorted, with `;` between them.
        """
        found = [(f"c{at}", each) for at, each in enumerate(self.columns) if each.role == role]
        if found:
            return _value(*found[0], headed=self.headed)
        if role == "id":
            start = self.at("start")
            return f"(strlen({start}) || ':' || {start} || {self.at('end')})"
        return text(self.names)

    def rows(self, files: Iterable[Path]) -> str:
        """Return SQL for the rows of some of its files; columns are texts named `c0`, `c1` …

        A blank cell is null, and `""` is an empty text. Names by position cannot collide: DuckDB
        ignores the case of names, and Neptune does not.
        """
        names = ", ".join(text(escaped(str(file))) for file in files)
        types = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(self.columns)))
        line = max(2 * self.longest_row, 2**21)
        return (
            f"read_csv([{names}], columns = {{{types}}}, auto_detect = false, "
            f"header = {str(self.headed).lower()}, "
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
    found = _columns(build, table, files, edges=edges)
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
        table.header is None,
        ";".join(sorted(table.argument.split(":"))),
    )


def _columns(
    build: Path, table: TableRecord, files: Sequence[DataFile], *, edges: bool
) -> set[tuple[Column, ...]]:
    if table.header:
        return {headers.read_neo4j(build / table.header.path, edges=edges)}
    return {headers.read(build / file.path, edges=edges) for file in files}


def identities(record: ExportRecord) -> frozenset[str]:
    """Return what identifies the content of each file of rows."""
    return frozenset(_identity(table, file) for table in record.tables for file in table.files)


def _identity(table: TableRecord, file: DataFile) -> str:
    header = table.header.sha256 if table.header else ""
    return f"{table.kind} {table.argument} {header} {file.sha256}"


def _value(cell: str, column: Column, *, headed: bool) -> str:
    """Return SQL for an id with its id space, for sorted labels, or for any other cell."""
    if column.many:
        # Neo4j's array delimiter is U+001F, so that labels may contain any other character.
        parted = cell if headed else f"replace(replace({cell}, ';', '\\;'), chr(31), ';')"
        return f"array_to_string({items(parted)}, ';')"
    return f"({text(f'{column.space}:')} || {cell})" if column.space else cell


def digest(table: Table) -> str:
    """Return SQL for a digest of a row's content, equal if the row says the same.

    It covers the label, the ends, and each property's header cell and value. It depends neither on
    the table, nor on the order of columns, labels or values of a set. Every part comes after its
    length, so two rows never give one text.
    """
    ordered = sorted(enumerate(table.columns), key=lambda each: each[1].cell)
    parts = [_part(table, column, f"c{at}") for at, column in ordered if column.role != "id"]
    names = text(f"{len(table.names.encode())}:{table.names}")
    return f"unhex(sha256(concat({', '.join([names, *parts])})))"


def _part(table: Table, column: Column, cell: str) -> str:
    named = text(f"{len(column.cell.encode())}:{column.cell}")
    content = _value(cell, column, headed=table.headed)
    return (
        f"{named} || strlen({content}) || ':' || {content}"  # null if the cell is; concat skips it
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
    return [each.replace("\\;", ";") for each in re.findall(_ITEMS, labels)]
