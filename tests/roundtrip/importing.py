"""A build directory imported by the importer alone, and what it made read from a server.

`build-db` would compare the store by itself, and publish none that differs. Here a store that
differs is what is looked for, so that the differences can be shown and made smaller.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.errors import ImportFailedError
from kgimport.neo4j import importer
from kgimport.neo4j.private import private_driver
from kgimport.neo4j.runtime.config import configure
from kgimport.neo4j.runtime.programs import reading_parquet
from kgimport.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j
    from tests.roundtrip.lanes import Lane

__all__ = ["ImportFailedError", "imported", "scratch"]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone with the block."""
    with tempfile.TemporaryDirectory(prefix="roundtrip-") as place:
        yield Path(place)


@contextmanager
def imported(build: Path, neo4j: Neo4j, lane: Lane) -> Iterator[Driver]:
    """A driver to a server on what the importer makes of a build directory."""
    with scratch() as place:
        home, data = place / "home", place / "data"
        configure(neo4j, home=home, data=data, settings={})
        importer.import_full(
            reading_parquet(neo4j) if lane.format == "parquet" else neo4j,
            build,
            home,
            database="neo4j",
            options=(f"--report-file={place / 'report'}",),
            heap_mb=1024,
            progress=silent,
        )
        shutil.rmtree(home)
        with private_driver(neo4j, data) as driver:
            yield driver
