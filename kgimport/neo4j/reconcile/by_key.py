"""Find sampled rows in a store by the properties that hold their keys.

If the importer got keys, only the importer knows the record ids that they became. Without an index
the server scans all nodes of a label, once for all keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from kgimport import identity
from kgimport.targets import Carrier, neo4j
from kgimport.targets.fields import carrier
from kgimport.targets.neo4j.cypher import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kgimport.graph import Graph, NodeTable, RelationshipTable, Table
    from kgimport.neo4j.reconcile.rows import Rows
    from kgimport.properties import Kind

# The functions of Cypher that parse the text of a moment.
_MOMENTS: dict[Kind, str] = {
    "date": "date",
    "local_datetime": "localdatetime",
    "instant": "datetime",
    "zoned_datetime": "datetime",
}


def can_be_found(graph: Graph, table: Table) -> bool:
    """Whether all columns of a table's keys, or of its ends' keys, are properties of nodes."""
    names = [table.name] if table.kind == "node" else [e.node for _, e in table.ends]
    return all(_keeps_key(graph.node(name)) for name in names)


def _keeps_key(table: NodeTable) -> bool:
    return all(map(table.is_property, table.key))


def keyed(
    graph: Graph, table: Table, rows: Mapping[str, Rows], drawn: pl.DataFrame
) -> tuple[pl.DataFrame, list[tuple[object, ...]]]:
    """Return the rows that must be in the store, and for each its key as the driver accepts it.

    The key of a relationship's row consists of those of both ends.
    """
    kept = drawn
    if table.kind == "relationship" and table.leaves_out_rows:
        nodes = {node.name: rows[node.name].frame for node in graph.nodes}
        kept = identity.with_existing_ends(drawn.lazy(), table, graph, nodes).collect()
    parts = _key_parts(graph, table, rows)
    keys = kept.select(part.parameter().alias(str(at)) for at, part in enumerate(parts)).rows()
    return kept, keys


def query(graph: Graph, table: Table, rows: Mapping[str, Rows]) -> str:
    """Return Cypher for everything with one of `$keys`: `key`, its properties `p`, its `names`."""
    key = tuple(_key_parts(graph, table, rows))
    if table.kind == "node":
        return _nodes_query(table, key)
    return _relationships_query(graph, table, key)


@dataclass(frozen=True, slots=True)
class _KeyPart:
    """A column with a part of a node's key, and the property that holds it in the store."""

    column: str
    dtype: pl.DataType  # of the node's own key: an end's may be a narrower one
    name: str
    carrier: Carrier

    @property
    def _moment(self) -> str:
        return _MOMENTS.get(self.carrier.type.kind, "")

    def parameter(self) -> pl.Expr:
        """Return the values as the driver accepts them, with moments as text for Cypher to parse.

        The driver's parameters would lose nanoseconds, and CPython's zoneinfo reads foreign memory
        when the driver asks it for an offset.
        """
        values = self.carrier.value(pl.col(self.column).cast(self.dtype))
        if not self._moment:
            return values
        zone = "Z" if self.carrier.type.kind == "instant" else ""
        return self.carrier.spell(values) + zone

    def among(self, at: int) -> str:
        """Return Cypher for the parts of all keys at a position, as the store holds them."""
        return f"[key IN $keys | {self._moment}(key[{at}])]"

    def equals(self, alias: str, at: int) -> str:
        """Return Cypher for the condition that this property of `alias` is a key's part."""
        return f"{alias}.{quoted(self.name)} = {self._moment}(key[{at}])"


def _key_parts(graph: Graph, table: Table, rows: Mapping[str, Rows]) -> Iterator[_KeyPart]:
    """Yield the parts of a row's key, or of both ends' keys, as the node's table carries them."""
    if table.kind == "node":
        pairs = [(column, table, column) for column in table.key]
    else:
        ends = [(end, graph.node(end.node)) for _, end in table.ends]
        pairs = [
            (of_end, node, of_node)
            for end, node in ends
            for of_end, of_node in zip(end.key, node.key, strict=True)
        ]
    for column, node, of_node in pairs:
        dtype = rows[node.name].schema[of_node]
        how = carrier(neo4j.CSV, dtype, node.rule(of_node))
        assert isinstance(how, Carrier)  # noqa: S101  (the export has carried it)
        yield _KeyPart(column, dtype, node.property_name(of_node), how)


def _nodes_query(table: NodeTable, key: Sequence[_KeyPart]) -> str:
    labels = "".join(f":{quoted(label)}" for label in table.labels)
    return (
        f"WITH {key[0].among(0)} AS keys0 MATCH (n{labels}) WHERE n.{quoted(key[0].name)} IN keys0 "
        f"WITH n UNWIND $keys AS key WITH n, key WHERE {_is_key('n', key, 0)} "
        "RETURN key, properties(n) AS p, labels(n) AS names"
    )


def _relationships_query(graph: Graph, table: RelationshipTable, key: Sequence[_KeyPart]) -> str:
    """Return Cypher for all relationships of the type between nodes with the rows' keys.

    It finds the nodes of all keys in one scan, not one scan per key: there may be no index.
    """
    start, end = (graph.node(each.node) for _, each in table.ends)
    split = len(start.key)
    of_type = f":{quoted(table.type)}" if table.type else ""
    return (
        f"WITH {key[0].among(0)} AS keys0, {key[split].among(split)} AS keys1 "
        f"MATCH (a:{_any_label(graph, start)})-[r{of_type}]->(b:{_any_label(graph, end)}) "
        f"WHERE a.{quoted(key[0].name)} IN keys0 AND b.{quoted(key[split].name)} IN keys1 "
        f"WITH a, r, b UNWIND $keys AS key WITH a, r, b, key "
        f"WHERE {_is_key('a', key[:split], 0)} AND {_is_key('b', key[split:], split)} "
        "RETURN key, properties(r) AS p, [type(r)] AS names"
    )


def _any_label(graph: Graph, table: NodeTable) -> str:
    """Return Cypher for the labels of all tables of an id space: an end may be in any of them."""
    members = graph.id_space(table.id_space)
    return "|".join(dict.fromkeys(quoted(member.labels[0]) for member in members))


def _is_key(alias: str, parts: Sequence[_KeyPart], first: int) -> str:
    """Return Cypher for the condition that a node has the parts of `key` from `first` on."""
    return " AND ".join(part.equals(alias, at) for at, part in enumerate(parts, start=first))
