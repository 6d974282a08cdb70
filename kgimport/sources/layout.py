"""Decide how Polars must read a table whose files have some shapes, or why it must not: pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from kgimport.errors import SourceError, ValueRefusedError
from kgimport.sources.nested import element, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kgimport.sources.footers import Column, Shape

    Carry = Callable[[pl.Expr], pl.Expr]

_FLOATS: list[pl.DataType] = [pl.Float16(), pl.Float32(), pl.Float64()]
_SIGNED: list[pl.DataType] = [pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.Int128()]
_UNSIGNED: list[pl.DataType] = [pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64(), pl.UInt128()]
_TEXTS = {"JSON", "ENUM"}
# Where the groups of a UUID's digits begin, and how many there are in each.
_GROUPS = ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))


@dataclass(frozen=True, slots=True)
class Layout:
    """The schema with which Polars reads a table's files, and how some columns are converted."""

    schema: pl.Schema
    # The columns of 12-byte timestamps, whose unit depends on their values.
    int96: tuple[str, ...]
    carried: Mapping[str, Carry]


def unified(table: str, shapes: Sequence[Shape], is_used: Callable[[str], bool]) -> Layout:
    """Return one layout for all shapes of a table.

    Numbers of one kind are read as the widest type in any file. Raises `SourceError` if the files
    differ otherwise, `ValueRefusedError` for a column in use whose values Polars would change.
    """
    _must_have_the_same_columns(table, shapes)
    columns = {name: _one(table, name, shapes) for name in shapes[0].columns}
    used = {name: column for name, column in columns.items() if is_used(name)}
    _must_be_carried(table, used)
    return Layout(
        pl.Schema({name: column.dtype for name, column in columns.items()}),
        tuple(name for name, column in columns.items() if "INT96" in column.marks),
        {name: carry for name, column in columns.items() if (carry := _carry(column))},
    )


def _must_have_the_same_columns(table: str, shapes: Sequence[Shape]) -> None:
    first, *others = shapes
    for other in others:
        for one, two in ((first, other), (other, first)):
            if lacking := [name for name in one.columns if name not in two.columns]:
                raise _differ(table, f"{one.file} has {', '.join(lacking)}, {two.file} does not")


def _differ(table: str, how: str) -> SourceError:
    return SourceError(
        f"the files of table {table} differ: {how}",
        "write them with the same columns and types, or remove those of an older schema",
    )


def _one(table: str, name: str, shapes: Sequence[Shape]) -> Column:
    """Return the column as it is read from all files, with the widest of their types."""
    files = {shape.columns[name]: shape.file for shape in reversed(shapes)}
    columns = sorted(files, key=lambda column: files[column])
    whole = [each for each in columns if each.dtype != pl.Null] or columns
    for one, two in combinations(whole, 2):
        if not _agree(one, two):
            raise _differ(table, f"{name} is {one} in {files[one]}, but {two} in {files[two]}")
    dtype = _widest([each.dtype for each in whole])
    assert dtype is not None  # noqa: S101  (every two of them have a common type)
    return replace(whole[0], dtype=dtype)


def _agree(one: Column, two: Column) -> bool:
    dtype = _widest([one.dtype, two.dtype])
    return dtype is not None and (one.marks == two.marks or dtype.is_numeric())


def _widest(dtypes: Sequence[pl.DataType]) -> pl.DataType | None:
    """Return the type that holds all values of some types exactly, or None.

    Different types have one only if they are all integers or all floats.
    """
    if len(set(dtypes)) == 1:
        return dtypes[0]
    for kinds in (_FLOATS, _UNSIGNED, _SIGNED):
        if all(dtype in kinds for dtype in dtypes):
            return max(dtypes, key=kinds.index)
    if all(dtype in (*_SIGNED, *_UNSIGNED) for dtype in dtypes):
        return _signed(dtypes)
    return None


def _signed(dtypes: Sequence[pl.DataType]) -> pl.DataType | None:
    """Return the signed type that holds all, twice as wide as the unsigned ones; None if none."""
    wide = [
        _SIGNED.index(each) if each in _SIGNED else _UNSIGNED.index(each) + 1 for each in dtypes
    ]
    return _SIGNED[max(wide)] if max(wide) < len(_SIGNED) else None


def _must_be_carried(table: str, columns: Mapping[str, Column]) -> None:
    refused = [
        f"{table}.{name} ({column}): {why}"
        for name, column in columns.items()
        for why in _refusals(column)
    ]
    if refused:
        raise ValueRefusedError(
            "these columns cannot be imported exactly:\n  " + "\n  ".join(refused),
            "change them in dbt, or set `skip: true` under the column's config.meta.kgimport",
        )


def _refusals(column: Column) -> Iterator[str]:
    """Yield why Polars would change a column's values, each with what to do."""
    marks = column.marks
    if "TIMETZ" in marks:
        yield "a local time cannot state that it is in UTC; cast it to TIME, or to text, in SQL"
    if "TIMEDELTA" in marks:
        yield "pandas wrote durations as times of day; write them as numbers"
    if "DATE64" in marks:
        yield "its dates are milliseconds, which may be within a day; write them as date32"
    if len(marks) > 1 and marks.count("DATE") > _count(column.dtype, pl.Date):
        yield "dates within it would be read as timestamps; write them as date32"
    if "INT96" in marks and marks.count("INT96") != _count(column.dtype, pl.Datetime):
        yield "it holds both INT96 and other timestamps; write all of them in microseconds"


def _count(dtype: pl.DataType, kind: type[pl.DataType]) -> int:
    """Return how many leaves of a type are of a kind."""
    return sum(isinstance(each, kind) for each in leaves(dtype))


def _carry(column: Column) -> Carry | None:
    """Return how to convert a column whose one leaf has another type in Parquet than in Polars.

    None if it needs no conversion.
    """
    if len(column.marks) != 1 or _holds_struct(column.dtype):
        return None
    (leaf,) = leaves(column.dtype)
    (mark,) = column.marks
    if mark == "DATE" and isinstance(leaf, pl.Datetime):
        how: Carry = _date
    elif mark == "UUID" and leaf == pl.Binary:
        how = _uuid
    elif mark in _TEXTS and leaf == pl.Binary:
        how = _text
    elif mark in _TEXTS and isinstance(leaf, pl.BaseExtension):
        how = _stored
    else:
        return None
    return _inside(column.dtype, how)


def _holds_struct(dtype: pl.DataType) -> bool:
    """Return whether a type holds a struct, whose fields are read as they are."""
    if isinstance(dtype, pl.List | pl.Array):
        return _holds_struct(element(dtype))
    return isinstance(dtype, pl.Struct)


def _inside(dtype: pl.DataType, how: Carry) -> Carry:
    if not isinstance(dtype, pl.List):
        return how
    inner = _inside(element(dtype), how)
    return lambda c: c.list.eval(inner(pl.element()))


def _date(column: pl.Expr) -> pl.Expr:
    return column.cast(pl.Date)


def _text(column: pl.Expr) -> pl.Expr:
    return column.cast(pl.String)


def _stored(column: pl.Expr) -> pl.Expr:
    return column.ext.storage()


def _uuid(column: pl.Expr) -> pl.Expr:
    """Return UUIDs of 16 bytes as their usual text of 36 characters."""
    digits = column.bin.encode("hex")
    parts = [digits.str.slice(at, size) for at, size in _GROUPS]
    return pl.concat_str(parts, separator="-")
