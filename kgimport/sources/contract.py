"""What a source consists of: it turns a warehouse's relations and queries into files."""

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
_QUOTE = '"'


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table whose rows are needed as files; `folder` does not exist, and may be created."""

    table: str
    location: Relation | Query
    folder: Path
    progress: Progress


@dataclass(frozen=True, slots=True)
class Found:
    """The files of a table, and the query that wrote them, if there was one.

    The files of a query are Parquet in the folder of `Wanted`.
    """

    place: LocalPath | S3Path
    query: QueryRecord | None = None


@dataclass(frozen=True, slots=True)
class Source(Generic[Chosen]):
    """A kind of warehouse, registered under the name of its dbt adapter, which is also its scheme.

    `settings` maps kgimport's names of settings to the keys of dbt's profile. `connect` makes a
    connection of the settings; those that the profile does not have are absent.
    """

    settings: Mapping[str, str]
    connect: Callable[[Mapping[str, str]], Chosen]
    locate: Callable[[Chosen, Wanted], Found]


AnySource = Source[Any]


def sql_name(names: Iterable[str]) -> str:
    """Return the names of a relation, quoted and joined for a query."""
    return ".".join(f'"{name.replace(_QUOTE, _QUOTE * 2)}"' for name in names)
