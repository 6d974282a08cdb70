"""From a parsed declaration to the graph that it declares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kgimport import locations
from kgimport.declaration import features, own, rules
from kgimport.graph import (
    ColumnRule,
    End,
    General,
    Graph,
    Index,
    NodeTable,
    Point,
    RelationshipTable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kgimport.declaration.own import Own
    from kgimport.declaration.spec import (
        AnyRelationshipSpec,
        EndSpec,
        GraphSpec,
        IndexSpec,
        NodeSpec,
        PointSpec,
        TableSpec,
    )
    from kgimport.graph import Crs
    from kgimport.locations import Context, Location


_SOLID: dict[str, Crs] = {"wgs-84": "wgs-84-3d", "cartesian": "cartesian-3d"}


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the declaration, with its location and with the rules of its columns."""

    name: str
    spec: TableSpec
    location: Location
    general: General
    columns: Mapping[str, ColumnRule]

    def rule(self, column: str) -> ColumnRule:
        return self.columns[column] if column in self.columns else self.general.of(column)


def assemble(spec: GraphSpec, context: Context) -> Graph:
    """Return the declared graph; `context` gives its locations their meaning."""
    tables = [_table(name, table, spec, context) for name, table in spec.tables.items()]
    nodes = (_node(each, each.spec.node) for each in tables if each.spec.node)
    relationships = (table for each in tables for table in _relationships(each))
    return Graph(spec.graph, tuple(nodes), tuple(relationships), features.declared(spec))


def _table(name: str, table: TableSpec, spec: GraphSpec, context: Context) -> _Table:
    general = rules.general(spec.defaults, table)
    location = locations.of_table(name, table.location, context)
    return _Table(name, table, location, general, rules.of_columns(table, general))


def _indexes(specs: list[IndexSpec]) -> tuple[Index, ...]:
    return tuple(Index(spec.kind, tuple(spec.properties), spec.name) for spec in specs)


def _points(specs: dict[str, PointSpec]) -> tuple[Point, ...]:
    return tuple(
        Point(name, (spec.x, spec.y), spec.crs)
        if spec.z is None
        else Point(name, (spec.x, spec.y, spec.z), _SOLID[spec.crs])
        for name, spec in specs.items()
    )


def _node(table: _Table, node: NodeSpec) -> NodeTable:
    return NodeTable(
        name=table.name,
        location=table.location,
        labels=tuple(node.labels),
        key=tuple(node.key),
        id_space=node.id_space or node.labels[0],
        columns=_without_foreign_keys(table, node),
        label_column=node.label_column,
        unique=tuple(tuple(columns) for columns in node.unique),
        indexes=_indexes(node.indexes),
        points=_points(node.points),
        general=table.general,
    )


def _without_foreign_keys(table: _Table, node: NodeSpec) -> Mapping[str, ColumnRule]:
    """Return the rules of a node table, in which its foreign keys are skipped.

    The relationship states what they state. They become properties only if the declaration names
    the property or lists the column, as in a relationship table.
    """
    keys = (key for each in own.relationships(table.name, table.spec) for key in each.foreign)
    skipped = {
        column: replace(rule, skip=True)
        for column in dict.fromkeys(keys)
        if column not in node.key and (rule := table.rule(column)).property is None
    }
    return {**table.columns, **skipped} if table.general.properties is None else table.columns


def _relationships(table: _Table) -> Iterator[RelationshipTable]:
    """Yield the table of relationships that a table is, or those that it also declares."""
    one = table.spec.relationship
    if one and not table.spec.node:
        made = _relationship(table, one, one.start, one.end)
        listed = made.general.properties if one.properties is None else tuple(one.properties)
        yield replace(made, general=replace(made.general, properties=listed))
    for each in own.relationships(table.name, table.spec):
        yield _own(table, each)


def _own(table: _Table, each: Own) -> RelationshipTable:
    made = _relationship(table, each.declared, each.start, each.end)
    patterns = {n: rules.without_skips(words) for n, words in table.general.patterns.items()}
    listed = tuple(each.declared.properties or ())
    columns = {n: replace(r, skip=False) for n, r in table.columns.items() if n in listed}
    return replace(
        made,
        name=each.name,
        declared_in=table.name,
        columns=columns,
        general=replace(table.general, patterns=patterns, properties=listed),
    )


def _relationship(
    table: _Table, declared: AnyRelationshipSpec, start: EndSpec, end: EndSpec
) -> RelationshipTable:
    return RelationshipTable(
        name=table.name,
        location=table.location,
        type=declared.type or "",
        type_column=declared.type_column,
        start=End(start.node, tuple(start.key)),
        end=End(end.node, tuple(end.key)),
        key=tuple(declared.key or ()),
        on_missing=declared.on_missing,
        on_null=declared.on_null,
        columns=table.columns,
        indexes=_indexes(declared.indexes),
        points=_points(declared.points),
        general=table.general,
    )
