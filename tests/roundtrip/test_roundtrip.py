"""Any mix of supported types comes back from a real server as it went in, or is refused.

KGIMPORT_FUZZ_TABLES says how many tables (150, parted among the lanes), KGIMPORT_FUZZ_SEED which
ones (the same each time).
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.roundtrip import harness
from tests.roundtrip.conftest import SEED, collected, numbered
from tests.roundtrip.lanes import DENSE_PARQUET, KEYS_CSV, LANES
from tests.roundtrip.samples import Column, Nodes, Sample
from tests.roundtrip.shrinking import shrink

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kgimport.neo4j.runtime.programs import Neo4j
    from tests.roundtrip.harness import Compared
    from tests.roundtrip.lanes import Lane


@pytest.mark.parametrize("lane", LANES, ids=str)
def test_an_export_refuses_exactly_what_has_no_form(
    lane: Lane, capsys: pytest.CaptureFixture[str]
) -> None:
    found = collected(lane)

    with capsys.disabled():
        _tell(f"seed {SEED}, {lane}: {len(found.samples)} samples; refused", found.refusals)
    if found.wrong is not None:
        raise found.wrong


@pytest.mark.neo4j
@pytest.mark.parametrize("lane", LANES, ids=str)
def test_what_is_exported_comes_back(
    lane: Lane,
    compared: Callable[[Lane], Compared],
    neo4j: Neo4j,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen, found = numbered(lane), compared(lane)

    for at, told in found.differences.items():
        with capsys.disabled():  # to make it smaller takes minutes
            sys.stderr.write(f"\n{neo4j.version}, {lane}: {told}\n")
        _fail(chosen[at], told, neo4j, lane)
    tables = sum(len(sample.tables) for sample in chosen.values())
    with capsys.disabled():
        _tell(f"{neo4j.version}, {lane}: {tables} tables; equal", found.values)
    assert found.values


def _fail(sample: Sample, first: str, neo4j: Neo4j, lane: Lane) -> None:
    """Tells the smallest sample that still differs; `first`, what differed in it at first."""
    small = shrink(sample, lambda some: harness.trial(some, neo4j, lane))
    told = "\n".join(harness.trial([small], neo4j, lane).values())
    pytest.fail(f"{told or first}\n{small}", pytrace=False)


@pytest.mark.neo4j
def test_dense_ids_and_keys_give_the_same_graph(compared: Callable[[Lane], Compared]) -> None:
    keys, dense = numbered(KEYS_CSV), numbered(DENSE_PARQUET)
    # What one lane refuses, the other may take.
    both = [at for at in dense if dense[at] == keys.get(at)]

    by_key, by_number = (compared(lane).found for lane in (KEYS_CSV, DENSE_PARQUET))

    assert len(both) > 100
    assert any(by_number[at].links for at in both)
    assert {at: by_number[at] for at in both} == {at: by_key[at] for at in both}


def _tell(what: str, counts: Counter[str]) -> None:
    if "KGIMPORT_FUZZ_TABLES" in os.environ:
        lines = [f"  {count:7,} {name}" for name, count in counts.most_common()]
        sys.stdout.write("\n".join([f"\n{what} {counts.total():,}", *lines, ""]))


def test_a_failing_sample_is_shrunk_to_the_row_and_the_column_that_fail() -> None:
    noise = [Column(f"noise {at}", pl.Int64(), tuple(range(20))) for at in range(8)]
    texts = ("fine",) * 13 + ("so much that hides a \x00 within",) + ("fine",) * 6
    key = Column("id", pl.String(), tuple(f"key {at}" for at in range(20)))
    guilty = Column("guilty", pl.String(), texts)
    table = Nodes("nodes", ("One", "Two"), ("id",), "Space", (key, *noise, guilty))

    def failing(some: Sequence[Sample]) -> list[int]:
        return [at for at, each in enumerate(some) if "\x00" in repr_of_cells(each)]

    small = shrink(Sample((table, replace(table, name="more"))), failing)

    least = Nodes(
        "nodes",
        ("A",),
        ("key",),
        "Space",
        (Column("c0", pl.String(), ("\x00",)), Column("key", pl.Int64(), (0,))),
    )
    assert [replace(each, name="nodes") for each in small.nodes] == [least]


def repr_of_cells(sample: Sample) -> str:
    """All texts of a sample, end to end."""
    columns = [column for table in sample.tables for column in table.columns]
    return "".join(str(cell) for column in columns for cell in column.cells)
