"""What the values of a column become for any target, and which ones are refused.

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

# A placeholder in a refusal's reason for the name of the target's store.
STORE = "{store}"


@dataclass(frozen=True, slots=True)
class Rule:
    """Values that are refused: a short name, a description, and the predicate that finds them."""

    name: str
    sentence: str
    offends: Transform


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a type or a name cannot be carried, and what the user can do instead."""

    reason: str
    remedy: str

    def by(self, store: str) -> Refusal:
        """Return the refusal with the name of a store in its reason."""
        return replace(self, reason=self.reason.replace(STORE, store))


def same(column: pl.Expr) -> pl.Expr:
    """Return the values unchanged."""
    return column


def as_text(column: pl.Expr) -> pl.Expr:
    """Return the values as Polars spells them."""
    return column.cast(pl.String)


@dataclass(frozen=True, slots=True)
class Value:
    """What a column's values become: their type, how they are computed, and which are refused."""

    type: PropertyType
    # From a column to the values that the graph will hold, which are written and verified.
    value: Transform = same
    rules: tuple[Rule, ...] = ()
    # The value of a list's elements, and their rules turned into rules for lists.
    element: Value | None = None
    element_rules: tuple[Rule, ...] = ()


def after(rule: Rule, first: Transform) -> Rule:
    """Return the rule, applied to the result of `first` on a column."""
    return replace(rule, offends=lambda c: rule.offends(first(c)))


def value_after(value: Value, first: Transform) -> Value:
    """Return the value, computed from the result of `first` on a column."""
    return replace(
        value,
        value=lambda c: value.value(first(c)),
        rules=tuple(after(rule, first) for rule in value.rules),
        element_rules=tuple(after(rule, first) for rule in value.element_rules),
    )
