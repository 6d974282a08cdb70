"""A drafted declaration, as values: what will be declared, what stands as a comment, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Line:
    """A mapping on one line, and why it is there; one that is not `active` is a comment."""

    value: Mapping[str, Any]
    reason: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """A table of the draft: its node or relationship, and what goes with it."""

    table: str
    reasons: tuple[str, ...]
    location: str | None = None
    node: Mapping[str, Any] | None = None
    relationship: Mapping[str, Any] | None = None
    relationships: tuple[Line, ...] = ()
    columns: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted declaration: entries, entries that stand as comments, and notes for the end."""

    graph: str
    origin: str
    entries: tuple[Entry, ...]
    offered: tuple[Entry, ...]
    notes: tuple[str, ...]
    dbt: str | None = None
    has_decimals: bool = False

    @property
    def nodes(self) -> int:
        """How many node tables it declares."""
        return sum(each.node is not None for each in self.entries)

    @property
    def relationships(self) -> int:
        """How many relationships it declares, from foreign keys and from tables of their own."""
        own = sum(each.relationship is not None for each in self.entries)
        return own + sum(line.active for each in self.entries for line in each.relationships)

    @property
    def candidates(self) -> int:
        """How many relationships stand as comments."""
        return sum(not line.active for each in self.entries for line in each.relationships)
