"""The value contract: what each column type becomes in Neo4j, how a CSV cell spells it, what is no.

Nothing here touches a file. A `Carrier` says how one column travels; a `Rule` says which of its
values cannot. What the importer accepts was found by running it (5.26.30 and 2026.08.1).
"""

from kgimport.choices import Format
from kgimport.targets.neo4j.carrier import Carrier, Field, Refusal, Rule, after
from kgimport.targets.neo4j.cells import (
    ARRAY_DELIMITER,
    DELIMITER,
    END_HEADER,
    ID_HEADER,
    START_HEADER,
    TIME_FORMAT,
    datetime_format,
    header_row,
    in_space,
    is_plain,
)
from kgimport.targets.neo4j.names import NUL, are_listed, as_names, is_left_out, told, unspellable
from kgimport.targets.neo4j.parquet import BLANKS, in_parquet
from kgimport.targets.neo4j.scalars import is_text, moment_text, spelled_floats
from kgimport.targets.neo4j.types import carrier, fields, refuse

__all__ = [
    "ARRAY_DELIMITER",
    "BLANKS",
    "DELIMITER",
    "END_HEADER",
    "ID_HEADER",
    "NUL",
    "START_HEADER",
    "TIME_FORMAT",
    "Carrier",
    "Field",
    "Format",
    "Refusal",
    "Rule",
    "after",
    "are_listed",
    "as_names",
    "carrier",
    "datetime_format",
    "fields",
    "header_row",
    "in_parquet",
    "in_space",
    "is_left_out",
    "is_plain",
    "is_text",
    "moment_text",
    "refuse",
    "spelled_floats",
    "told",
    "unspellable",
]
