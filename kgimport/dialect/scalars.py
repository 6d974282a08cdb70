"""Single values: how each scalar type of Polars travels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.dialect.carrier import Carrier, Refusal, Rule, after, as_text
from kgimport.dialect.cells import ARRAY_DELIMITER, TIME_FORMAT, datetime_format

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.graph import ColumnRule

_UTC = frozenset({"UTC", "Etc/UTC", "Z", "+00:00", "GMT", "Etc/GMT"})
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DIGITS = {"ms": 3, "us": 6, "ns": 9}

BEYOND_LONG = Rule(
    "integer-out-of-range",
    "integers beyond 64 bits signed, which Neo4j 5 wraps silently",
    lambda c: ~c.is_between(pl.lit(-(2**63), pl.Int128), pl.lit(2**63 - 1, pl.Int128)),
)
YEAR = Rule(
    "year-out-of-range",
    "years outside 0001-9999, which Neo4j's drivers cannot read back",
    lambda c: ~c.dt.year().is_between(1, 9999),
)
ODD_OFFSET = Rule(
    "offset-with-seconds",
    "instants whose zone offset has seconds (local mean time), which Neo4j cannot hold",
    lambda c: ((c.dt.base_utc_offset() + c.dt.dst_offset()).dt.total_seconds() % 60) != 0,
)


def spelled_floats(column: pl.Expr) -> pl.Expr:
    """Floats as text that Java reads back to the same bits."""
    # Java reads NaN and Infinity, but not Polars' `inf`.
    return column.cast(pl.String).replace({"inf": "Infinity", "-inf": "-Infinity"})


def _text(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("string", "STRING", value=as_text)


def _integer(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("long", "INTEGER", value=lambda c: c.cast(pl.Int64))


def _wide_integer(dtype: pl.DataType, rule: ColumnRule) -> Carrier:
    if rule.uint64 == "string":
        return Carrier("string", "STRING", value=as_text)
    wide = replace(BEYOND_LONG, offends=lambda c: BEYOND_LONG.offends(c.cast(pl.Int128)))
    return replace(_integer(dtype, rule), rules=(wide,))


def _float(_: pl.DataType, __: ColumnRule) -> Carrier:
    # A float32 is widened first: its own short text would be read as another double.
    return Carrier(
        "double",
        "FLOAT",
        value=lambda c: c.cast(pl.Float64),
        spell=spelled_floats,
        native_unless=lambda c: c.is_infinite(),
    )


def _boolean(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("boolean", "BOOLEAN")


def _date(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("date", "DATE", spell=lambda c: c.dt.to_string("%Y-%m-%d"), rules=(YEAR,))


def _time(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("localtime", "LOCAL TIME", spell=lambda c: c.dt.to_string(TIME_FORMAT))


def _datetime(dtype: pl.DataType, rule: ColumnRule) -> Carrier:
    assert isinstance(dtype, pl.Datetime)  # noqa: S101  (the table below dispatches on it)
    local = datetime_format(_DIGITS[dtype.time_unit])
    if dtype.time_zone is None and rule.timezone is not None:
        return _localised(dtype, rule.timezone)
    if dtype.time_zone is None:
        return Carrier(
            "localdatetime", "LOCAL DATETIME", spell=lambda c: c.dt.to_string(local), rules=(YEAR,)
        )
    return _zoned(dtype, dtype.time_zone)


def _zoned(dtype: pl.Datetime, zone: str) -> Carrier:
    local = datetime_format(_DIGITS[dtype.time_unit])
    if zone in _UTC:
        # The zone stands once in the header, so the cell needs none and Polars may spell it.
        return Carrier(
            "datetime{timezone:Z}",
            "ZONED DATETIME",
            value=lambda c: c.dt.replace_time_zone(None),
            spell=lambda c: c.dt.to_string(local),
            rules=(YEAR,),
        )
    # The offset beside the name tells the two readings of an autumn hour apart.
    return Carrier(
        "datetime",
        "ZONED DATETIME",
        spell=lambda c: c.dt.to_string(f"{local}%:z[{zone}]"),
        native=False,
        rules=(YEAR, ODD_OFFSET),
    )


def _localised(dtype: pl.Datetime, zone: str) -> Carrier:
    def placed(column: pl.Expr) -> pl.Expr:
        return column.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")

    unplaced = Rule(
        "local-time-not-unique",
        f"local times that {zone} has twice or not at all (clock changes)",
        lambda c: placed(c).is_null() & c.is_not_null(),
    )
    zoned = _zoned(pl.Datetime(dtype.time_unit, zone), zone)
    return replace(
        zoned,
        value=lambda c: zoned.value(placed(c)),
        rules=(unplaced, *(after(rule, placed) for rule in zoned.rules)),
    )


def _duration(dtype: pl.DataType, _: ColumnRule) -> Carrier:
    assert isinstance(dtype, pl.Duration)  # noqa: S101  (the table below dispatches on it)
    per, digits = _PER_SECOND[dtype.time_unit], _DIGITS[dtype.time_unit]

    def spell(column: pl.Expr) -> pl.Expr:
        # Seconds only: to Neo4j a day is not 24 hours, and a Duration is elapsed time.
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

    return Carrier("duration", "DURATION", spell=spell, native=False)


def _decimal(dtype: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    if rule.decimal == "string":
        return Carrier("string", "STRING", value=as_text)
    if rule.decimal == "double":
        return _from_double(dtype, rule)
    return Refusal(
        "Neo4j has no decimal type", "choose `decimal: string` or `decimal: double` for the column"
    )


def _from_double(dtype: pl.DataType, rule: ColumnRule) -> Carrier:
    inexact = Rule(
        "decimal-beyond-double",
        "decimals that a double does not bring back to the same digits",
        lambda c: c.cast(pl.Float64).cast(dtype, strict=False).ne_missing(c),
    )
    return replace(_float(dtype, rule), rules=(inexact,))


def _binary(_: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    if rule.binary == "refuse":
        choices = ("base64", "hex", "bytes")
        named = ", ".join(f"`binary: {choice}`" for choice in choices)
        return Refusal("bytes are no Cypher type", f"choose one of {named}")
    if rule.binary == "bytes":
        return _byte_array()
    encoding = rule.binary
    return Carrier("string", "STRING", value=lambda c: c.bin.encode(encoding))


def _byte_array() -> Carrier:
    """Bytes as a list of signed integers, which Bolt hands over as bytes again."""

    def spell(column: pl.Expr) -> pl.Expr:
        byte = pl.element().str.to_integer(base=16, dtype=pl.Int16)
        signed = pl.when(byte > 127).then(byte - 256).otherwise(byte)  # noqa: PLR2004
        pairs = column.bin.encode("hex").str.extract_all("..")
        return pairs.list.eval(signed.cast(pl.String)).list.join(ARRAY_DELIMITER)

    empty = Rule(
        "empty-bytes",
        "bytes of length 0, which the importer turns into an absent property",
        lambda c: c.bin.size() == 0,
    )
    return Carrier("byte[]", "LIST<INTEGER NOT NULL>", spell=spell, native=False, rules=(empty,))


def _null(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("string", "NULL", value=as_text)


_NARROW = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
# For every scalar type of Polars, how it travels.
SCALARS: dict[Any, Callable[[pl.DataType, ColumnRule], Carrier | Refusal]] = {
    **dict.fromkeys(_NARROW, _integer),
    **dict.fromkeys((pl.UInt64, pl.Int128, pl.UInt128), _wide_integer),
    **dict.fromkeys((pl.Float16, pl.Float32, pl.Float64), _float),
    **dict.fromkeys((pl.String, pl.Categorical, pl.Enum), _text),
    pl.Boolean: _boolean,
    pl.Date: _date,
    pl.Time: _time,
    pl.Datetime: _datetime,
    pl.Duration: _duration,
    pl.Decimal: _decimal,
    pl.Binary: _binary,
    pl.Null: _null,
}
