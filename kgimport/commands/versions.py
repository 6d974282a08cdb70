"""The versions of kgimport, and of what decides about the bytes that it writes."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

# Distributions, by the names of the package index; those that are not installed are left out.
_PACKAGES = ("polars", "duckdb", "pyarrow", "neo4j", "dbt-core")
_SPELLED = {"neo4j": "neo4j (driver)"}


def own() -> dict[str, str]:
    """Return the name and the version of kgimport."""
    return {"kgimport": version("kgimport")}


def packages() -> dict[str, str]:
    """Return the versions of the installed packages that read, write and compare values."""
    return {_SPELLED.get(each, each): found for each in _PACKAGES if (found := _installed(each))}


def everything() -> dict[str, str]:
    """Return all versions: kgimport, Python, packages, and the lines of Neo4j."""
    from kgimport.neo4j.runtime.jar_cache import LINES  # noqa: PLC0415  (`--version` is quick)

    lines = {f"Neo4j {line}": number for line, number in LINES.items()}
    return {**own(), "Python": platform.python_version(), **packages(), **lines}


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
