"""The table of types: what the values of each Polars type become, with and without a cast."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.graph import NO_RULE, ColumnRule
from kgimport.values.policies import json_list, single
from kgimport.values.scalars import FLOATS, INTEGERS, SCALARS, TEXTS
from kgimport.values.structs import inner, part, struct_value
from kgimport.values.texts import FROM_TEXT
from kgimport.values.value import STORE, Refusal, Rule, Value, after, as_text, value_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kgimport.values.value import Transform

EMPTY_LIST = Rule("empty-list", "empty lists", lambda c: c.list.len() == 0)
NULL_IN_LIST = Rule(
    "null-in-list",
    "lists with a null element",
    lambda c: c.list.eval(pl.element().is_null()).list.any(),
)
NO_LIST_OF_LISTS = Refusal(f"{STORE} has no list of lists", "unnest it in SQL")


def _list(dtype: pl.DataType, rule: ColumnRule) -> Value | Refusal:
    assert isinstance(dtype, pl.List | pl.Array)  # noqa: S101  (the table below dispatches on it)
    item = pl.Schema({"item": dtype.inner})["item"]
    element = value_of(item, replace(rule, type=None))
    if isinstance(element, Refusal):
        return element
    if element.type.many:
        return NO_LIST_OF_LISTS

    def kept(column: pl.Expr) -> pl.Expr:
        lists = column.cast(pl.List(item))
        return lists.list.drop_nulls() if rule.null_in_list == "drop" else lists

    def value(column: pl.Expr) -> pl.Expr:
        lists = kept(column).list.eval(element.value(pl.element()))
        if rule.empty_list == "null":
            lists = pl.when(lists.list.len() > 0).then(lists)
        return lists

    return Value(
        replace(element.type, many=True),
        value,
        rules=tuple(after(each, kept) for each in _list_rules(rule)),
        element=element,
        element_rules=tuple(
            replace(each, offends=_any_element(each, kept)) for each in element.rules
        ),
    )


def _list_rules(rule: ColumnRule) -> Iterator[Rule]:
    if rule.empty_list == "refuse":
        yield EMPTY_LIST
    if rule.null_in_list == "refuse":
        yield NULL_IN_LIST


def _any_element(rule: Rule, kept: Transform) -> Transform:
    return lambda c: kept(c).list.eval(rule.offends(pl.element())).list.any()


# For every Polars type, the function that returns its value or refusal.
TYPES: dict[Any, Callable[[pl.DataType, ColumnRule], Value | Refusal]] = {
    **SCALARS,
    **dict.fromkeys((pl.List, pl.Array), _list),
    pl.Struct: struct_value,
}
_CASTS: dict[str, pl.DataType] = {
    "string": pl.String(),
    "long": pl.Int64(),
    "double": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "localdatetime": pl.Datetime("us"),
}
_NUMBERS = (*INTEGERS, *FLOATS, pl.Decimal, *TEXTS, pl.Null)
# The types that each `type:` can cast: those for which casting back shows any loss.
CASTABLE: dict[str, tuple[Any, ...]] = {
    "string": _NUMBERS,
    "long": (*_NUMBERS, pl.Boolean),
    "double": _NUMBERS,
    "boolean": (*INTEGERS, *TEXTS, pl.Boolean, pl.Null),
    **dict.fromkeys(("date", "localdatetime"), (pl.Date, pl.Datetime, *TEXTS, pl.Null)),
}


def value_of(dtype: pl.DataType, rule: ColumnRule = NO_RULE) -> Value | Refusal:
    """Return what the values of a type become under a column's rule, or why they are refused."""
    if rule.type is not None:
        return _cast(dtype, rule)
    made = _without_form(dtype) or TYPES[dtype.base_type()](dtype, rule)
    if isinstance(made, Refusal):
        return made
    if not made.type.many:
        return single(made, rule)
    return json_list(made) if rule.list == "json" else made


def _without_form(dtype: pl.DataType) -> Refusal | None:
    """Return the refusal of a type that is not in the table, or contains such a type; else None."""
    if dtype.base_type() not in TYPES:
        return Refusal(f"{STORE} has no type for {dtype}", "cast it in SQL, or choose `skip: true`")
    return next(filter(None, map(_without_form, inner(dtype).values())), None)


def _cast(dtype: pl.DataType, rule: ColumnRule) -> Value | Refusal:
    assert rule.type is not None  # noqa: S101  (the caller looked)
    target = _CASTS[rule.type]
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    if dtype.base_type() not in CASTABLE[rule.type] or zone is not None:
        return Refusal(
            f"{dtype} cannot be cast to {rule.type}", "cast it in SQL, or remove `type:`"
        )
    if isinstance(dtype, pl.Decimal) and rule.type == "double":
        double = replace(rule, type=None, decimal="double", whole_as_integer=False)
        return value_of(dtype, double)
    source = pl.String() if dtype.base_type() in TEXTS else dtype
    text = FROM_TEXT.get(rule.type) if source == pl.String else None

    def cast(column: pl.Expr) -> pl.Expr:
        before = column.cast(source)
        return before.cast(target, strict=False) if text is None else text.read(before)

    def changed(column: pl.Expr) -> pl.Expr:
        before = column.cast(source)
        if text is not None:
            return text.spell(cast(column)).ne_missing(text.plain(before))
        back = cast(column).cast(source, strict=False)
        # As text, because -0.0 equals 0.0.
        return (
            as_text(back).ne_missing(as_text(before))
            if dtype.is_float()
            else back.ne_missing(before)
        )

    lossy = Rule("lossy-cast", f"values that `type: {rule.type}` would change", changed)
    plain = value_of(target, replace(rule, type=None))
    if isinstance(plain, Refusal):
        return plain
    made = value_after(plain, cast)
    return replace(made, rules=(lossy, *made.rules))


def named_values(
    name: str, dtype: pl.DataType, rule: ColumnRule
) -> Iterator[tuple[str, Value | Refusal]]:
    """Yield a column's property name and value, or those of the fields of a flattened struct."""
    if not isinstance(dtype, pl.Struct) or rule.struct != "flatten":
        yield name, value_of(dtype, rule)
        return
    for field, within in inner(dtype).items():
        for path, how in named_values(f"{name}.{field}", within, rule):
            yield path, how if isinstance(how, Refusal) else _of_field(how, dtype, field)


def _of_field(how: Value, dtype: pl.Struct, field: str) -> Value:
    """Return the value of a struct's field, computed from the struct's column."""
    return value_after(how, lambda c: part(dtype, c, field))
