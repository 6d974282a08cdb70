"""All mistakes in a declaration, each with its place, reported together."""

from __future__ import annotations

import difflib
from itertools import chain, islice
from typing import TYPE_CHECKING

from kgimport.column_names import matches
from kgimport.declaration import own, rules
from kgimport.errors import DeclarationError, listed, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kgimport.declaration.spec import AnyRelationshipSpec, EndSpec, GraphSpec, NodeSpec
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
        if not (table.node or table.relationship or table.relationships):
            yield f"tables.{name}: needs node:, relationship: or relationships:"
        for place, each in own.places(table):
            yield from _relationship_mistakes(f"tables.{name}.{place}", each, nodes)
        yield from rules.mistakes(name, table)
    yield from own.mistakes(spec)


def without_place(spec: GraphSpec, known: Iterable[str]) -> Iterator[str]:
    """Yield tables without a location, except those that dbt is known to have."""
    places = set(known)
    for name, table in spec.tables.items():
        if table.location is None and name not in places:
            yield f"tables.{name}: needs a location, or its graph `dbt:` and a dbt project's folder"


def _relationship_mistakes(
    place: str, declared: AnyRelationshipSpec, nodes: Mapping[str, NodeSpec]
) -> Iterator[str]:
    if (declared.type is None) == (declared.type_column is None):
        yield f"{place}: needs either type: or type_column:"
    for side, end in (("start", declared.start), ("end", declared.end)):
        if end:
            yield from _end_mistakes(f"{place}.{side}", end, nodes)


def _end_mistakes(place: str, end: EndSpec, nodes: Mapping[str, NodeSpec]) -> Iterator[str]:
    node = nodes.get(end.node)
    if node is None:
        yield f"{place}.node: no node table {end.node}{instead(end.node, nodes)}"
    elif len(end.key) != len(node.key):
        yield (
            f"{place}.key: has {len(end.key)} columns, but the key of {end.node} "
            f"has {len(node.key)} ({listed(node.key)})"
        )


def in_table(table: Table) -> Iterator[str]:
    """Yield properties that two declared columns become."""
    for line in _twice((column, table.property_name(column)) for column in table.columns):
        yield f"tables.{table.name}.columns: {line}"


def _twice(made: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a line for each property that several columns become, with these columns."""
    columns: dict[str, list[str]] = {}
    for column, name in made:
        columns.setdefault(name, []).append(column)
    for name, several in sorted(columns.items()):
        if len(several) > 1:
            yield f"two columns become the property {name}: {listed(several)}"


def check_columns(graph: Graph, schemas: Mapping[str, Iterable[str]]) -> None:
    """Refuse a declaration that names columns that its tables do not have.

    `schemas` gives each table's columns. Raises `DeclarationError` with every mistake.
    """
    refuse(
        f"graph {graph.name}",
        (
            line
            for table in graph.tables
            for line in _schema_mistakes(graph, table, list(schemas[table.name]))
        ),
    )


def _schema_mistakes(graph: Graph, table: Table, columns: list[str]) -> Iterator[str]:
    """Yield what does not fit the columns of a table; what other tables report, only once."""
    first, *others = graph.of_origin(table.origin)
    if table == first:
        foreign = {column for other in others for column in chain.from_iterable(other.keys)}
        yield from _column_mistakes(table, columns, {"columns": foreign - {*table.key}})
        yield from _rule_mistakes(table, columns)
    else:
        own = {f"relationship.{side}.key": {*first.key} for side in ("start", "end")}
        yield from _column_mistakes(table, columns, own)


def _named_columns(table: Table) -> Iterator[tuple[str, str]]:
    yield from ((f"{table.kind}.key", column) for column in table.key)
    if table.kind == "relationship":
        for side, end in table.ends:
            yield from ((f"relationship.{side}.key", column) for column in end.key)
    if table.name_column is not None:
        place = "node.label_column" if table.kind == "node" else "type_column"
        yield place, table.name_column
    yield from (("columns", column) for column in table.columns)
    yield from (("properties", column) for column in table.general.properties or ())
    yield from ((f"points.{p.property}", column) for p in table.points for column in p.columns)


def _column_mistakes(
    table: Table, columns: list[str], elsewhere: Mapping[str, set[str]]
) -> Iterator[str]:
    for place, column in _named_columns(table):
        if column not in columns and column not in elsewhere.get(place, ()):
            yield f"{table.name}.{place}: no column {column}{instead(column, columns)}"


def _rule_mistakes(table: Table, columns: list[str]) -> Iterator[str]:
    """Yield patterns that match nothing or contradict each other, or the list of properties."""
    patterns = table.general.patterns
    for pattern in patterns:
        found = [column for column in columns if matches(pattern, column)]
        if not found:
            yield f"{table.name}.columns: no column matches {pattern} (there is: {listed(columns)})"
        if pattern in found and len(found) > 1:
            others = listed(column for column in found if column != pattern)
            yield f"{table.name}.columns: {pattern} is a column, but as a pattern also {others}"
    for column in columns:
        if column not in table.columns:
            lines = rules.unlike(patterns, column, {})
            yield from (f"{table.name}.columns: {line}" for line in lines)
        if table.rule(column).skip and column in (table.general.properties or ()):
            yield f"{table.name}.columns: {column} is skipped, but `properties:` lists it"


def check_properties(graph: Graph, properties: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Refuse two columns that become one property, and indexes on missing properties.

    `properties` gives each table's pairs of a column and a property. Raises `DeclarationError` with
    every mistake.
    """
    refuse(
        f"graph {graph.name}",
        (
            line
            for table in graph.tables
            for line in _property_mistakes(table, properties[table.name])
        ),
    )


def _property_mistakes(table: Table, made: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield from (f"{table.name}: {line}" for line in _twice(made))
    names = [name for _, name in made]
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
