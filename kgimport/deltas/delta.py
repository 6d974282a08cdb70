"""The differences between two builds, counted and, on wish, written as a delta."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kgimport.deltas import lost, writing
from kgimport.deltas.compare import Pair, Tally, differing, tallies, tallies_by_ends
from kgimport.records.delta import Changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from kgimport.choices import Dialect
    from kgimport.deltas.tables import Table
    from kgimport.progress import Progress
    from kgimport.records.delta import DeltaFile


def pairs(old: Sequence[Table], new: Sequence[Table]) -> tuple[Pair, Pair]:
    """Return the vertex tables and the edge tables of both builds."""

    def of(kind: str, *, edges: bool) -> Pair:
        sides = ([each for each in side if each.edges == edges] for side in (old, new))
        return Pair(kind, *sides)

    return of("vertex", edges=False), of("edge", edges=True)


def counted(made: DuckDBPyConnection, pair: Pair, progress: Progress) -> Mapping[str, Changes]:
    """Find what differs; return the counts per label, or per type."""
    if all(table.has_ids for table in (*pair.old, *pair.new)):
        differing(made, pair, progress)
        found = tallies(made, pair.kind)
    else:
        found = tallies_by_ends(made, pair, progress)
    now = Counter[str]()
    for table in pair.new:
        now.update(table.counts)
    return {name: _changes(found.get(name, Tally()), now[name]) for name in sorted({*found, *now})}


def _changes(found: Tally, now: int) -> Changes:
    same = now - found.added - found.changed
    return Changes(found.added, found.changed, found.vanished, same)


def write(
    made: DuckDBPyConnection,
    both: tuple[Pair, Pair],
    folder: Path,
    dialect: Dialect,
    progress: Progress,
) -> Iterator[DeltaFile]:
    """Write to a folder what makes the new build of the old one; yield the files, in their order.

    The differences have been `counted` before.
    """
    vertices, edges = both
    progress("compare values", None)
    for pair in both:
        lost.find(made, pair, replaces=dialect != "neptune-opencypher")
    lost.plan(made, vertices, edges)
    progress("write", None)
    yield from writing.removals(made, folder, dialect)
    for pair in both:
        yield from writing.rows_to_load(made, folder, pair.kind, pair.new)
