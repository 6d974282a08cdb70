"""The targets that a graph can be written for, by the names that `--format` and records have.

A target is a package that makes a `Target`, a row here, and a word of `choices.Format`.
"""

from kgimport.choices import Format
from kgimport.targets import neo4j
from kgimport.targets.target import Carrier, Cell, Field, SchemaItem, Target

TARGETS: dict[Format, Target] = {"csv": neo4j.CSV, "parquet": neo4j.PARQUET}

__all__ = ["TARGETS", "Carrier", "Cell", "Field", "Format", "SchemaItem", "Target"]
