"""A build may be killed whenever: `current` stays a whole store, nothing lives on, the next works.

Each point is tried with SIGTERM, where kgimport tidies up, and with SIGKILL, where it cannot.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kgimport import declaration
from kgimport.commands.export import export
from tests.towns import PROGRAM, TOWNS, content, made, nothing_runs

if TYPE_CHECKING:
    import subprocess

    from tests.towns import Towns

pytestmark = [
    pytest.mark.neo4j,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for survivors in /proc"),
]


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Towns:
    """A graph with one published store, and all that is needed for the next."""
    towns = made(tmp_path_factory.mktemp("kill"))
    graph = declaration.load_yaml(towns.place / "graph.yml")
    export(graph, towns.place / "build", progress=lambda _, __: None)
    run_to_its_end(towns)
    return towns


def build_db(towns: Towns, held: str = "") -> subprocess.Popen[str]:
    """A build at work."""
    program = ("-c", HELD, held) if held else PROGRAM
    return towns.start("build-db", "build", "--keep", "99", program=program)


def run_to_its_end(towns: Towns) -> None:
    with build_db(towns) as build:
        _, said = build.communicate(timeout=120)
    assert build.returncode == 0, said


@dataclass(frozen=True, slots=True)
class Point:
    """When to kill a build: some seconds after it has told a stage."""

    stage: str
    then_s: float = 0
    # The function of kgimport.neo4j.stores that tells its name as a stage, and waits to be killed.
    held: str = ""


POINTS = {
    "as the import begins": Point("import", 0.5),
    "late in the import": Point("import: post processing"),
    "as the server starts": Point("start", 2),
    "between schema and verification": Point("schema", 0.5),
    "just before it is published": Point("switch", held="switch"),
    "just after it is published": Point("retire", held="retire"),
}
# What lasts milliseconds is held up, or no signal would meet it.
HELD = """
import sys, time
from kgimport import cli
from kgimport.neo4j import stores

name = sys.argv.pop(1)

def held(*_):
    print(name, file=sys.stderr, flush=True)
    time.sleep(60)

setattr(stores, name, held)
cli.main()
"""


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_build_leaves_the_store_that_was_and_nothing_that_runs(
    towns: Towns, point: str
) -> None:
    before = sorted(towns.temporary.glob("kgimport-*"))
    killed(towns, point, signal.SIGTERM)
    assert towns.half_built == []
    assert sorted(towns.temporary.glob("kgimport-*")) == before

    killed(towns, point, signal.SIGKILL)

    before = sorted(towns.stores.glob("[!.]*/store.json"))
    run_to_its_end(towns)
    assert towns.half_built == []
    assert len(sorted(towns.stores.glob("[!.]*/store.json"))) == len(before) + 1


def killed(towns: Towns, point: str, number: signal.Signals) -> None:
    """Kills a build, and looks at what it leaves."""
    old = towns.stores.joinpath("current").resolve()
    whole = content(old)
    at = POINTS[point]
    with build_db(towns, at.held) as build:
        assert build.stderr is not None
        lines = (line.strip().split(" ", 1)[-1] for line in build.stderr)  # without the time
        assert at.stage in lines  # reads no further
        time.sleep(at.then_s)
        build.send_signal(number)
        said = build.stderr.read()
    ended = f"{number.name} {point}: exit code {build.returncode}, {said}"
    if number == signal.SIGTERM:
        assert build.returncode == 130, ended
        assert said.splitlines()[-1].startswith("kgimport: interrupted"), ended
    else:
        assert build.returncode == -signal.SIGKILL, ended

    assert content(old) == whole, ended
    current = towns.stores.joinpath("current").resolve(strict=True)
    if point != "just after it is published":
        assert current == old, ended
    record = json.loads((current / "store.json").read_text(encoding="utf-8"))
    assert record["labels"] == {"Town": TOWNS}, ended
    assert nothing_runs(towns), (ended, towns.survivors())
