"""Keys: nodes numbered, keys written where they can be joined, and those that more rows have."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kgimport import findings, identity
from kgimport.checks import joins
from kgimport.checks.ends import exported_rows

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
        first += scanned.count()


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
            scanned = tables[table.name]
            key = identity.join_key(table.key, scanned.schema, integers=whole_numbers)
            frame = scanned.frame.select(key.alias(joins.KEY), identity.ID)
            files[table.name] = scanned.read(partial(joins.write_keys, place, frame))
        yield id_space, files


def duplicate_nodes(
    graph: Graph, id_space: str, files: Mapping[str, Path], place: Workspace
) -> Finding | None:
    """Return the keys of an id space that more than one row has, in whichever of its tables.

    If any.
    """
    key = graph.id_space(id_space)[0].key
    return _duplicates(place, files, key, f"others in id space {id_space} have too")


def duplicate_relationships(scanned: Scanned, place: Workspace) -> Finding | None:
    """Return the keys of a relationship table that more than one of its exported rows has, if any.

    Its rows have their ends; without a key nothing is read.
    """
    table = scanned.table
    if not table.key:
        return None
    whole_numbers = identity.is_integer(table.key, scanned.schema)
    key = identity.join_key(table.key, scanned.schema, integers=whole_numbers)
    rows = exported_rows(scanned).select(key.alias(joins.KEY))
    file = scanned.read(lambda: joins.write_keys(place, rows))
    return _duplicates(place, {table.name: file}, table.key, "others in the table have too")


def _duplicates(
    place: Workspace, files: Mapping[str, Path], key: tuple[str, ...], others: str
) -> Finding | None:
    count, rows = joins.duplicates(place, files)
    if not count:
        return None
    return findings.Finding(
        "duplicate-key",
        "integrity",
        ", ".join(files),
        key,
        f"a key that {others}",
        count,
        findings.printable(rows),
    )
