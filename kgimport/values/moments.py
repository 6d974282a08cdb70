"""Dates and timestamps: which ones can be spelled, and how zones apply to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport.properties import PropertyType
from kgimport.values.value import STORE, Refusal, Rule, Value, after, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.graph import ColumnRule
    from kgimport.properties import Unit

MOMENTS = (pl.Date, pl.Datetime)
_UTC = frozenset({"UTC", "Etc/UTC", "Z", "+00:00", "GMT", "Etc/GMT"})
# Ticks of each unit in a second.
PER_SECOND: dict[Unit, int] = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DAY_S = 86_400
# The days since 1970 of 0001-01-01, 2000-01-01 and 9999-12-31; the seconds of 2100-01-01.
_FIRST_DAY, _2000_DAYS, _LAST_DAY = -719_162, 10_957, 2_932_896
_2100_S = 4_102_444_800

ODD_OFFSET = Rule(
    "offset-with-seconds",
    "instants whose zone offset has seconds (local mean time)",
    lambda c: ((c.dt.base_utc_offset() + c.dt.dst_offset()).dt.total_seconds() % 60) != 0,
)


def date_value(dtype: pl.DataType, _: ColumnRule) -> Value:
    """Return the value of a column of dates."""
    return Value(PropertyType("date"), rules=moment_rules(dtype))


def datetime_value(dtype: pl.DataType, rule: ColumnRule) -> Value | Refusal:
    """Return the value of a column of timestamps: local ones, or instants, zoned or in UTC."""
    assert isinstance(dtype, pl.Datetime)  # noqa: S101  (the table of scalars dispatches on it)
    zone = dtype.time_zone or rule.timezone
    if zone is None:
        made = PropertyType("local_datetime", unit=dtype.time_unit)
        return Value(made, rules=moment_rules(dtype))
    if not _is_zone(zone):
        return no_zone(zone)
    return zoned(dtype, zone) if dtype.time_zone else _localised(dtype, zone)


def no_zone(name: str) -> Refusal:
    """Return the refusal of an unknown time zone."""
    return Refusal(
        f"{STORE} does not know the time zone {name}",
        "use a region, such as Europe/Stockholm, or UTC",
    )


def _is_zone(name: str) -> bool:
    """Whether Polars knows a zone."""
    try:
        pl.Series([0]).cast(pl.Datetime("us", name))
    except pl.exceptions.PolarsError:
        return False
    return True


def zoned(dtype: pl.Datetime, zone: str) -> Value:
    """Return the value of instants in a zone; in UTC they need no zone."""
    if zone not in _UTC:
        made = PropertyType("zoned_datetime", unit=dtype.time_unit, zone=zone)
        return Value(made, rules=moment_rules(dtype))
    return Value(
        PropertyType("instant", unit=dtype.time_unit),
        # From the ticks: for a zone called GMT, say, Polars would compute local times, and panic.
        value=lambda c: c.to_physical().cast(pl.Datetime(dtype.time_unit)),
        rules=moment_rules(dtype),
    )


def _localised(dtype: pl.Datetime, zone: str) -> Value:
    # A day less than what 64 bits hold, so that no offset goes beyond.
    far = 2**63 - 1 - _DAY_S * PER_SECOND[dtype.time_unit]

    def placed(column: pl.Expr) -> pl.Expr:
        sane = _in_years(column, dtype) & column.to_physical().is_between(-far, far)
        inside = _safe(column, dtype, sane)
        found = inside.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
        return pl.when(sane).then(found)

    unplaced = Rule(
        "local-time-not-unique",
        f"local times that occur twice or not at all in {zone} (clock changes)",
        lambda c: placed(c).is_null() & _in_years(c, dtype),
    )
    instants = zoned(pl.Datetime(dtype.time_unit, zone), zone)
    return replace(
        instants,
        value=lambda c: instants.value(placed(c)),
        rules=(_years(dtype), unplaced, *(after(rule, placed) for rule in instants.rules)),
    )


def moment_rules(dtype: pl.DataType) -> tuple[Rule, ...]:
    """Return the rules for dates or instants that Polars, drivers or texts cannot represent."""
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    if zone is None or zone in _UTC or zone.startswith(("+", "-", "Etc/")):
        return (_years(dtype),)
    return (_years(dtype), *_zone_rules(dtype))


def _years(dtype: pl.DataType) -> Rule:
    return Rule(
        "year-out-of-range",
        "years outside 0001-9999",
        lambda c: ~_in_years(c, dtype) | ~c.dt.year().is_between(1, 9999),
    )


def _zone_rules(dtype: pl.DataType) -> Iterator[Rule]:
    """Yield the rules that depend on a region's offsets."""
    assert isinstance(dtype, pl.Datetime)  # noqa: S101  (the caller looked)
    yield after(ODD_OFFSET, lambda c: _safe(c, dtype, _in_years(c, dtype)))
    until = _2100_S * PER_SECOND[dtype.time_unit]
    yield Rule(
        "zone-rules-unknown",
        "instants from 2100 on, in a zone whose clock changes Polars knows only until then",
        lambda c: c.to_physical() >= until,
    )


def moment_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return dates or instants as Polars spells them, and those that break a rule as their ticks.

    So different ones have different texts, and Polars does not panic.
    """
    sane = ~pl.any_horizontal(rule.offends(column) for rule in moment_rules(dtype))
    ticks = as_text(column.to_physical())
    return pl.when(sane).then(as_text(_safe(column, dtype, sane))).otherwise(ticks)


def iso_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return dates or instants in ISO 8601; null for those that break a rule, so nothing panics."""
    sane = ~pl.any_horizontal(rule.offends(column) for rule in moment_rules(dtype))
    return pl.when(sane).then(_safe(column, dtype, sane).dt.to_string("iso:strict"))


def _in_years(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return whether dates or instants are in the years 1 to 9999, by their ticks.

    Beyond these Polars cannot compute the year, and most other functions panic.
    """
    day = _ticks_of_a_day(dtype)
    return column.to_physical().is_between(_FIRST_DAY * day, (_LAST_DAY + 1) * day - 1)


def _safe(column: pl.Expr, dtype: pl.DataType, sane: pl.Expr) -> pl.Expr:
    """Return the dates or timestamps, with a day in 2000 in place of those that are not `sane`.

    A null would not help: Polars looks at the value under it, and panics all the same.
    """
    usual = pl.lit(_2000_DAYS * _ticks_of_a_day(dtype)).cast(dtype)
    return pl.when(sane).then(column).otherwise(usual)


def _ticks_of_a_day(dtype: pl.DataType) -> int:
    return _DAY_S * PER_SECOND[dtype.time_unit] if isinstance(dtype, pl.Datetime) else 1
