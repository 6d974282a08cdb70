"""The cells before the properties: ids, ends, labels and types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport.identity import EDGE
from kgimport.targets.neptune.ids import vertex_ids
from kgimport.targets.target import Cell
from kgimport.values.columns import joined_names

if TYPE_CHECKING:
    from kgimport.choices import Ids
    from kgimport.graph import Graph, Table

_LABELS = ";"  # between them


def in_gremlin(table: Table, schema: pl.Schema, graph: Graph, _: Ids) -> tuple[Cell, ...]:
    """Return the cells of Gremlin's CSV."""
    headers = ("~id", "~label") if table.kind == "node" else ("~id", "~from", "~to", "~label")
    return _cells(headers, table, schema, graph)


def in_opencypher(table: Table, schema: pl.Schema, graph: Graph, _: Ids) -> tuple[Cell, ...]:
    """Return the cells of openCypher's CSV."""
    nodes = (":ID", ":LABEL")
    headers = nodes if table.kind == "node" else (":ID", ":START_ID", ":END_ID", ":TYPE")
    return _cells(headers, table, schema, graph)


def _cells(
    headers: tuple[str, ...], table: Table, schema: pl.Schema, graph: Graph
) -> tuple[Cell, ...]:
    edge = [] if table.kind == "node" else [pl.col(EDGE)]
    names = joined_names(table, schema, _LABELS)
    values = (*edge, *vertex_ids(table, schema, graph), names)
    return tuple(Cell(header, each) for header, each in zip(headers, values, strict=True))


def argument(_: Table) -> str:
    """Return nothing: labels and types are always in the files."""
    return ""
