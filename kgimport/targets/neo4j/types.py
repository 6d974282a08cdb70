"""The table of types: scalars, lists and structs, casts, and the fields of a whole table."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.errors import ValueRefusedError
from kgimport.graph import NO_RULE, ColumnRule
from kgimport.properties import STRING
from kgimport.targets.neo4j.carrier import Carrier, Field, Refusal, Rule, after, as_text
from kgimport.targets.neo4j.cells import ARRAY_DELIMITER
from kgimport.targets.neo4j.headers import is_list
from kgimport.targets.neo4j.names import (
    is_left_out,
    misnamed,
    told,
    unfit_name_column,
    unfit_names,
    unreadable,
)
from kgimport.targets.neo4j.scalars import FLOATS, INTEGERS, MOMENTS, SCALARS, TEXTS, moment_rules
from kgimport.targets.neo4j.texts import FROM_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kgimport.choices import Format
    from kgimport.graph import Table
    from kgimport.targets.neo4j.carrier import Spelling

EMPTY_LIST = Rule(
    "empty-list",
    "empty lists, which the importer turns into an absent property",
    lambda c: c.list.len() == 0,
)
NULL_IN_LIST = Rule(
    "null-in-list",
    "lists with a null element, which Neo4j cannot store",
    lambda c: c.list.eval(pl.element().is_null()).list.any(),
)


def _struct(dtype: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    if rule.struct != "json":
        return Refusal("Neo4j has no map property", "choose `struct: json` or `struct: flatten`")
    if strange := _without_form(dtype):
        return strange
    if _holds(dtype, pl.Binary):
        return Refusal("JSON has no bytes", "encode them in SQL, or choose `struct: flatten`")
    rules = tuple(_inside_struct(dtype))

    def value(column: pl.Expr) -> pl.Expr:
        # Without asking, a null struct would become the text `null`. What a list is rid of is gone;
        # what is only made null would still show Polars the dates over which it panics.
        one = pl.element()
        offending = (each.offends(one).fill_null(value=False) for each in rules)
        fine = pl.all_horizontal(one.is_not_null(), *(~bad for bad in offending))
        kept = pl.concat_list(column).list.filter(fine)
        return kept.list.eval(one.struct.json_encode()).list.first()

    return Carrier(STRING, value=value, rules=rules)


def _inside_struct(dtype: pl.DataType) -> Iterator[Rule]:
    """Yield what JSON does not have, and the rules of the moments somewhere in a struct."""
    if _holds(dtype, *FLOATS):
        yield Rule(
            "number-not-finite",
            "NaN or an infinity, which JSON does not have",
            lambda c: _anywhere(dtype, c, FLOATS, lambda _, part: ~part.is_finite()),
        )
    if _holds(dtype, *_COARSE):
        yield Rule(
            "duration-out-of-range",
            "durations of -2^63 milliseconds, which Polars cannot spell",
            lambda c: _anywhere(dtype, c, _COARSE, lambda _, part: part.to_physical() == -(2**63)),
        )
    for name, sentence in {
        rule.name: rule.sentence for moment in _moments(dtype) for rule in moment_rules(moment)
    }.items():
        yield Rule(name, sentence, partial(_anywhere_by, name, dtype))


_COARSE = (pl.Duration("ms"),)


def _moments(dtype: pl.DataType) -> Iterator[pl.DataType]:
    if dtype in MOMENTS:
        yield dtype
    for inner in _inner(dtype).values():
        yield from _moments(inner)


def _anywhere_by(name: str, dtype: pl.DataType, column: pl.Expr) -> pl.Expr:
    """Whether a moment somewhere in nested values offends against the rule of that name."""

    def offends(moment: pl.DataType, part: pl.Expr) -> pl.Expr:
        named = (rule.offends(part) for rule in moment_rules(moment) if rule.name == name)
        return next(named, pl.lit(value=False))

    return _anywhere(dtype, column, MOMENTS, offends)


def _without_form(dtype: pl.DataType) -> Refusal | None:
    """Return the refusal of a type that has, or holds, what is in no table."""
    if dtype.base_type() not in _CARRIERS:
        return Refusal(f"{dtype} has no form in Neo4j", "cast it in SQL, or choose `skip: true`")
    return next(filter(None, map(_without_form, _inner(dtype).values())), None)


def _inner(dtype: pl.DataType) -> dict[str, pl.DataType]:
    """Return the types within a type, by the names of a struct's fields.

    "" for a list's element.
    """
    if isinstance(dtype, pl.Struct):
        return dict(pl.Schema(dtype.to_schema()))
    return dict(pl.Schema({"": dtype.inner})) if isinstance(dtype, pl.List | pl.Array) else {}


def _holds(dtype: pl.DataType, *wanted: Any) -> bool:
    return dtype in wanted or any(_holds(inner, *wanted) for inner in _inner(dtype).values())


def _anywhere(
    dtype: pl.DataType,
    column: pl.Expr,
    kinds: tuple[Any, ...],
    offends: Callable[[pl.DataType, pl.Expr], pl.Expr],
) -> pl.Expr:
    """Whether a value of one of these kinds, somewhere in nested values, offends."""
    if dtype in kinds:
        return offends(dtype, column)
    inside = {name: inner for name, inner in _inner(dtype).items() if _holds(inner, *kinds)}
    if "" in inside and not isinstance(dtype, pl.Struct):
        lists = column.cast(pl.List(inside[""]))
        return lists.list.eval(_anywhere(inside[""], pl.element(), kinds, offends)).list.any()
    return pl.any_horizontal(
        _anywhere(inner, _part(dtype, column, name), kinds, offends)
        for name, inner in inside.items()
    )


def _part(dtype: pl.DataType, column: pl.Expr, name: str) -> pl.Expr:
    """Return a struct's field by its position: Polars takes some names for patterns."""
    names = list(_inner(dtype))
    numbers = [str(at) for at in range(len(names))]
    return column.struct.rename_fields(numbers).struct.field(numbers[names.index(name)])


def _list(dtype: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    assert isinstance(dtype, pl.List | pl.Array)  # noqa: S101  (the table below dispatches on it)
    item = pl.Schema({"item": dtype.inner})["item"]
    inner = pl.List(item)
    element = carrier(item, replace(rule, type=None))
    if isinstance(element, Refusal):
        return element
    if is_list(element.type):
        return Refusal("Neo4j has no list of lists", "unnest it in SQL")

    def value(column: pl.Expr) -> pl.Expr:
        lists = column.cast(inner)
        if rule.null_in_list == "drop":
            lists = lists.list.drop_nulls()
        lists = lists.list.eval(element.value(pl.element()))
        if rule.empty_list == "null":
            lists = pl.when(lists.list.len() > 0).then(lists)
        return lists

    def spell(column: pl.Expr) -> pl.Expr:
        return column.list.eval(element.spell(pl.element())).list.join(ARRAY_DELIMITER)

    made = replace(element.type, many=True)
    rules = tuple(_inside_list(inner, rule, element))
    return Carrier(made, value=value, spell=spell, native=False, element=element, rules=rules)


def _inside_list(inner: pl.List, rule: ColumnRule, element: Carrier) -> Iterable[Rule]:
    def kept(column: pl.Expr) -> pl.Expr:
        lists = column.cast(inner)
        return lists.list.drop_nulls() if rule.null_in_list == "drop" else lists

    if rule.empty_list == "refuse":
        yield after(EMPTY_LIST, kept)
    if rule.null_in_list == "refuse":
        yield after(NULL_IN_LIST, kept)
    if element.type.is_text:
        texts = _of_elements(element.value, kept)
        yield after(DELIMITER_INSIDE, texts)
        yield after(LONE_EMPTY_STRING, texts)
    for each in element.rules:
        yield replace(each, offends=_any_element(each, kept))


def _of_elements(value: Spelling, kept: Spelling) -> Spelling:
    return lambda c: kept(c).list.eval(value(pl.element()))


def _any_element(rule: Rule, kept: Spelling) -> Spelling:
    return lambda c: kept(c).list.eval(rule.offends(pl.element())).list.any()


DELIMITER_INSIDE = Rule(
    "array-delimiter-in-element",
    "list elements that hold U+001F, the delimiter between elements",
    lambda c: c.list.eval(
        pl.element().str.contains(ARRAY_DELIMITER, literal=True).fill_null(value=False)
    ).list.any(),
)
LONE_EMPTY_STRING = Rule(
    "lone-empty-string",
    "lists of one empty string, which the importer turns into an absent property",
    lambda c: (c.list.len() == 1) & (c.list.first() == ""),
)


# For every Polars type, how it travels.
_CARRIERS: dict[Any, Callable[[pl.DataType, ColumnRule], Carrier | Refusal]] = {
    **SCALARS,
    **dict.fromkeys((pl.List, pl.Array), _list),
    pl.Struct: _struct,
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
# What `type:` can be given to: only where every value comes back from what it has become.
_CASTABLE: dict[str, tuple[Any, ...]] = {
    "string": _NUMBERS,
    "long": (*_NUMBERS, pl.Boolean),
    "double": _NUMBERS,
    "boolean": (*INTEGERS, *TEXTS, pl.Boolean, pl.Null),
    **dict.fromkeys(("date", "localdatetime"), (pl.Date, pl.Datetime, *TEXTS, pl.Null)),
}


def carrier(dtype: pl.DataType, rule: ColumnRule = NO_RULE) -> Carrier | Refusal:
    """How a column of this type travels under the rule declared for it, or why it does not."""
    if rule.type is not None:
        return _cast(dtype, rule)
    return _without_form(dtype) or _CARRIERS[dtype.base_type()](dtype, rule)


def _cast(dtype: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    assert rule.type is not None  # noqa: S101  (the caller looked)
    target = _CASTS[rule.type]
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    if dtype.base_type() not in _CASTABLE[rule.type] or zone is not None:
        return Refusal(f"{dtype} cannot be cast to {rule.type}", "cast it in SQL, or drop `type:`")
    if isinstance(dtype, pl.Decimal) and rule.type == "double":
        return carrier(dtype, replace(rule, type=None, decimal="double"))
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
        # As text, for -0.0 equals 0.0.
        return (
            as_text(back).ne_missing(as_text(before))
            if dtype.is_float()
            else back.ne_missing(before)
        )

    lossy = Rule("lossy-cast", f"values that `type: {rule.type}` would change", changed)
    plain = carrier(target, replace(rule, type=None))
    if isinstance(plain, Refusal):
        return plain
    rules = (lossy, *(after(each, cast) for each in plain.rules))
    return replace(plain, value=lambda c: plain.value(cast(c)), rules=rules)


def fields(table: Table, schema: pl.Schema, form: Format = "csv") -> tuple[Field, ...]:
    """Return the columns of `schema` that become properties, in their order, as CSV carries them.

    Their names are those that a header for files of that format can hold.

    Raises `ValueRefusedError` that names every column whose type has no exact form.
    """
    made, refused = [], [*unfit_names(table, form), *unfit_name_column(table, schema)]
    for column, dtype in schema.items():
        for name, how in _carriers_of(table, column, dtype, form):
            if isinstance(how, Refusal):
                refused.append(told(table, name, str(dtype), how))
            else:
                made.append(Field(column, name, how))
    refuse(refused)
    return tuple(made)


def refuse(columns: Sequence[str]) -> None:
    """Raise the error that these lines about columns are together; none is no error."""
    if columns:
        raise ValueRefusedError(
            "these columns cannot be carried exactly:\n  " + "\n  ".join(columns),
            "set the policy under the column's config.meta.kgimport, or `skip: true`",
        )


def _carriers_of(
    table: Table, column: str, dtype: pl.DataType, form: Format
) -> Iterator[tuple[str, Carrier | Refusal]]:
    if refusal := unreadable(column):
        if not is_left_out(table, column):
            yield column, refusal
    elif table.is_property(column):
        for name, how in _carriers(table.property_name(column), dtype, table.rule(column)):
            yield name, misnamed(table, column, name, form) or how


def _carriers(
    name: str, dtype: pl.DataType, rule: ColumnRule
) -> Iterator[tuple[str, Carrier | Refusal]]:
    """One carrier for a column, or one for each field of a struct that is to be flattened."""
    if not isinstance(dtype, pl.Struct) or rule.struct != "flatten":
        yield name, carrier(dtype, rule)
        return
    for field, inner in _inner(dtype).items():
        for path, how in _carriers(f"{name}.{field}", inner, rule):
            yield path, how if isinstance(how, Refusal) else _within(how, dtype, field)


def _within(how: Carrier, dtype: pl.Struct, field: str) -> Carrier:
    """Return the carrier of a struct's field, for the struct's column."""

    def inside(column: pl.Expr) -> pl.Expr:
        return _part(dtype, column, field)

    rules = tuple(after(rule, inside) for rule in how.rules)
    return replace(how, value=lambda c: how.value(inside(c)), rules=rules)
