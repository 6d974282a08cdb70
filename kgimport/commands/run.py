"""`kgimport run`: dbt build, export and build-db, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import dbt, declaration
from kgimport.builds import inputs
from kgimport.builds.inputs import Watched
from kgimport.clock import Clock
from kgimport.commands.build_db import build_db
from kgimport.commands.export import export
from kgimport.commands.load_graph import load_graph
from kgimport.neo4j.runtime.choice import chosen
from kgimport.neo4j.runtime.jar_cache import cache_dir
from kgimport.options import BUILD_DEFAULTS, DEFAULTS, ExportOptions
from kgimport.progress import silent

if TYPE_CHECKING:
    from kgimport.builds.inputs import Facts
    from kgimport.commands.build_db import Built
    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.options import BuildOptions
    from kgimport.progress import Progress


@dataclass(frozen=True, slots=True)
class Project:
    """Which dbt project to build, from which data, and which of its graphs.

    The graph's build directory is created below `builds`, and its store below `stores`. `workgroup`
    and `results` state how Athena runs queries, and come before the target's.
    """

    folder: Path
    data: Path
    builds: Path
    stores: Path
    target: str | None = None
    name: str | None = None
    export: ExportOptions = DEFAULTS
    workgroup: str | None = None
    results: str | None = None


def run(
    project: Project,
    *,
    neo4j: Neo4j | str | None = None,
    options: BuildOptions = BUILD_DEFAULTS,
    progress: Progress = silent,
) -> tuple[Built, dict[str, float]]:
    """Build the tables, the build directory and the store; return it and the seconds per stage.

    With `if_changed`, dbt and export are skipped if the project, the data, and what the last run
    made of them are unchanged. A warehouse other than a DuckDB of local files is always queried
    again. Changes of data outside the two folders are not noticed.
    """
    program = chosen(neo4j, progress)
    clock = Clock(progress)
    watched = _watched(project)
    found = inputs.seen(watched)
    build = _made_before(project, found) if options.if_changed else None
    if build is None:
        build = _make(project, clock)
        left = inputs.settled(found, inputs.seen(watched), _written(project))
        inputs.note(build, _digest(project, left))
    built = build_db(build, project.stores, neo4j=program, options=options, progress=progress)
    return built, {**clock.seconds, **(built.record.seconds if built.fresh else {})}


def _make(project: Project, clock: Clock) -> Path:
    """Have dbt build the tables, and export the graph; return the build directory."""
    with clock.stage("dbt build"):
        dbt.build(project.folder, target=project.target, data=project.data)
    graph = load_graph(
        project.folder,
        name=project.name,
        target=project.target,
        workgroup=project.workgroup,
        results=project.results,
    )
    build = project.builds / graph.name
    with clock.stage("export"):
        export(graph, build, options=project.export, progress=clock.progress)
    return build


def _made_before(project: Project, found: Facts) -> Path | None:
    if not dbt.is_local(project.folder, project.target):
        return None
    return inputs.made_of(project.builds, _digest(project, found))


def _digest(project: Project, facts: Facts) -> str:
    return inputs.digest(facts, project.target, project.name, project.export)


def _watched(project: Project) -> Watched:
    """Return the project, its profile and its data, except for what dbt and kgimport write."""
    folder = project.folder
    ours = (project.builds, project.stores, cache_dir())
    return Watched(
        (folder, project.data, dbt.profiles(folder)),
        frozenset((dbt.artifacts(folder), dbt.logs(folder), *ours)),
    )


def _written(project: Project) -> list[Path]:
    """Return the files and folders that dbt's run writes: the warehouse, and external models."""
    if not dbt.is_local(project.folder, project.target):
        return []
    database = dbt.database(project.folder, project.target)
    root = dbt.external_root(project.folder, project.target)
    models = declaration.external_files(dbt.artifacts(project.folder), project.folder, root)
    warehouse = [database, database.with_name(f"{database.name}.wal")] if database else []
    return [*warehouse, *map(Path, models)]
