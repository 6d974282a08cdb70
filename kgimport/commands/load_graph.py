"""Load the declared graph, with the locations of its rows.

What the text of a location does not state (folder, warehouse, session of AWS) is resolved here,
from the declaration or the dbt project's target, and is part of the locations from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from kgimport import dbt, declaration
from kgimport.aws import ENVIRONMENT
from kgimport.commands.made_by_dbt import made, made_elsewhere, must_be_known
from kgimport.errors import UsageError
from kgimport.locations import Context, Query
from kgimport.sources.athena import Athena
from kgimport.sources.locate import SOURCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kgimport.aws import Session
    from kgimport.dbt import Settings
    from kgimport.declaration import Made
    from kgimport.graph import Graph
    from kgimport.locations import Connection
    from kgimport.sources.contract import AnySource

GRAPH_FILE = "graph.yml"


@dataclass(frozen=True, slots=True)
class Origin:
    """What declares a graph: a dbt project's models, or a file, which may name a dbt project."""

    file: Path | None
    project: Path | None


def origin(source: Path) -> Origin:
    """Return what declares a graph: a `graph.yml`, or a dbt project whose folder is `source`."""
    if dbt.is_project(source):
        return Origin(None, source)
    if source.is_dir():
        raise UsageError(
            f"{source} is not a dbt project", "name a graph.yml, or the folder of a dbt_project.yml"
        )
    project = declaration.project_of(source)
    if project is not None and not dbt.is_project(project):
        raise UsageError(
            f"{source} names the dbt project {project}, which has no dbt_project.yml",
            "write as `dbt:` the folder of the dbt project, relative to the file",
        )
    return Origin(source, project)


def has_file(declared: Origin) -> bool:
    """Return whether a graph.yml may declare the graph, by name or from the project's folder."""
    in_project = declared.project is not None and (declared.project / GRAPH_FILE).is_file()
    return declared.file is not None or in_project


def load_graph(
    source: str | Path,
    *,
    name: str | None = None,
    target: str | None = None,
    tables: str | None = None,
    select: Mapping[str, str] | Sequence[str] = (),
    built: bool = True,
    workgroup: str | None = None,
    results: str | None = None,
) -> Graph:
    """Return the graph that a `graph.yml` declares, or a dbt project whose folder is `source`.

    For a project, `name` chooses one of several graphs, `target` one of dbt's targets, and `tables`
    where its Parquet is (a folder or `s3://…`) instead of the target's location. With `built`,
    dbt's last run must have built all tables, except if `tables` names their place. A project whose
    models declare no graph may have a `graph.yml` in its folder, and a `graph.yml` may name a
    project.

    `select` takes the rows of some tables from queries instead: `{TABLE: SQL}`, or texts of the
    form `TABLE=SQL`. `workgroup` and `results` (`s3://…`) state how Athena runs queries, and come
    before the target's.

    Raises `DeclarationError` with every mistake, `SourceError` if tables are not built, and
    `UsageError` for a query without a table of the graph.
    """
    declared = origin(Path(source))
    settings = (
        dbt.settings(declared.project, target) if declared.project and tables is None else None
    )
    given = {"workgroup": workgroup, "results": results}
    context = connect(declared, settings, given)
    known = _made(declared, settings, tables, context, built=built)
    return _with_selected(loaded(declared, known, name, context), select, context)


def load_known(
    declared: Origin,
    settings: Settings,
    *,
    name: str | None = None,
    given: Mapping[str, str | None] = MappingProxyType({}),
    built: bool = True,
) -> Graph:
    """Return the graph of a dbt project whose settings are known, as `load_graph` does.

    What is `given` for Athena comes before the target's settings.
    """
    context = connect(declared, settings, given)
    return loaded(declared, _made(declared, settings, None, context, built=built), name, context)


def loaded(declared: Origin, known: Made | None, name: str | None, context: Context) -> Graph:
    """Return a declared graph; `known` is the dbt project that has its tables, if one does."""
    file = declared.file or _file_of_project(declared.project, known)
    if file is not None:
        return declaration.load_yaml(file, context, known)
    if known is None:
        raise UsageError("there is no declaration", "name a graph.yml, or a dbt project")
    return declaration.load_dbt(known, name, context)


def _file_of_project(project: Path | None, known: Made | None) -> Path | None:
    """Return the `graph.yml` in a project's folder, if its models declare no graph."""
    file = project / GRAPH_FILE if project else None
    if file is None or known is None or not file.is_file():
        return None
    return None if declaration.declares(known.artifacts) else file


def _made(
    declared: Origin,
    settings: Settings | None,
    tables: str | None,
    context: Context,
    *,
    built: bool,
) -> Made | None:
    if declared.project is not None and tables is not None:
        return made_elsewhere(declared.project, tables)
    if settings is None:
        return None
    must_be_known(settings)
    return made(settings, context.connections[0], built=built)


def session(source: Path, target: str | None = None) -> Session:
    """Return the AWS session of a dbt project's target, or the environment's without one."""
    project = origin(source).project
    return session_of(dbt.settings(project, target)) if project else ENVIRONMENT


def session_of(settings: Settings) -> Session:
    """Return the AWS session of a target, or the environment's if that is not in AWS."""
    if settings.adapter not in SOURCES:
        return ENVIRONMENT
    connection = _connection(SOURCES[settings.adapter], settings, {}, settings.folder)
    return connection.session if isinstance(connection, Athena) else ENVIRONMENT


def connect(
    declared: Origin, settings: Settings | None, given: Mapping[str, str | None]
) -> Context:
    """Return a connection to each kind of warehouse, the target's first, if it has one.

    What is `given` for Athena comes before the target's settings.
    """
    kind = settings.adapter if settings else ""
    base = declared.project or (declared.file or Path()).parent
    return Context(
        connections=tuple(
            _connection(SOURCES[each], settings if each == kind else None, given, base)
            for each in sorted(SOURCES, key=lambda name: name != kind)
        )
    )


def _connection(
    source: AnySource, settings: Settings | None, given: Mapping[str, str | None], base: Path
) -> Connection:
    """Return a source's connection; what was given comes before the target's settings."""
    known = settings.texts(source.settings) if settings else {}
    chosen = {key: value for key, value in given.items() if value and key in source.settings}
    made: Connection = source.connect({**known, **chosen}, base)
    return made


def _with_selected(
    graph: Graph, select: Mapping[str, str] | Sequence[str], context: Context
) -> Graph:
    """Return the graph with the rows of some tables from queries."""
    texts = [f"{n}={s}" for n, s in select.items()] if isinstance(select, Mapping) else select
    parts = (each.partition("=") for each in texts)
    queries = {name.strip(): sql.strip() for name, _, sql in parts if sql.strip()}
    names = list(dict.fromkeys(table.origin for table in graph.tables))
    if len(queries) < len(texts) or not queries.keys() <= set(names):
        raise UsageError(
            f"--select {texts[0]}: not TABLE=SQL with a table of the graph",
            f"name each table once: {', '.join(names)}",
        )
    asked = context.connections[0]
    return graph.relocated({name: Query(sql, asked) for name, sql in queries.items()})
