"""One plain form for values from Polars and from the driver: equal exactly when the values are.

A float is compared by its bits (-0.0 is not 0.0, but all NaN are equal), a boolean differs from an
integer, and a temporal value has its kind, a count of nanoseconds and its zone, if any.
"""

from __future__ import annotations

import math
import struct
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import polars as pl
from neo4j.spatial import Point
from neo4j.time import Date, DateTime, Duration, Time

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.targets import Field

_SECOND_NS = 1_000_000_000
_DAY_NS = 86_400 * _SECOND_NS
_UNIT_NS = {"ms": 1_000_000, "us": 1_000, "ns": 1}
_EPOCH = Date(1970, 1, 1).to_ordinal()
_UTC_NAMES = frozenset({"UTC", "+0000", "Z"})


@singledispatch
def plain(value: Any) -> Any:
    """Return the plain form of a value of the driver, or of one of Polars that is not temporal."""
    return value


@plain.register
def _(value: list) -> Any:  # type: ignore[type-arg]  # singledispatch takes classes only
    return tuple(plain(item) for item in value)


@plain.register
def _(value: float) -> Any:
    # Processors produce NaN with either sign, and its text has none.
    return ("float", "NaN" if math.isnan(value) else struct.pack(">d", value))


@plain.register
def _(value: bool) -> Any:
    return ("boolean", value)


@plain.register
def _(value: Date) -> Any:
    return ("date", (value.to_ordinal() - _EPOCH) * _DAY_NS)


@plain.register
def _(value: Time) -> Any:
    return ("time", value.ticks)


@plain.register
def _(value: DateTime) -> Any:
    local = (value.to_ordinal() - _EPOCH) * _DAY_NS + value.time().ticks
    offset = value.utc_offset()
    if offset is None:
        return ("local_datetime", local)
    name = getattr(value.tzinfo, "zone", None) or f"{value:%z}"
    instant = local - int(offset.total_seconds()) * _SECOND_NS
    return ("datetime", instant, "UTC" if name in _UTC_NAMES else name)


@plain.register
def _(value: Duration) -> Any:
    # Months and days have no fixed length; kgimport writes seconds only.
    if value.months or value.days:
        return ("duration", str(value))
    return ("duration", value.seconds * _SECOND_NS + value.nanoseconds)


@plain.register
def _(value: Point) -> Any:
    return ("point", value.srid, tuple(plain(float(axis)) for axis in value))


def column(field: Field, frame: pl.DataFrame) -> list[Any]:
    """Return the plain form of what the store must hold for a column; None for absent values."""
    values = frame.select(field.carrier.value(pl.col(field.column))).to_series()
    if field.carrier.type.kind == "point":
        return [_point(field, value) for value in values.to_list()]
    dtype = values.dtype.inner if isinstance(values.dtype, pl.List) else values.dtype
    if not dtype.is_temporal():
        return [plain(value) for value in values.to_list()]
    make = _temporal(field, dtype)
    return [_mapped(value, make) for value in values.to_physical().to_list()]


def _point(field: Field, axes: dict[str, float] | None) -> Any:
    if axes is None:
        return None
    return ("point", field.carrier.type.srid, tuple(plain(axis) for axis in axes.values()))


def _temporal(field: Field, dtype: Any) -> Callable[[int], Any]:
    made = field.carrier.type
    factor = _DAY_NS if dtype == pl.Date else _UNIT_NS[getattr(dtype, "time_unit", "ns")]
    if made.kind in {"instant", "zoned_datetime"}:
        return lambda ticks: ("datetime", ticks * factor, made.zone or "UTC")
    return lambda ticks: (made.kind, ticks * factor)


def _mapped(value: Any, make: Callable[[int], Any]) -> Any:
    if value is None:
        return None
    return tuple(make(item) for item in value) if isinstance(value, list) else make(value)
