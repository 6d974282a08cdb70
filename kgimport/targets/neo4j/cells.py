"""The cells before the properties, and a table's header file."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import polars as pl

from kgimport.files import folder_name
from kgimport.identity import END, ID, START, key_text
from kgimport.targets.neo4j.names import is_plain
from kgimport.targets.neo4j.spelling import ARRAY_DELIMITER, DELIMITER
from kgimport.targets.target import Cell
from kgimport.values.columns import are_listed, as_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kgimport.graph import Graph, NodeTable, RelationshipTable, Table
    from kgimport.identity import Ids


def argument(table: Table) -> str:
    """Return the labels or the type as an argument of the importer, or "" where a column carries
    them.
    """
    plain = table.name_column is None and all(map(is_plain, table.names))
    return ":".join(table.names) if plain else ""


def cells(table: Table, schema: pl.Schema, graph: Graph, ids: Ids) -> tuple[Cell, ...]:
    """Return what stands before the properties: a node's id or a relationship's ends.

    Labels or a type follow where no argument carries them.
    """
    if ids == "dense":
        first = [Cell(header, pl.col(column)) for header, column, *_ in _ids(table, graph)]
    else:
        first = [
            Cell(in_space(header, folder_name(space)), key_text(key, schema))
            for header, _, space, key in _ids(table, graph)
        ]
    if argument(table):
        return tuple(first)
    if table.kind == "node":
        return *first, Cell(":LABEL", _labels(table, schema))
    return *first, Cell(":TYPE", _types(table, schema))


def _ids(table: Table, graph: Graph) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield each id's header, its column where it is dense, its id space, and its key."""
    if table.kind == "node":
        yield ":ID", ID, table.id_space, table.key
    else:
        yield ":START_ID", START, graph.node(table.start.node).id_space, table.start.key
        yield ":END_ID", END, graph.node(table.end.node).id_space, table.end.key


def in_space(header: str, id_space: str) -> str:
    """Return an id header cell within its id space: `:ID(User)`."""
    return f"{header}({id_space})"


def _labels(table: NodeTable, schema: pl.Schema) -> pl.Expr:
    labels = pl.lit(ARRAY_DELIMITER.join(table.labels))
    if table.label_column is None:
        return labels
    dtype = schema[table.label_column]
    more = as_names(table.label_column, dtype)
    text = more.list.join(ARRAY_DELIMITER) if are_listed(dtype) else more
    return pl.concat_str(labels, text, separator=ARRAY_DELIMITER)


def _types(table: RelationshipTable, schema: pl.Schema) -> pl.Expr:
    column = table.type_column
    return pl.lit(table.type) if column is None else as_names(column, schema[column])


def header_row(row: Iterable[str]) -> str:
    """Return one CSV line of header cells, quoted where they need it."""
    line = io.StringIO()
    csv.writer(line, delimiter=DELIMITER, lineterminator="\n").writerow(row)
    return line.getvalue()


def numbered(header: Sequence[str]) -> str:
    """Return the header of Parquet: under each cell, the column of the file that it is for."""
    return header_row(header) + header_row(map(str, range(len(header))))
