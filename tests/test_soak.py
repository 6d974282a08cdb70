"""A few of the kills and builds of `make soak`."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from kgimport.neo4j.runtime.programs import embedded, with_fast_start
from tests.conftest import VERSIONS
from tests.soak import builds, kills
from tests.towns import QUICK, made

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for survivors in /proc"),
]


def test_an_export_that_is_killed_at_any_moment_leaves_nothing(tmp_path: Path) -> None:
    soak = kills.Soak(made(tmp_path), random.Random(7))
    victim = kills.measured(soak.towns, kills.EXPORT)

    killed = [soak.kill(victim) for _ in range(8)]

    assert [each for each in killed if each.wrong] == []
    assert list(soak.again(victim)) == []


@pytest.mark.neo4j
def test_builds_in_a_row_take_no_more_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    towns = made(tmp_path)
    monkeypatch.setenv("TMPDIR", str(towns.temporary))
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", QUICK["JAVA_TOOL_OPTIONS"])
    monkeypatch.setattr("tempfile.tempdir", None)

    samples = list(builds.builds(towns, with_fast_start(embedded(VERSIONS[0])), 4))

    grown = builds.grown(samples)
    grown.pop("peak_mb", None)  # in a process of many tests, others have used more
    assert grown == {}
