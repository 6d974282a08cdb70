"""The ids of vertices and edges, which are the same in each export of the same rows.

Neptune has one space of ids for all vertices and one for all edges, and they are texts. An edge
that gets another id is another edge to the loader, so no id depends on a row's number or on chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport.files import folder_name
from kgimport.identity import counted, identified, key_text, texts
from kgimport.values.columns import joined_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.graph import Graph, RelationshipTable, Table

# Separates an id space from a key; the name of a folder cannot contain it.
MARK = ":"


def vertex_ids(table: Table, schema: pl.Schema, graph: Graph) -> tuple[pl.Expr, ...]:
    """Return the id of a row's vertex, or the ids of both ends of its edge.

    An id is the id space, a colon and the key as text: `user:42`. Null if a part of the key is.
    """
    return tuple(
        pl.concat_str(
            pl.lit(folder_name(node.id_space)), key_text(node.key, schema), separator=MARK
        )
        for node in identified(table, graph)
    )


def edge_text(table: RelationshipTable, schema: pl.Schema, graph: Graph) -> pl.Expr:
    """Return the text whose hash is an edge's id; null if a part of it is.

    Its parts are the type, the ids of both ends and each column of the declared key, each after its
    length, so that no two lists of parts give the same text.
    """
    return counted(list(_parts(table, schema, graph)))


def _parts(table: RelationshipTable, schema: pl.Schema, graph: Graph) -> Iterator[pl.Expr]:
    yield joined_names(table, schema, MARK)
    yield from vertex_ids(table, schema, graph)
    yield from texts(table.key, schema)
