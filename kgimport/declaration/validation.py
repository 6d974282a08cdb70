"""All mistakes in a declaration, each with its place, reported together."""

from __future__ import annotations

import difflib
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from kgimport.errors import DeclarationError, listed, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kgimport.declaration.spec import GraphSpec, NodeSpec, RelationshipSpec
    from kgimport.graph import Graph, Table


FORM = "`kgimport schema` prints the form"
# At most what one message shows: mistakes, and characters of each.
_SHOWN, _LINE = 15, 400
_NAME = 200  # the longest name to compare with others


def declaration_error(place: str, mistakes: Iterable[str], hint: str = FORM) -> DeclarationError:
    """Return the mistakes of one place as one error; takes only as many as it shows."""
    found = list(islice(mistakes, _SHOWN + 1))
    count = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
    if len(found) > _SHOWN:
        count = f"more than {_SHOWN} mistakes, of which these are the first"
    lines = "\n  ".join(short(line, _LINE) for line in found[:_SHOWN])
    return DeclarationError(f"{short(place, _LINE)} has {count}:\n  {lines}", hint)


def refuse(place: str, mistakes: Iterable[str], hint: str = FORM) -> None:
    """Raise `DeclarationError` if there are any mistakes."""
    found = list(islice(mistakes, _SHOWN + 1))
    if found:
        raise declaration_error(place, found, hint)


def instead(wrong: str, known: Iterable[str]) -> str:
    """Return the end of a message: the name that was probably meant, and the known ones."""
    names = list(known)
    # Comparing two names takes the product of their lengths: minutes for a megabyte each.
    near = [name for name in names if len(name) <= _NAME]
    close = difflib.get_close_matches(wrong, near, n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    return f"{meant} (there is: {listed(names) or 'nothing'})"


def in_form(spec: GraphSpec) -> Iterator[str]:
    """Yield what the schema alone cannot find: ends without a node table, tables without a kind."""
    nodes = {name: table.node for name, table in spec.tables.items() if table.node}
    if not nodes:
        yield "tables: none of them is a node table"
    for name, table in spec.tables.items():
        if (table.node is None) == (table.relationship is None):
            yield f"tables.{name}: needs either node: or relationship:"
        if table.relationship:
            if (table.relationship.type is None) == (table.relationship.type_column is None):
                yield f"tables.{name}.relationship: needs either type: or type_column:"
            yield from _end_mistakes(f"tables.{name}.relationship", table.relationship, nodes)


def without_place(spec: GraphSpec, known: Iterable[str]) -> Iterator[str]:
    """Yield tables without a location, except those that dbt is known to have."""
    places = set(known)
    for name, table in spec.tables.items():
        if table.location is None and name not in places:
            yield f"tables.{name}: needs a location, or its graph `dbt:` and a dbt project's folder"


def _end_mistakes(
    place: str, relationship: RelationshipSpec, nodes: Mapping[str, NodeSpec]
) -> Iterator[str]:
    for side, end in (("start", relationship.start), ("end", relationship.end)):
        node = nodes.get(end.node)
        if node is None:
            yield f"{place}.{side}.node: no node table {end.node}{instead(end.node, nodes)}"
        elif len(end.key) != len(node.key):
            yield (
                f"{place}.{side}.key: has {len(end.key)} columns, but the key of {end.node} "
                f"has {len(node.key)} ({listed(node.key)})"
            )


def in_table(table: Table) -> Iterator[str]:
    """Yield properties that two declared columns become."""
    for name in _twice(table.property_name(column) for column in table.columns):
        yield f"tables.{table.name}.columns: two columns become the property {name}"


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def check_columns(graph: Graph, schemas: Mapping[str, Iterable[str]]) -> None:
    """Refuse a declaration that names columns that its tables do not have.

    `schemas` gives each table's columns. Raises `DeclarationError` with every mistake.
    """
    refuse(
        f"graph {graph.name}",
        (
            line
            for table in graph.tables
            for line in _column_mistakes(table, list(schemas[table.name]))
        ),
    )


def _named_columns(table: Table) -> Iterator[tuple[str, str]]:
    yield from ((f"{table.kind}.key", column) for column in table.key)
    if table.kind == "relationship":
        for side, end in table.ends:
            yield from ((f"relationship.{side}.key", column) for column in end.key)
    if table.name_column is not None:
        place = "node.label_column" if table.kind == "node" else "type_column"
        yield place, table.name_column
    yield from (("columns", column) for column in table.columns)
    yield from ((f"points.{p.property}", column) for p in table.points for column in p.columns)


def _column_mistakes(table: Table, columns: list[str]) -> Iterator[str]:
    for place, column in _named_columns(table):
        if column not in columns:
            yield f"{table.name}.{place}: no column {column}{instead(column, columns)}"


def check_properties(graph: Graph, properties: Mapping[str, Sequence[str]]) -> None:
    """Refuse two columns that become one property, and indexes on missing properties.

    `properties` gives the names of each table's properties. Raises `DeclarationError` with every
    mistake.
    """
    refuse(
        f"graph {graph.name}",
        (
            line
            for table in graph.tables
            for line in _property_mistakes(table, list(properties[table.name]))
        ),
    )


def _property_mistakes(table: Table, names: list[str]) -> Iterator[str]:
    for name in _twice(names):
        yield f"{table.name}: two columns become the property {name}"
    wanted = [name for index in table.indexes for name in index.properties]
    if table.kind == "node":
        wanted += [table.property_name(column) for key in table.unique for column in key]
    for name in dict.fromkeys(wanted):
        if name not in names:
            yield f"{table.name}: no property {name} to index{instead(name, names)}"
    yield from _unasked(table, wanted)


def _unasked(table: Table, properties: Iterable[str]) -> Iterator[str]:
    """Yield the names of indexes and indexed properties that Cypher cannot spell."""
    names = {"index": [index.name or "" for index in table.indexes], "property": properties}
    for what, each in names.items():
        for name in dict.fromkeys(each):
            if "\x00" in name:
                yield f"{table.name}: the {what} {name!r} contains U+0000, which Cypher cannot name"
