"""Where the tables of a dbt project are, from what dbt says of its target."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kgimport import dbt, declaration
from kgimport.declaration import DuckDBTarget, Made, Target
from kgimport.errors import short
from kgimport.locations import LocalPath, folder
from kgimport.sources import elsewhere
from kgimport.sources.locate import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kgimport.dbt import Settings
    from kgimport.declaration import Way
    from kgimport.locations import Connection

_MEMORY = ":memory:"
# md:, motherduck:, ducklake:, s3://, postgres: …; a drive of Windows is one letter.
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+]+):")


def made(settings: Settings, connection: Connection, *, built: bool = True) -> Made:
    """Return where dbt has its tables; with `built`, its last run must have made those of a graph.

    `connection` reaches the target's warehouse.
    """
    way = _WAYS.get(settings.adapter, _in_warehouse)(settings, connection)
    return Made(settings.artifacts, way, _target(settings) if built else None)


def _target(settings: Settings) -> Target:
    return Target(
        name=settings.target,
        default=settings.default_target,
        profile=settings.profile,
        default_profile=settings.default_profile,
        profiles=settings.profiles.parent,
        project=settings.folder,
        variables=settings.variables,
    )


def made_elsewhere(project: Path, tables: str) -> Made:
    """Return tables of a dbt project that are Parquet in a folder, however they got there."""
    return Made(dbt.artifacts(project), declaration.in_folder(folder(tables)))


def must_be_known(settings: Settings) -> None:
    """Refuse a target whose warehouse kgimport cannot read."""
    if settings.adapter not in SOURCES:
        raise elsewhere.refusal(settings.adapter, settings.target, settings.profile)


def _in_warehouse(_: Settings, connection: Connection) -> Way:
    return declaration.in_warehouse(connection)


def _in_duckdb(settings: Settings, connection: Connection) -> Way:
    files, elsewhere = duckdb_files(settings)
    root = str(Path(settings.credentials.get("external_root", ".")).expanduser())
    base = LocalPath(str(settings.folder.resolve()))
    return declaration.in_duckdb(DuckDBTarget(base, root, files, elsewhere), connection)


_WAYS: Mapping[str, Callable[[Settings, Connection], Way]] = MappingProxyType(
    {"duckdb": _in_duckdb}
)


def duckdb_files(settings: Settings) -> tuple[dict[str, str], dict[str, str]]:
    """Return the databases of a DuckDB target: the paths of files, and where the others are."""
    said = settings.credentials
    main = {key: said.get(key) for key in ("path", "is_ducklake", "remote")}
    attached = [each for each in said.get("attach") or () if isinstance(each, dict)]
    files: dict[str, str] = {}
    elsewhere: dict[str, str] = {}
    for database in [main, *attached]:
        path, name = str(database.get("path") or _MEMORY), _name(database)
        if where := _elsewhere(database, path):
            elsewhere[name] = where
        else:
            files[name] = str(settings.folder.resolve() / Path(path).expanduser())
    return files, elsewhere


def _name(database: Mapping[str, Any]) -> str:
    """Return the name that DuckDB gives to a database: its alias, or its file's first part."""
    path = str(database.get("path") or _MEMORY)
    if path.startswith(_MEMORY):
        return str(database.get("alias") or "memory")
    own = Path(path.partition("?")[0]).name.lstrip(".").partition(".")[0]
    return str(database.get("alias") or _SCHEME.sub("", own) or own)


def _elsewhere(database: Mapping[str, Any], path: str) -> str | None:
    """Return where a database is if it is not a file here; a path may have a token in it."""
    options = database.get("options") or {}
    kind = str(database.get("type") or options.get("type") or "duckdb").lower()
    if path.startswith(_MEMORY):
        return "which was in memory and ended with dbt"
    if database.get("remote"):
        return "which is on another server"
    if kind != "duckdb":
        return f"which is of type {short(kind)}"
    if database.get("is_ducklake"):
        return "which is a DuckLake"
    found = _SCHEME.match(path)
    return f"which is at {found['scheme']}:…, not in a file" if found else None
