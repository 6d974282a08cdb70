"""From a declaration, in a dbt project or a `graph.yml`, to a `Graph`: read, parse, validate.

Both use the same keys: in dbt under a model's `config.meta.kgimport`, in a file under `tables:`.
All mistakes are reported together, each with its place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kgimport.declaration.dbt_schema import dbt_json_schema
from kgimport.declaration.graph_file import read_yaml
from kgimport.declaration.manifest import (
    Made,
    declares,
    external_files,
    load_dbt,
    load_over_dbt,
)
from kgimport.declaration.models import DuckDBTarget, Way, in_duckdb, in_folder, in_warehouse
from kgimport.declaration.parse import graph_of
from kgimport.declaration.runs import Target
from kgimport.declaration.spec import json_schema
from kgimport.declaration.validation import check_columns, check_properties
from kgimport.locations import Context, LocalPath

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.graph import Graph

__all__ = [
    "DuckDBTarget",
    "Made",
    "Target",
    "Way",
    "check_columns",
    "check_properties",
    "dbt_json_schema",
    "declares",
    "external_files",
    "in_duckdb",
    "in_folder",
    "in_warehouse",
    "json_schema",
    "load_dbt",
    "load_yaml",
    "project_of",
]


def load_yaml(path: Path, context: Context = Context(), made: Made | None = None) -> Graph:  # noqa: B008  (it is frozen)
    """Return the graph declared in one YAML file; locations are relative to the file.

    Relations and queries are read through the connections of `context`. Tables without a location
    are those of the dbt project that is `made`.
    """
    own = replace(context, base=LocalPath(str(path.parent.absolute())))
    raw = read_yaml(path)
    return load_over_dbt(raw, str(path), made, own) if made else graph_of(raw, str(path), own)


def project_of(path: Path) -> Path | None:
    """Return the folder of the dbt project that a YAML file names, if it names one."""
    raw = read_yaml(path)
    named = raw.get("dbt") if isinstance(raw, dict) else None
    return path.parent / named if isinstance(named, str) and named else None
