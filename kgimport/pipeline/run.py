"""`kgimport run`: dbt build, export and build-db, one after the other."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import dbt, store
from kgimport.errors import DestinationError
from kgimport.pipeline.build import build_db
from kgimport.pipeline.clock import Clock
from kgimport.pipeline.declared import of_dbt
from kgimport.pipeline.export import export
from kgimport.pipeline.proof import DEFAULTS, ExportOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.pipeline.build import BuildOptions, Built
    from kgimport.report import Progress
    from kgimport.runtime.programs import Neo4j

BUILDS = Path("build")
# Beside a build directory: what it was made of, so that nothing is made again of the same.
_INPUTS = ".inputs"
_GENERATED = frozenset({"target", "logs", "dbt_packages", ".user.yml"})


@dataclass(frozen=True, slots=True)
class Project:
    """Which dbt project to build, over which data, and which of its graphs is meant."""

    folder: Path
    data: Path
    target: str | None = None
    name: str | None = None
    export: ExportOptions = DEFAULTS


def run(
    project: Project, stores: Path, neo4j: Neo4j, options: BuildOptions, progress: Progress
) -> tuple[Built, dict[str, float]]:
    """Builds the tables, the build directory and the store; gives the seconds of each stage.

    With `if_changed`, dbt and export are left out where neither the project nor the data has
    changed since (a warehouse that is not made of local files is always asked again).
    """
    clock = Clock(progress)
    inputs = _inputs(project)
    build = (
        _made_of(inputs)
        if options.if_changed and dbt.is_local(project.folder, project.target)
        else None
    )
    if build is None:
        with clock.stage("dbt build"):
            dbt.build(project.folder, target=project.target, data=project.data)
        graph = of_dbt(project.folder, project.target, project.name)
        build = BUILDS / graph.name
        with clock.stage("export"):
            export(graph, build, progress, project.export)
        store.write_whole(_note(build), inputs)
    built = build_db(build, stores, neo4j, options, progress)
    return built, {**clock.seconds, **(built.record.seconds if built.fresh else {})}


def _note(build: Path) -> Path:
    return build.with_name(f"{build.name}{_INPUTS}")


def _made_of(inputs: str) -> Path | None:
    """The build directory that was made of just these inputs, if it is still whole."""
    for note in BUILDS.glob(f"*{_INPUTS}"):
        build = note.with_name(note.name.removesuffix(_INPUTS))
        if note.read_text(encoding="utf-8") == inputs and _is_whole(build):
            return build
    return None


def _is_whole(build: Path) -> bool:
    try:
        record = store.read_export(build)
    except DestinationError:
        return False
    files = (file for table in record.tables for file in table.files)
    return all((build / file.path).is_file() for file in files)


def _inputs(project: Project) -> str:
    """A digest of everything that decides what dbt and export make."""
    settings = sorted(
        item for item in os.environ.items() if item[0].startswith(("KGIMPORT_", "DBT_"))
    )
    facts = [*_facts(project.folder), *_facts(project.data)]
    parts = (version("kgimport"), project.target, project.name, project.export, settings, facts)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _facts(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - _GENERATED)
        for name in sorted(set(files) - _GENERATED):
            at = (Path(path) / name).stat()
            yield f"{path}/{name}", at.st_size, at.st_mtime_ns
