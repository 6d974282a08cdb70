"""Keys: number the nodes, write the keys to files for the joins, find duplicate keys."""

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


def number_nodes(graph: Graph, tables: Mapping[str, Scanned]) -> dict[str, range]:
    """Return the numbers of each node table's rows, counted over all node tables."""
    found, first = {}, 0
    for table in graph.nodes:
        found[table.name] = range(first, first := first + tables[table.name].count())
    return found


def with_numbers(scanned: Scanned, ids: range) -> Scanned:
    """Return a node table, each row with its number."""
    return replace(scanned, frame=scanned.frame.with_row_index(identity.ID, ids.start))


def read_keys(
    graph: Graph,
    tables: Mapping[str, Scanned],
    integers: Mapping[str, bool],
    place: Workspace,
    progress: Progress,
) -> Iterator[tuple[str, dict[str, Path]]]:
    """Yield each id space with the files of its tables' keys and ids, by table name."""
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
    """Return a finding of the keys that several rows of an id space's tables have; None if none."""
    key = graph.id_space(id_space)[0].key
    return _duplicates(place, files, key, f"other rows in id space {id_space} also have")


def duplicate_relationships(scanned: Scanned, place: Workspace) -> Finding | None:
    """Return a finding of the keys that several exported rows of a table have; None if none.

    The ends must have been looked up already. A table without a key is not read.
    """
    table = scanned.table
    if not table.key:
        return None
    whole_numbers = identity.is_integer(table.key, scanned.schema)
    key = identity.join_key(table.key, scanned.schema, integers=whole_numbers)
    rows = exported_rows(scanned).select(key.alias(joins.KEY))
    file = scanned.read(lambda: joins.write_keys(place, rows))
    return _duplicates(place, {table.name: file}, table.key, "other rows in the table also have")


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
