"""Turn every table's location into files before anything is scanned.

To add a source, write a module for it (see `sources.contract`) and add a row to `SOURCES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from kgimport import sources
from kgimport.files import folder_name
from kgimport.locations import Query, Relation
from kgimport.sources import athena
from kgimport.sources.contract import AnySource, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kgimport.graph import Graph
    from kgimport.locations import Folder
    from kgimport.progress import Progress
    from kgimport.records import QueryRecord

SOURCES: Mapping[str, AnySource] = MappingProxyType({"athena": athena.SOURCE})
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


def locate(graph: Graph, folder: Path, progress: Progress) -> Located:
    """Find the files of every table; a table without files of its own is queried into `folder`."""
    places, queries = {}, []
    for table in graph.tables:
        location = table.location
        if not isinstance(location, Relation | Query):
            continue
        progress(f"find {table.name}", None)
        into = folder / QUERIED / folder_name(table.name)
        files_of = SOURCES[location.connection.scheme].locate
        wanted = Wanted(table.name, location, into, progress)
        found = sources.read(table.name, partial(files_of, location.connection, wanted))
        places[table.name] = found.place
        queries += [found.query] if found.query else []
    return Located(graph.relocated(places), tuple(queries))
