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
    external_files,
    load_dbt,
    load_relations,
    load_tables,
    run_began,
)
from kgimport.declaration.parse import graph_of
from kgimport.declaration.spec import json_schema
from kgimport.declaration.validation import check_columns, check_properties
from kgimport.locations import Context, LocalPath

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.graph import Graph

__all__ = [
    "check_columns",
    "check_properties",
    "dbt_json_schema",
    "external_files",
    "json_schema",
    "load_dbt",
    "load_relations",
    "load_tables",
    "load_yaml",
    "run_began",
]


def load_yaml(path: Path, context: Context = Context()) -> Graph:  # noqa: B008  (it is frozen)
    """Return the graph declared in one YAML file; locations are relative to the file.

    Relations and queries are read through the connections of `context`.
    """
    base = LocalPath(str(path.parent.absolute()))
    return graph_of(read_yaml(path), str(path), replace(context, base=base))
