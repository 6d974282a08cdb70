"""What one pass over a table's rows says about them: how many, how long, how spelled."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (records are read back by annotation)
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kgimport.targets import Field


@dataclass(frozen=True, slots=True)
class Profile:
    """What one pass over a table's rows says about them.

    `properties` counts the values that become properties, as the importer does; `longest_row` is
    an upper bound in bytes, and `bytes` one for all rows; `unspelled` names the properties with
    values that Polars' own CSV writer does not spell as the importer reads them.
    """

    rows: int
    properties: int
    longest_row: int
    bytes: int
    unspelled: frozenset[str]

    @property
    def long_row(self) -> int:
        """Bytes of the longest row, or of sixteen usual ones where that alone is so long."""
        return min(self.longest_row, 16 * (self.bytes // max(self.rows, 1) + 1))


_DELIMITER = ","  # as every delimiter between elements, one byte
# No cell that is not text takes more bytes than this: an instant with the longest zone's name
# takes 69. Quotes at most double a text.
_CELL_BYTES = 80


def profile(fields: Sequence[Field]) -> list[pl.Expr]:
    """Return the aggregations that, selected from a table's rows, give its `Profile`."""
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
    """Read the row that the aggregations of `profile` have become."""
    floats = (field.name for field in fields if field.carrier.native_unless)
    return Profile(
        rows=row["rows"] or 0,
        properties=row["properties"] or 0,
        longest_row=row["longest_row"] or 0,
        bytes=row["bytes"] or 0,
        unspelled=frozenset(name for name in floats if row[f"unspelled:{name}"]),
    )


def longest(fields: Sequence[Field]) -> list[pl.Expr]:
    """Return the aggregations that give, under each field's name, the bytes of its longest cell."""
    return [_size(field).max().alias(field.name) for field in fields]


def _value(field: Field) -> pl.Expr:
    return field.carrier.value(pl.col(field.column))


def _unspelled(field: Field) -> pl.Expr:
    assert field.carrier.native_unless is not None  # noqa: S101  (the caller filters)
    return field.carrier.native_unless(_value(field)).sum().alias(f"unspelled:{field.name}")


def _size(field: Field) -> pl.Expr:
    """How many bytes a field's cell takes at most."""
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
