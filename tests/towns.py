"""A graph of towns and roads with one published store, for tests that build it again and again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

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
PROGRAM = ("-m", "kgimport")


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

    def start(self, *arguments: str, program: tuple[str, ...] = PROGRAM) -> subprocess.Popen[str]:
        """A command of kgimport at work."""
        return subprocess.Popen(
            (sys.executable, *program, *arguments),
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


def made(place: Path, towns: int = TOWNS) -> Towns:
    """Writes the declaration and its tables."""
    found = Towns(place)
    found.temporary.mkdir(exist_ok=True)
    (place / "graph.yml").write_text(GRAPH, encoding="utf-8")
    codes = pl.int_range(towns, eager=True).rename("code")
    town = pl.DataFrame({"code": codes, "name": pl.select(pl.format("Town {}", codes)).to_series()})
    town.write_parquet(place / "town.parquet")
    pl.DataFrame({"from": codes, "to": codes.reverse()}).write_parquet(place / "road.parquet")
    return found


QUERY = "select * from read_parquet('{{ env_var(\"KGIMPORT_DATA\") }}/%s.parquet')"
DBT = {
    "dbt_project.yml": "name: towns\nprofile: towns\nflags: {send_anonymous_usage_stats: false}\n",
    "profiles.yml": """\
towns:
  outputs:
    default: {type: duckdb, path: towns.duckdb, external_root: made}
""",
    "models/models.yml": """\
models:
  - name: town
    config:
      materialized: external
      meta: {kgimport: {graph: towns, node: {labels: [Town], key: [code]}}}
  - name: road
    config:
      materialized: external
      meta:
        kgimport:
          graph: towns
          relationship:
            type: ROAD
            start: {node: town, key: [from]}
            end: {node: town, key: [to]}
""",
    "models/town.sql": QUERY % "town",
    "models/road.sql": QUERY % "road",
}


def with_dbt(towns: Towns) -> Towns:
    """Adds a dbt project of the same graph, in the folder `dbt`."""
    for name, text in DBT.items():
        file = towns.place / "dbt" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (towns.place / "dbt" / "made").mkdir()
    return towns


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
