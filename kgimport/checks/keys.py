"""Node keys: numbered, written where they can be joined, and those that stand more than once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport import findings, identity, sources
from kgimport.checks import joins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kgimport.checks.joins import Workspace
    from kgimport.checks.scan import Scanned
    from kgimport.findings import Finding
    from kgimport.graph import Graph
    from kgimport.progress import Progress


def number_nodes(graph: Graph, tables: Mapping[str, Scanned]) -> Iterator[tuple[str, Scanned]]:
    """Yield the node tables, each row with its number over all of them."""
    first = 0
    for table in graph.nodes:
        scanned = tables[table.name]
        yield table.name, replace(scanned, frame=scanned.frame.with_row_index(identity.ID, first))
        first += _count(scanned)


def _count(scanned: Scanned) -> int:
    with sources.reading(scanned.table.name):
        return int(scanned.frame.select(pl.len()).collect(engine="streaming").item())


def read_keys(
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
                files[table.name] = joins.write_keys(place, frame)
        yield id_space, files


def find_duplicates(
    graph: Graph, id_space: str, files: Mapping[str, Path], place: Workspace
) -> Finding | None:
    """Return the keys of an id space that more than one row has, in whichever of its tables.

    If any.
    """
    count, rows = joins.duplicates(place, files)
    if not count:
        return None
    return findings.Finding(
        "duplicate-key",
        "integrity",
        ", ".join(files),
        graph.id_space(id_space)[0].key,
        f"a key that others in id space {id_space} have too",
        count,
        findings.printable(rows),
    )
