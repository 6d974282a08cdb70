"""Samples collected and exported once in each lane, and sent through each Neo4j line once."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from kgimport.errors import ImportFailedError
from tests.roundtrip import harness
from tests.roundtrip.lanes import LANES
from tests.roundtrip.nasty import NASTY
from tests.roundtrip.strategies import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kgimport.neo4j.runtime.programs import Neo4j
    from tests.roundtrip.harness import Batch, Compared, Found
    from tests.roundtrip.lanes import Lane
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


@cache
def collected(lane: Lane) -> Collected:
    """Samples exported one by one; a wrong refusal is shrunk by hypothesis."""
    found = Collected()

    # Both lanes draw the same, so that their stores can be compared.
    @seed(SEED)
    @settings(
        max_examples=max(1, round(TABLES / _PER_SAMPLE / len(LANES))),
        phases=[Phase.generate, Phase.shrink],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(samples())
    def collect(sample: Sample) -> None:
        kept = harness.kept(sample, lane)
        found.samples.append(kept.sample)
        found.refusals.update(kept.refusals)

    try:
        collect()
    except Exception as error:
        found.wrong = error
    return found


@pytest.fixture(scope="session")
def batches(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Lane], list[Batch]]:
    """A lane's samples, some hundred tables to a build directory."""

    @cache
    def made(lane: Lane) -> list[Batch]:
        return [
            harness.exported(part, tmp_path_factory.mktemp("batch"), lane)
            for part in _parts(numbered(lane))
        ]

    return made


def numbered(lane: Lane) -> dict[int, Sample]:
    """The samples of the nasty list by their places in it, and then the others."""
    taken = {
        at: each.sample
        for at, each in enumerate(NASTY)
        if not each.outcome(lane).startswith("refused")
    }
    return {**taken, **dict(enumerate(collected(lane).samples, len(NASTY)))}


def _parts(found: Mapping[int, Sample]) -> Iterator[dict[int, Sample]]:
    part: dict[int, Sample] = {}
    for at, sample in found.items():
        part[at] = sample
        if sum(len(each.tables) for each in part.values()) >= _PER_STORE:
            yield part
            part = {}
    if part:
        yield part


@pytest.fixture(scope="session")
def compared(batches: Callable[[Lane], list[Batch]], neo4j: Neo4j) -> Callable[[Lane], Compared]:
    """What a lane's samples look like after a round trip through one Neo4j line."""

    @cache
    def made(lane: Lane) -> Compared:
        values: Counter[str] = Counter()
        found: dict[int, Found] = {}
        differences: dict[int, str] = {}
        for batch in batches(lane):
            one = _compared(batch, neo4j)
            values += one.values
            found |= one.found
            differences |= one.differences
        return harness.Compared(values, found, differences)

    return made


def _compared(batch: Batch, neo4j: Neo4j) -> Compared:
    try:
        return harness.compared(batch, neo4j)
    except ImportFailedError:
        return harness.Compared(Counter(), {}, harness.tried(batch.samples, neo4j, batch.lane))
