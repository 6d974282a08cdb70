"""Find sampled rows in a store by record id: a node's is the number of its row over all nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport.identity import END, ID, START, key_text, missing
from kgimport.targets.neo4j.cypher import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kgimport.graph import End, Graph, NodeTable, Table
    from kgimport.neo4j.reconcile.rows import Rows

_KEY, _AT = "__key__", "__at__"


def can_be_found(_: Graph, __: Table) -> bool:
    """Return true: every row of every table can be found by record id."""
    return True


def keyed(
    graph: Graph, table: Table, rows: Mapping[str, Rows], drawn: pl.DataFrame
) -> tuple[pl.DataFrame, list[tuple[object, ...]]]:
    """Return the rows that must be in the store, and for each the id of its node or of its ends.

    A missing end has no id, so its row is not found.
    """
    if table.kind == "node":
        return drawn, drawn.select(ID).rows()
    for side, (_, end) in zip((START, END), table.ends, strict=True):
        drawn = _with_id(graph, rows, drawn, end, side)
    kept = drawn.filter(~missing()) if table.leaves_out_rows else drawn
    return kept, kept.select(START, END).rows()


def _with_id(
    graph: Graph, rows: Mapping[str, Rows], drawn: pl.DataFrame, end: End, side: str
) -> pl.DataFrame:
    """Return the rows with the ids of the nodes at one end; read the keys of these nodes once."""
    keys = drawn.select(
        key_text(end.key, drawn.schema).alias(_KEY), pl.int_range(pl.len()).alias(_AT)
    )
    wanted = keys.get_column(_KEY).unique().implode()
    members = (
        _ids(rows[node.name], node).filter(pl.col(_KEY).is_in(pl.lit(wanted)))
        for node in graph.id_space(graph.node(end.node).id_space)
    )
    found = pl.concat(each.collect(engine="streaming") for each in members)
    ids = keys.join(found, on=_KEY, how="left").sort(_AT).get_column(ID)
    return drawn.with_columns(ids.alias(side))


def _ids(rows: Rows, node: NodeTable) -> pl.LazyFrame:
    frame = rows.frame.with_row_index(ID, rows.first or 0)
    return frame.select(key_text(node.key, rows.schema).alias(_KEY), pl.col(ID).cast(pl.Int64))


def query(_: Graph, table: Table, __: Mapping[str, Rows]) -> str:
    """Return Cypher for everything with one of `$keys`: `key`, its properties `p`, its `names`."""
    if table.kind == "node":
        return (
            "MATCH (n) WHERE id(n) IN [key IN $keys | key[0]] "
            "RETURN [id(n)] AS key, properties(n) AS p, labels(n) AS names"
        )
    of_type = f":{quoted(table.type)}" if table.type else ""
    return (
        "UNWIND $keys AS key MATCH (a) WHERE id(a) = key[0] MATCH (b) WHERE id(b) = key[1] "
        f"MATCH (a)-[r{of_type}]->(b) RETURN key, properties(r) AS p, [type(r)] AS names"
    )
