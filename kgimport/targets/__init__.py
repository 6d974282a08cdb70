"""The targets that a graph can be written for, by their names in `--format` and in records.

A target is a package that provides a `Target`, a row here, and a name in `choices.Format`.
"""

from kgimport.choices import Format
from kgimport.errors import UsageError, listed
from kgimport.targets import neo4j
from kgimport.targets.target import Carrier, Cell, Field, Target

TARGETS: dict[Format, Target] = {"csv": neo4j.CSV, "parquet": neo4j.PARQUET}

__all__ = ["TARGETS", "Carrier", "Cell", "Field", "Format", "Target", "find"]


def find(name: Format) -> Target:
    """Return the target of that name; `UsageError` if there is none."""
    if name not in TARGETS:
        raise UsageError(f"there is no format {name!r}", f"choose one of {listed(TARGETS)}")
    return TARGETS[name]
