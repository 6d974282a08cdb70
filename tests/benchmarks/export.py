"""How fast `export` is: a people graph, against Polars' bare `sink_csv` of the same columns.

    make bench

Each is a process of its own, so that time and memory are of the whole; medians of three. The ratio
is what counts: both ran on this machine, in this minute.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

PEOPLE, KNOWS = 200_000, 2_000_000
RUNS = 3

GRAPH = """
graph: people
tables:
  person:
    location: person.parquet
    node: {labels: [Person], key: [person_id]}
  knows:
    location: knows.parquet
    relationship:
      type: KNOWS
      start: {node: person, key: [a]}
      end: {node: person, key: [b]}
"""

BARE = """
import sys, polars as pl
for name in ("person", "knows"):
    frame = pl.scan_parquet(f"{sys.argv[1]}/{name}.parquet")
    frame.sink_csv(f"{sys.argv[2]}/{name}.csv", datetime_format="%Y-%m-%dT%H:%M:%S%.6f")
"""


def make(place: Path) -> None:
    """Writes the graph's two tables."""
    number = pl.int_range(PEOPLE, eager=True)
    name = pl.format("p{}", number).alias("person_id")
    pl.select(
        name,
        (number * 7 % 97).alias("age"),
        (number / 7).alias("score"),
        pl.format("Name, {}", number).alias("name"),
        pl.from_epoch(number * 1_000, "s").alias("joined"),
    ).write_parquet(place / "person.parquet")
    row = pl.int_range(KNOWS, eager=True)
    pl.select(
        pl.format("p{}", row * 7919 % PEOPLE).alias("a"),
        pl.format("p{}", row * 104_729 % PEOPLE).alias("b"),
        (row / 3).alias("weight"),
        pl.from_epoch(row * 11, "s").alias("since"),
    ).write_parquet(place / "knows.parquet")
    (place / "graph.yml").write_text(GRAPH)


def measure(argv: list[str]) -> dict[str, float]:
    """Wall and CPU seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": round(wall, 2), "cpu_s": round(cpu, 2)}


def main() -> None:
    """Prints the medians and their ratio as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make(place)
        ours = [sys.executable, "-m", "kgimport", "export", "--graph", str(place / "graph.yml")]
        peers = {
            "polars sink_csv": [sys.executable, "-c", BARE, str(place), str(place)],
            "kgimport export": [*ours, "--out", str(place / "build")],
        }
        runs = {name: [measure(argv) for _ in range(RUNS)] for name, argv in peers.items()}
    medians = {
        name: {unit: statistics.median(run[unit] for run in each) for unit in each[0]}
        for name, each in runs.items()
    }
    bare, exported = medians.values()
    ratios = {unit: round(exported[unit] / bare[unit], 2) for unit in bare}
    rows = {"nodes": PEOPLE, "relationships": KNOWS}
    sys.stdout.write(json.dumps({**rows, **medians, "ratio": ratios}, indent=2) + "\n")


if __name__ == "__main__":
    main()
