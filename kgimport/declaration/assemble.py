"""From a parsed declaration to the graph that it declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport import locations
from kgimport.graph import (
    End,
    Graph,
    Index,
    NodeTable,
    Point,
    RelationshipTable,
)

if TYPE_CHECKING:
    from kgimport.declaration.spec import (
        GraphSpec,
        IndexSpec,
        NodeSpec,
        PointSpec,
        RelationshipSpec,
        TableSpec,
    )
    from kgimport.graph import Crs
    from kgimport.locations import Context


_SOLID: dict[str, Crs] = {"wgs-84": "wgs-84-3d", "cartesian": "cartesian-3d"}


def assemble(spec: GraphSpec, context: Context) -> Graph:
    """Return the declared graph; `context` gives its locations their meaning."""
    nodes = [
        _node(name, table, table.node, context) for name, table in spec.tables.items() if table.node
    ]
    relationships = [
        _relationship(name, table, table.relationship, context)
        for name, table in spec.tables.items()
        if table.relationship
    ]
    return Graph(spec.graph, tuple(nodes), tuple(relationships))


def _indexes(specs: list[IndexSpec]) -> tuple[Index, ...]:
    return tuple(Index(spec.kind, tuple(spec.properties), spec.name) for spec in specs)


def _points(specs: dict[str, PointSpec]) -> tuple[Point, ...]:
    return tuple(
        Point(name, (spec.x, spec.y), spec.crs)
        if spec.z is None
        else Point(name, (spec.x, spec.y, spec.z), _SOLID[spec.crs])
        for name, spec in specs.items()
    )


def _node(name: str, table: TableSpec, node: NodeSpec, context: Context) -> NodeTable:
    return NodeTable(
        name=name,
        location=locations.of_table(name, table.location, context),
        labels=tuple(node.labels),
        key=tuple(node.key),
        id_space=node.id_space or node.labels[0],
        columns=table.columns,
        label_column=node.label_column,
        unique=tuple(tuple(columns) for columns in node.unique),
        indexes=_indexes(node.indexes),
        points=_points(node.points),
    )


def _relationship(
    name: str, table: TableSpec, relationship: RelationshipSpec, context: Context
) -> RelationshipTable:
    return RelationshipTable(
        name=name,
        location=locations.of_table(name, table.location, context),
        type=relationship.type or "",
        type_column=relationship.type_column,
        start=End(relationship.start.node, tuple(relationship.start.key)),
        end=End(relationship.end.node, tuple(relationship.end.key)),
        key=tuple(relationship.key or ()),
        on_missing=relationship.on_missing,
        columns=table.columns,
        indexes=_indexes(relationship.indexes),
        points=_points(relationship.points),
    )
