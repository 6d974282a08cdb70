"""Points: two or three columns of coordinates that become one property.

The coordinates are put into a struct column of their own, so a point is checked, written and
compared like any other value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport.graph import ColumnRule
from kgimport.properties import SRID, PropertyType
from kgimport.values.types import value_of
from kgimport.values.value import Refusal, Rule, Value, after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kgimport.graph import Point, Table

# The names of the coordinates in each coordinate reference system.
_AXES = {
    "wgs-84": ("longitude", "latitude"),
    "wgs-84-3d": ("longitude", "latitude", "height"),
    "cartesian": ("x", "y"),
    "cartesian-3d": ("x", "y", "z"),
}
_LIMITS = {"longitude": 180, "latitude": 90}


def axes(made: PropertyType) -> tuple[str, ...]:
    """Return the names of a point's coordinates, which are also the field names of its struct."""
    return next((_AXES[crs] for crs, srid in SRID.items() if srid == made.srid), ())


def attach(frame: pl.LazyFrame, table: Table) -> pl.LazyFrame:
    """Return the rows with a struct column of unchanged coordinates for each point of the table."""
    structs = (
        pl.struct(
            pl.col(column).alias(axis)
            for axis, column in zip(_AXES[point.crs], point.columns, strict=True)
        ).alias(column_of(point))
        for point in table.points
    )
    return frame.with_columns(*structs)


def column_of(point: Point) -> str:
    """Return the name of the struct column of a point."""
    return f"__point_{point.property}__"


def unfit_columns(table: Table, schema: pl.Schema) -> Iterator[tuple[str, Refusal]]:
    """Yield each column of a table's points that does not hold coordinates, and why, once."""
    columns = (column for point in table.points for column in point.columns)
    for column in dict.fromkeys(columns):
        how = _coordinate(schema[column])
        if isinstance(how, Refusal):
            yield column, how


def _coordinate(dtype: pl.DataType) -> Value | Refusal:
    """Return how a column of coordinates becomes doubles, or why that cannot be exact."""
    if dtype.is_float():
        return value_of(dtype)
    if dtype.is_integer() or dtype.base_type() in {pl.Decimal, pl.Null}:
        return value_of(dtype, ColumnRule(type="double"))
    return Refusal("coordinates must be integers, floats or decimals", "cast the column in SQL")


def point_value(point: Point, schema: pl.Schema) -> Value:
    """Return the value of a point, computed from its struct column: a struct of doubles, or null.

    The caller has checked its columns (`unfit_columns`).
    """
    parts = {
        axis: how
        for axis, column in zip(_AXES[point.crs], point.columns, strict=True)
        if isinstance(how := _coordinate(schema[column]), Value)
    }

    def doubles(column: pl.Expr) -> pl.Expr:
        made = (how.value(column.struct.field(axis)).alias(axis) for axis, how in parts.items())
        return pl.struct(made)

    def value(column: pl.Expr) -> pl.Expr:
        whole = pl.all_horizontal(column.struct.field(axis).is_not_null() for axis in parts)
        return pl.when(whole).then(doubles(column))

    rules = (*_inexact(parts), *(after(rule, doubles) for rule in _rules(tuple(parts))))
    return Value(PropertyType("point", srid=SRID[point.crs]), value, rules)


def _inexact(parts: Mapping[str, Value]) -> Iterator[Rule]:
    """Yield one rule that combines those of the coordinates' own types, if they have any."""
    rules = [(axis, rule) for axis, how in parts.items() for rule in how.rules]
    if rules:
        yield Rule(
            "coordinate-beyond-double",
            "points with a coordinate that a double cannot represent with the same digits",
            lambda c: pl.any_horizontal(rule.offends(c.struct.field(axis)) for axis, rule in rules),
        )


def _rules(names: tuple[str, ...]) -> Iterator[Rule]:
    def some_missing(column: pl.Expr) -> pl.Expr:
        missing = [column.struct.field(axis).is_null() for axis in names]
        return pl.any_horizontal(missing) & ~pl.all_horizontal(missing)

    def not_finite(column: pl.Expr) -> pl.Expr:
        return pl.any_horizontal(~column.struct.field(axis).is_finite() for axis in names)

    def off_the_globe(column: pl.Expr) -> pl.Expr:
        limited = [axis for axis in names if axis in _LIMITS]
        return pl.any_horizontal(column.struct.field(a).abs() > _LIMITS[a] for a in limited)

    yield Rule("half-a-point", "points that lack a coordinate", some_missing)
    yield Rule("coordinate-not-finite", "points with NaN or an infinite coordinate", not_finite)
    if names[0] in _LIMITS:
        beyond = "points beyond 180 degrees of longitude or 90 of latitude"
        yield Rule("coordinate-out-of-range", beyond, off_the_globe)
