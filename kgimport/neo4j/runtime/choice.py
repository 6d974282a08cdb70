"""The choice of a Neo4j to run: embedded, installed, from an image, or the first one available."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.errors import RuntimeMissingError, UsageError, listed
from kgimport.neo4j.runtime import programs
from kgimport.neo4j.runtime.jar_cache import DEFAULT_VERSION
from kgimport.progress import silent, unread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kgimport.choices import Runtime
    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.progress import Progress


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the caller asks for, and the functions that the search reports to."""

    version: str | None
    image: str | None
    progress: Progress
    on_choice: Callable[[str], None]


def find_neo4j(
    version: str | None = None,
    *,
    runtime: Runtime = "embedded",
    image: str | None = None,
    progress: Progress = silent,
    on_choice: Callable[[str], None] = unread,
) -> Neo4j:
    """Return a Neo4j that can be run; missing jars or a missing image are downloaded.

    `version` may be a line such as "5". `runtime` is "embedded" (jars on a bundled Java),
    "installed" (the one in NEO4J_HOME), "docker" (`image`, or the official one of the version) or
    "auto": the first of installed, docker and embedded that is available; `on_choice` gets a line
    of text that names it. Raises `RuntimeMissingError` if the runtime is not available,
    `UsageError` if the version is unknown or differs from the image's.
    """
    if runtime not in _RUNTIMES:
        raise UsageError(f"there is no runtime {runtime!r}", f"choose one of {listed(_RUNTIMES)}")
    return _RUNTIMES[runtime](_Wanted(version, image, progress, on_choice))


def chosen(neo4j: Neo4j | str | None, progress: Progress = silent) -> Neo4j:
    """Return the Neo4j itself if one is given, else the embedded one of that version."""
    if neo4j is None or isinstance(neo4j, str):
        return find_neo4j(neo4j, progress=progress)
    return neo4j


def _embedded(wanted: _Wanted) -> Neo4j:
    return programs.embedded(
        wanted.version or DEFAULT_VERSION,
        progress=lambda done, of: wanted.progress("download Neo4j's jars", done / of),
    )


def _installed(_: _Wanted) -> Neo4j:
    home = os.environ.get("NEO4J_HOME")
    if not home:
        raise UsageError("NEO4J_HOME is not set", "set it, or use --runtime embedded")
    return programs.installed(Path(home))


def _of_image(wanted: _Wanted) -> Neo4j:
    return programs.of_image(
        wanted.image, wanted.version, lambda _: wanted.progress("pull Neo4j's image", None)
    )


def _first_there(wanted: _Wanted) -> Neo4j:
    if os.environ.get("NEO4J_HOME"):
        wanted.on_choice("runtime: installed, as NEO4J_HOME is set")
        return _installed(wanted)
    try:
        neo4j = _of_image(wanted)
    except RuntimeMissingError as error:
        wanted.on_choice(f"runtime: embedded, as {error.message}")
        return _embedded(wanted)
    found = neo4j.image.name if neo4j.image else wanted.image
    wanted.on_choice(f"runtime: docker, {found}")
    return neo4j


_RUNTIMES: Mapping[Runtime, Callable[[_Wanted], Neo4j]] = {
    "embedded": _embedded,
    "installed": _installed,
    "docker": _of_image,
    "auto": _first_there,
}
