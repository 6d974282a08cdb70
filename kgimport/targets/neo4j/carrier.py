"""What the value contract is made of: carriers, the rules of what they cannot carry, refusals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport.targets.neo4j import headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.properties import PropertyType

    Spelling = Callable[[pl.Expr], pl.Expr]


@dataclass(frozen=True, slots=True)
class Rule:
    """Values that cannot be carried: a short name, the sentence about it, and who offends."""

    name: str
    sentence: str
    offends: Spelling


def same(column: pl.Expr) -> pl.Expr:
    """Return the values as they are."""
    return column


def as_text(column: pl.Expr) -> pl.Expr:
    """Return the values as Polars spells them."""
    return column.cast(pl.String)


@dataclass(frozen=True, slots=True)
class Carrier:
    """How one column travels into the store."""

    type: PropertyType
    # Column -> the values that the store will hold: what verification compares.
    value: Spelling = same
    # Those values -> the text of a cell.
    spell: Spelling = as_text
    # Polars' own writer of the format writes the values just so (and faster) …
    native: bool = True
    # … after this …
    write: Spelling = same
    # … unless one of them is like this.
    native_unless: Spelling | None = None
    # Whether a file that has types of its own says this one, so that the header cell need not.
    told_by_file: bool = False
    # How each element of a list travels.
    element: Carrier | None = None
    rules: tuple[Rule, ...] = ()

    @property
    def header(self) -> str:
        """The importer's type, as the header cell carries it."""
        return headers.header(self.type)

    @property
    def cypher(self) -> str:
        """The type as Cypher names it."""
        return headers.cypher(self.type)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a column type has no exact form in the store, and what the user may choose instead."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Field:
    """A column that becomes a property."""

    column: str
    name: str
    carrier: Carrier

    @property
    def header(self) -> str:
        """The header cell; the type is explicit, so that a name may hold colons."""
        return f"{self.name}:{self.carrier.header}"

    def header_of(self, *, native: bool) -> str:
        """Return the header cell over values as they are (or else over their texts)."""
        return self.name if native and self.carrier.told_by_file else self.header


def after(rule: Rule, first: Spelling) -> Rule:
    """Return the rule, asked of what `first` makes of a column."""
    return replace(rule, offends=lambda c: rule.offends(first(c)))
