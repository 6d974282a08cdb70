"""Relationships that a table declares besides its nodes: each becomes a table with the same rows.

They are expanded here, so everything else sees only node tables and relationship tables.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.declaration.spec import EndSpec, OwnRelationshipSpec
from kgimport.errors import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.declaration.spec import AnyRelationshipSpec, GraphSpec, TableSpec


@dataclass(frozen=True, slots=True)
class Own:
    """Relationships of a table that has a name of its own, with both ends.

    `foreign` are the columns of the end that is not the row's own node, if the other one is.
    """

    name: str
    declared: AnyRelationshipSpec
    start: EndSpec
    end: EndSpec
    foreign: tuple[str, ...]


def places(table: TableSpec) -> Iterator[tuple[str, AnyRelationshipSpec]]:
    """Yield everything that a table declares as relationships, with its place."""
    if table.relationship:
        yield "relationship", table.relationship
    for at, each in enumerate(table.relationships):
        yield f"relationships.{at}", each


def relationships(name: str, table: TableSpec) -> Iterator[Own]:
    """Yield the relationships that need a table of their own, if the declaration has no mistake.

    A table that declares one kind of relationships, and nothing else, is that table itself.
    """
    declared = [each for each in _besides(table) if not _lacks_an_end(table, each)]
    words = Counter(map(_word, declared))
    row = EndSpec(node=name, key=table.node.key if table.node else ["?"])
    for each in declared:
        foreign = tuple(key for end in (each.start, each.end) if end for key in end.key)
        alike = words[_word(each)] > 1 and not _chosen(each)
        yield Own(
            name=".".join((name, _word(each), *(foreign if alike else ()))),
            declared=each,
            start=each.start or row,
            end=each.end or row,
            foreign=() if each.start and each.end else foreign,
        )


def _besides(table: TableSpec) -> Iterator[AnyRelationshipSpec]:
    if table.relationship and table.node:
        yield table.relationship
    yield from table.relationships


def _lacks_an_end(table: TableSpec, declared: AnyRelationshipSpec) -> bool:
    ends = (declared.start, declared.end)
    return not any(ends) if table.node else not all(ends)


def _chosen(declared: AnyRelationshipSpec) -> str | None:
    return declared.name if isinstance(declared, OwnRelationshipSpec) else None


def _word(declared: AnyRelationshipSpec) -> str:
    """Return a name within the table: the one that is chosen, or else the type."""
    return _chosen(declared) or declared.type or declared.type_column or ""


def mistakes(spec: GraphSpec) -> Iterator[str]:
    """Yield relationships that lack an end, and those that would have the name of another table."""
    for name, table in spec.tables.items():
        row = "the other one is this row" if table.node else "both, because rows are not nodes here"
        for place, each in places(table):
            if _lacks_an_end(table, each):
                yield f"tables.{name}.{place}: needs start: or end:; {row}"
    taken = Counter(list(spec.tables))
    for name, table in spec.tables.items():
        taken.update(each.name for each in relationships(name, table))
    if twice := [name for name, count in taken.items() if count > 1]:
        yield f"tables: several are called {listed(twice)}; give each relationship another `name:`"
