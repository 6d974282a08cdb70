"""What a declaration alone says of its tables, for a picture that reads no row."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from kgimport.drawing.cards import Drawn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kgimport.graph import CastType, Graph, Table

# The type in the graph of a column that the declaration casts; of any other only its table knows.
_CAST: Mapping[CastType, str] = {
    "string": "STRING",
    "long": "INTEGER",
    "double": "FLOAT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "localdatetime": "LOCAL DATETIME",
}


def declared(graph: Graph) -> dict[str, Drawn]:
    """Return by table the properties that the declaration names; rows are not counted."""
    return {table.name: Drawn(None, tuple(_properties(table))) for table in graph.tables}


def _properties(table: Table) -> Iterator[tuple[str, str]]:
    """Yield each named property once, with its type where it is declared: keys come first."""
    found = {table.property_name(column): _type(table, column) for column in _columns(table)}
    found |= {point.property: "POINT" for point in table.points}
    for name in chain.from_iterable(index.properties for index in table.indexes):
        found.setdefault(name, "")
    yield from found.items()


def _columns(table: Table) -> Iterator[str]:
    """Yield the columns that the declaration names and that become properties."""
    unique = chain.from_iterable(table.unique if table.kind == "node" else ())
    listed = table.general.properties or ()
    keys = chain.from_iterable(table.keys)
    for column in dict.fromkeys((*keys, *unique, *listed, *table.columns)):
        if table.is_property(column):
            yield column


def _type(table: Table, column: str) -> str:
    cast = table.rule(column).type
    return _CAST[cast] if cast else ""
