"""Dates and timestamps: which of them can be named at all, and what zones make of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport.properties import PropertyType
from kgimport.values.value import STORE, Refusal, Rule, Value, after, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.graph import ColumnRule

MOMENTS = (pl.Date, pl.Datetime)
_UTC = frozenset({"UTC", "Etc/UTC", "Z", "+00:00", "GMT", "Etc/GMT"})
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DAY_S = 86_400
# Days since 1970 of 0001-01-01, 2000-01-01 and 9999-12-31, seconds of the first of 2100.
_FIRST_DAY, _2000_DAYS, _LAST_DAY = -719_162, 10_957, 2_932_896
_2100_S = 4_102_444_800

ODD_OFFSET = Rule(
    "offset-with-seconds",
    "instants whose zone offset has seconds (local mean time)",
    lambda c: ((c.dt.base_utc_offset() + c.dt.dst_offset()).dt.total_seconds() % 60) != 0,
)


def date_value(dtype: pl.DataType, _: ColumnRule) -> Value:
    """Return what dates are."""
    return Value(PropertyType("date"), rules=moment_rules(dtype))


def datetime_value(dtype: pl.DataType, rule: ColumnRule) -> Value | Refusal:
    """Return what timestamps are: local ones, or instants, with a zone or in UTC."""
    assert isinstance(dtype, pl.Datetime)  # noqa: S101  (the table of scalars dispatches on it)
    zone = dtype.time_zone or rule.timezone
    if zone is None:
        made = PropertyType("local_datetime", unit=dtype.time_unit)
        return Value(made, rules=moment_rules(dtype))
    if not _is_zone(zone):
        return no_zone(zone)
    return zoned(dtype, zone) if dtype.time_zone else _localised(dtype, zone)


def no_zone(name: str) -> Refusal:
    """Return the refusal of a time zone that is not known on the way."""
    return Refusal(
        f"{STORE} knows no time zone {name}",
        "take a region's, such as Europe/Stockholm, or UTC",
    )


def _is_zone(name: str) -> bool:
    """Whether Polars knows a zone."""
    try:
        pl.Series([0]).cast(pl.Datetime("us", name))
    except pl.exceptions.PolarsError:
        return False
    return True


def zoned(dtype: pl.Datetime, zone: str) -> Value:
    """Return what the instants of a zone are; where it is UTC, they need no zone."""
    if zone not in _UTC:
        made = PropertyType("zoned_datetime", unit=dtype.time_unit, zone=zone)
        return Value(made, rules=moment_rules(dtype))
    return Value(
        PropertyType("instant", unit=dtype.time_unit),
        # By its ticks: of a zone called GMT, say, Polars would compute local times, and panic.
        value=lambda c: c.to_physical().cast(pl.Datetime(dtype.time_unit)),
        rules=moment_rules(dtype),
    )


def _localised(dtype: pl.Datetime, zone: str) -> Value:
    # A day away from what the ticks can say, so that no offset leads beyond.
    far = 2**63 - 1 - _DAY_S * _PER_SECOND[dtype.time_unit]

    def placed(column: pl.Expr) -> pl.Expr:
        sane = _in_years(column, dtype) & column.to_physical().is_between(-far, far)
        inside = _safe(column, dtype, sane)
        found = inside.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
        return pl.when(sane).then(found)

    unplaced = Rule(
        "local-time-not-unique",
        f"local times that {zone} has twice or not at all (clock changes)",
        lambda c: placed(c).is_null() & _in_years(c, dtype),
    )
    instants = zoned(pl.Datetime(dtype.time_unit, zone), zone)
    return replace(
        instants,
        value=lambda c: instants.value(placed(c)),
        rules=(_years(dtype), unplaced, *(after(rule, placed) for rule in instants.rules)),
    )


def moment_rules(dtype: pl.DataType) -> tuple[Rule, ...]:
    """Return which dates or instants of a type Polars, drivers or texts cannot name."""
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
    """Yield what the regions' offsets add."""
    assert isinstance(dtype, pl.Datetime)  # noqa: S101  (the caller looked)
    yield after(ODD_OFFSET, lambda c: _safe(c, dtype, _in_years(c, dtype)))
    until = _2100_S * _PER_SECOND[dtype.time_unit]
    yield Rule(
        "zone-rules-unknown",
        "instants from 2100 on in a zone whose clock changes Polars knows until then",
        lambda c: c.to_physical() >= until,
    )


def moment_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return dates or instants as Polars spells them; those that break a rule by their ticks.

    So no two are spelled alike, and Polars panics over none.
    """
    sane = ~pl.any_horizontal(rule.offends(column) for rule in moment_rules(dtype))
    ticks = as_text(column.to_physical())
    return pl.when(sane).then(as_text(_safe(column, dtype, sane))).otherwise(ticks)


def _in_years(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether dates or instants lie in the years 1 to 9999, by their ticks.

    Farther out Polars can name no year, and panics over most other questions.
    """
    day = _ticks_of_a_day(dtype)
    return column.to_physical().is_between(_FIRST_DAY * day, (_LAST_DAY + 1) * day - 1)


def _safe(column: pl.Expr, dtype: pl.DataType, sane: pl.Expr) -> pl.Expr:
    """Return the dates or timestamps, with one that is sane in place of those that are not.

    A null would not do: Polars looks at what lies under it, and panics all the same.
    """
    usual = pl.lit(_2000_DAYS * _ticks_of_a_day(dtype)).cast(dtype)
    return pl.when(sane).then(column).otherwise(usual)


def _ticks_of_a_day(dtype: pl.DataType) -> int:
    return _DAY_S * _PER_SECOND[dtype.time_unit] if isinstance(dtype, pl.Datetime) else 1
