"""How CSV and Parquet carry a value to Neo4j: by the row of its kind, single or in a list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport.properties import SRID
from kgimport.targets.neo4j import kinds
from kgimport.targets.neo4j.spelling import ARRAY_DELIMITER, each, joined
from kgimport.targets.target import Carrier
from kgimport.values import Refusal, Rule, after, same
from kgimport.values.moments import no_zone
from kgimport.values.types import NO_LIST_OF_LISTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kgimport.properties import Kind
    from kgimport.targets.neo4j.kinds import Row
    from kgimport.targets.target import TableKind
    from kgimport.values import Value

# The sentences of rules that are refused because of Neo4j.
SENTENCES = {
    "integer-out-of-range": "integers beyond 64 bits signed, which Neo4j 5 wraps silently",
    "year-out-of-range": "years outside 0001-9999, which Neo4j's drivers cannot read back",
    "offset-with-seconds": (
        "instants whose zone offset has seconds (local mean time), which Neo4j cannot hold"
    ),
    "empty-list": "empty lists, which the importer turns into an absent property",
    "null-in-list": "lists with a null element, which Neo4j cannot store",
    "coordinate-out-of-range": (
        "points beyond 180 degrees of longitude (which Neo4j wraps) or 90 of latitude"
    ),
}
DELIMITER_INSIDE = Rule(
    "array-delimiter-in-element",
    "list elements that contain U+001F, the delimiter between elements",
    lambda c: c.list.eval(
        pl.element().str.contains(ARRAY_DELIMITER, literal=True).fill_null(value=False)
    ).list.any(),
)
LONE_EMPTY_STRING = Rule(
    "lone-empty-string",
    "lists of one empty string, which the importer turns into an absent property",
    lambda c: (c.list.len() == 1) & (c.list.first() == ""),
)
# Neo4j 5 loses them silently or stops, both as Arrow values and as texts.
TEMPORAL_LIST = Rule(
    "temporal-list",
    "lists of dates or times, which Neo4j 5 loses from Parquet (--format csv carries them)",
    lambda c: c.list.len() > 0,
)
# Zones of the IANA database that Java lacks, found by asking both lines of Neo4j for each.
_NOT_IN_JAVA = frozenset({"EST", "MST", "HST", "ROC", "GMT+0", "GMT-0"})
_ON_THE_GLOBE = frozenset({SRID["wgs-84"], SRID["wgs-84-3d"]})


def in_csv(value: Value, _: TableKind) -> Carrier | Refusal:
    """Return how CSV carries a value, or why it cannot; a list becomes one text."""
    made = _by_kind(kinds.CSV, value)
    if value.element is None or isinstance(made, Refusal):
        return made
    rules = value.rules
    if value.type.is_text:
        texts = (DELIMITER_INSIDE, LONE_EMPTY_STRING)
        rules = (*rules, *(after(rule, value.value) for rule in texts))
    return replace(
        made,
        spell=joined(made.spell),
        native=False,
        native_unless=None,
        rules=(*rules, *value.element_rules),
    )


def in_parquet(value: Value, _: TableKind) -> Carrier | Refusal:
    """Return how Parquet carries a value, or why it cannot; a list is one of values or of texts.

    The importer reads most Arrow values correctly. The exceptions: an empty string becomes an
    absent property, and a timestamp before 1970 with a fraction of a second stops the import.
    """
    made = _by_kind(kinds.PARQUET, value)
    if value.element is None or isinstance(made, Refusal):
        return made
    rules = (*(rule for rule in value.rules if rule.name != "empty-list"), *value.element_rules)
    if value.type.is_moment:
        rules = (*rules, after(TEMPORAL_LIST, value.value))
    return replace(
        made,
        spell=each(made.spell),
        native_unless=None,
        write=same if made.write is same else each(made.write),
        typed_by_file=False,
        rules=rules,
    )


def _by_kind(table: Mapping[Kind, Row], value: Value) -> Carrier | Refusal:
    """Return the carrier of single values, or of a list's elements, by the row of their kind."""
    made, row = value.type, table[value.type.kind]
    if made.many and made.kind == "bytes":  # for Neo4j, bytes are a list of integers
        return NO_LIST_OF_LISTS
    if made.zone is not None and made.zone in _NOT_IN_JAVA:
        return no_zone(made.zone)
    return Carrier(
        value,
        header=row.header(made),
        cypher=row.type_of(made),
        spell=row.spell(made),
        native=row.native,
        native_unless=row.native_unless,
        write=row.write,
        typed_by_file=row.typed_by_file,
        rules=(*value.rules, *(after(rule, value.value) for rule in _own_rules(row, value))),
    )


def _own_rules(row: Row, value: Value) -> tuple[Rule, ...]:
    """Return the rules of the kind, and those of points on a globe."""
    return (*row.rules, kinds.MINUS_ZERO) if value.type.srid in _ON_THE_GLOBE else row.rules
