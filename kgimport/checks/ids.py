"""Every row's place in the graph: nodes numbered, ends looked up, duplicate keys found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport import identity, sources
from kgimport.checks import joins, rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kgimport.checks.joins import Workspace
    from kgimport.checks.rules import Finding
    from kgimport.checks.scan import Scanned
    from kgimport.graph import Graph
    from kgimport.records import Progress


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


def resolved(
    graph: Graph, tables: Mapping[str, Scanned], folder: Path, memory_mb: int, progress: Progress
) -> Resolved:
    """Numbers the nodes and resolves the ends; the files in `folder` have to stay for as long."""
    found: list[Finding] = []
    schemas = {name: scanned.schema for name, scanned in tables.items()}
    spaces = dict.fromkeys(table.id_space for table in graph.nodes)
    integers = {space: identity.are_integers(graph, schemas, space) for space in spaces}
    place = joins.Workspace(folder, memory_mb)
    numbered = dict(_numbered(graph, tables))
    keys = dict(_keys(graph, numbered, integers, place, progress))
    for id_space, members in keys.items():
        progress(f"look for duplicate keys of {id_space}", None)
        if finding := _duplicates(graph, id_space, members, place):
            found.append(finding)
            keys[id_space] = {id_space: joins.distinct(place, list(members.values()))}
    ends = {}
    for table in graph.relationships:
        progress(f"resolve {table.name}", None)
        scanned = tables[table.name]
        numbered[table.name], ends[table.name] = _with_ends(graph, scanned, keys, integers, place)
    return Resolved(numbered, tuple(found), ends)


def _numbered(graph: Graph, tables: Mapping[str, Scanned]) -> Iterator[tuple[str, Scanned]]:
    """The node tables, each row with its number over all of them."""
    first = 0
    for table in graph.nodes:
        scanned = tables[table.name]
        yield table.name, replace(scanned, frame=scanned.frame.with_row_index(identity.ID, first))
        first += _count(scanned)


def _count(scanned: Scanned) -> int:
    with sources.reading(scanned.table.name):
        return int(scanned.frame.select(pl.len()).collect(engine="streaming").item())


def _keys(
    graph: Graph,
    tables: Mapping[str, Scanned],
    integers: Mapping[str, bool],
    place: Workspace,
    progress: Progress,
) -> Iterator[tuple[str, dict[str, Path]]]:
    """For each id space, a file of keys and ids of each of its tables."""
    for id_space, whole_numbers in integers.items():
        files = {}
        for table in graph.id_space(id_space):
            progress(f"read the keys of {table.name}", None)
            key = identity.join_key(table.key, tables[table.name].schema, integers=whole_numbers)
            with sources.reading(table.name):
                frame = tables[table.name].frame.select(key.alias(joins.KEY), identity.ID)
                files[table.name] = joins.note(place, frame)
        yield id_space, files


def _duplicates(
    graph: Graph, id_space: str, files: Mapping[str, Path], place: Workspace
) -> Finding | None:
    count, rows = joins.duplicates(place, files)
    if not count:
        return None
    return rules.Finding(
        "duplicate-key",
        "integrity",
        ", ".join(files),
        graph.id_space(id_space)[0].key,
        f"a key that others in id space {id_space} have too",
        count,
        rules.printable(rows),
    )


def _with_ends(
    graph: Graph,
    scanned: Scanned,
    keys: Mapping[str, Mapping[str, Path]],
    integers: Mapping[str, bool],
    place: Workspace,
) -> tuple[Scanned, tuple[Path, Path]]:
    """A relationship table, each row with the ids of its ends, and the files of these."""
    table = scanned.table
    assert table.kind == "relationship"  # noqa: S101  (the caller has only these)
    spaces = [graph.node(end.node).id_space for _, end in table.ends]
    start, end = (
        identity.join_key(end.key, scanned.schema, integers=integers[space])
        for space, (_, end) in zip(spaces, table.ends, strict=True)
    )
    starts, ends = (list(keys[space].values()) for space in spaces)
    with sources.reading(table.name):
        frame = scanned.frame.select(start.alias(identity.START), end.alias(identity.END))
        files = joins.ends(place, joins.note(place, frame), starts, ends)
        # A table that has grown or shrunk meanwhile is not paired with these: that is an error.
        both = pl.concat([scanned.frame, joins.read_ends(files)], how="horizontal")
    return replace(scanned, frame=both), files
