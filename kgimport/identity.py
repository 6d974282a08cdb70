"""From key columns to the importer's node ids.

Today an id is the key itself, spelled as text within its id space. Whoever needs another kind
(dense record ids, say) changes `attach` alone: everything below it works with the id column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kgimport.graph import End, Graph, NodeTable, RelationshipTable

ID, START, END = "__id__", "__start__", "__end__"
START_MISSING, END_MISSING = "__start_missing__", "__end_missing__"

_KEY_TYPES = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Date, pl.Datetime)


def key_text(columns: tuple[str, ...]) -> pl.Expr:
    """The id of a row, null where any part of the key is null.

    One column is spelled as it is. Several are each preceded by their length, so that ("1", "23")
    and ("12", "3") stay apart (Neo4j 5 concatenates the parts of a composite id).
    """
    texts = [pl.col(column).cast(pl.String) for column in columns]
    if len(texts) == 1:
        return texts[0]
    counted = [pl.concat_str(text.str.len_chars(), pl.lit(":"), text) for text in texts]
    return pl.concat_str(counted)


def attach_node_id(frame: pl.LazyFrame, table: NodeTable) -> pl.LazyFrame:
    """The rows of a node table with their id in the column `ID`."""
    return frame.with_columns(key_text(table.key).alias(ID))


def attach_ends(frame: pl.LazyFrame, table: RelationshipTable) -> pl.LazyFrame:
    """The rows of a relationship table with the ids of both ends in `START` and `END`."""
    return frame.with_columns(
        key_text(table.start.key).alias(START), key_text(table.end.key).alias(END)
    )


def ids_of(graph: Graph, end: End, nodes: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """All ids that an end may point to: the rows of every node table in its id space."""
    tables = graph.id_space(graph.node(end.node).id_space)
    return pl.concat([nodes[table.name].select(key_text(table.key).alias(ID)) for table in tables])


def resolve_ends(frame: pl.LazyFrame, starts: pl.LazyFrame, ends: pl.LazyFrame) -> pl.LazyFrame:
    """Marks in `START_MISSING` and `END_MISSING` which ends of the rows are no node.

    `starts` and `ends` are what `ids_of` gives; the rows keep their order.
    """
    for column, ids, missing in ((START, starts, START_MISSING), (END, ends, END_MISSING)):
        known = ids.unique().with_columns(pl.lit(value=False).alias(missing))
        frame = frame.join(
            known, left_on=column, right_on=ID, how="left", maintain_order="left"
        ).with_columns(pl.col(missing).fill_null(value=True))
    return frame


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
    for table in graph.nodes:
        for column in table.key:
            dtype = schemas[table.name][column]
            if not (dtype.is_integer() or dtype.base_type() in _KEY_TYPES):
                yield f"{table.name}.{column} is {dtype}, which cannot be a key"


def _unlike_ends(graph: Graph, schemas: Mapping[str, pl.Schema]) -> Iterable[str]:
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
    if dtype.is_integer():
        return "integer"
    if dtype.base_type() in (pl.String, pl.Categorical, pl.Enum):
        return "string"
    return dtype
