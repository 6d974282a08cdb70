"""Turn every table's location into files before anything is scanned.

To add a source, write a module for it (see `sources.contract`) and add a row to `SOURCES`.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kgimport import sources
from kgimport.files import folder_name
from kgimport.locations import Query, Relation
from kgimport.sources import (
    adbc_profile,
    athena,
    bigquery,
    duckdb_file,
    postgres,
    redshift,
    snowflake,
)
from kgimport.sources.contract import AnySource, Wanted
from kgimport.values.columns import is_used

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kgimport.graph import Graph, Table
    from kgimport.locations import Connection, Folder
    from kgimport.progress import Progress
    from kgimport.records import QueryRecord
    from kgimport.sources.contract import Found

# A query of a graph.yml, which names no warehouse, runs in the first.
SOURCES: Mapping[str, AnySource] = MappingProxyType(
    {
        "athena": athena.SOURCE,
        "adbc": adbc_profile.SOURCE,
        "bigquery": bigquery.SOURCE,
        "duckdb": duckdb_file.SOURCE,
        "postgres": postgres.SOURCE,
        "redshift": redshift.SOURCE,
        "snowflake": snowflake.SOURCE,
    }
)
QUERIED = "queried"


@dataclass(frozen=True, slots=True)
class Located:
    """A graph whose tables are files, and the queries that wrote some of them."""

    graph: Graph
    queries: tuple[QueryRecord, ...]

    def seen_from(self, home: Folder) -> Graph:
        """Return the graph with the places that queries' files have once the folder is `home`."""
        places = {each.table: home / QUERIED / folder_name(each.table) for each in self.queries}
        return self.graph.relocated(places)


def locate(graph: Graph, folder: Path, progress: Progress, memory_mb: int = 1024) -> Located:
    """Find the files of every table; a table without files of its own is queried into `folder`.

    Each warehouse is opened once, so that a source can read all tables in one state. `memory_mb`
    limits, in MiB, what a source may take to read a table.
    """
    places, queries = {}, []
    everything = [
        replace(each, memory_mb=memory_mb) for each in _all_wanted(graph, folder, progress)
    ]
    with ExitStack() as stack:
        opened: dict[Connection, Any] = {}
        for wanted in everything:
            progress(f"find {wanted.table}", None)
            find = partial(_find, wanted, everything, opened, stack)
            found = sources.read(wanted.table, find)
            places[wanted.table] = found.place
            queries += [found.query] if found.query else []
    return Located(graph.relocated(places), tuple(queries))


def _all_wanted(graph: Graph, folder: Path, progress: Progress) -> Iterator[Wanted]:
    for name, location in {table.origin: table.location for table in graph.tables}.items():
        if isinstance(location, Relation | Query):
            into = folder / QUERIED / folder_name(name)
            yield _wanted(name, graph.of_origin(name), location, into, progress)


def _wanted(
    name: str,
    tables: Sequence[Table],
    location: Relation | Query,
    into: Path,
    progress: Progress,
) -> Wanted:
    """Return what all tables need that are made of the same rows; those are read once."""
    keys = tuple(dict.fromkeys(chain.from_iterable(tables[0].keys)))

    def used(column: str) -> bool:
        return any(is_used(table, column) for table in tables)

    return Wanted(name, location, into, progress, keys, used)


def _find(
    wanted: Wanted, everything: Sequence[Wanted], opened: dict[Connection, Any], stack: ExitStack
) -> Found:
    connection = wanted.location.connection
    source = SOURCES[connection.scheme]
    if connection not in opened:
        opened[connection] = stack.enter_context(source.open(connection))
        its = [each for each in everything if each.location.connection == connection]
        source.hold(opened[connection], its)
    return source.locate(opened[connection], wanted)
