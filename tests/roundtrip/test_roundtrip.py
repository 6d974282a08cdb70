"""Any mix of supported types comes back from a real server as it went in, or is refused.

KGIMPORT_FUZZ_TABLES says how many tables (150), KGIMPORT_FUZZ_SEED which ones (the same each time).
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
from tests.roundtrip.conftest import SEED
from tests.roundtrip.samples import Column, Nodes, Sample
from tests.roundtrip.shrinking import shrink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kgimport.runtime.programs import Neo4j
    from tests.roundtrip.conftest import Collected
    from tests.roundtrip.harness import Batch, Compared


def test_an_export_refuses_exactly_what_has_no_form(
    collected: Collected, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        _tell(f"seed {SEED}, {len(collected.samples)} samples; refused", collected.refusals)
    if collected.wrong is not None:
        raise collected.wrong


@pytest.mark.neo4j
def test_what_is_exported_comes_back(
    batches: list[Batch],
    compared: list[Compared],
    neo4j: Neo4j,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for batch, found in zip(batches, compared, strict=True):
        for at in found.differences:
            _fail(batch.samples[at], neo4j)
    tables = sum(len(sample.tables) for batch in batches for sample in batch.samples)
    values = sum((found.values for found in compared), Counter[str]())
    with capsys.disabled():
        _tell(f"{neo4j.version}: {tables} tables; equal", values)
    assert values


def _fail(sample: Sample, neo4j: Neo4j) -> None:
    """Tells the smallest sample that still differs."""
    small = shrink(sample, lambda some: harness.trial(some, neo4j))
    told = "\n".join(harness.trial([small], neo4j).values())
    pytest.fail(f"{told}\n{small}", pytrace=False)


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
