"""Points: two or three columns of coordinates that become one property.

The coordinates travel as one struct column beside the table's own, so that a point is checked,
written and compared as any other value is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport.dialect import Carrier, Field, Rule, spelled_floats

if TYPE_CHECKING:
    from kgimport.graph import Point, Table

# The names of the coordinates as the importer reads them, by coordinate reference system.
_AXES = {
    "wgs-84": ("longitude", "latitude"),
    "wgs-84-3d": ("longitude", "latitude", "height"),
    "cartesian": ("x", "y"),
    "cartesian-3d": ("x", "y", "z"),
}
SRID = {"wgs-84": 4326, "wgs-84-3d": 4979, "cartesian": 7203, "cartesian-3d": 9157}
_LIMITS = {"longitude": 180, "latitude": 90}


def attach(frame: pl.LazyFrame, table: Table) -> pl.LazyFrame:
    """The rows with a struct column for each of the table's points."""
    structs = (
        pl.struct(
            pl.col(column).cast(pl.Float64).alias(axis)
            for axis, column in zip(_AXES[point.crs], point.columns, strict=True)
        ).alias(_column(point))
        for point in table.points
    )
    return frame.with_columns(*structs)


def columns(table: Table) -> tuple[str, ...]:
    """The columns that `attach` adds."""
    return tuple(_column(point) for point in table.points)


def fields(table: Table) -> tuple[Field, ...]:
    """The properties that the table's points become."""
    return tuple(Field(_column(point), point.property, _carrier(point)) for point in table.points)


def axes(field: Field) -> int:
    """How many coordinates the points of a property have; 0 where its values are no points."""
    found = (len(_AXES[crs]) for crs, srid in SRID.items() if f"srid:{srid}" in field.carrier.header)
    return next(found, 0) if field.carrier.cypher == "POINT" else 0


def _column(point: Point) -> str:
    return f"__point_{point.property}__"


def _carrier(point: Point) -> Carrier:
    axes = _AXES[point.crs]

    def value(column: pl.Expr) -> pl.Expr:
        whole = pl.all_horizontal(column.struct.field(axis).is_not_null() for axis in axes)
        return pl.when(whole).then(column)

    def spell(column: pl.Expr) -> pl.Expr:
        parts = [
            pl.concat_str(pl.lit(f"{axis}:"), spelled_floats(column.struct.field(axis)))
            for axis in axes
        ]
        return pl.concat_str(pl.lit("{"), pl.concat_str(parts, separator=","), pl.lit("}"))

    return Carrier(
        f"point{{srid:{SRID[point.crs]}}}",
        "POINT",
        value=value,
        spell=spell,
        native=False,
        rules=_rules(axes),
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
