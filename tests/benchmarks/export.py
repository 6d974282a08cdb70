"""Part "export": a people graph's Parquet to files, against what else writes them."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from tests.benchmarks import ours
from tests.benchmarks.contest import Contestant, Facts, Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.data import People
    from tests.benchmarks.measure import Cost
    from tests.benchmarks.setting import Setting

PART = "export"
BASE = "polars sink_csv"
PEERS = {
    BASE: "polars_csv",
    "duckdb COPY": "duckdb_copy",
    "pyarrow.csv": "pyarrow_csv",
    "pandas to_csv": "pandas_csv",
}
BIOCYPHER_SHARE = 0.1  # it takes minutes per million rows


def contestants(setting: Setting) -> Iterator[Contestant]:
    """kgimport in each of its modes, the writers of CSV, and BioCypher on a tenth of the rows."""
    people = setting.people()
    for mode in ours.MODES:
        yield Contestant(
            PART,
            f"kgimport export {ours.named(mode)}",
            people.nodes,
            people.relationships,
            partial(ours.exporting, people.declaration, mode, setting.memory),
        )
    for name, module in PEERS.items():
        yield Contestant(
            PART,
            name,
            people.nodes,
            people.relationships,
            partial(peers, module, people),
        )
    fewer = setting.people(BIOCYPHER_SHARE)
    yield Contestant(
        PART,
        "biocypher write",
        fewer.nodes,
        fewer.relationships,
        partial(biocypher, fewer),
    )


def peers(module: str, people: People, out: Path) -> list[Step]:
    """A writer as all of a contestant's steps."""
    return [peer(module, people, out)]


def peer(module: str, people: People, out: Path) -> Step:
    """A writer that leaves one CSV file per table in `out`."""
    program = ours.python(f"tests.benchmarks.peers.{module}", people.folder, out)
    return Step(
        "export", program, lambda cost: written(cost, out / "person.csv", out / "knows.csv")
    )


def written(cost: Cost, persons: Path, knows: Path) -> Facts:
    """Rows and size of two CSV files without headers and without line breaks in cells."""
    return {
        "nodes": lines(persons),
        "relationships": lines(knows),
        "output_mb": round((persons.stat().st_size + knows.stat().st_size) / 1e6, 1),
        "seconds": {"export": cost.wall_s},
    }


def lines(path: Path) -> int:
    """How many lines a file has."""
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def biocypher(people: People, out: Path) -> list[Step]:
    """BioCypher, whose log goes to the folder it is started in."""
    program = ours.python("tests.benchmarks.peers.biocypher_write", people.folder, out, cwd=out)

    def look(cost: Cost) -> Facts:
        files = (out / "csv" / f"{table}-part000.csv" for table in ("Person", "Knows"))
        return {**written(cost, *files), "seconds": json.loads(cost.output)}

    return [Step("export", program, look)]
