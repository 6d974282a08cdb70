"""What one pass over a table's rows measures: how many there are, how long, how spelled."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (records are read back by annotation)
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kgimport.targets import Field


_DELIMITER = ","  # one byte, like every delimiter between elements
# No cell that is not text takes more bytes than this: an instant with the longest zone's name
# takes 69. Quotes at most double a text.
_CELL_BYTES = 80


@dataclass(frozen=True, slots=True)
class Profile:
    """What one pass over a table's rows measures.

    `properties` counts the values that become properties, as the importer does. `longest_row` is
    an upper bound for one row in bytes, and `bytes` one for all rows. `unspelled` names the
    properties with values that Polars' own CSV writer does not spell as the importer reads them.
    """

    rows: int
    properties: int
    longest_row: int
    bytes: int
    unspelled: frozenset[str]

    @property
    def long_row(self) -> int:
        """Bytes of the longest row, but at most those of sixteen average rows."""
        return min(self.longest_row, 16 * (self.bytes // max(self.rows, 1) + 1))


def profile(fields: Sequence[Field]) -> list[pl.Expr]:
    """Return the aggregations over a table's rows that make up its `Profile`."""
    present = [_value(field).is_not_null().sum().cast(pl.Int64) for field in fields]
    size = pl.sum_horizontal(pl.lit(0, pl.Int64), *map(_size, fields))
    return [
        pl.len().alias("rows"),
        pl.sum_horizontal(pl.lit(0, pl.Int64), *present).alias("properties"),
        size.max().alias("longest_row"),
        size.sum().alias("bytes"),
        *(_unspelled(field) for field in fields if field.carrier.native_unless),
    ]


def profiled(fields: Sequence[Field], row: Mapping[str, int | None]) -> Profile:
    """Return the `Profile` from the row that the aggregations of `profile` give."""
    floats = (field.name for field in fields if field.carrier.native_unless)
    return Profile(
        rows=row["rows"] or 0,
        properties=row["properties"] or 0,
        longest_row=row["longest_row"] or 0,
        bytes=row["bytes"] or 0,
        unspelled=frozenset(name for name in floats if row[f"unspelled:{name}"]),
    )


def longest(fields: Sequence[Field]) -> list[pl.Expr]:
    """Return an aggregation for each field, under its name: the bytes of its longest cell."""
    return [_size(field).max().alias(field.name) for field in fields]


def _value(field: Field) -> pl.Expr:
    return field.carrier.value(pl.col(field.column))


def _unspelled(field: Field) -> pl.Expr:
    assert field.carrier.native_unless is not None  # noqa: S101  (the caller filters)
    return field.carrier.native_unless(_value(field)).sum().alias(f"unspelled:{field.name}")


def _size(field: Field) -> pl.Expr:
    """Return an upper bound for the bytes of a field's cell."""
    values = _value(field)
    made = field.carrier.type
    if made.is_text:
        return _text_size(values.list.join(_DELIMITER) if made.many else values)
    if made.kind == "bytes":
        return values.bin.size().fill_null(0).cast(pl.Int64) * len("-128,")
    if made.many:
        return values.list.len().fill_null(0).cast(pl.Int64) * _CELL_BYTES
    # A point has up to three coordinates in its cell.
    return pl.lit(3 * _CELL_BYTES, pl.Int64)


def _text_size(texts: pl.Expr) -> pl.Expr:
    return texts.str.len_bytes().fill_null(0).cast(pl.Int64) * 2
