"""`kgimport run`: dbt build, export and build-db, one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import dbt, declaration
from kgimport.builds import inputs
from kgimport.builds.inputs import Watched
from kgimport.clock import Clock
from kgimport.commands.build_db import build_db
from kgimport.commands.export import export
from kgimport.commands.load_graph import connect, has_file, load_known, origin, session_of
from kgimport.commands.made_by_dbt import duckdb_files, made, must_be_known
from kgimport.errors import UsageError
from kgimport.neo4j.runtime.choice import chosen
from kgimport.neo4j.runtime.jar_cache import cache_dir
from kgimport.options import BUILD_DEFAULTS, DEFAULTS, ExportOptions
from kgimport.progress import silent

if TYPE_CHECKING:
    from kgimport.builds.inputs import Facts
    from kgimport.commands.build_db import Built
    from kgimport.commands.load_graph import Origin
    from kgimport.dbt import Settings
    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.options import BuildOptions
    from kgimport.progress import Progress

_WORD = re.compile(r"[\w-]+")  # a name that dbt's selection does not take for a pattern
# Not those that also need a model which is not built.
_TESTS = ("--indirect-selection", "cautious")
_LOG = ".wal"  # what DuckDB adds to the name of a file, for what is not yet in the file


@dataclass(frozen=True, slots=True)
class Project:
    """Which dbt project to build, from which data, and which of its graphs.

    `source` is the project's folder, or a `graph.yml` that names a project. The graph's build
    directory is created below `builds`, and its store below `stores`. `workgroup` and `results`
    state how Athena runs queries, and come before the target's. `arguments` are further ones of
    `dbt build`.
    """

    source: Path
    data: Path
    builds: Path
    stores: Path
    target: str | None = None
    name: str | None = None
    export: ExportOptions = DEFAULTS
    workgroup: str | None = None
    results: str | None = None
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """A project that is to be built, what declares its graph, and what dbt makes of it."""

    project: Project
    origin: Origin
    settings: Settings


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
    again, and so are models that read files elsewhere, ask for the time, depend on a variable whose
    name is not written out, or are Python.
    """
    if project.export.dialect != "neo4j":
        raise UsageError(
            f"run builds a store of Neo4j, not files for {project.export.dialect}",
            "run `dbt build`, then `kgimport export` with that --dialect",
        )
    program = chosen(neo4j, progress)
    clock = Clock(progress)
    known = known_of(project)
    session = session_of(known.settings)
    watched = watched_of(known)
    found = inputs.seen(watched)
    build = _made_before(known, found) if options.if_changed else None
    if build is None:
        build = _make(known, replace(project.export, session=session), clock)
        left = inputs.settled(found, inputs.seen(watched), _written(known))
        inputs.note(build, digest_of(known, left))
    options = replace(options, session=session)
    built = build_db(build, project.stores, neo4j=program, options=options, progress=progress)
    return built, {**clock.seconds, **(built.record.seconds if built.fresh else {})}


def known_of(project: Project) -> Known:
    """Return a project with what dbt makes of it; refuse one whose tables nobody could read."""
    dbt.must_be_for_dbt(project.arguments)
    declared = origin(project.source)
    if declared.project is None:
        raise UsageError(
            f"{project.source} names no dbt project to build",
            "add `dbt:` and the project's folder to it, or run `kgimport export` and `build-db`",
        )
    settings = dbt.settings(declared.project, project.target, project.arguments)
    must_be_known(settings)
    return Known(project, declared, settings)


def _make(known: Known, options: ExportOptions, clock: Clock) -> Path:
    """Have dbt build the tables, and export the graph; return the build directory."""
    project, settings = known.project, known.settings
    with clock.stage(dbt.STAGE):
        words = dbt_arguments(known)
        dbt.build(settings, data=project.data, arguments=words, progress=clock.progress)
    given = {"workgroup": project.workgroup, "results": project.results}
    graph = load_known(known.origin, settings, name=project.name, given=given)
    build = project.builds / graph.name
    with clock.stage("export"):
        export(graph, build, options=options, progress=clock.progress)
    return build


def dbt_arguments(known: Known) -> tuple[str, ...]:
    """Return the arguments of `dbt build`; for a graph with a name, only its models are built.

    A choice that was given comes first, and dbt knows nothing of the graph of a graph.yml.
    """
    given, name = known.project.arguments, known.project.name
    is_chosen = any(word.startswith(("-s", "--select", "-m", "--model")) for word in given)
    if is_chosen or has_file(known.origin) or name is None or not _WORD.fullmatch(name):
        return given
    return ("--select", f"+config.meta.kgimport.graph:{name}", *_TESTS, *given)


def _made_before(known: Known, found: Facts) -> Path | None:
    folder, watched = known.settings.folder, watched_of(known).places
    if (
        not is_local(known.settings)
        or inputs.may_read_any_variable(found)
        or dbt.depend_on_more(known.settings.artifacts, folder, watched)
    ):
        return None
    return inputs.made_of(known.project.builds, digest_of(known, found))


def is_local(settings: Settings) -> bool:
    """Return whether the warehouse is a DuckDB of local files, whose changes are visible."""
    said = settings.credentials
    others = any(said.get(key) for key in ("attach", "plugins", "remote", "filesystems"))
    path = str(said.get("path", "")).removeprefix(":memory:")
    return settings.adapter == "duckdb" and not others and ":" not in path


def digest_of(known: Known, facts: Facts) -> str:
    """Return a digest of everything that decides what a run makes."""
    project = known.project
    return inputs.digest(facts, project.target, project.name, project.export, project.arguments)


def watched_of(known: Known) -> Watched:
    """Return the project, its profile and its data, except for what dbt and kgimport write.

    Models, seeds, macros, packages and the like may be outside the project's folder.
    """
    project, settings = known.project, known.settings
    ours = (project.builds, project.stores, cache_dir())
    file = [known.origin.file] if known.origin.file else []
    others = (*settings.sources, settings.packages, settings.profiles, *_database(settings))
    return Watched(
        (settings.folder, project.data, *file, *others),
        frozenset((settings.artifacts, settings.logs, *ours)),
    )


def _database(settings: Settings) -> list[Path]:
    """Return the files of a DuckDB warehouse; they may be outside the project."""
    files = duckdb_files(settings)[0].values() if is_local(settings) else ()
    return [each for file in files for each in (Path(file), Path(f"{file}{_LOG}"))]


def _written(known: Known) -> list[Path]:
    """Return the files and folders that dbt's run writes: the warehouse, and external models."""
    if not is_local(known.settings):
        return []
    context = connect(known.origin, known.settings, {})
    models = declaration.external_files(made(known.settings, context.connections[0], built=False))
    return [*_database(known.settings), *map(Path, models)]
