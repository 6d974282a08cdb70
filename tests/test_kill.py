"""A build may be killed whenever: `current` stays a whole store, nothing lives on, the next works.

Each point is tried with SIGTERM, where kgimport tidies up, and with SIGKILL, where it cannot.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from kgimport import declaration
from kgimport.pipeline.export import export

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.neo4j,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for survivors in /proc"),
]

GRAPH = """\
graph: towns
tables:
  town:
    location: town.parquet
    node:
      labels: [Town]
      key: [code]
      unique: [[code]]
      indexes: [{kind: fulltext, properties: [name]}]
  road:
    location: road.parquet
    relationship:
      type: ROAD
      start: {node: town, key: [from]}
      end: {node: town, key: [to]}
"""
TOWNS = 1_000
DIES_WITHIN_S = 30
# Java's second compiler pays off after minutes.
QUICK = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}


@dataclass(frozen=True, slots=True)
class Towns:
    """A build directory, the stores made of it, and a folder for builds' temporary files."""

    place: Path

    @property
    def stores(self) -> Path:
        """Where the published stores of the graph are."""
        return self.place / "stores" / "towns"

    @property
    def temporary(self) -> Path:
        """Stands in the environment of all that a build starts, and of nothing else."""
        return self.place / "temporary"

    @property
    def half_built(self) -> list[Path]:
        """What a build has not published yet."""
        return list(self.stores.glob(".building-*"))

    def start(self, held: str = "") -> subprocess.Popen[str]:
        """A build at work."""
        program = ("-c", HELD, held) if held else ("-m", "kgimport")
        return subprocess.Popen(
            (sys.executable, *program, "build-db", "build", "--keep", "99"),
            cwd=self.place,
            env={**os.environ, **QUICK, "TMPDIR": str(self.temporary)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def survivors(self) -> list[str]:
        """The command lines of processes that a build has started."""
        mark = f"TMPDIR={self.temporary}".encode()
        return [command for command, environment in processes() if mark in environment]


def processes() -> Iterator[tuple[str, list[bytes]]]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may end while we look
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            yield command, (process / "environ").read_bytes().split(b"\0")


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Towns:
    """A graph with one published store, and all that is needed for the next."""
    towns = Towns(tmp_path_factory.mktemp("kill"))
    towns.temporary.mkdir()
    (towns.place / "graph.yml").write_text(GRAPH, encoding="utf-8")
    codes = pl.int_range(TOWNS, eager=True).rename("code")
    town = pl.DataFrame({"code": codes, "name": pl.select(pl.format("Town {}", codes)).to_series()})
    town.write_parquet(towns.place / "town.parquet")
    road = pl.DataFrame({"from": codes, "to": codes.reverse()})
    road.write_parquet(towns.place / "road.parquet")
    graph = declaration.load_yaml(towns.place / "graph.yml")
    export(graph, towns.place / "build", lambda _, __: None)
    run_to_its_end(towns)
    return towns


def run_to_its_end(towns: Towns) -> None:
    with towns.start() as build:
        _, said = build.communicate(timeout=120)
    assert build.returncode == 0, said


@dataclass(frozen=True, slots=True)
class Point:
    """When to kill a build: some seconds after it has told a stage."""

    stage: str
    then_s: float = 0
    # The function of kgimport.store that tells its name as a stage, and waits to be killed there.
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
from kgimport import cli, store

name = sys.argv.pop(1)

def held(*_):
    print(name, file=sys.stderr, flush=True)
    time.sleep(60)

setattr(store, name, held)
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
    with towns.start(at.held) as build:
        assert build.stderr is not None
        assert at.stage in map(str.strip, build.stderr)  # reads no further
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


def content(store: Path) -> dict[str, tuple[int, int]]:
    """Every file of a store: its size and when it was written last."""
    files = (file for file in store.rglob("*") if file.is_file())
    return {str(file): (file.stat().st_size, file.stat().st_mtime_ns) for file in files}


def nothing_runs(towns: Towns) -> bool:
    """Whether all that builds started ends soon; Java takes its time after the last word."""
    end = time.monotonic() + DIES_WITHIN_S
    while towns.survivors() and time.monotonic() < end:
        time.sleep(0.1)
    return not towns.survivors()
