"""Single values: what each scalar type of Polars becomes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.properties import FLOAT, INTEGER, STRING, PropertyType
from kgimport.values.moments import date_value, datetime_value, zoned
from kgimport.values.value import STORE, Refusal, Rule, Value, as_text, value_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.graph import ColumnRule

BEYOND_LONG = Rule(
    "integer-out-of-range",
    "integers beyond 64 bits signed",
    lambda c: c.cast(pl.Int64, strict=False).is_null() & c.is_not_null(),
)


def _text(_: pl.DataType, __: ColumnRule) -> Value:
    return Value(STRING, value=as_text)


def _integer(_: pl.DataType, __: ColumnRule) -> Value:
    return Value(INTEGER, value=lambda c: c.cast(pl.Int64))


def _int64(dtype: pl.DataType, rule: ColumnRule) -> Value:
    if rule.epoch == "no":
        return _integer(dtype, rule)
    instant = pl.Datetime(rule.epoch, "UTC")
    return value_after(zoned(instant, "UTC"), lambda c: c.cast(instant))


def _wide_integer(dtype: pl.DataType, rule: ColumnRule) -> Value:
    if rule.uint64 == "string":
        return Value(STRING, value=as_text)
    return _if_long(dtype, rule)


def _if_long(_: pl.DataType, __: ColumnRule) -> Value:
    # A value that does not fit must not stop the pass that counts and refuses such values.
    return Value(INTEGER, value=lambda c: c.cast(pl.Int64, strict=False), rules=(BEYOND_LONG,))


def _float(_: pl.DataType, __: ColumnRule) -> Value:
    # A float32 is widened first: its own short text would be read as a different double.
    return Value(FLOAT, value=lambda c: c.cast(pl.Float64))


def _boolean(_: pl.DataType, __: ColumnRule) -> Value:
    return Value(PropertyType("boolean"))


def _time(_: pl.DataType, __: ColumnRule) -> Value:
    return Value(PropertyType("time"))


def _duration(dtype: pl.DataType, _: ColumnRule) -> Value:
    assert isinstance(dtype, pl.Duration)  # noqa: S101  (the table below dispatches on it)
    return Value(PropertyType("duration", unit=dtype.time_unit))


def _decimal(dtype: pl.DataType, rule: ColumnRule) -> Value | Refusal:
    assert isinstance(dtype, pl.Decimal)  # noqa: S101  (the table below dispatches on it)
    if dtype.scale == 0 and (rule.whole_as_integer or rule.decimal == "refuse"):
        return _if_long(dtype, rule)  # integers of Snowflake and Postgres
    if rule.decimal == "string":
        return Value(STRING, value=as_text)
    if rule.decimal == "double":
        return _from_double(dtype, rule)
    return Refusal(
        f"{STORE} has no decimal type",
        "choose `decimal: string` or `decimal: double` for the column",
    )


def _from_double(dtype: pl.DataType, rule: ColumnRule) -> Value:
    def nearest(column: pl.Expr) -> pl.Expr:
        # From the digits: Polars' own cast divides, and may miss the nearest double.
        return as_text(column).cast(pl.Float64)

    inexact = Rule(
        "decimal-beyond-double",
        "decimals that a double cannot represent with the same digits",
        lambda c: _digits(as_text(nearest(c))) != _digits(as_text(c)),
    )
    return replace(_float(dtype, rule), value=nearest, rules=(inexact,))


def _digits(numbers: pl.Expr) -> pl.Expr:
    """Return the significant digits of numbers as text, with or without an exponent."""
    return numbers.str.replace("e.*", "").str.replace_all(r"\D", "").str.strip_chars("0")


def _binary(_: pl.DataType, rule: ColumnRule) -> Value | Refusal:
    if rule.binary == "refuse":
        choices = ("base64", "hex", "bytes")
        named = ", ".join(f"`binary: {choice}`" for choice in choices)
        return Refusal("bytes are not a Cypher type", f"choose one of {named}")
    if rule.binary == "bytes":
        return Value(PropertyType("bytes"))
    encoding = rule.binary
    return Value(STRING, value=lambda c: c.bin.encode(encoding))


def _null(_: pl.DataType, __: ColumnRule) -> Value:
    return Value(PropertyType("null"), value=as_text)


TEXTS = (pl.String, pl.Categorical, pl.Enum)
FLOATS = (pl.Float16, pl.Float32, pl.Float64)
_WIDE = (pl.UInt64, pl.Int128, pl.UInt128)
_NARROW = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
INTEGERS = (*_NARROW, *_WIDE)
# For every scalar type of Polars, the function that returns its value or refusal.
SCALARS: dict[Any, Callable[[pl.DataType, ColumnRule], Value | Refusal]] = {
    **dict.fromkeys(_NARROW, _integer),
    pl.Int64: _int64,
    **dict.fromkeys(_WIDE, _wide_integer),
    **dict.fromkeys(FLOATS, _float),
    **dict.fromkeys(TEXTS, _text),
    pl.Boolean: _boolean,
    pl.Date: date_value,
    pl.Time: _time,
    pl.Datetime: datetime_value,
    pl.Duration: _duration,
    pl.Decimal: _decimal,
    pl.Binary: _binary,
    pl.Null: _null,
}


def is_text(dtype: pl.DataType) -> bool:
    """Whether the values of a type are text, including categories."""
    return dtype.base_type() in TEXTS
