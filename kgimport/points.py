"""Points: two or three columns of coordinates that become one property.

The coordinates travel as one struct column beside the table's own, so that a point is checked,
written and compared as any other value is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport.graph import ColumnRule
from kgimport.properties import SRID, PropertyType
from kgimport.targets import neo4j as dialect
from kgimport.targets.neo4j import Carrier, Field, Refusal, Rule, after, spelled_floats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kgimport.graph import Point, Table
    from kgimport.targets.neo4j import Format

# The names of the coordinates as the importer reads them, by coordinate reference system.
_AXES = {
    "wgs-84": ("longitude", "latitude"),
    "wgs-84-3d": ("longitude", "latitude", "height"),
    "cartesian": ("x", "y"),
    "cartesian-3d": ("x", "y", "z"),
}
_LIMITS = {"longitude": 180, "latitude": 90}


def attach(frame: pl.LazyFrame, table: Table) -> pl.LazyFrame:
    """Return the rows with a struct column of coordinates, as they came, for each of a table's
    points.
    """
    structs = (
        pl.struct(
            pl.col(column).alias(axis)
            for axis, column in zip(_AXES[point.crs], point.columns, strict=True)
        ).alias(_column(point))
        for point in table.points
    )
    return frame.with_columns(*structs)


def fields(table: Table, schema: pl.Schema, form: Format = "csv") -> tuple[Field, ...]:
    """Return the properties that the table's points become, as CSV carries them.

    Raises `ValueRefusedError` that names every column that holds no coordinates, and every point
    whose name no header for files of that format can hold.
    """
    dialect.refuse([*_unfit_columns(table, schema), *_unfit_names(table, form)])
    return tuple(
        Field(_column(point), point.property, _carrier(point, schema)) for point in table.points
    )


def _unfit_columns(table: Table, schema: pl.Schema) -> Iterator[str]:
    columns = (column for point in table.points for column in point.columns)
    for column in dict.fromkeys(columns):
        how = _coordinate(schema[column])
        if isinstance(how, Refusal):
            yield dialect.told(table, column, str(schema[column]), how)


def _unfit_names(table: Table, form: Format) -> Iterator[str]:
    for point in table.points:
        if refusal := dialect.unspellable(point.property, form):
            yield dialect.told(table, point.property, "point", refusal)


def _column(point: Point) -> str:
    return f"__point_{point.property}__"


def _coordinate(dtype: pl.DataType) -> Carrier | Refusal:
    """How a column of coordinates becomes one of doubles, if that can be exact."""
    if dtype.is_float():
        return dialect.carrier(dtype)
    if dtype.is_integer() or dtype.base_type() in {pl.Decimal, pl.Null}:
        return dialect.carrier(dtype, ColumnRule(type="double"))
    return Refusal("coordinates are integers, floats or decimals", "cast the column in SQL")


def _carrier(point: Point, schema: pl.Schema) -> Carrier:
    axes = {
        axis: how
        for axis, column in zip(_AXES[point.crs], point.columns, strict=True)
        if isinstance(how := _coordinate(schema[column]), Carrier)
    }

    def doubles(column: pl.Expr) -> pl.Expr:
        parts = (how.value(column.struct.field(axis)).alias(axis) for axis, how in axes.items())
        return pl.struct(parts)

    def value(column: pl.Expr) -> pl.Expr:
        whole = pl.all_horizontal(column.struct.field(axis).is_not_null() for axis in axes)
        return pl.when(whole).then(doubles(column))

    def spell(column: pl.Expr) -> pl.Expr:
        parts = [
            pl.concat_str(pl.lit(f"{axis}:"), spelled_floats(column.struct.field(axis)))
            for axis in axes
        ]
        return pl.concat_str(pl.lit("{"), pl.concat_str(parts, separator=","), pl.lit("}"))

    return Carrier(
        PropertyType("point", srid=SRID[point.crs]),
        value=value,
        spell=spell,
        native=False,
        rules=(*_inexact(axes), *(after(rule, doubles) for rule in _rules(tuple(axes)))),
    )


def _inexact(axes: Mapping[str, Carrier]) -> Iterator[Rule]:
    """Yield the rules of the coordinates' own types, as one."""
    rules = [(axis, rule) for axis, how in axes.items() for rule in how.rules]
    if rules:
        yield Rule(
            "coordinate-beyond-double",
            "points with a coordinate that a double does not bring back to the same digits",
            lambda c: pl.any_horizontal(rule.offends(c.struct.field(axis)) for axis, rule in rules),
        )


def _rules(axes: tuple[str, ...]) -> tuple[Rule, ...]:
    def some_missing(column: pl.Expr) -> pl.Expr:
        missing = [column.struct.field(axis).is_null() for axis in axes]
        return pl.any_horizontal(missing) & ~pl.all_horizontal(missing)

    def not_finite(column: pl.Expr) -> pl.Expr:
        return pl.any_horizontal(~column.struct.field(axis).is_finite() for axis in axes)

    def off_the_globe(column: pl.Expr) -> pl.Expr:
        return pl.any_horizontal(
            column.struct.field(axis).abs() > _LIMITS[axis] for axis in axes if axis in _LIMITS
        )

    def minus_zero(column: pl.Expr) -> pl.Expr:
        longitude = column.struct.field(axes[0])
        return (longitude == 0) & (1 / longitude < 0)

    rules = (
        Rule("half-a-point", "points that lack a coordinate", some_missing),
        Rule("coordinate-not-finite", "points with NaN or an infinite coordinate", not_finite),
    )
    if axes[0] not in _LIMITS:
        return rules
    beyond = "points beyond 180 degrees of longitude (which Neo4j wraps) or 90 of latitude"
    signed = "points with a longitude of -0.0, which Neo4j 2026 stores as 0.0"
    return (
        *rules,
        Rule("coordinate-out-of-range", beyond, off_the_globe),
        Rule("longitude-minus-zero", signed, minus_zero),
    )
