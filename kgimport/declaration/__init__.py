"""The declaration, from a dbt project or a `graph.yml`, to a `Graph`: read, parse, validate.

Both speak one vocabulary: in dbt it stands under a model's `config.meta.kgimport`, in a file under
`tables:`. Every mistake is reported with its place, all of them in one go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.declaration.graph_file import read_yaml
from kgimport.declaration.manifest import (
    external_files,
    load_athena,
    load_dbt,
    load_tables,
    run_began,
)
from kgimport.declaration.parse import graph_of
from kgimport.declaration.spec import json_schema
from kgimport.declaration.validation import check_columns, check_properties

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.graph import Graph

__all__ = [
    "check_columns",
    "check_properties",
    "external_files",
    "json_schema",
    "load_athena",
    "load_dbt",
    "load_tables",
    "load_yaml",
    "run_began",
]


def load_yaml(path: Path) -> Graph:
    """Return the graph declared in one YAML file; locations are relative to the file."""
    return graph_of(read_yaml(path), str(path), str(path.parent.absolute()))
