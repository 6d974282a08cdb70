"""How the text of a cell spells a value, as Neo4j's importer reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport.values import as_text
from kgimport.values.points import axes

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.properties import PropertyType, Unit
    from kgimport.values.value import Transform

    # A kind's values may be spelled by their unit, zone or coordinate system.
    Spelling = Callable[[PropertyType], Transform]

DELIMITER = ","
# An element cannot contain the array delimiter (the importer knows no escape), so a rare one.
ARRAY_DELIMITER = "\x1f"
TIME_FORMAT = "%H:%M:%S%.9f"
_DIGITS = {"ms": 3, "us": 6, "ns": 9}
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def datetime_format(unit: Unit) -> str:
    """Return the spelling of a timestamp with the digits of a unit."""
    return f"%Y-%m-%dT%H:%M:%S%.{_DIGITS[unit]}f"


def plainly(_: PropertyType) -> Transform:
    """Return texts as Polars spells values."""
    return as_text


def floats(_: PropertyType) -> Transform:
    """Return floats as text that Java reads back to the same bits."""
    return _float


def _float(column: pl.Expr) -> pl.Expr:
    # Java reads NaN and Infinity, but not Polars' `inf`.
    return column.cast(pl.String).replace({"inf": "Infinity", "-inf": "-Infinity"})


def dates(_: PropertyType) -> Transform:
    """Return days as ISO 8601 has them."""
    return lambda c: c.dt.to_string("%Y-%m-%d")


def times(_: PropertyType) -> Transform:
    """Return times of day to the nanosecond."""
    return lambda c: c.dt.to_string(TIME_FORMAT)


def datetimes(made: PropertyType) -> Transform:
    """Return timestamps without a zone, which the header gives where it is UTC."""
    form = datetime_format(made.unit or "us")
    return lambda c: c.dt.to_string(form)


def zoned(made: PropertyType) -> Transform:
    """Return instants with the local time, the offset and the region of their zone."""
    # With the offset next to its name, the two readings of an autumn hour differ.
    zone = made.zone or ""
    form = datetime_format(made.unit or "us") + (
        "%:z" if zone[:1] in {"+", "-"} else f"%:z[{zone}]"
    )
    return lambda c: c.dt.to_string(form)


def durations(made: PropertyType) -> Transform:
    """Return spans of time in seconds only: to Neo4j a day is not 24 hours."""
    unit = made.unit or "us"
    per, digits = _PER_SECOND[unit], _DIGITS[unit]

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
    """Return bytes as a list of signed integers, which Bolt hands over as bytes again."""

    def spell(column: pl.Expr) -> pl.Expr:
        byte = pl.element().str.to_integer(base=16, dtype=pl.Int16)
        signed = pl.when(byte > 127).then(byte - 256).otherwise(byte)  # noqa: PLR2004
        pairs = column.bin.encode("hex").str.extract_all("..")
        return pairs.list.eval(signed.cast(pl.String)).list.join(ARRAY_DELIMITER)

    return spell


def points(made: PropertyType) -> Transform:
    """Return points with the names of their coordinates: `{x:1.0,y:2.0}`."""
    names = axes(made)

    def spell(column: pl.Expr) -> pl.Expr:
        parts = [
            pl.concat_str(pl.lit(f"{axis}:"), _float(column.struct.field(axis))) for axis in names
        ]
        return pl.concat_str(pl.lit("{"), pl.concat_str(parts, separator=","), pl.lit("}"))

    return spell


def joined(element: Transform) -> Transform:
    """Return lists as the texts of their elements, with the delimiter between them."""
    return lambda c: each(element)(c).list.join(ARRAY_DELIMITER)


def each(element: Transform) -> Transform:
    """Return what happens to each element of lists."""
    return lambda c: c.list.eval(element(pl.element()))
