"""Sampled rows found again in a store by the properties that hold their keys.

Where the importer was given keys, only it knows which record ids they have become. Without an
index the server looks at every node of a label, once for all keys.
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
    from kgimport.neo4j.reconcile.samples import Rows
    from kgimport.properties import Kind


def can_be_found(graph: Graph, table: Table) -> bool:
    """Whether all columns of a table's keys, or of its ends' keys, are properties of nodes."""
    names = [table.name] if table.kind == "node" else [e.node for _, e in table.ends]
    return all(_keeps_key(graph.node(name)) for name in names)


def _keeps_key(table: NodeTable) -> bool:
    return not any(table.rule(column).skip for column in table.key)


def keyed(
    graph: Graph, table: Table, rows: Mapping[str, Rows], drawn: pl.DataFrame
) -> tuple[pl.DataFrame, list[tuple[object, ...]]]:
    """Return the rows that are in the store, and of each its key as the driver takes it.

    A relationship's row has the keys of both ends.
    """
    kept = drawn
    if table.kind == "relationship" and table.skips_missing_ends:
        nodes = {node.name: rows[node.name].frame for node in graph.nodes}
        kept = identity.with_existing_ends(drawn.lazy(), table, graph, nodes).collect()
    parts = _key_parts(graph, table, rows)
    keys = kept.select(part.parameter().alias(str(at)) for at, part in enumerate(parts)).rows()
    return kept, keys


def query(graph: Graph, table: Table, rows: Mapping[str, Rows]) -> str:
    """Cypher: all that has one of `$keys`, as `key`, its properties as `p`, and its `names`."""
    key = tuple(_key_parts(graph, table, rows))
    if table.kind == "node":
        return _nodes_query(table, key)
    return _relationships_query(graph, table, key)


# The functions of Cypher that make them of text.
_MOMENTS: dict[Kind, str] = {
    "date": "date",
    "local_datetime": "localdatetime",
    "instant": "datetime",
    "zoned_datetime": "datetime",
}


@dataclass(frozen=True, slots=True)
class _KeyPart:
    """A column that holds a part of a node's key, and the property that holds it in the store."""

    column: str
    dtype: pl.DataType  # of the node's own key: an end's may be a narrower one
    name: str
    carrier: Carrier

    @property
    def _moment(self) -> str:
        return _MOMENTS.get(self.carrier.type.kind, "")

    def parameter(self) -> pl.Expr:
        """Return the values as the driver takes them: moments as text, for Cypher to read exactly.

        A driver's own datetime knows microseconds only, and CPython's zoneinfo reads foreign
        memory when the driver asks it for an offset.
        """
        values = self.carrier.value(pl.col(self.column).cast(self.dtype))
        if not self._moment:
            return values
        zone = "Z" if self.carrier.type.kind == "instant" else ""
        return self.carrier.spell(values) + zone

    def among(self, at: int) -> str:
        """Cypher: the parts of all keys at that position, as the store holds them."""
        return f"[key IN $keys | {self._moment}(key[{at}])]"

    def equals(self, alias: str, at: int) -> str:
        """Cypher: this property of `alias` is the key's part at that position."""
        return f"{alias}.{quoted(self.name)} = {self._moment}(key[{at}])"


def _key_parts(graph: Graph, table: Table, rows: Mapping[str, Rows]) -> Iterator[_KeyPart]:
    """Yield the parts of a row's key (of both ends' keys), each as the node's table carries it."""
    if table.kind == "node":
        pairs = [(column, table, column) for column in table.key]
    else:
        ends = [(end, graph.node(end.node)) for _, end in table.ends]
        pairs = [
            (ours, node, theirs)
            for end, node in ends
            for ours, theirs in zip(end.key, node.key, strict=True)
        ]
    for column, node, theirs in pairs:
        dtype = rows[node.name].schema[theirs]
        how = carrier(neo4j.CSV, dtype, node.rule(theirs))
        assert isinstance(how, Carrier)  # noqa: S101  (the export has carried it)
        yield _KeyPart(column, dtype, node.property_name(theirs), how)


def _nodes_query(table: NodeTable, key: Sequence[_KeyPart]) -> str:
    labels = "".join(f":{quoted(label)}" for label in table.labels)
    return (
        f"WITH {key[0].among(0)} AS keys0 MATCH (n{labels}) WHERE n.{quoted(key[0].name)} IN keys0 "
        f"WITH n UNWIND $keys AS key WITH n, key WHERE {_is_key('n', key, 0)} "
        "RETURN key, properties(n) AS p, labels(n) AS names"
    )


def _relationships_query(graph: Graph, table: RelationshipTable, key: Sequence[_KeyPart]) -> str:
    """All relationships of the type between the nodes of the rows' keys.

    One look for the nodes of all keys, and not one for each: they may have no index.
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
    """Return the labels of all nodes that an end may point to.

    An id space may have several tables.
    """
    members = graph.id_space(table.id_space)
    return "|".join(dict.fromkeys(quoted(member.labels[0]) for member in members))


def _is_key(alias: str, parts: Sequence[_KeyPart], first: int) -> str:
    """Return a node's key properties equal the parts of `key` from position `first` on."""
    return " AND ".join(part.equals(alias, at) for at, part in enumerate(parts, start=first))
