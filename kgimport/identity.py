"""From key columns to node ids: a key as text, as a join key, and as a dense record id.

A node's dense id is the number of its row, counted over all node tables in the order of their
declaration. So nodes need no lookup; relationships get the ids of their ends by a join
(`kgimport.checks.joins`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from kgimport.errors import DeclarationError
from kgimport.values import is_text
from kgimport.values.moments import moment_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kgimport.graph import Graph, RelationshipTable, Table

# Columns that are added to those of a table.
ID, START, END = "__id__", "__start__", "__end__"
# The id of a relationship itself, for targets whose relationships have one.
EDGE = "__edge__"

_MOMENTS = (pl.Date, pl.Datetime)
_WIDER_THAN_LONG = (pl.UInt64, pl.Int128, pl.UInt128)
# All decimals of this many digits fit 64 bits.
_DIGITS_OF_LONG = 18


@dataclass(frozen=True, slots=True)
class Identified:
    """A node that a row names: by a dense id, or by a key within an id space."""

    column: str  # of the dense id
    id_space: str
    key: tuple[str, ...]


def identified(table: Table, graph: Graph) -> tuple[Identified, ...]:
    """Return the node that a row becomes, or the start and end node of its relationship."""
    if table.kind == "node":
        return (Identified(ID, table.id_space, table.key),)
    pairs = zip((START, END), (end for _, end in table.ends), strict=True)
    return tuple(
        Identified(column, graph.node(end.node).id_space, end.key) for column, end in pairs
    )


def key_text(columns: tuple[str, ...], schema: pl.Schema) -> pl.Expr:
    """Return the key of a row as text; null if any part of the key is null.

    `schema` is that of the table. A single column is spelled as it is. Each of several columns is
    preceded by its length, so that ("1", "23") and ("12", "3") stay different (Neo4j 5 concatenates
    the parts of a composite id).
    """
    parts = texts(columns, schema)
    return parts[0] if len(parts) == 1 else counted(parts)


def texts(columns: Iterable[str], schema: pl.Schema) -> list[pl.Expr]:
    """Return each column of a key as text."""
    return [_text(column, schema[column]) for column in columns]


def counted(parts: Iterable[pl.Expr]) -> pl.Expr:
    """Return texts as one, each after the number of its characters; null if one of them is null.

    Different lists of texts become different texts.
    """
    return pl.concat_str([pl.concat_str(part.str.len_chars(), pl.lit(":"), part) for part in parts])


def _text(column: str, dtype: pl.DataType) -> pl.Expr:
    if dtype.base_type() in _MOMENTS:
        return moment_text(pl.col(column), dtype)
    return pl.col(column).cast(pl.String)


def join_key(columns: tuple[str, ...], schema: pl.Schema, *, integers: bool) -> pl.Expr:
    """Return the key in a form that is cheap to join by: equal exactly when the keys are equal."""
    return pl.col(*columns).cast(pl.Int64) if integers else key_text(columns, schema)


def are_integers(graph: Graph, schemas: Mapping[str, pl.Schema], id_space: str) -> bool:
    """Whether all keys of an id space, of nodes and ends, are single columns of 64-bit integers."""
    keys = [(table.name, table.key) for table in graph.id_space(id_space)]
    for table in graph.relationships:
        ends = (end for _, end in table.ends if graph.node(end.node).id_space == id_space)
        keys += [(table.name, end.key) for end in ends]
    return all(is_integer(key, schemas[name]) for name, key in keys)


def is_integer(key: tuple[str, ...], schema: pl.Schema) -> bool:
    """Whether a key is a single column of integers that fit 64 bits."""
    return len(key) == 1 and _fits_long(schema[key[0]])


def _fits_long(dtype: pl.DataType) -> bool:
    """Whether every key of a type is an integer that fits 64 bits."""
    if isinstance(dtype, pl.Decimal):  # its scale is 0, or it could not be a key
        return dtype.precision <= _DIGITS_OF_LONG
    return dtype.is_integer() and dtype not in _WIDER_THAN_LONG


def _is_whole(dtype: pl.DataType) -> bool:
    """Whether every value of a type is a whole number, and is spelled like an integer."""
    return dtype.is_integer() or (isinstance(dtype, pl.Decimal) and dtype.scale == 0)


def missing() -> pl.Expr:
    """Return whether an end of a relationship is missing, by the ids of both ends."""
    return pl.col(START).is_null() | pl.col(END).is_null()


def null_ends(columns: Iterable[str]) -> pl.Expr:
    """Return whether a part of the key of an end is null; then it names no node."""
    return pl.any_horizontal(pl.col(column).is_null() for column in columns)


def with_existing_ends(
    frame: pl.LazyFrame, table: RelationshipTable, graph: Graph, nodes: Mapping[str, pl.LazyFrame]
) -> pl.LazyFrame:
    """Return the rows whose two ends exist, in the same order.

    `nodes` holds the rows of each node table.
    """
    for _, end in table.ends:
        members = graph.id_space(graph.node(end.node).id_space)
        known = pl.concat([_ids(nodes[one.name], one.key) for one in members])
        keyed = frame.with_columns(key_text(end.key, frame.collect_schema()).alias(ID))
        frame = keyed.join(known, on=ID, how="semi", maintain_order="left").drop(ID)
    return frame


def _ids(frame: pl.LazyFrame, key: tuple[str, ...]) -> pl.LazyFrame:
    return frame.select(key_text(key, frame.collect_schema()).alias(ID))


def check_key_types(graph: Graph, schemas: Mapping[str, pl.Schema]) -> None:
    """Refuse keys of a type that has no exact text, and ends whose type is not that of their node.

    Raises one `DeclarationError` with every such key.
    """
    wrong = [*_unfit_keys(graph, schemas), *_unlike_ends(graph, schemas)]
    if wrong:
        raise DeclarationError(
            "keys do not fit:\n  " + "\n  ".join(wrong), "cast the columns to one type in SQL"
        )


def _unfit_keys(graph: Graph, schemas: Mapping[str, pl.Schema]) -> Iterable[str]:
    for table in graph.tables:
        for column in table.key:
            dtype = schemas[table.name][column]
            if not _may_be_key(dtype):
                yield f"{table.name}.{column} is {dtype}, which cannot be a key"


def _may_be_key(dtype: pl.DataType) -> bool:
    return _is_whole(dtype) or is_text(dtype) or dtype.base_type() in {pl.Boolean, *_MOMENTS}


def _unlike_ends(graph: Graph, schemas: Mapping[str, pl.Schema]) -> Iterator[str]:
    for table in graph.relationships:
        for side, end in table.ends:
            node = graph.node(end.node)
            for column, key in zip(end.key, node.key, strict=True):
                of_end, of_node = schemas[table.name][column], schemas[node.name][key]
                if _family(of_end) != _family(of_node):
                    yield (
                        f"{table.name}.{column} ({side}) is {of_end}, "
                        f"but {node.name}.{key} is {of_node}"
                    )


def _family(dtype: pl.DataType) -> object:
    if _is_whole(dtype):
        return "integer"
    if is_text(dtype):
        return "string"
    return dtype
