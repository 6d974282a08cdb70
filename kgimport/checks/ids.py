"""Every row's place in the graph: number the nodes, look up the ends, find duplicate keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport import identity
from kgimport.checks import edges, joins
from kgimport.checks.ends import with_ends
from kgimport.checks.keys import (
    duplicate_nodes,
    duplicate_relationships,
    number_nodes,
    read_keys,
    with_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kgimport.checks.edges import EdgeText
    from kgimport.checks.joins import Workspace
    from kgimport.checks.scan import Scanned
    from kgimport.findings import Finding
    from kgimport.graph import Graph
    from kgimport.progress import Progress


@dataclass(frozen=True, slots=True)
class Numbered:
    """The dense ids of a node table's rows, and the file of their keys, in the same order."""

    ids: range
    keys: Path


@dataclass(frozen=True, slots=True)
class Resolved:
    """The tables with the ids of their rows, and the duplicate keys.

    A node's row has its dense id in `identity.ID`. A relationship's row has those of its ends in
    `identity.START` and `identity.END`, which are null if no node has the key.
    """

    tables: Mapping[str, Scanned]
    duplicates: tuple[Finding, ...]
    # The files of these ids, by the relationship tables' names.
    ends: Mapping[str, tuple[Path, Path]]
    # The same of node tables.
    nodes: Mapping[str, Numbered]


def resolve(
    graph: Graph,
    tables: Mapping[str, Scanned],
    place: Workspace,
    progress: Progress,
    edge_text: EdgeText | None = None,
) -> Resolved:
    """Return every table with its ids and the duplicate keys; it needs the files in `place`.

    Relationships have an id of their own, in `identity.EDGE`, if there is an `edge_text`.
    """
    found: list[Finding] = []
    schemas = {name: scanned.schema for name, scanned in tables.items()}
    spaces = dict.fromkeys(table.id_space for table in graph.nodes)
    integers = {space: identity.are_integers(graph, schemas, space) for space in spaces}
    ids = number_nodes(graph, tables)
    numbered = {name: with_numbers(tables[name], each) for name, each in ids.items()}
    keys = dict(read_keys(graph, numbered, integers, place, progress))
    files = {name: path for members in keys.values() for name, path in members.items()}
    nodes = {name: Numbered(ids[name], files[name]) for name in ids}
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
    if edge_text:
        relationships = {table.name: numbered[table.name] for table in graph.relationships}
        with_ids = edges.numbered(graph, relationships, edge_text, place, progress)
        numbered |= with_ids.tables
        found += with_ids.duplicates
    return Resolved(numbered, tuple(found), ends, nodes)
