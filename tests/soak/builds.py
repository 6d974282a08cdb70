"""Builds of changing rows, one after the other in one process, with a server on: nothing grows."""

from __future__ import annotations

import os
import resource
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import declaration
from kgimport.commands.build_db import build_db
from kgimport.commands.export import export
from kgimport.commands.serve import serve
from kgimport.options import ServeOptions
from tests.towns import TOWNS, made, processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.neo4j.runtime.programs import Neo4j
    from tests.towns import Towns


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process and its folders take at one moment."""

    folders: int  # files and folders, but not those inside of stores and build directories
    temporary: int
    children: int
    handles: int
    threads: int
    peak_mb: int


def taken(towns: Towns) -> Taken:
    """Counts what there is now."""
    places = (towns.place, towns.place / "build", towns.place / "stores", towns.stores)
    return Taken(
        folders=sum(len(list(place.glob("*"))) for place in places),
        temporary=len(list(towns.temporary.glob("*"))),
        children=sum(1 for _ in _children()),
        handles=len(list(Path("/proc/self/fd").iterdir())),
        threads=len(list(Path("/proc/self/task").iterdir())),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def _children() -> Iterator[str]:
    mark = f"TMPDIR={os.environ['TMPDIR']}".encode()
    return (command for command, environment in processes() if mark in environment)


def builds(towns: Towns, neo4j: Neo4j, count: int) -> Iterator[Taken]:
    """Builds `count` stores while the first one is served, and gives what is taken after each.

    The environment's TMPDIR must be the towns' folder for temporary files.
    """
    first = _build(towns, neo4j, TOWNS)
    ports = ServeOptions(http_port=0)
    with (
        serve(first, neo4j=neo4j, options=ports) as served,
    ):
        for more in range(1, count + 1):
            _build(towns, neo4j, TOWNS + more)
            found = served.driver.execute_query("MATCH (n:Town) RETURN count(n) AS towns").records
            assert found[0]["towns"] == TOWNS  # what is served stays as it is
            yield taken(towns)


def _build(towns: Towns, neo4j: Neo4j, rows: int) -> Path:
    made(towns.place, rows)
    graph = declaration.load_yaml(towns.place / "graph.yml")
    export(graph, towns.place / "build" / "towns")
    stores = towns.place / "stores"
    return build_db(towns.place / "build" / "towns", stores, neo4j=neo4j).path


def grown(samples: list[Taken]) -> dict[str, tuple[int, int]]:
    """What the last half takes more of than the first one did at most.

    Memory may grow by a tenth, and threads by a few: the pools of libraries end theirs when they
    please.
    """
    half = len(samples) // 2
    early, late = _most(samples[:half]), _most(samples[half:])
    allowed = early | {
        "peak_mb": early["peak_mb"] * 11 // 10,
        "threads": early["threads"] + _IDLE_THREADS,
    }
    return {name: (early[name], late[name]) for name in early if late[name] > allowed[name]}


_IDLE_THREADS = 4


def _most(samples: list[Taken]) -> dict[str, int]:
    each = [asdict(sample) for sample in samples]
    return {name: max(sample[name] for sample in each) for name in each[0]}
