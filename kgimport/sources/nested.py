"""The plain types and arrays inside lists and structs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    Unit = Literal["us", "ns"]


def arrays(array: pa.Array) -> Iterator[pa.Array]:
    """Yield the arrays of plain values that an array consists of, in order."""
    if pa.types.is_struct(array.type):
        for inner in array.flatten():
            yield from arrays(inner)
    elif pa.types.is_nested(array.type):
        yield from arrays(array.flatten())
    else:
        yield array


def types(dtype: pa.DataType) -> Iterator[pa.DataType]:
    """Yield the plain types that an Arrow type consists of, in order."""
    if pa.types.is_nested(dtype):
        for at in range(dtype.num_fields):
            yield from types(dtype.field(at).type)
    else:
        yield dtype


def leaves(dtype: pl.DataType) -> Iterator[pl.DataType]:
    """Yield the plain types that a Polars type consists of, in order."""
    if isinstance(dtype, pl.Struct):
        for inner in pl.Schema(dtype.to_schema()).values():
            yield from leaves(inner)
    elif isinstance(dtype, pl.List | pl.Array):
        yield from leaves(element(dtype))
    else:
        yield dtype


def element(dtype: pl.List | pl.Array) -> pl.DataType:
    """Return the type of a list's elements."""
    return pl.Schema({"": dtype.inner})[""]


def in_unit(dtype: pl.DataType, unit: Unit) -> pl.DataType:
    """Return the type with every timestamp in it in another unit."""
    if isinstance(dtype, pl.Datetime):
        return pl.Datetime(unit, dtype.time_zone)
    if isinstance(dtype, pl.Struct):
        fields = pl.Schema(dtype.to_schema()).items()
        return pl.Struct({name: in_unit(inner, unit) for name, inner in fields})
    return pl.List(in_unit(element(dtype), unit)) if isinstance(dtype, pl.List) else dtype
