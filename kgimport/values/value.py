"""What the values of a column are, whichever target they travel to; and which of them are refused.

Nothing here knows a target, a file or a spelling.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.properties import PropertyType

    Transform = Callable[[pl.Expr], pl.Expr]

# Stands in a refusal's reason for the name of the store that the values are meant for.
STORE = "{store}"


@dataclass(frozen=True, slots=True)
class Rule:
    """Values that are refused: a short name, what they are in words, and which ones they are."""

    name: str
    sentence: str
    offends: Transform


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing of a type, or of a name, can be carried, and what the user may choose instead."""

    reason: str
    remedy: str

    def by(self, store: str) -> Refusal:
        """Return the refusal in the name of a store."""
        return replace(self, reason=self.reason.replace(STORE, store))


def same(column: pl.Expr) -> pl.Expr:
    """Return the values as they are."""
    return column


def as_text(column: pl.Expr) -> pl.Expr:
    """Return the values as Polars spells them."""
    return column.cast(pl.String)


@dataclass(frozen=True, slots=True)
class Value:
    """What a column's values are: their type, how they are computed, and which are refused."""

    type: PropertyType
    # Column -> the values that the graph will hold: what is written, and what is verified.
    value: Transform = same
    rules: tuple[Rule, ...] = ()
    # What each element of a list is, and the rules about elements, as rules about lists.
    element: Value | None = None
    element_rules: tuple[Rule, ...] = ()


def after(rule: Rule, first: Transform) -> Rule:
    """Return the rule, applied to what `first` makes of a column."""
    return replace(rule, offends=lambda c: rule.offends(first(c)))


def value_after(value: Value, first: Transform) -> Value:
    """Return the value of what `first` makes of a column."""
    return replace(
        value,
        value=lambda c: value.value(first(c)),
        rules=tuple(after(rule, first) for rule in value.rules),
        element_rules=tuple(after(rule, first) for rule in value.element_rules),
    )
