"""Every row's place in the graph: nodes numbered, ends looked up, duplicate keys found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport import identity
from kgimport.checks import joins
from kgimport.checks.ends import with_ends
from kgimport.checks.keys import (
    duplicate_nodes,
    duplicate_relationships,
    number_nodes,
    read_keys,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kgimport.checks.scan import Scanned
    from kgimport.findings import Finding
    from kgimport.graph import Graph
    from kgimport.progress import Progress


@dataclass(frozen=True, slots=True)
class Resolved:
    """The tables with their ids, and the keys that stand more than once.

    A node's row has its dense id in `identity.ID`, a relationship's row those of its ends in
    `identity.START` and `identity.END`, null where no node has the key.
    """

    tables: Mapping[str, Scanned]
    duplicates: tuple[Finding, ...]
    # The files of these ids, by the relationship tables' names.
    ends: Mapping[str, tuple[Path, Path]]


def resolve(
    graph: Graph, tables: Mapping[str, Scanned], folder: Path, memory_mb: int, progress: Progress
) -> Resolved:
    """Numbers the nodes and resolves the ends; the files in `folder` have to stay for as long."""
    found: list[Finding] = []
    schemas = {name: scanned.schema for name, scanned in tables.items()}
    spaces = dict.fromkeys(table.id_space for table in graph.nodes)
    integers = {space: identity.are_integers(graph, schemas, space) for space in spaces}
    place = joins.Workspace(folder, memory_mb)
    numbered = dict(number_nodes(graph, tables))
    keys = dict(read_keys(graph, numbered, integers, place, progress))
    for id_space, members in keys.items():
        progress(f"look for duplicate keys of {id_space}", None)
        if finding := duplicate_nodes(graph, id_space, members, place):
            found.append(finding)
            keys[id_space] = {id_space: joins.distinct(place, list(members.values()))}
    ends = {}
    for table in graph.relationships:
        progress(f"resolve {table.name}", None)
        scanned = tables[table.name]
        numbered[table.name], ends[table.name] = with_ends(graph, scanned, keys, integers, place)
        if finding := duplicate_relationships(numbered[table.name], place):
            found.append(finding)
    return Resolved(numbered, tuple(found), ends)
