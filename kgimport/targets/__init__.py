"""The targets that a graph can be written for, by their names in `--format` and in records.

A target is a package that provides a `Target`, a row here, and a name in `choices.Format`.
"""

from kgimport.choices import Format
from kgimport.targets import neo4j
from kgimport.targets.target import Carrier, Cell, Field, Target

TARGETS: dict[Format, Target] = {"csv": neo4j.CSV, "parquet": neo4j.PARQUET}

__all__ = ["TARGETS", "Carrier", "Cell", "Field", "Format", "Target"]
