"""The targets that a graph can be written for, by their names (`choices.target_name`).

A target is a package that provides a `Target`, a row here, and a word in `choices.Format` or, for
another store, in `choices.Dialect`.
"""

from typing import get_args

from kgimport.choices import Format, TargetName
from kgimport.errors import UsageError, listed
from kgimport.targets import neo4j, neptune
from kgimport.targets.target import Carrier, Cell, Field, Target

TARGETS: dict[TargetName, Target] = {
    "csv": neo4j.CSV,
    "parquet": neo4j.PARQUET,
    "neptune-gremlin": neptune.GREMLIN,
    "neptune-opencypher": neptune.OPENCYPHER,
}

__all__ = ["TARGETS", "Carrier", "Cell", "Field", "Format", "Target", "TargetName", "find"]


def find(name: TargetName) -> Target:
    """Return the target of that name; `UsageError` if it is none, which only a format can be."""
    if name not in TARGETS:
        formats = listed(get_args(Format))
        raise UsageError(f"there is no format {name!r}", f"choose one of {formats}")
    return TARGETS[name]
