"""The second carrier: how the values that CSV spells travel in Parquet instead.

The importer takes most of them as they are. What it does not (found by running 5.26.30 and
2026.08.1): an empty string becomes an absent property; a timestamp before 1970 with a fraction of
a second stops the import.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport.targets.neo4j.carrier import Rule, after, same

if TYPE_CHECKING:
    from kgimport.targets.neo4j.carrier import Carrier, Field, Spelling

EMPTY_STRING = Rule(
    "empty-string",
    "empty strings, which the importer drops where it reads Parquet (--format csv carries them)",
    lambda c: c == "",
)
# Neo4j 5 loses them in silence or breaks off, be they given as Arrow has them or as texts.
TEMPORAL_LIST = Rule(
    "temporal-list",
    "lists of dates or times, which Neo4j 5 loses from Parquet (--format csv carries them)",
    lambda c: c.list.len() > 0,
)
# What the importer takes off both ends of a label that it reads from Parquet, as Java's trim does.
BLANKS = "".join(map(chr, range(ord(" ") + 1)))

# Rules about CSV's own limits.
_OF_CSV = frozenset({"array-delimiter-in-element", "empty-list", "lone-empty-string"})


# The importer takes these as Arrow has them; all others are text under a typed header cell.
_TIMESTAMPS = frozenset({"local_datetime", "instant"})
# Under a typed header cell Neo4j 5 makes text of them and reads that: half of an import's time.
_TOLD_BY_FILE = frozenset({"date", "time", *_TIMESTAMPS})
_NATIVE = frozenset({"string", "null", "integer", "float", "boolean", *_TOLD_BY_FILE})


def in_parquet(field: Field) -> Field:
    """Return the same property, carried in Parquet."""
    return replace(field, carrier=_carried(field.carrier))


def _carried(how: Carrier) -> Carrier:
    rules = tuple(rule for rule in how.rules if rule.name not in _OF_CSV)
    if how.element is not None:
        return _list_of(_carried(how.element), replace(how, rules=rules))
    if how.type.is_text:
        rules = (*rules, after(EMPTY_STRING, how.value))
    return replace(
        how,
        rules=rules,
        native=how.type.kind in _NATIVE,
        # Only those with a fraction of a second stop the import, but there are few of either.
        native_unless=_before_1970 if how.type.kind in _TIMESTAMPS else None,
        write=_in_utc if how.type.kind == "instant" else same,
        told_by_file=how.type.kind in _TOLD_BY_FILE,
    )


def _list_of(element: Carrier, how: Carrier) -> Carrier:
    """Return a list travels as one, of values or of their texts."""
    made = replace(
        how,
        native=element.native,
        native_unless=None,
        write=same if element.write is same else _each(element.write),
        spell=_each(element.spell),
    )
    if element.type.is_moment:
        return replace(made, rules=(*made.rules, after(TEMPORAL_LIST, how.value)))
    return made


def _each(spelling: Spelling) -> Spelling:
    return lambda c: c.list.eval(spelling(pl.element()))


def _before_1970(column: pl.Expr) -> pl.Expr:
    return column.to_physical() < 0


def _in_utc(column: pl.Expr) -> pl.Expr:
    """Instants with the zone that a header cell has for them in CSV."""
    return column.dt.replace_time_zone("UTC")
