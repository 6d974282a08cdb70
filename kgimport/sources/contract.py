"""What a source consists of: it turns a warehouse's relations and queries into files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kgimport.locations import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from kgimport.locations import LocalPath, Query, Relation, S3Path
    from kgimport.progress import Progress
    from kgimport.records import QueryRecord

Chosen = TypeVar("Chosen", bound=Connection)
Opened = TypeVar("Opened")
_QUOTE = '"'


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table whose rows are needed as files; `folder` does not exist, and may be created.

    `keys` are the columns that identify a row, for messages. Columns that are not used may arrive
    as text, and their values are never a reason to refuse the table. `memory_mb` is how much memory
    in MiB all of the reading may take, about.
    """

    table: str
    location: Relation | Query
    folder: Path
    progress: Progress
    keys: tuple[str, ...] = ()
    is_used: Callable[[str], bool] = lambda _: True
    memory_mb: int = 1024


@dataclass(frozen=True, slots=True)
class Found:
    """The files of a table, and the query that wrote them, if there was one.

    The files of a query are Parquet in the folder of `Wanted`.
    """

    place: LocalPath | S3Path
    query: QueryRecord | None = None


@dataclass(frozen=True, slots=True)
class Source(Generic[Chosen, Opened]):
    """A kind of warehouse, registered under the name of its dbt adapter, which is also its scheme.

    `settings` maps kgimport's names of settings to the keys of dbt's profile. `connect` makes a
    connection of the settings (those that the profile does not have are absent) and of the folder
    at which relative paths in them start. `open` opens it once for all tables of a graph, so that
    `locate` can read all of them in one state. `hold` sees all of these tables before the first is
    read, so that nobody can change what they are meanwhile.
    """

    settings: Mapping[str, str]
    connect: Callable[[Mapping[str, str], Path], Chosen]
    open: Callable[[Chosen], AbstractContextManager[Opened]]
    locate: Callable[[Opened, Wanted], Found]
    hold: Callable[[Opened, Sequence[Wanted]], None] = lambda _, __: None


AnySource = Source[Any, Any]


def rows_of(relation: Relation) -> str:
    """Return the query for all rows of a relation, which dbt may have spelled already."""
    return f"SELECT * FROM {relation.sql or sql_name(relation.names)}"  # noqa: S608  (quoted names)


def sql_name(names: Iterable[str]) -> str:
    """Return the names of a relation, quoted and joined for a query."""
    return ".".join(f'"{name.replace(_QUOTE, _QUOTE * 2)}"' for name in names)
