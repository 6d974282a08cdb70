"""Applying a delta to the old graph gives exactly the new one, and its counts are those."""

from __future__ import annotations

import csv
import os
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, cast

import pytest

from kgimport import deltas, second_reader
from kgimport.progress import silent
from tests.deltas.generated import SPELLINGS, changed, fresh, graph, write
from tests.deltas.neptune import Store

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.choices import Dialect
    from kgimport.deltas import Table
    from kgimport.records.delta import Changes, DeltaFile

PAIRS = int(os.environ.get("KGIMPORT_FUZZ_DELTAS", "50"))


def made(
    folder: Path, old: list[Table], new: list[Table], dialect: str
) -> tuple[list[dict[str, Changes]], list[DeltaFile]]:
    """The counts of a delta, and its files."""
    folder.mkdir(parents=True)
    both = deltas.pairs(old, new)
    with second_reader.database(256, threads=1) as found:
        counts = [dict(deltas.counted(found, each, silent)) for each in both]
        files = deltas.write(found, both, folder, cast("Dialect", dialect), silent)
        return counts, list(files)


def listed(path: Path) -> list[list[str]]:
    """The rows of a list of what is removed."""
    with path.open(encoding="utf-8", newline="") as file:
        return [*csv.reader(file, strict=True)][1:]


def applied(store: Store, delta: Path) -> Store:
    """The store after a delta, in the order that docs/increments.md states."""
    removed = delta / "removed"
    store.drop_edges([each for (each,) in listed(removed / "edges.csv")])
    store.drop_vertices([each for (each,) in listed(removed / "vertices.csv")])
    store.unset("vertices", listed(removed / "vertex_properties.csv"))
    store.unset("edges", listed(removed / "edge_properties.csv"))
    store.load(delta)
    return store


def loaded(folder: Path, dialect: str) -> Store:
    """A new store with a build."""
    store = Store(dialect)
    store.load(folder)
    return store


def expected(old: Store, new: Store) -> list[dict[str, tuple[int, int, int, int]]]:
    """Added, changed, vanished and same, per label and per type."""
    labels, types = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for each in {*old.vertices, *new.vertices}:
        before, after = old.vertices.get(each), new.vertices.get(each)
        was, now = (e.labels if e else frozenset() for e in (before, after))
        for label in was | now:
            labels[label, _what(label in was, label in now, before == after)] += 1
    for each in {*old.edges, *new.edges}:
        one, other = old.edges.get(each), new.edges.get(each)
        kinds = [e.ends[2] if e else None for e in (one, other)]
        for kind in {*kinds} - {None}:
            types[str(kind), _what(kind == kinds[0], kind == kinds[1], one == other)] += 1
    return [_table(labels), _table(types)]


def _what(was: bool, now: bool, same: bool) -> str:
    return "same" if same else "changed" if was and now else "added" if now else "vanished"


def _table(counts: Counter[tuple[str, str]]) -> dict[str, tuple[int, int, int, int]]:
    names = {name for name, _ in counts}
    words = ("added", "changed", "vanished", "same")
    return {name: tuple(counts[name, word] for word in words) for name in names}  # type: ignore[misc]


@pytest.mark.slow
@pytest.mark.parametrize("dialect", SPELLINGS)
def test_a_delta_makes_the_new_graph_of_the_old_one(dialect: str, tmp_path: Path) -> None:
    for seed in range(PAIRS):
        random = Random(seed)
        one = graph(random, dialect)
        two = changed(random, dialect, one)
        place = tmp_path / str(seed)
        old, new = write(place / "old", one), write(place / "new", two)

        counts, _ = made(place / "delta", fresh(old, new), fresh(new, old), dialect)

        before, after = (loaded(place / name, dialect) for name in ("old", "new"))
        told = [
            {name: (e.added, e.changed, e.vanished, e.same) for name, e in each.items()}
            for each in counts
        ]
        assert told == expected(before, after), seed
        assert applied(before, place / "delta") == after, seed
