"""What the values of a property add up to: told alike by DuckDB of files, by Cypher of a store.

A sum is made of whole numbers, so it is the same in any order of the rows. Those of a `Kind` are
named once, with the SQL and the Cypher that compute them; a digest (DuckDB alone computes it) tells
texts apart, too, where sums know only how long they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from kgimport.errors import short

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kgimport.properties import Kind as PropertyKind
    from kgimport.properties import PropertyType

Base = Literal[
    "string", "long", "double", "boolean", "date", "localtime", "localdatetime", "utc", "datetime",
    "duration", "point",
]  # fmt: skip
# The greatest prime below 2^32: the remainders of 2^31 values add up to less than 2^63.
PRIME = 4_294_967_291
# By it, what a number has behind the point becomes whole, but for less than 2^-52.
_SCALE = 2**52
_FAR = 9 * 10**18  # nearly all that 64 bits can count


@dataclass(frozen=True, slots=True)
class Kind:
    """What sort of values a property has: a base type, in a list or not.

    `unit` is that of a moment or duration (ms, us or ns), whose values count it since 1970 or
    midnight; `utc` is a `datetime` whose cells go without an offset. `axes` counts the coordinates
    of a point.
    """

    base: Base
    many: bool = False
    unit: Literal["", "ms", "us", "ns"] = ""
    axes: Literal[0, 2, 3] = 0

    @property
    def element(self) -> Kind:
        """The kind of a list's elements."""
        return replace(self, many=False)


@dataclass(frozen=True, slots=True)
class Sum:
    """A whole number for each value: as SQL of the value, and as Cypher of the property."""

    name: str
    sql: Callable[[str], str]
    cypher: Callable[[str], str]


def kind_of(made: PropertyType) -> Kind:
    """Return what is added up of the values of a type; of bytes, what a list of integers has."""
    return Kind(_BASES[made.kind], made.many or made.kind == "bytes", made.unit or "", made.axes)


_BASES: dict[PropertyKind, Base] = {
    "string": "string",
    "null": "string",
    "integer": "long",
    "bytes": "long",
    "float": "double",
    "boolean": "boolean",
    "date": "date",
    "time": "localtime",
    "local_datetime": "localdatetime",
    "instant": "utc",
    "zoned_datetime": "datetime",
    "duration": "duration",
    "point": "point",
}


def _remainder(value: str) -> str:
    return f"{value} % {PRIME}"


def _double_sql(value: str) -> str:
    """Return the whole part and what is behind the point.

    Farther out a remainder, which takes longer.
    """
    whole = f"trunc({value})::BIGINT % {PRIME}"
    behind = f"trunc(({value} - trunc({value})) * {_SCALE}::DOUBLE)::BIGINT % {PRIME}"
    far = f"WHEN isfinite({value}) THEN trunc({value} % {PRIME}::DOUBLE)::BIGINT ELSE 0"
    # Asked by itself: DuckDB takes NaN with a sign for less than any number, in some places.
    near = f"isfinite({value}) AND abs({value}) < {_FAR}::DOUBLE"
    return f"CASE WHEN {near} THEN {whole} + {behind} {far} END"


def _double_cypher(value: str) -> str:
    whole = f"toInteger({value}) % {PRIME}"
    behind = f"toInteger(({value} - toInteger({value})) * {_SCALE}.0) % {PRIME}"
    far = f"toInteger({value} % {PRIME}.0)"
    return f"CASE WHEN abs({value}) < {_FAR}.0 THEN {whole} + {behind} ELSE {far} END"


def _truth_sql(value: str) -> str:
    return f"{value}::BIGINT"


def _truth_cypher(value: str) -> str:
    return f"CASE WHEN {value} THEN 1 ELSE 0 END"


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


def _elapsed(per_second: int) -> tuple[Sum, ...]:
    """Of a count of ticks in SQL, and of a duration in Cypher."""
    return (
        Sum("seconds", _seconds(per_second), lambda held: f"{held}.seconds % {PRIME}"),
        Sum("nanoseconds", _nanoseconds(per_second), lambda held: f"{held}.nanosecondsOfSecond"),
    )


# As the canonical values of DuckDB count them, by the unit of the property.
PER_SECOND = {"ms": 1_000_000, "us": 1_000_000, "ns": 1_000_000_000, "": 1_000_000_000}
_NUMBER = (Sum("number", _remainder, _remainder),)
_PLAIN: dict[Base, tuple[Sum, ...]] = {
    "string": (Sum("length", lambda v: f"length({v})", lambda v: f"size({v})"),),
    "long": _NUMBER,
    "double": (Sum("number", _double_sql, _double_cypher),),
    "boolean": (Sum("true", _truth_sql, _truth_cypher),),
    "date": (Sum("days", lambda v: v, lambda held: f"{held}.days"),),
}
# What Cypher compares a moment with, so that it becomes a count; names of variables of a query.
ZEROS = {
    "day0": "date('1970-01-01')",
    "midnight0": "localtime('00:00')",
    "local0": "localdatetime('1970-01-01T00:00')",
    "utc0": "datetime('1970-01-01T00:00Z')",
}
# `epochSeconds` rounds towards zero before 1970, a duration downwards.
_SINCE: dict[Base, str] = {
    "date": "duration.inDays(day0, {})",
    "localtime": "duration.inSeconds(midnight0, {})",
    "localdatetime": "duration.inSeconds(local0, {})",
    "utc": "duration.inSeconds(utc0, {})",
    "datetime": "duration.inSeconds(utc0, {})",
}


def held(kind: Kind, value: str) -> str:
    """Cypher: what the sums are computed of; null where the property is absent."""
    return value if kind.many else _SINCE.get(kind.base, "{}").format(value)


def sums(kind: Kind) -> tuple[Sum, ...]:
    """Return what is told of a kind's values."""
    if kind.many:
        return (_ELEMENTS, *(_over_elements(kind.element, each) for each in sums(kind.element)))
    if kind.base == "point":
        return tuple(_axis(at) for at in range(kind.axes))
    return _PLAIN.get(kind.base) or _elapsed(PER_SECOND[kind.unit])


_ELEMENTS = Sum("elements", lambda v: f"len({v})", lambda v: f"size({v})")


def _over_elements(kind: Kind, one: Sum) -> Sum:
    return Sum(
        f"elements' {one.name}",
        lambda v: f"coalesce(list_sum(list_transform({v}, lambda e: ({one.sql('e')})::BIGINT)), 0)",
        lambda v: f"reduce(s = 0, e IN {v} | s + {one.cypher(held(kind, 'e'))})",
    )


def _axis(at: int) -> Sum:
    return Sum(
        "xyz"[at],
        lambda v: _double_sql(f"{v}[{at + 1}]"),
        lambda v: _double_cypher(f"{v}.{'xyz'[at]}"),
    )


def ends_sql(start: str, end: str) -> str:
    """Return SQL: a number of both ends' ids, another one where they are exchanged."""
    return f"({start} * 7919 + {end} * 104729) % {PRIME} + ({start} % 65521) * ({end} % 65519)"


def ends_cypher(start: str, end: str) -> str:
    """Return the same of two nodes in Cypher."""
    return ends_sql(f"id({start})", f"id({end})")


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


def extent_sql(kind: Kind, value: str) -> tuple[str, ...]:
    """Return SQL: aggregations that together are an `Extent`."""
    if kind.base == "point":
        return f"count({value})", "NULL", "NULL", "0"
    if kind.many:
        return f"count({value})", "NULL", "NULL", f"sum(len({value}))"
    if kind.base == "double":
        finite = f"FILTER (WHERE isfinite({value}))"
        return f"count({value})", *(f"{f}({value}) {finite}" for f in ("min", "max", "sum"))
    measured = {"string": f"strlen({value})", "boolean": f"{value}::BIGINT"}.get(kind.base, value)
    ends = f"{value}::BIGINT" if kind.base == "boolean" else value
    return f"count({value})", f"min({ends})", f"max({ends})", f"sum({measured})"


def extent_of(kind: Kind, values: pl.Expr, shift: int = 1) -> tuple[pl.Expr, ...]:
    """Return the same of Polars' values, each moment divided by `shift` (1000: ns become us)."""
    nothing = pl.lit(None, pl.Int64)
    if kind.base == "point":
        return values.is_not_null().sum(), nothing, nothing, nothing
    if kind.many:
        return values.is_not_null().sum(), nothing, nothing, values.list.len().sum()
    ticks = _ticks(kind, values, shift)
    measured = values.str.len_bytes() if kind.base == "string" else ticks
    wide = pl.Float64 if kind.base == "double" else pl.Int128
    return values.is_not_null().sum(), ticks.min(), ticks.max(), measured.cast(wide).sum()


def _ticks(kind: Kind, values: pl.Expr, shift: int) -> pl.Expr:
    if kind.base == "string":
        return values
    if kind.base == "double":
        return values.filter(values.is_finite())
    if kind.base in {"long", "boolean"}:
        return values.cast(pl.Int64)
    ticks = values.to_physical().cast(pl.Int64)
    if shift > 1:
        return ticks // shift
    return ticks.cast(pl.Int128) * 1_000 if kind.unit == "ms" else ticks


def extents(row: Sequence[int | float | str | None]) -> list[Extent]:
    """Read the rows that `extent_sql` or `extent_of` of several columns have become."""
    fours: list[Sequence[Any]] = [row[at : at + 4] for at in range(0, len(row), 4)]
    return [
        Extent(int(values or 0), least, most, total or 0) for values, least, most, total in fours
    ]
