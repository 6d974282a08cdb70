"""What a source is: how a warehouse's relations and queries become files of this run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kgimport.locations import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from kgimport.locations import LocalPath, Query, Relation, S3Path
    from kgimport.progress import Progress
    from kgimport.records import QueryRecord

Chosen = TypeVar("Chosen", bound=Connection)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table whose rows have to become files; `folder` is not there yet, and may be made."""

    table: str
    location: Relation | Query
    folder: Path
    progress: Progress


@dataclass(frozen=True, slots=True)
class Found:
    """The files of a table, and the query that made them, if one did.

    Files that a query made lie in the folder that was wanted, as Parquet.
    """

    place: LocalPath | S3Path
    query: QueryRecord | None = None


@dataclass(frozen=True, slots=True)
class Source(Generic[Chosen]):
    """A kind of warehouse, by the name that dbt has for its adapter, which is its scheme too.

    `settings` are the keys of dbt's profile from which `connect` makes a connection, by the names
    that they have for us; what the profile does not say is absent.
    """

    settings: Mapping[str, str]
    connect: Callable[[Mapping[str, str]], Chosen]
    locate: Callable[[Chosen, Wanted], Found]


AnySource = Source[Any]


def sql_name(names: Iterable[str]) -> str:
    """Return the names of a relation as they stand in a query."""
    return ".".join(f'"{name.replace(_QUOTE, _QUOTE * 2)}"' for name in names)


_QUOTE = '"'
