"""`kgimport image`: put a store, or the store of a build directory, into a Docker image."""

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
    """Return whether a path is a build directory, and not a store, which holds that record, too."""
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
    """Bake a store into the image `tag`; return the image and how many seconds that took.

    `base` finds the image with a version of Neo4j. Raises `UsageError` if a server uses the store.
    """
    record, export = stores.read(store)
    if stores.is_served(store):
        raise UsageError(f"the store {store} is in use", "first stop the Neo4j that serves it")
    neo4j = base(record.neo4j)
    clock = Clock(progress)
    with clock.stage("image"):
        baked = bake(store, neo4j, tag, labels(record, export, revision), on_line)
    return baked, clock.seconds["image"]
