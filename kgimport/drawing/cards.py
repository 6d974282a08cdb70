"""The text in each box and next to each arrow of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from kgimport.graph import Graph, RelationshipTable, Table

    T = TypeVar("T")

# What a property may be marked as, in the order of the marks, and how a reader would say it.
MARKS = {
    "key": "key",
    "unique": "unique",
    "together": "unique together",
    "range": "index",
    "text": "text index",
    "point": "point index",
    "fulltext": "full-text index",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a table holds: its rows, if counted, and (property, Cypher type or "") pairs."""

    rows: int | None
    properties: tuple[tuple[str, str], ...]


NOTHING_KNOWN = Drawn(None, ())


@dataclass(frozen=True, slots=True)
class Row:
    """A property, the types that its tables give it, and its marks."""

    name: str
    types: tuple[str, ...]
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """Labels or a type, how many there are of it, its properties, and which tables it is from."""

    title: str
    count: str
    rows: tuple[Row, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """A card between two boxes, given by their places among the boxes."""

    start: int
    end: int
    card: Card


@dataclass(frozen=True, slots=True)
class Cards:
    """All boxes and arrows, in the order of their declaration, and a summary of them."""

    boxes: tuple[Card, ...]
    arrows: tuple[Arrow, ...]
    summary: str


def cards(graph: Graph, tables: Mapping[str, Drawn]) -> Cards:
    """Return a card for each set of labels, and for each type between two of these."""
    nodes = _grouped(graph.nodes, lambda table: frozenset(table.labels))
    place = {table.name: i for i, group in enumerate(nodes) for table in group}

    def ends(table: RelationshipTable) -> tuple[str, int, int]:
        return table.type, place[table.start.node], place[table.end.node]

    arrows = []
    for group in _grouped(graph.relationships, ends):
        title, start, end = ends(group[0])
        arrows.append(Arrow(start, end, _card(title, group, tables)))
    boxes = (_card("".join(f":{x}" for x in group[0].labels), group, tables) for group in nodes)
    return Cards(tuple(boxes), tuple(arrows), _summary(graph, tables))


def _grouped(tables: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Return tables grouped by key, in the order of the first of each group."""
    groups: dict[Hashable, list[T]] = {}
    for table in tables:
        groups.setdefault(key(table), []).append(table)
    return list(groups.values())


def _card(title: str, group: Sequence[Table], tables: Mapping[str, Drawn]) -> Card:
    drawn = {table.name: tables.get(table.name, NOTHING_KNOWN) for table in group}
    each = (f"{name}: {_total([d]) or 'not counted'}" for name, d in drawn.items())
    return Card(title, _total(drawn.values()), tuple(_rows(group, drawn.values())), tuple(each))


def _total(drawn: Iterable[Drawn]) -> str:
    """Return the sum of all rows; "≥ " if some tables are not counted, "" if none is."""
    rows = [each.rows for each in drawn]
    known = [count for count in rows if count is not None]
    if not known:
        return ""
    return f"{'' if len(known) == len(rows) else '≥ '}{sum(known):,}"


def _rows(group: Iterable[Table], drawn: Iterable[Drawn]) -> Iterator[Row]:
    types: dict[str, list[str]] = {}
    for name, cypher in dict.fromkeys(pair for each in drawn for pair in each.properties):
        types.setdefault(name, []).extend([cypher] if cypher else [])
    marked = {mark for table in group for mark in _marks(table)}
    for name, found in types.items():
        yield Row(name, tuple(found), tuple(mark for mark in MARKS if (name, mark) in marked))


def _marks(table: Table) -> Iterator[tuple[str, str]]:
    """Yield (property, mark) for each property of a key, a constraint or an index."""
    kept = (column for column in table.key if table.is_property(column))
    yield from ((table.property_name(column), "key") for column in kept)
    for columns in table.unique if table.kind == "node" else ():
        mark = "together" if len(columns) > 1 else "unique"
        yield from ((table.property_name(column), mark) for column in columns)
    for index in table.indexes:
        yield from ((name, index.kind) for name in index.properties)


def _summary(graph: Graph, tables: Mapping[str, Drawn]) -> str:
    """Return, e.g., 5 labels · 6 relationship types · 18,149 nodes · 1,377,038 relationships."""
    labels = {label for table in graph.nodes for label in table.labels}
    types = {table.type for table in graph.relationships}
    parts = [_counted(len(labels), "label")]
    parts += [_counted(len(types), "relationship type")] if types else []
    for noun, group in (("node", graph.nodes), ("relationship", graph.relationships)):
        if total := _total(tables.get(table.name, NOTHING_KNOWN) for table in group):
            parts.append(f"{total} {noun}{'' if total == '1' else 's'}")
    return " · ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
