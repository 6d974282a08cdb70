"""The graph that a built dbt project declares, its rows where the project's target has put them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import dbt, declaration
from kgimport.errors import SourceError, short
from kgimport.sources.athena import PRIMARY, Warehouse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kgimport.graph import Graph


def of_dbt(
    project: Path,
    target: str | None = None,
    name: str | None = None,
    tables: str | None = None,
    *,
    built: bool = True,
) -> Graph:
    """Return the graph of a project.

    `tables` says where its Parquet lies, if not where the target says.

    Where the target is Athena, the models are tables there, and AWS is met as the profile says.
    With `built`, dbt's last run must have made all tables (of which `tables` is no part).
    """
    artifacts = dbt.artifacts(project)
    if tables is not None:
        return declaration.load_tables(artifacts, tables, name)
    settings = dbt.athena(project, target)
    if settings is not None:
        _be(settings)
        return declaration.load_athena(artifacts, name, built=built)
    root = dbt.external_root(project, target)
    graph = declaration.load_dbt(artifacts, project, root, name, built=built)
    if built:
        _must_be_written(graph, project, declaration.run_began(artifacts))
    return graph


def _must_be_written(graph: Graph, project: Path, began: datetime | None) -> None:
    """Refuses tables whose files dbt's last run cannot have written.

    Relative paths of a profile are relative to where dbt was started; where that was not the
    project, what lies at ours may be of some earlier run.
    """
    since = began.timestamp() - _GRACE_S if began else 0.0
    places = {table.name: table.location for table in graph.tables if "://" not in table.location}
    unwritten = [f"{name}: {why}" for name, at in places.items() if (why := _unwritten(at, since))]
    if unwritten:
        more = f"\n  … and {len(unwritten) - _SHOWN:,} more" if len(unwritten) > _SHOWN else ""
        lines = "\n  ".join(short(line, 300) for line in unwritten[:_SHOWN])
        raise SourceError(
            f"dbt's last run did not write the files of these tables:\n  {lines}{more}",
            f"run `dbt build` in {project}, or say with --tables where the Parquet lies",
        )


_SHOWN = 12
_GRACE_S = 2.0  # some file systems keep times no finer


def _unwritten(location: str, since: float) -> str | None:
    try:
        newest = _newest(Path(location))
    except OSError as error:
        return f"no Parquet file at {short(location, 200)}: {error.strerror}"
    return None if newest >= since else f"{short(location, 200)} is older than that run"


def _newest(path: Path) -> float:
    """When the last file of a table was written, in seconds since 1970."""
    own = path.stat().st_mtime
    return max((each.stat().st_mtime for each in path.rglob("*") if each.is_file()), default=own)


def warehouse(
    project: Path | None, target: str | None, workgroup: str | None, results: str | None
) -> Warehouse:
    """Where Athena runs our queries: what was said, else what a project's target says."""
    said = (dbt.athena(project, target) or {}) if project else {}
    group = workgroup or said.get("workgroup") or PRIMARY.workgroup
    return Warehouse(group, results or said.get("results"))


def _be(settings: Mapping[str, str]) -> None:
    """Speaks to AWS as the profile wants, unless the environment says otherwise."""
    if "region" in settings and "AWS_DEFAULT_REGION" not in os.environ:
        os.environ.setdefault("AWS_REGION", settings["region"])
    if "profile" in settings:
        os.environ.setdefault("AWS_PROFILE", settings["profile"])


def load_graph(
    source: str | Path,
    *,
    name: str | None = None,
    target: str | None = None,
    tables: str | None = None,
    built: bool = True,
) -> Graph:
    """Return the graph that a graph.yml declares, or one of a dbt project's, by its folder.

    `name`, `target` and `tables` are of dbt: which graph where a project declares several, which
    target, and where the models' Parquet lies if not where the target says. With `built`, dbt's
    last run must have made the project's tables. Raises `DeclarationError` or `SourceError`.
    """
    place = Path(source)
    if not place.is_dir():
        return declaration.load_yaml(place)
    return of_dbt(place, target, name, tables, built=built)
