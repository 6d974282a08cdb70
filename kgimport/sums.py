"""What the values of a property add up to: names, and the SQL and Polars that compute it of files.

A sum is made of whole numbers, so it is the same in any order of the rows, and a target may have
its own way to compute it of what it holds. A digest (DuckDB alone computes it) distinguishes texts,
too, where sums know only how long they are.
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
# By it, what a number has behind the point becomes whole, but for less than 2^-52.
SCALE = 2**52
FAR = 9 * 10**18  # nearly all that 64 bits can count


@dataclass(frozen=True, slots=True)
class Sum:
    """A whole number for each value, and the SQL that makes it of the value."""

    name: str
    sql: Callable[[str], str]


def _remainder(value: str) -> str:
    return f"{value} % {PRIME}"


def _double_sql(value: str) -> str:
    """Return the whole part and what is behind the point.

    Farther out a remainder, which takes longer.
    """
    whole = f"trunc({value})::BIGINT % {PRIME}"
    behind = f"trunc(({value} - trunc({value})) * {SCALE}::DOUBLE)::BIGINT % {PRIME}"
    far = f"WHEN isfinite({value}) THEN trunc({value} % {PRIME}::DOUBLE)::BIGINT ELSE 0"
    # Asked by itself: DuckDB takes NaN with a sign for less than any number, in some places.
    near = f"isfinite({value}) AND abs({value}) < {FAR}::DOUBLE"
    return f"CASE WHEN {near} THEN {whole} + {behind} {far} END"


def _seconds(per_second: int) -> Callable[[str], str]:
    """Whole seconds, downwards: SQL divides towards zero."""

    def seconds(ticks: str) -> str:
        one_less = f"CASE WHEN {ticks} % {per_second} < 0 THEN 1 ELSE 0 END"
        return f"({ticks} // {per_second} - {one_less}) % {PRIME}"

    return seconds


def _within(per_second: int) -> Callable[[str], str]:
    return lambda ticks: f"((({ticks} % {per_second}) + {per_second}) % {per_second})"


def _nanoseconds(per_second: int) -> Callable[[str], str]:
    return lambda ticks: f"{_within(per_second)(ticks)} * {10**9 // per_second}"


def _elapsed(unit: Unit | None) -> tuple[Sum, ...]:
    """Of a count of ticks."""
    per_second = PER_SECOND[unit]
    return (
        Sum("seconds", _seconds(per_second)),
        Sum("nanoseconds", _nanoseconds(per_second)),
    )


# As the canonical values of DuckDB count them, by the unit of the property.
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
    """Return what the values of a type add up to; bytes add up as a list of integers does."""
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
    """Return SQL: a number of both ends' ids, another one where they are exchanged."""
    return f"({start} * 7919 + {end} * 104729) % {PRIME} + ({start} % 65521) * ({end} % 65519)"


@dataclass(frozen=True, slots=True)
class Extent:
    """What two readers of one column must agree on: how many values, the extremes, the total.

    The total is of lengths in bytes where values are texts, and of lengths where they are lists.
    Infinities and NaN are left out of it, and of the extremes.
    """

    values: int
    least: int | float | str | None = None
    most: int | float | str | None = None
    total: int | float = 0

    def __str__(self) -> str:
        ends = f", from {short(repr(self.least))} to {short(repr(self.most))}"
        return f"{self.values:,} values{ends if self.most is not None else ''}, in all {self.total}"

    def agrees(self, other: Extent) -> bool:
        """Whether both may be of the same values: floats are added up in no fixed order."""
        exact = (self.values, self.least, self.most) == (other.values, other.least, other.most)
        if not exact or not isinstance(self.total, float) or not isinstance(other.total, float):
            return exact and self.total == other.total
        greatest = max(abs(float(self.least or 0)), abs(float(self.most or 0)))
        return abs(self.total - other.total) <= _ROUNDING * self.values * greatest


_ROUNDING = 1e-12


def extent_sql(made: PropertyType, value: str) -> tuple[str, ...]:
    """Return SQL: aggregations that together are an `Extent`."""
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
    """Return the same of Polars' values, each moment divided by `shift` (1000: ns become us)."""
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
    """Read the rows that `extent_sql` or `extent_of` of several columns have become."""
    fours: list[Sequence[Any]] = [row[at : at + 4] for at in range(0, len(row), 4)]
    return [
        Extent(int(values or 0), least, most, total or 0) for values, least, most, total in fours
    ]
