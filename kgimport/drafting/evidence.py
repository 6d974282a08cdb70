"""What is known about tables before a graph is drafted: columns, keys, references, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Layer(IntEnum):
    """How close a table is to what a project publishes; a graph is drawn from the highest."""

    SOURCE = 0  # declared, but not made by the project: never drafted
    STAGING = 1
    INTERMEDIATE = 2
    REPORT = 3
    MART = 4


@dataclass(frozen=True, slots=True)
class Key:
    """Columns that together identify a row, and why; `doubt` is why they may not."""

    columns: tuple[str, ...]
    reason: str
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns of a row that hold the key of a row of the table `to`, and why.

    `partial` is why some of them may hold no such key, `doubt` why the columns may mean another.
    """

    columns: tuple[str, ...]
    to: str
    key: tuple[str, ...]
    reason: str
    partial: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table by its `id`, the tables that it was made from, and what is known about its rows.

    `columns` maps the known columns to the warehouse's types, which may be unknown (empty).
    """

    id: str
    name: str
    layer: Layer
    columns: dict[str, str]
    keys: tuple[Key, ...] = ()
    references: tuple[Reference, ...] = ()
    not_null: frozenset[str] = frozenset()
    made_from: frozenset[str] = frozenset()
    location: str | None = None

    @property
    def sound(self) -> tuple[Key, ...]:
        """The keys that nothing speaks against."""
        return tuple(key for key in self.keys if not key.doubt)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The tables of one project or folder; `origin` describes it, `dbt` is its path, if any."""

    name: str
    origin: str
    tables: tuple[Table, ...]
    dbt: str | None = None
    notes: tuple[str, ...] = ()
