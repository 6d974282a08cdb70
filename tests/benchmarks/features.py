"""What features cost: an export of people, their identifiers and which they use.

    python -m tests.benchmarks.features FOLDER [--people 5000000] [--each 6]

There are as many identifiers as people, so the default is 10 M nodes and 30 M relationships, which
make groups of a few people. Prints the record's features, the seconds of each stage, and the peak
of memory of the whole export.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import polars as pl

from tests.benchmarks.measure import Program, run

_GRAPH = """
graph: people
tables:
  person: {location: person.parquet, node: {labels: Person, key: id}}
  identifier: {location: identifier.parquet, node: {labels: Identifier, key: id}}
  uses:
    location: uses.parquet
    relationship:
      type: USES
      start: {node: person, key: person}
      end: {node: identifier, key: identifier}
features:
  - {kind: component, over: USES, property: personId, max_degree: 50, named_by: person}
"""


def write(folder: Path, people: int, each: int) -> None:
    """Writes the three tables, in an order that is no order, and their declaration."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(7)
    persons = draw.permutation(np.repeat(np.arange(people), each))
    # One in four uses an identifier of a neighbour.
    used = np.minimum(persons + draw.integers(1, 3, len(persons)) * (persons % 4 == 0), people - 1)
    numbers = pl.LazyFrame({"n": np.arange(people)})
    tables = {
        "person": numbers.select(id=pl.format("p{}", "n")),
        "identifier": numbers.select(id=pl.format("i{}", "n")),
        "uses": pl.LazyFrame({"p": persons, "i": used}).select(
            person=pl.format("p{}", "p"), identifier=pl.format("i{}", "i")
        ),
    }
    for name, rows in tables.items():
        rows.sink_parquet(folder / f"{name}.parquet")
    (folder / "graph.yml").write_text(_GRAPH, encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Writes the tables if they are not there, exports them, and prints what that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=5_000_000)
    parser.add_argument("--each", type=int, default=6)
    chosen = parser.parse_args(arguments)
    place = chosen.folder / f"{chosen.people}-{chosen.each}"
    if not (place / "graph.yml").exists():
        write(place, chosen.people, chosen.each)
    graph, out = str(place / "graph.yml"), str(place / "build")
    words = ("-m", "kgimport", "export", "--graph", graph, "--out", out, "--json")
    cost = run(Program((sys.executable, *words)), place / "log")
    record = json.loads((place / "build" / "export.json").read_text(encoding="utf-8"))
    spent = f"{cost.wall_s:.0f} s, {cost.peak_mb:,.0f} MB"
    sys.stdout.write(f"{json.dumps(record['features'])}\n{record['seconds']}\n{spent}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
