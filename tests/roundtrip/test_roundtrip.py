"""Any mix of supported types comes back from a real server as it went in, or is refused.

KGIMPORT_FUZZ_TABLES says how many tables (150), KGIMPORT_FUZZ_SEED which ones (the same each time).
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.roundtrip import harness
from tests.roundtrip.shrinking import shrink
from tests.roundtrip.strategies import samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kgimport.runtime.programs import Neo4j
    from tests.roundtrip.harness import Batch
    from tests.roundtrip.samples import Sample

TABLES = int(os.environ.get("KGIMPORT_FUZZ_TABLES", "150"))
SEED = int(os.environ.get("KGIMPORT_FUZZ_SEED", "2026"))
# A sample has one and a half tables on average; this many fit one store well.
_PER_SAMPLE, _PER_STORE = 1.5, 400


@dataclass(slots=True)
class Collected:
    """Samples that an export took, what it refused of them, and where it was wrong about it."""

    samples: list[Sample] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    wrong: Exception | None = None


@pytest.fixture(scope="module")
def collected() -> Collected:
    """Samples exported one by one; a wrong refusal is shrunk by hypothesis."""
    found = Collected()

    @seed(SEED)
    @settings(
        max_examples=max(1, round(TABLES / _PER_SAMPLE)),
        phases=[Phase.generate, Phase.shrink],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(samples())
    def collect(sample: Sample) -> None:
        kept = harness.kept(sample)
        found.samples.append(kept.sample)
        found.refusals.update(kept.refusals)

    try:
        collect()
    except Exception as error:
        found.wrong = error
    return found


@pytest.fixture(scope="module")
def batches(collected: Collected, tmp_path_factory: pytest.TempPathFactory) -> list[Batch]:
    """The samples in build directories of some hundred tables each."""
    assert collected.wrong is None
    places = (tmp_path_factory.mktemp("batch") for _ in iter(int, 1))
    return [
        harness.exported(part, place)
        for part, place in zip(_parts(collected.samples), places, strict=False)
    ]


def _parts(found: Sequence[Sample]) -> Iterator[list[Sample]]:
    part: list[Sample] = []
    for sample in found:
        part.append(sample)
        if sum(len(each.tables) for each in part) >= _PER_STORE:
            yield part
            part = []
    if part:
        yield part


def test_an_export_refuses_exactly_what_has_no_form(
    collected: Collected, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        _tell(f"seed {SEED}, {len(collected.samples)} samples; refused", collected.refusals)
    if collected.wrong is not None:
        raise collected.wrong


@pytest.mark.neo4j
def test_what_is_exported_comes_back(
    batches: list[Batch], neo4j: Neo4j, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values: Counter[str] = Counter()
    for batch in batches:
        compared = harness.compared(batch, neo4j)
        values += compared.values
        for at in compared.differences:
            _fail(batch.samples[at], neo4j)
    tables = sum(len(sample.tables) for batch in batches for sample in batch.samples)
    with capsys.disabled():
        _tell(f"{neo4j.version}: {tables} tables; equal", values)
    assert values


def _fail(sample: Sample, neo4j: Neo4j) -> None:
    """Tells the smallest sample that still differs."""
    small = shrink(sample, lambda some: harness.trial(some, neo4j))
    told = "\n".join(harness.trial([small], neo4j).values())
    pytest.fail(f"{told}\n{small}", pytrace=False)


def _tell(what: str, counts: Counter[str]) -> None:
    if TABLES > 1_000 or os.environ.get("KGIMPORT_FUZZ_SEED"):
        lines = [f"  {count:7,} {name}" for name, count in counts.most_common()]
        sys.stdout.write("\n".join([f"\n{what} {counts.total():,}", *lines, ""]))
