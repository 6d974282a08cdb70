"""The tables of kinds: Neo4j's names for each kind, and how both formats carry it.

What the importer accepts was found by running it (5.26.30 and 2026.08.1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kgimport.targets.neo4j import spelling
from kgimport.values import Rule, same

if TYPE_CHECKING:
    import polars as pl

    from kgimport.properties import Kind, PropertyType
    from kgimport.targets.neo4j.spelling import Spelling
    from kgimport.values.value import Transform

EMPTY_BYTES = Rule(
    "empty-bytes",
    "bytes of length 0, which the importer turns into an absent property",
    lambda c: c.bin.size() == 0,
)
EMPTY_STRING = Rule(
    "empty-string",
    "empty strings, which the importer drops where it reads Parquet (--format csv carries them)",
    lambda c: c == "",
)


def _minus_zero(column: pl.Expr) -> pl.Expr:
    longitude = column.struct.field("longitude")
    return (longitude == 0) & (1 / longitude < 0)


MINUS_ZERO = Rule(
    "longitude-minus-zero",
    "points with a longitude of -0.0, which Neo4j 2026 stores as 0.0",
    _minus_zero,
)


@dataclass(frozen=True, slots=True)
class Row:
    """The row of a kind in the table of a format."""

    # The importer's type in a header cell, and the type as Cypher's valueType() names it.
    word: str
    cypher: str
    options: str = ""
    # The same as in `Carrier`.
    spell: Spelling = spelling.plainly
    native: bool = True
    native_unless: Transform | None = None
    write: Transform = same
    typed_by_file: bool = False
    rules: tuple[Rule, ...] = ()

    def header(self, made: PropertyType) -> str:
        """Return the importer's type and its options, for a header cell."""
        options = self.options.format(srid=made.srid)
        return f"{self.word}{'[]' if made.many else ''}{options}"

    def type_of(self, made: PropertyType) -> str:
        """Return the type as Cypher's valueType() names it."""
        return f"LIST<{self.cypher} NOT NULL>" if made.many else self.cypher


def _is_infinite(column: pl.Expr) -> pl.Expr:
    return column.is_infinite()


CSV: dict[Kind, Row] = {
    "string": Row("string", "STRING"),
    "integer": Row("long", "INTEGER"),
    "float": Row("double", "FLOAT", spell=spelling.floats, native_unless=_is_infinite),
    "boolean": Row("boolean", "BOOLEAN"),
    "bytes": Row(
        "byte[]",
        "LIST<INTEGER NOT NULL>",
        spell=spelling.byte_arrays,
        native=False,
        rules=(EMPTY_BYTES,),
    ),
    "date": Row("date", "DATE", spell=spelling.dates),
    "time": Row("localtime", "LOCAL TIME", spell=spelling.times),
    "local_datetime": Row("localdatetime", "LOCAL DATETIME", spell=spelling.datetimes),
    # The header states the zone once, so cells need none and Polars can spell them.
    "instant": Row("datetime", "ZONED DATETIME", "{{timezone:Z}}", spell=spelling.datetimes),
    "zoned_datetime": Row("datetime", "ZONED DATETIME", spell=spelling.zoned, native=False),
    "duration": Row("duration", "DURATION", spell=spelling.durations, native=False),
    "point": Row("point", "POINT", "{{srid:{srid}}}", spell=spelling.points, native=False),
    "null": Row("string", "NULL"),
}


def _before_1970(column: pl.Expr) -> pl.Expr:
    # Only those with a fraction of a second stop the import, but all of them are rare.
    return column.to_physical() < 0


def _in_utc(column: pl.Expr) -> pl.Expr:
    """Return instants with the zone UTC, which in CSV the header states."""
    return column.dt.replace_time_zone("UTC")


# Under a typed header cell Neo4j 5 turns moments into text and parses it, which takes half the
# import.
PARQUET: dict[Kind, Row] = {
    **CSV,
    "string": replace(CSV["string"], rules=(EMPTY_STRING,)),
    "null": replace(CSV["null"], rules=(EMPTY_STRING,)),
    "float": replace(CSV["float"], native_unless=None),
    "date": replace(CSV["date"], typed_by_file=True),
    "time": replace(CSV["time"], typed_by_file=True),
    "local_datetime": replace(
        CSV["local_datetime"], typed_by_file=True, native_unless=_before_1970
    ),
    "instant": replace(
        CSV["instant"], typed_by_file=True, native_unless=_before_1970, write=_in_utc
    ),
}
