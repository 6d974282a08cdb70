"""Applying a delta to the old graph gives exactly the new one, and its counts are those."""

from __future__ import annotations

import csv
import gzip
import os
import re
from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, cast

import pytest

from kgimport import deltas, second_reader
from kgimport.deltas import headers
from kgimport.errors import DestinationError
from kgimport.progress import silent
from kgimport.records import Changes
from tests.deltas.generated import SPELLINGS, Export, Part, changed, fresh, graph, write
from tests.deltas.neptune import Store

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.choices import Dialect
    from kgimport.deltas import Table
    from kgimport.records import DeltaFile

SUFFIXES = {"neptune-gremlin": ".gremlin", "neptune-opencypher": ".cypher"}
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
    without(store, delta).load(delta)
    return store


def without(store: Store, delta: Path) -> Store:
    """The store after what a delta removes."""
    removed = delta / "removed"
    store.drop_edges([each for (each,) in listed(removed / "edges.csv")])
    store.drop_vertices([each for (each,) in listed(removed / "vertices.csv")])
    store.unset("vertices", listed(removed / "vertex_properties.csv"))
    store.unset("edges", listed(removed / "edge_properties.csv"))
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
        must_say_the_same(place / "delta" / "removed", SUFFIXES[dialect])
        assert applied(before, place / "delta") == after, seed


# Statements ---------------------------------------------------------------------------------------


def spoken(path: Path, subject: str) -> list[list[str]]:
    """What a file of statements removes: the texts in quotes of each line."""
    found = []
    for line in path.read_text(encoding="utf-8").removesuffix("\n").split("\n"):
        assert re.fullmatch(FORMS[path.suffix][subject], line), line
        texts = re.findall(r"'((?:[^'\\]|\\.)*)'|`((?:[^`]|``)*)`", line)
        found.append([_plain(one) or other.replace("``", "`") for one, other in texts])
    return found


FORMS = {
    ".gremlin": {
        "edges": r"g\.E\('.*'\)\.drop\(\)",
        "vertices": r"g\.V\('.*'\)\.drop\(\)",
        "vertex_properties": r"g\.V\('.*'\)\.properties\('.*'\)\.drop\(\)",
        "edge_properties": r"g\.E\('.*'\)\.properties\('.*'\)\.drop\(\)",
    },
    ".cypher": {
        "edges": r"MATCH \(\)-\[r\]->\(\) WHERE id\(r\) IN \['.*'\] DELETE r",
        "vertices": r"MATCH \(n\) WHERE id\(n\) IN \['.*'\] DETACH DELETE n",
        "vertex_properties": r"MATCH \(n\) WHERE id\(n\) IN \['.*'\] REMOVE n\.`.*`",
        "edge_properties": r"MATCH \(\)-\[r\]->\(\) WHERE id\(r\) IN \['.*'\] REMOVE r\.`.*`",
    },
}


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), text)


def must_say_the_same(removed: Path, suffix: str) -> None:
    """The statements name what the lists do, and are there only if the list is not empty."""
    for subject in FORMS[suffix]:
        rows = listed(removed / f"{subject}.csv")
        path = (removed / subject).with_suffix(suffix)
        assert path.exists() == bool(rows)
        named = spoken(path, subject) if rows else []
        if subject.endswith("properties"):
            pairs = [[each, name] for *ids, name in named for each in ids]
            assert sorted(pairs) == sorted(rows)
        else:
            assert [[each] for ids in named for each in ids] == rows


@pytest.mark.parametrize("dialect", SPELLINGS)
def test_statements_name_hundreds_of_ids_each(dialect: str, tmp_path: Path) -> None:
    cells = SPELLINGS[dialect].vertex
    some = Part("v", cells, tuple((f"S:{at:04}", "A") for at in range(1_100)))
    one, two = Export((some,), ()), Export((replace(some, rows=some.rows[:1]),), ())
    old, new = write(tmp_path / "old", one), write(tmp_path / "new", two)

    made(tmp_path / "delta", old, new, dialect)

    suffix = SUFFIXES[dialect]
    must_say_the_same(tmp_path / "delta" / "removed", suffix)
    lines = spoken((tmp_path / "delta" / "removed" / "vertices").with_suffix(suffix), "vertices")
    assert [len(ids) for ids in lines] == [500, 500, 99]


# What is read -------------------------------------------------------------------------------------


def test_files_that_both_builds_have_are_not_read(tmp_path: Path) -> None:
    part = Part("v", ("~id", "~label"), (("S:1", "A"), ("S:2", "A")))
    more = Part("w", ("~id", "~label"), (("S:3", "A"),))
    old = write(tmp_path / "old", Export((part,), ()))
    new = write(tmp_path / "new", Export((part, more), ()))
    sides = fresh(old, new), fresh(new, old)
    for folder in ("old", "new"):
        (tmp_path / folder / "vertices" / "v" / "part-00000.csv").unlink()

    (labels, _), _ = made(tmp_path / "delta", *sides, "neptune-gremlin")

    assert labels == {"A": Changes(added=1, changed=0, vanished=0, same=2)}


@pytest.mark.parametrize(
    "text", ["", "~id", "~from,~to,~label\n", "~id,~id,~from,~to,~label\n", ":ID,:TYPE\n"]
)
def test_a_file_that_is_not_neptunes_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "part.csv").write_text(text)

    with pytest.raises(DestinationError, match="is not a file of Neptune"):
        headers.read(tmp_path / "part.csv", edges=True)


def test_rows_to_load_are_packed_as_the_builds_are_and_always_the_same(tmp_path: Path) -> None:
    part = Part("v", ("~id", "~label"), (("S:1", "A"),))
    new = write(tmp_path / "new", Export((part,), (), ".csv.gz"))

    for name in ("one", "other"):
        made(tmp_path / name, [], new, "neptune-gremlin")

    one, other = (
        (tmp_path / name / "vertices" / "v" / "part-00000.csv.gz").read_bytes()
        for name in ("one", "other")
    )
    assert one == other
    assert gzip.decompress(one) == b'~id,~label\n"S:1","A"\n'
