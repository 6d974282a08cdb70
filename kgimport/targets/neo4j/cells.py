"""The cells before the properties, and a table's header file."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import polars as pl

from kgimport.files import folder_name
from kgimport.identity import identified, key_text
from kgimport.targets.neo4j.names import is_plain
from kgimport.targets.neo4j.spelling import ARRAY_DELIMITER, DELIMITER
from kgimport.targets.target import Cell
from kgimport.values.columns import joined_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kgimport.choices import Ids
    from kgimport.graph import Graph, Table


def argument(table: Table) -> str:
    """Return the labels or the type for an argument of the importer, or "" if a column has them."""
    plain = table.name_column is None and all(map(is_plain, table.names))
    return ":".join(table.names) if plain else ""


def cells(table: Table, schema: pl.Schema, graph: Graph, ids: Ids) -> tuple[Cell, ...]:
    """Return the cells before the properties: a node's id, or the ids of a relationship's ends.

    Labels or a type follow, unless an argument of the importer has them.
    """
    nodes = identified(table, graph)
    headers = (":ID",) if table.kind == "node" else (":START_ID", ":END_ID")
    if ids == "dense":
        values = [
            (header, pl.col(node.column)) for header, node in zip(headers, nodes, strict=True)
        ]
    else:
        values = [
            (in_space(header, folder_name(node.id_space)), key_text(node.key, schema))
            for header, node in zip(headers, nodes, strict=True)
        ]
    if not argument(table):
        names = ":LABEL" if table.kind == "node" else ":TYPE"
        values.append((names, joined_names(table, schema, ARRAY_DELIMITER)))
    return tuple(Cell(header, each) for header, each in values)


def in_space(header: str, id_space: str) -> str:
    """Return an id header cell with its id space: `:ID(User)`."""
    return f"{header}({id_space})"


def header_row(row: Iterable[str]) -> str:
    """Return one CSV line of header cells, quoted if they need it."""
    line = io.StringIO()
    csv.writer(line, delimiter=DELIMITER, lineterminator="\n").writerow(row)
    return line.getvalue()


def numbered(header: Sequence[str]) -> str:
    """Return the header for Parquet: the cells, and below each the number of its column."""
    return header_row(header) + header_row(map(str, range(len(header))))
