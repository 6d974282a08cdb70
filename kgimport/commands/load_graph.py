"""Load the declared graph, with the locations of its rows.

What the text of a location does not state (folder, warehouse, session of AWS) is resolved here,
from the declaration or the dbt project's target, and is part of the locations from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import dbt, declaration
from kgimport.aws import ENVIRONMENT
from kgimport.errors import SourceError, UsageError, short
from kgimport.locations import Context, LocalPath, Query, folder
from kgimport.sources.athena import Athena
from kgimport.sources.locate import SOURCES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kgimport.aws import Session
    from kgimport.graph import Graph
    from kgimport.locations import Connection
    from kgimport.sources.contract import AnySource

_BY_FILES = "duckdb"  # the adapter whose models are read from the files that it writes
_SHOWN = 12
_GRACE_S = 2.0  # some file systems keep times no finer


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
    dbt's last run must have built all tables, except if `tables` names their place.

    `select` takes the rows of some tables from queries instead: `{TABLE: SQL}`, or texts of the
    form `TABLE=SQL`. `workgroup` and `results` (`s3://…`) state how Athena runs queries, and come
    before the target's.

    Raises `DeclarationError` with every mistake, `SourceError` if tables are not built, and
    `UsageError` for a query without a table of the graph.
    """
    source = Path(source)
    is_project = dbt.is_project(source)
    if source.is_dir() and not is_project:
        raise UsageError(
            f"{source} is not a dbt project", "name a graph.yml, or the folder of a dbt_project.yml"
        )
    known = is_project and tables is None
    given = {"workgroup": workgroup, "results": results}
    kind, settings = _target(source, target) if known else ("", {})
    base = source if is_project else source.parent
    context = Context(connections=_connections(kind, settings, given, base))
    if not is_project:
        graph = declaration.load_yaml(source, context)
    elif tables is not None:
        graph = declaration.load_tables(dbt.artifacts(source), folder(tables), name)
    elif kind in SOURCES and kind != _BY_FILES:
        (first, *_) = context.connections
        graph = declaration.load_relations(dbt.artifacts(source), first, name, built=built)
    else:
        graph = _of_duckdb(source, target, name, built=built)
    return _with_selected(graph, select, context)


def _target(project: Path, target: str | None) -> tuple[str, dict[str, str]]:
    """Return the type of a project's target, and its settings if that is one of `SOURCES`."""
    kind = dbt.target_type(project, target)
    keys = SOURCES[kind].settings if kind in SOURCES else {}
    return kind, dbt.settings(project, target, keys)


def session(project: Path, target: str | None = None) -> Session:
    """Return the AWS session of a project's target, or the environment's if that is not in AWS."""
    kind, settings = _target(project, target)
    connection = SOURCES[kind].connect(settings, project) if kind in SOURCES else None
    return connection.session if isinstance(connection, Athena) else ENVIRONMENT


def _connections(
    kind: str, settings: Mapping[str, str], given: Mapping[str, str | None], base: Path
) -> tuple[Connection, ...]:
    """Return a connection to each kind of warehouse, the target's first, if it has one."""
    return tuple(
        _connection(SOURCES[each], settings if each == kind else {}, given, base)
        for each in sorted(SOURCES, key=lambda name: name != kind)
    )


def _connection(
    source: AnySource, settings: Mapping[str, str], given: Mapping[str, str | None], base: Path
) -> Connection:
    """Return a source's connection; what was given comes before the target's settings."""
    chosen = {key: value for key, value in given.items() if value and key in source.settings}
    made: Connection = source.connect({**settings, **chosen}, base)
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


def _of_duckdb(project: Path, target: str | None, name: str | None, *, built: bool) -> Graph:
    artifacts, root = dbt.artifacts(project), dbt.external_root(project, target)
    graph = declaration.load_dbt(artifacts, project, root, name, built=built)
    if built:
        _must_be_written(graph, project, declaration.run_began(artifacts))
    return graph


def _must_be_written(graph: Graph, project: Path, began: datetime | None) -> None:
    """Refuse tables whose files dbt's last run cannot have written.

    A profile's relative paths are relative to where dbt was started. If that was not the project's
    folder, files at the paths that kgimport expects may be those of an earlier run.
    """
    since = began.timestamp() - _GRACE_S if began else 0.0
    places = {t.name: t.location for t in graph.tables}
    here = {name: at.path for name, at in places.items() if isinstance(at, LocalPath)}
    unwritten = [f"{name}: {why}" for name, at in here.items() if (why := _unwritten(at, since))]
    if unwritten:
        more = f"\n  … and {len(unwritten) - _SHOWN:,} more" if len(unwritten) > _SHOWN else ""
        lines = "\n  ".join(short(line, 300) for line in unwritten[:_SHOWN])
        raise SourceError(
            f"dbt's last run did not write the files of these tables:\n  {lines}{more}",
            f"run `dbt build` in {project}, or name the place of the Parquet with --tables",
        )


def _unwritten(location: str, since: float) -> str | None:
    try:
        newest = _newest(Path(location))
    except OSError as error:
        return f"no Parquet file at {short(location, 200)}: {error.strerror}"
    return None if newest >= since else f"{short(location, 200)} is older than that run"


def _newest(path: Path) -> float:
    """Return when the last file of a table was written, in seconds since 1970."""
    own = path.stat().st_mtime
    return max((each.stat().st_mtime for each in path.rglob("*") if each.is_file()), default=own)
