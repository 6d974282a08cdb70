"""What is wrong with a graph that was read back from a record, which may be damaged.

No graph that comes from a declaration has such flaws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kgimport.features import Feature
    from kgimport.graph import Graph, NodeTable, Table


def flaws(graph: Graph) -> Iterator[str]:
    """Yield what is wrong with a graph that was read back."""
    names = [table.name for table in graph.tables]
    nodes = {table.name: table for table in graph.nodes}
    if not nodes:
        yield "no table is a node table"
    if len(set(names)) < len(names):
        yield "two tables have the same name"
    for table in graph.tables:
        if not all(_belongs(table)):
            yield "a table has the rules or the name of another"
        if not all(_needed(table)):
            yield "a table lacks a name, a location, a label, a type, a key or a part of one"
    for end in (end for table in graph.relationships for _, end in table.ends):
        if end.node not in nodes or len(end.key) != len(nodes[end.node].key):
            yield "an end of a relationship does not match a node's key"
    yield from _of_features(graph.features, nodes)


def _of_features(features: Iterable[Feature], nodes: Mapping[str, NodeTable]) -> Iterator[str]:
    if not all(part for each in features for part in _computable(each, nodes)):
        yield "a feature lacks a name, a type or a table, or has words of another kind"


def _computable(feature: Feature, nodes: Mapping[str, NodeTable]) -> Iterator[object]:
    """Yield the parts of a feature that must not be empty or false."""
    yield from (feature.property, feature.over, *feature.over, feature.named_by != "")
    named = {*feature.nodes, *([feature.named_by] if feature.named_by else [])}
    yield named <= nodes.keys()
    limits = feature.max_degree
    yield limits.keys() <= {*feature.over} and all(most > 0 for most in limits.values())
    yield feature.kind == "component" or not (limits or feature.named_by)


def _belongs(table: Table) -> Iterator[bool]:
    """Yield whether a table is called after the one that declares it, and rules are for all."""
    rule = table.general.rule
    yield rule.property is None and not rule.skip and not rule.required
    yield table.origin == table.name or table.name.startswith(f"{table.origin}.")


def _needed(table: Table) -> Iterator[object]:
    """Yield the parts of a table that must not be empty or false."""
    yield from (table.name, str(table.location))
    lists = [*table.keys]
    if table.kind == "node":
        lists += [table.labels, *table.unique]
        yield table.id_space
    else:
        yield from table.key
        yield (table.type == "") == (table.type_column is not None)
    lists += [index.properties for index in table.indexes]
    for words in lists:
        yield from (words, *words)
    for point in table.points:
        yield len(point.columns) == (3 if point.crs.endswith("-3d") else 2)
