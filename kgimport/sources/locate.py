"""Where a graph's rows lie before anything is scanned: tables of Athena become files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport import sources
from kgimport.files import folder_name
from kgimport.graph import relocated
from kgimport.sources import athena

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.graph import Graph
    from kgimport.progress import Progress
    from kgimport.records import QueryRecord
    from kgimport.sources.athena import Warehouse

QUERIED = "queried"


@dataclass(frozen=True, slots=True)
class Located:
    """A graph whose tables are files, and the queries that made some of them."""

    graph: Graph
    queries: tuple[QueryRecord, ...]

    def seen_from(self, home: str) -> Graph:
        """Return the graph as it is when the folder that was queried into has become `home`."""
        places = {
            each.table: f"{home}/{QUERIED}/{folder_name(each.table)}" for each in self.queries
        }
        return relocated(self.graph, places)


def locate(graph: Graph, folder: Path, warehouse: Warehouse, progress: Progress) -> Located:
    """Find the files of every table; a table that has none is queried into `folder`."""
    places, queries = {}, []
    for table in graph.tables:
        if not athena.is_athena(table.location):
            continue
        progress(f"find {table.name}", None)
        sql = athena.selected(table.location)
        with sources.reading(table.name):
            files = None if sql else athena.own_files(athena.relation(table.location))
        if files is None:
            progress(f"query {table.name}", None)
            into = folder / QUERIED / folder_name(table.name)
            asked = sql or athena.all_rows(table.location)
            queries.append(athena.fetch(asked, table.name, into, warehouse))
            files = str(into)
        places[table.name] = files
    return Located(relocated(graph, places), tuple(queries))
