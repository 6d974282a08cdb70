"""Policies of a rule that change what a value becomes, for stores that have fewer types."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport.properties import STRING, PropertyType
from kgimport.values.moments import PER_SECOND, iso_text
from kgimport.values.value import Refusal, Rule, Value, after

if TYPE_CHECKING:
    from kgimport.graph import ColumnRule

_IN_JSON = frozenset({"string", "null", "integer", "float", "boolean"})
_NO_JSON = Refusal(
    "only lists of texts, numbers and booleans become JSON", "cast the elements in SQL"
)
_WRAPPED = '{"":'  # what JSON has before the only field of a struct
_LEAST_MS = Rule(
    "duration-out-of-range",
    "durations of -2^63 milliseconds, which Polars cannot spell",
    lambda c: c.to_physical() == -(2**63),
)
_NOT_FINITE = Rule(
    "number-not-finite",
    "NaN or infinity, which JSON does not have",
    lambda c: c.list.eval(~pl.element().is_finite()).list.any(),
)


def single(made: Value, rule: ColumnRule) -> Value:
    """Return a single value as the policies for dates, times and durations make it."""
    if rule.zone == "utc" and made.type.kind == "zoned_datetime":
        made = _in_utc(made)
    if rule.fraction == "drop" and made.type.unit and made.type.is_moment:
        made = _whole_seconds(made, PER_SECOND[made.type.unit])
    if rule.temporal == "string" and (made.type.is_moment or made.type.kind == "duration"):
        made = _as_text(made)
    return made


def _in_utc(made: Value) -> Value:
    unit = made.type.unit or "us"
    return replace(
        made,
        type=PropertyType("instant", unit=unit),
        value=lambda c: made.value(c).to_physical().cast(pl.Datetime(unit)),
    )


def _whole_seconds(made: Value, per: int) -> Value:
    """Return moments without what is less than a second, towards the past."""

    def value(column: pl.Expr) -> pl.Expr:
        moments = made.value(column)
        ticks = moments.to_physical()
        return moments - (ticks % per).cast(pl.Duration(made.type.unit or "us"))

    return replace(made, value=value)


def _as_text(made: Value) -> Value:
    """Return moments and durations in ISO 8601; instants in UTC end in Z."""
    mark = pl.lit("Z") if made.type.kind == "instant" else pl.lit("")
    more = (
        (after(_LEAST_MS, made.value),) if made.type == PropertyType("duration", unit="ms") else ()
    )

    def value(column: pl.Expr) -> pl.Expr:
        return pl.concat_str(_spelled(made.value(column), made.type), mark)

    return replace(made, type=STRING, value=value, rules=(*made.rules, *more))


def _spelled(values: pl.Expr, made: PropertyType) -> pl.Expr:
    if made.kind == "date":
        return iso_text(values, pl.Date())
    if made.unit and made.is_moment:
        return iso_text(values, pl.Datetime(made.unit, made.zone))
    return values.dt.to_string("iso:strict")


def json_list(made: Value) -> Value | Refusal:
    """Return lists as JSON; null elements and empty lists are kept."""
    if made.type.kind not in _IN_JSON:
        return _NO_JSON
    finite = (after(_NOT_FINITE, made.value),) if made.type.kind == "float" else ()

    def value(column: pl.Expr) -> pl.Expr:
        lists = made.value(column)
        text = pl.struct(lists.alias("")).struct.json_encode()
        inside = text.str.slice(len(_WRAPPED), text.str.len_chars() - len(_WRAPPED) - 1)
        return pl.when(lists.is_not_null()).then(inside)

    return Value(STRING, value=value, rules=(*made.element_rules, *finite))
