"""Samples collected and exported once, and sent through each Neo4j line once."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from kgimport.errors import ImportFailedError
from tests.roundtrip import harness
from tests.roundtrip.nasty import NASTY
from tests.roundtrip.strategies import samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kgimport.runtime.programs import Neo4j
    from tests.roundtrip.harness import Batch, Compared
    from tests.roundtrip.samples import Sample

TABLES = int(os.environ.get("KGIMPORT_FUZZ_TABLES", "150"))
SEED = int(os.environ.get("KGIMPORT_FUZZ_SEED", "2026"))
# A sample has one and a half tables on average; this many tables fit one store well.
_PER_SAMPLE, _PER_STORE = 1.5, 400


@dataclass(slots=True)
class Collected:
    """Samples that an export took, what it refused of them, and where it was wrong about it."""

    samples: list[Sample] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    wrong: Exception | None = None


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def batches(collected: Collected, tmp_path_factory: pytest.TempPathFactory) -> list[Batch]:
    """The nasty list's samples and then the others, some hundred tables to a build directory."""
    taken = [each.sample for each in NASTY if not each.outcome.startswith("refused")]
    return [
        harness.exported(part, tmp_path_factory.mktemp("batch"))
        for part in _parts([*taken, *collected.samples])
    ]


def _parts(found: Iterable[Sample]) -> Iterator[list[Sample]]:
    part: list[Sample] = []
    for sample in found:
        part.append(sample)
        if sum(len(each.tables) for each in part) >= _PER_STORE:
            yield part
            part = []
    if part:
        yield part


@pytest.fixture(scope="session")
def compared(batches: list[Batch], neo4j: Neo4j) -> list[Compared]:
    """What each batch looks like after a round trip through one Neo4j line after the other."""
    return [_compared(batch, neo4j) for batch in batches]


def _compared(batch: Batch, neo4j: Neo4j) -> Compared:
    try:
        return harness.compared(batch, neo4j)
    except ImportFailedError:
        return harness.Compared(Counter(), harness.trial(batch.samples, neo4j))
