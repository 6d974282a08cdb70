"""From key columns to node ids: what a key is as text, as a join key, and as a dense record id.

A node's dense id is its row's number over all node tables, in the order of their declaration. It
needs no lookup on the nodes' side; relationships get theirs by a join (`kgimport.checks.joins`).
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

# Columns that stand beside a table's own.
ID, START, END = "__id__", "__start__", "__end__"

_MOMENTS = (pl.Date, pl.Datetime)
_WIDER_THAN_LONG = (pl.UInt64, pl.Int128, pl.UInt128)
# Decimals of this many digits fit 64 bits, whatever they are.
_DIGITS_OF_LONG = 18


@dataclass(frozen=True, slots=True)
class Identified:
    """A node that a row names: by a dense id, or by a key within an id space."""

    column: str  # of the dense id
    id_space: str
    key: tuple[str, ...]


def identified(table: Table, graph: Graph) -> tuple[Identified, ...]:
    """Return the node that a row is, or the two between which it is a relationship."""
    if table.kind == "node":
        return (Identified(ID, table.id_space, table.key),)
    pairs = zip((START, END), (end for _, end in table.ends), strict=True)
    return tuple(
        Identified(column, graph.node(end.node).id_space, end.key) for column, end in pairs
    )


def key_text(columns: tuple[str, ...], schema: pl.Schema) -> pl.Expr:
    """Return the id of a row as text, null where any part of the key is null.

    `schema` has its columns.

    One column is spelled as it is. Several are each preceded by their length, so that ("1", "23")
    and ("12", "3") stay apart (Neo4j 5 concatenates the parts of a composite id).
    """
    texts = [_text(column, schema[column]) for column in columns]
    if len(texts) == 1:
        return texts[0]
    counted = [pl.concat_str(text.str.len_chars(), pl.lit(":"), text) for text in texts]
    return pl.concat_str(counted)


def _text(column: str, dtype: pl.DataType) -> pl.Expr:
    if dtype.base_type() in _MOMENTS:
        return moment_text(pl.col(column), dtype)
    return pl.col(column).cast(pl.String)


def join_key(columns: tuple[str, ...], schema: pl.Schema, *, integers: bool) -> pl.Expr:
    """Return what two rows have in common exactly when they have the same key; cheap to join by."""
    return pl.col(*columns).cast(pl.Int64) if integers else key_text(columns, schema)


def are_integers(graph: Graph, schemas: Mapping[str, pl.Schema], id_space: str) -> bool:
    """Whether every key of an id space, on nodes and ends alike, is one column of whole numbers."""
    keys = [(table.name, table.key) for table in graph.id_space(id_space)]
    for table in graph.relationships:
        ends = (end for _, end in table.ends if graph.node(end.node).id_space == id_space)
        keys += [(table.name, end.key) for end in ends]
    return all(is_integer(key, schemas[name]) for name, key in keys)


def is_integer(key: tuple[str, ...], schema: pl.Schema) -> bool:
    """Whether a key is one column of whole numbers of 64 bits."""
    return len(key) == 1 and _fits_long(schema[key[0]])


def _fits_long(dtype: pl.DataType) -> bool:
    """Whether every key of a type is a whole number of 64 bits."""
    if isinstance(dtype, pl.Decimal):  # without a fraction, or it would be no key
        return dtype.precision <= _DIGITS_OF_LONG
    return dtype.is_integer() and dtype not in _WIDER_THAN_LONG


def _is_whole(dtype: pl.DataType) -> bool:
    """Whether every value of a type is a whole number, which is spelled as an integer is."""
    return dtype.is_integer() or (isinstance(dtype, pl.Decimal) and dtype.scale == 0)


def missing() -> pl.Expr:
    """Mark relationship rows with an end that is no node."""
    return pl.col(START).is_null() | pl.col(END).is_null()


def with_existing_ends(
    frame: pl.LazyFrame, table: RelationshipTable, graph: Graph, nodes: Mapping[str, pl.LazyFrame]
) -> pl.LazyFrame:
    """Return the rows whose ends are nodes, in their order.

    `nodes` gives each node table's rows.
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
    """Refuses keys of a type that has no exact text, and ends whose type is not their node's.

    Raises `DeclarationError` with every such key in one message.
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
            for ours, theirs in zip(end.key, node.key, strict=True):
                mine, other = schemas[table.name][ours], schemas[node.name][theirs]
                if _family(mine) != _family(other):
                    yield (
                        f"{table.name}.{ours} ({side}) is {mine}, "
                        f"but {node.name}.{theirs} is {other}"
                    )


def _family(dtype: pl.DataType) -> object:
    if _is_whole(dtype):
        return "integer"
    if is_text(dtype):
        return "string"
    return dtype
