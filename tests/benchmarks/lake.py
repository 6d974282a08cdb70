"""Part "s3": the same export with its Parquet on the local disk, and in S3 on this machine.

The server that answers for S3 (moto) keeps everything in memory and has one Python process, which
takes its share of the same cores; a bucket of Amazon's has more bandwidth and more latency.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tests.benchmarks import data, ours
from tests.benchmarks.contest import Contestant, Step, Steps
from tests.local_athena import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.data import People
    from tests.benchmarks.setting import Setting

PART = "s3"
BASE = "local disk"


def contestants(setting: Setting) -> Iterator[Contestant]:
    """The export from the disk, and from S3."""
    people = setting.people()
    steps: dict[str, Steps] = {
        BASE: partial(ours.exporting, people.declaration, ours.DENSE_CSV, setting.memory),
        "from S3": partial(from_s3, people, setting.memory),
    }
    for name, way in steps.items():
        yield Contestant(PART, name, people.nodes, people.relationships, way)


def from_s3(people: People, memory: str, out: Path) -> Iterator[Step]:
    """The tables in a bucket of their own, and the export that reads them there."""
    with running.moto(out) as aws:
        place = f"s3://{aws.lake}/tables"
        declaration = out / "graph.yml"
        text = data.GRAPH
        for name in ("person.parquet", "knows.parquet"):
            aws.client("s3").upload_file(str(people.folder / name), aws.lake, f"tables/{name}")
            text = text.replace(f"location: {name}", f"location: {place}/{name}")
        declaration.write_text(text)
        step = ours.export(declaration, out / "build", ours.DENSE_CSV, memory)
        program = replace(step.program, env={**step.program.env, **aws.environment})
        yield replace(step, program=program)
