"""Property types in Neo4j's words: the importer's in a header cell, and Cypher's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kgimport.properties import Kind, PropertyType

# For each kind: the importer's type, its options, and the type as Cypher's valueType() names it.
_WORDS: dict[Kind, tuple[str, str, str]] = {
    "string": ("string", "", "STRING"),
    "integer": ("long", "", "INTEGER"),
    "float": ("double", "", "FLOAT"),
    "boolean": ("boolean", "", "BOOLEAN"),
    "bytes": ("byte[]", "", "LIST<INTEGER NOT NULL>"),
    "date": ("date", "", "DATE"),
    "time": ("localtime", "", "LOCAL TIME"),
    "local_datetime": ("localdatetime", "", "LOCAL DATETIME"),
    # The zone stands once in the header, so that cells need none.
    "instant": ("datetime", "{{timezone:Z}}", "ZONED DATETIME"),
    "zoned_datetime": ("datetime", "", "ZONED DATETIME"),
    "duration": ("duration", "", "DURATION"),
    "point": ("point", "{{srid:{srid}}}", "POINT"),
    "null": ("string", "", "NULL"),
}


def header(of: PropertyType) -> str:
    """Return the importer's type with its options, as a header cell carries it."""
    name, options, _ = _WORDS[of.kind]
    return f"{name}{'[]' if of.many else ''}{options.format(srid=of.srid)}"


def cypher(of: PropertyType) -> str:
    """Return the type as Cypher's valueType() names it."""
    name = _WORDS[of.kind][2]
    return f"LIST<{name} NOT NULL>" if of.many else name


def is_list(of: PropertyType) -> bool:
    """Whether Neo4j has a list for it; bytes are one of integers."""
    return of.many or of.kind == "bytes"
