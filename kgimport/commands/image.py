"""`kgimport image`: a store, or what a build directory makes, as a Docker image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.clock import Clock
from kgimport.docker.image import bake, labels
from kgimport.errors import UsageError
from kgimport.neo4j import stores
from kgimport.progress import silent, unread
from kgimport.records import EXPORT_RECORD, STORE_RECORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kgimport.docker.image import Baked
    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.progress import Progress


def is_build(path: Path) -> bool:
    """Whether a path is a build directory, and no store (which keeps its export's record)."""
    return (path / EXPORT_RECORD).is_file() and not (path / STORE_RECORD).is_file()


def image(
    store: Path,
    base: Callable[[str], Neo4j],
    tag: str,
    *,
    revision: str | None = None,
    progress: Progress = silent,
    on_line: Callable[[str], None] = unread,
) -> tuple[Baked, float]:
    """Bakes a store into the image `tag`; gives it, and the seconds that it took.

    `base` finds the image with Neo4j of a version. Raises `UsageError` where the store is being
    written to.
    """
    record, export = stores.read(store)
    if stores.is_served(store):
        raise UsageError(f"the store {store} is in use", "stop the Neo4j that serves it first")
    neo4j = base(record.neo4j)
    clock = Clock(progress)
    with clock.stage("image"):
        baked = bake(store, neo4j, tag, labels(record, export, revision), on_line)
    return baked, clock.seconds["image"]
