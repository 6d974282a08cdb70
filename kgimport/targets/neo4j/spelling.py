"""The spelling of values in the text of cells, as Neo4j's importer reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport.values import as_text
from kgimport.values.moments import PER_SECOND
from kgimport.values.points import axes

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.properties import PropertyType, Unit
    from kgimport.values.value import Transform

    # The spelling of a kind may depend on the unit, zone or coordinate system of its values.
    Spelling = Callable[[PropertyType], Transform]

DELIMITER = ","
# A rare character, because no element may contain it: the importer has no escape for it.
ARRAY_DELIMITER = "\x1f"
TIME_FORMAT = "%H:%M:%S%.9f"
_DIGITS = {"ms": 3, "us": 6, "ns": 9}


def datetime_format(unit: Unit) -> str:
    """Return the format of a timestamp with as many digits as its unit has."""
    return f"%Y-%m-%dT%H:%M:%S%.{_DIGITS[unit]}f"


def plainly(_: PropertyType) -> Transform:
    """Spell values as Polars does."""
    return as_text


def floats(_: PropertyType) -> Transform:
    """Spell floats so that Java reads them back to the same bits."""
    return _float


def _float(column: pl.Expr) -> pl.Expr:
    # Java reads NaN and Infinity, but not Polars' `inf`.
    return column.cast(pl.String).replace({"inf": "Infinity", "-inf": "-Infinity"})


def dates(_: PropertyType) -> Transform:
    """Spell days as in ISO 8601."""
    return lambda c: c.dt.to_string("%Y-%m-%d")


def times(_: PropertyType) -> Transform:
    """Spell times of day with nanoseconds."""
    return lambda c: c.dt.to_string(TIME_FORMAT)


def datetimes(made: PropertyType) -> Transform:
    """Spell timestamps without a zone; for instants in UTC the header states it."""
    form = datetime_format(made.unit or "us")
    return lambda c: c.dt.to_string(form)


def zoned(made: PropertyType) -> Transform:
    """Spell instants with the local time, the offset and the region of their zone."""
    # The offset is needed: in autumn an hour of local time occurs twice.
    zone = made.zone or ""
    form = datetime_format(made.unit or "us") + (
        "%:z" if zone[:1] in {"+", "-"} else f"%:z[{zone}]"
    )
    return lambda c: c.dt.to_string(form)


def durations(made: PropertyType) -> Transform:
    """Spell durations in seconds only: for Neo4j a day is not always 24 hours."""
    unit = made.unit or "us"
    per, digits = PER_SECOND[unit], _DIGITS[unit]

    def spell(column: pl.Expr) -> pl.Expr:
        ticks = column.to_physical().cast(pl.Int128)
        size = ticks.abs()
        return pl.concat_str(
            pl.lit("PT"),
            pl.when(ticks < 0).then(pl.lit("-")).otherwise(pl.lit("")),
            (size // per).cast(pl.String),
            pl.lit("."),
            (size % per).cast(pl.String).str.zfill(digits),
            pl.lit("S"),
        )

    return spell


def byte_arrays(_: PropertyType) -> Transform:
    """Spell bytes as a list of signed integers, which Bolt returns as bytes again."""

    def spell(column: pl.Expr) -> pl.Expr:
        byte = pl.element().str.to_integer(base=16, dtype=pl.Int16)
        signed = pl.when(byte > 127).then(byte - 256).otherwise(byte)  # noqa: PLR2004
        pairs = column.bin.encode("hex").str.extract_all("..")
        return pairs.list.eval(signed.cast(pl.String)).list.join(ARRAY_DELIMITER)

    return spell


def points(made: PropertyType) -> Transform:
    """Spell points with the names of their coordinates: `{x:1.0,y:2.0}`."""
    names = axes(made)

    def spell(column: pl.Expr) -> pl.Expr:
        parts = [
            pl.concat_str(pl.lit(f"{axis}:"), _float(column.struct.field(axis))) for axis in names
        ]
        return pl.concat_str(pl.lit("{"), pl.concat_str(parts, separator=","), pl.lit("}"))

    return spell


def joined(element: Transform) -> Transform:
    """Spell lists as the texts of their elements, with the delimiter between them."""
    return lambda c: each(element)(c).list.join(ARRAY_DELIMITER)


def each(element: Transform) -> Transform:
    """Return the function that applies `element` to each element of lists."""
    return lambda c: c.list.eval(element(pl.element()))
