"""Sums over the values of a property: their names, and the SQL and Polars that compute them.

A sum adds up integers, so it does not depend on the order of the rows, and a target may compute it
in its own way from what it holds. A digest, which only DuckDB computes, also distinguishes texts of
the same length, which sums do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.errors import short

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kgimport.properties import Kind, PropertyType, Unit

# The greatest prime below 2^32: the remainders of 2^31 values add up to less than 2^63.
PRIME = 4_294_967_291
# Turns the fraction of a float into an integer; what is lost is below 2^-52.
SCALE = 2**52
FAR = 9 * 10**18  # a little less than the greatest integer of 64 bits
_ROUNDING = 1e-12  # relative to the greatest value, for each value


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of one integer for each value, and the SQL that makes the integer of the value."""

    name: str
    sql: Callable[[str], str]


def _remainder(value: str) -> str:
    return f"{value} % {PRIME}"


def _double_sql(value: str) -> str:
    """Return SQL for the integer part plus the scaled fraction.

    Beyond `FAR`, it is a remainder of the float, which takes longer.
    """
    whole = f"trunc({value})::BIGINT % {PRIME}"
    behind = f"trunc(({value} - trunc({value})) * {SCALE}::DOUBLE)::BIGINT % {PRIME}"
    far = f"WHEN isfinite({value}) THEN trunc({value} % {PRIME}::DOUBLE)::BIGINT ELSE 0"
    # isfinite is needed: in some places DuckDB orders a NaN with a sign below all numbers.
    near = f"isfinite({value}) AND abs({value}) < {FAR}::DOUBLE"
    return f"CASE WHEN {near} THEN {whole} + {behind} {far} END"


def _seconds(per_second: int) -> Callable[[str], str]:
    """Return a function that makes SQL for whole seconds, rounded down: SQL rounds towards 0."""

    def seconds(ticks: str) -> str:
        one_less = f"CASE WHEN {ticks} % {per_second} < 0 THEN 1 ELSE 0 END"
        return f"({ticks} // {per_second} - {one_less}) % {PRIME}"

    return seconds


def _within(per_second: int) -> Callable[[str], str]:
    return lambda ticks: f"((({ticks} % {per_second}) + {per_second}) % {per_second})"


def _nanoseconds(per_second: int) -> Callable[[str], str]:
    return lambda ticks: f"{_within(per_second)(ticks)} * {10**9 // per_second}"


def _elapsed(unit: Unit | None) -> tuple[Sum, ...]:
    """Return the sums of a count of ticks."""
    per_second = PER_SECOND[unit]
    return (
        Sum("seconds", _seconds(per_second)),
        Sum("nanoseconds", _nanoseconds(per_second)),
    )


# How many ticks of a canonical value make a second, by the unit of the property.
PER_SECOND: dict[Unit | None, int] = {"ms": 10**6, "us": 10**6, "ns": 10**9, None: 10**9}
_LENGTH = (Sum("length", lambda v: f"length({v})"),)
_PLAIN: dict[Kind, tuple[Sum, ...]] = {
    "string": _LENGTH,
    "null": _LENGTH,
    "integer": (Sum("number", _remainder),),
    "float": (Sum("number", _double_sql),),
    "boolean": (Sum("true", lambda v: f"{v}::BIGINT"),),
    "date": (Sum("days", lambda v: v),),
}
_ELEMENTS = Sum("elements", lambda v: f"len({v})")


def sums(made: PropertyType) -> tuple[Sum, ...]:
    """Return the sums for a type; bytes have those of a list of integers."""
    if made.is_list:
        return (_ELEMENTS, *map(_over_elements, sums(made.element)))
    if made.kind == "point":
        return tuple(_axis(at) for at in range(made.axes))
    return _PLAIN.get(made.kind) or _elapsed(made.unit)


def _over_elements(one: Sum) -> Sum:
    return Sum(
        f"elements' {one.name}",
        lambda v: f"coalesce(list_sum(list_transform({v}, lambda e: ({one.sql('e')})::BIGINT)), 0)",
    )


def _axis(at: int) -> Sum:
    return Sum("xyz"[at], lambda v: _double_sql(f"{v}[{at + 1}]"))


def ends_sql(start: str, end: str) -> str:
    """Return SQL for a number of both ends' ids, which changes if the ends are exchanged."""
    return f"({start} * 7919 + {end} * 104729) % {PRIME} + ({start} % 65521) * ({end} % 65519)"


@dataclass(frozen=True, slots=True)
class Extent:
    """What two readers of a column must agree on: the number of values, the extremes, the total.

    The total adds up the lengths of texts, in bytes, and the lengths of lists. Infinities and NaN
    are left out of the total and of the extremes.
    """

    values: int
    least: int | float | str | None = None
    most: int | float | str | None = None
    total: int | float = 0

    def __str__(self) -> str:
        ends = f", from {short(repr(self.least))} to {short(repr(self.most))}"
        return f"{self.values:,} values{ends if self.most is not None else ''}, in all {self.total}"

    def agrees(self, other: Extent) -> bool:
        """Return whether both may be of the same values.

        Totals of floats may differ a little, because the order of the additions is not fixed.
        """
        exact = (self.values, self.least, self.most) == (other.values, other.least, other.most)
        if self.total == other.total:  # both may be infinite
            return exact
        if not exact or not isinstance(self.total, float) or not isinstance(other.total, float):
            return False
        greatest = max(abs(float(self.least or 0)), abs(float(self.most or 0)))
        return abs(self.total - other.total) <= _ROUNDING * self.values * greatest


def extent_sql(made: PropertyType, value: str) -> tuple[str, ...]:
    """Return the SQL aggregates of an `Extent`."""
    if made.kind == "point":
        return f"count({value})", "NULL", "NULL", "0"
    if made.is_list:
        return f"count({value})", "NULL", "NULL", f"sum(len({value}))"
    if made.kind == "float":
        finite = f"FILTER (WHERE isfinite({value}))"
        return f"count({value})", *(f"{f}({value}) {finite}" for f in ("min", "max", "sum"))
    ends = f"{value}::BIGINT" if made.kind == "boolean" else value
    measured = f"strlen({value})" if made.is_text else ends
    return f"count({value})", f"min({ends})", f"max({ends})", f"sum({measured})"


def extent_of(made: PropertyType, values: pl.Expr, shift: int = 1) -> tuple[pl.Expr, ...]:
    """Return the same aggregates in Polars; moments are divided by `shift` (1000: ns to us)."""
    nothing = pl.lit(None, pl.Int64)
    if made.kind == "point":
        return values.is_not_null().sum(), nothing, nothing, nothing
    if made.is_list:
        return values.is_not_null().sum(), nothing, nothing, values.list.len().sum()
    ticks = _ticks(made, values, shift)
    measured = values.str.len_bytes() if made.is_text else ticks
    wide = pl.Float64 if made.kind == "float" else pl.Int128
    return values.is_not_null().sum(), ticks.min(), ticks.max(), measured.cast(wide).sum()


def _ticks(made: PropertyType, values: pl.Expr, shift: int) -> pl.Expr:
    if made.is_text:
        return values
    if made.kind == "float":
        return values.filter(values.is_finite())
    if made.kind in {"integer", "boolean"}:
        return values.cast(pl.Int64)
    ticks = values.to_physical().cast(pl.Int64)
    if shift > 1:
        return ticks // shift
    return ticks.cast(pl.Int128) * 1_000 if made.unit == "ms" else ticks


def extents(row: Sequence[int | float | str | None]) -> list[Extent]:
    """Return the extents in a row of the aggregates of several columns."""
    fours: list[Sequence[Any]] = [row[at : at + 4] for at in range(0, len(row), 4)]
    return [
        Extent(int(values or 0), least, most, total or 0) for values, least, most, total in fours
    ]
