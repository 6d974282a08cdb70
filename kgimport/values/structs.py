"""Structs and the types nested in them: as JSON, or flattened into a value for each field."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.properties import STRING
from kgimport.values.moments import MOMENTS, moment_rules
from kgimport.values.scalars import FLOATS
from kgimport.values.value import STORE, Refusal, Rule, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kgimport.graph import ColumnRule

_COARSE = (pl.Duration("ms"),)


def struct_value(dtype: pl.DataType, rule: ColumnRule) -> Value | Refusal:
    """Return the value of structs as JSON, or a refusal if JSON is not chosen or not possible."""
    if rule.struct != "json":
        return Refusal(f"{STORE} has no map property", "choose `struct: json` or `struct: flatten`")
    if holds(dtype, pl.Binary):
        return Refusal(
            "JSON has no type for bytes", "encode them in SQL, or choose `struct: flatten`"
        )
    rules = tuple(_inside_struct(dtype))

    def value(column: pl.Expr) -> pl.Expr:
        # A null struct would become the text `null`. Offending ones are filtered out of a list:
        # if they were only made null, Polars would still look at the dates, and panic.
        one = pl.element()
        offending = (each.offends(one).fill_null(value=False) for each in rules)
        fine = pl.all_horizontal(one.is_not_null(), *(~bad for bad in offending))
        kept = pl.concat_list(column).list.filter(fine)
        return kept.list.eval(one.struct.json_encode()).list.first()

    return Value(STRING, value=value, rules=rules)


def _inside_struct(dtype: pl.DataType) -> Iterator[Rule]:
    """Yield the rules for what JSON does not have, and those of the moments in a struct."""
    if holds(dtype, *FLOATS):
        yield Rule(
            "number-not-finite",
            "NaN or infinity, which JSON does not have",
            lambda c: _anywhere(dtype, c, FLOATS, lambda _, part: ~part.is_finite()),
        )
    if holds(dtype, *_COARSE):
        yield Rule(
            "duration-out-of-range",
            "durations of -2^63 milliseconds, which Polars cannot spell",
            lambda c: _anywhere(dtype, c, _COARSE, lambda _, part: part.to_physical() == -(2**63)),
        )
    for name, sentence in {
        rule.name: rule.sentence for moment in _moments(dtype) for rule in moment_rules(moment)
    }.items():
        yield Rule(name, sentence, partial(_anywhere_by, name, dtype))


def _moments(dtype: pl.DataType) -> Iterator[pl.DataType]:
    if dtype in MOMENTS:
        yield dtype
    for within in inner(dtype).values():
        yield from _moments(within)


def _anywhere_by(name: str, dtype: pl.DataType, column: pl.Expr) -> pl.Expr:
    """Return whether a moment somewhere in nested values breaks the rule of that name."""

    def offends(moment: pl.DataType, part: pl.Expr) -> pl.Expr:
        named = (rule.offends(part) for rule in moment_rules(moment) if rule.name == name)
        return next(named, pl.lit(value=False))

    return _anywhere(dtype, column, MOMENTS, offends)


def inner(dtype: pl.DataType) -> dict[str, pl.DataType]:
    """Return the types nested in a type: by a struct's field names, or a list's element by ""."""
    if isinstance(dtype, pl.Struct):
        return dict(pl.Schema(dtype.to_schema()))
    return dict(pl.Schema({"": dtype.inner})) if isinstance(dtype, pl.List | pl.Array) else {}


def holds(dtype: pl.DataType, *wanted: Any) -> bool:
    """Whether a type is, or contains, one of the `wanted` types."""
    return dtype in wanted or any(holds(within, *wanted) for within in inner(dtype).values())


def _anywhere(
    dtype: pl.DataType,
    column: pl.Expr,
    kinds: tuple[Any, ...],
    offends: Callable[[pl.DataType, pl.Expr], pl.Expr],
) -> pl.Expr:
    """Return whether a value of one of these types, somewhere in nested values, offends."""
    if dtype in kinds:
        return offends(dtype, column)
    inside = {name: within for name, within in inner(dtype).items() if holds(within, *kinds)}
    if "" in inside and not isinstance(dtype, pl.Struct):
        lists = column.cast(pl.List(inside[""]))
        return lists.list.eval(_anywhere(inside[""], pl.element(), kinds, offends)).list.any()
    return pl.any_horizontal(
        _anywhere(within, part(dtype, column, name), kinds, offends)
        for name, within in inside.items()
    )


def part(dtype: pl.DataType, column: pl.Expr, name: str) -> pl.Expr:
    """Return a struct's field, found by position: Polars reads some names as patterns."""
    names = list(inner(dtype))
    numbers = [str(at) for at in range(len(names))]
    return column.struct.rename_fields(numbers).struct.field(numbers[names.index(name)])
