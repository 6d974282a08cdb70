"""How both kinds of CSV carry a value to Neptune, or why they cannot.

The rules follow the user guide of Neptune, "Load Data Format" and the pages below it (engine
1.4.7): types, the moments that are listed, and what the loader drops or changes silently.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport.targets.neptune.rules import EMPTY_STRING, MANY_BYTES, NUL, whole_seconds
from kgimport.targets.target import Carrier
from kgimport.values import Refusal, after, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kgimport.properties import Kind
    from kgimport.targets.target import TableKind
    from kgimport.values import Rule, Value
    from kgimport.values.value import Transform

MOMENT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_AS_TEXT = "choose `temporal: string`, or `skip: true`"
SENTENCES = {
    "integer-out-of-range": "integers beyond 64 bits signed, which Neptune rejects",
}


@dataclass(frozen=True, slots=True)
class Row:
    """The row of a kind in the table of a dialect."""

    # Neptune's type in a header cell.
    word: str
    # The same as in `Carrier`.
    spell: Transform = as_text
    native_unless: Transform | None = None
    rules: tuple[Rule, ...] = ()


def _spelled_float(column: pl.Expr) -> pl.Expr:
    # The loader reads NaN and Infinity, but neither `inf` nor `INF`.
    return as_text(column).replace({"inf": "Infinity", "-inf": "-Infinity"})


def _is_infinite(column: pl.Expr) -> pl.Expr:
    return column.is_infinite()


def _spelled_date(column: pl.Expr) -> pl.Expr:
    return column.dt.to_string("%Y-%m-%d")


def _spelled_moment(column: pl.Expr) -> pl.Expr:
    return column.dt.to_string(MOMENT_FORMAT)


_TEXT = Row("String", rules=(NUL, MANY_BYTES))
GREMLIN: dict[Kind, Row | Refusal] = {
    "string": _TEXT,
    "integer": Row("Long"),
    "float": Row("Double", spell=_spelled_float, native_unless=_is_infinite),
    "boolean": Row("Bool"),
    "bytes": Refusal("{store} has no bytes", "choose `binary: base64` or `binary: hex`"),
    "date": Row("Date", spell=_spelled_date),
    "time": Refusal("{store} has no time of day without a date", _AS_TEXT),
    "local_datetime": Refusal(
        "{store} takes a timestamp without a zone for one in UTC",
        "state its zone with `timezone:`, or choose `temporal: string`",
    ),
    "instant": Row("Datetime", spell=_spelled_moment),
    "zoned_datetime": Refusal(
        "{store} loses the zone of an instant", "choose `zone: utc`, or `temporal: string`"
    ),
    "duration": Refusal("{store} has no duration", _AS_TEXT),
    "point": Refusal("{store} has no points", "leave out the point; its columns may be numbers"),
    "null": _TEXT,
}
_NO_DATE = Refusal(
    "{store} stores a Date of openCypher as text",
    "choose `type: localdatetime` and `timezone: UTC`, which make it midnight, "
    "or `temporal: string`, or --dialect neptune-gremlin",
)
OPENCYPHER: dict[Kind, Row | Refusal] = {
    **GREMLIN,
    # Neptune takes both words, Neo4j's importer this one alone.
    "boolean": Row("Boolean"),
    "string": replace(_TEXT, rules=(EMPTY_STRING, *_TEXT.rules)),
    "null": replace(_TEXT, rules=(EMPTY_STRING, *_TEXT.rules)),
    "date": _NO_DATE,
    "instant": Row("DateTime", spell=_spelled_moment),
}
_NO_LIST = Refusal(
    "{store} has no lists that keep order and duplicates", "choose `list: json`, or `skip: true`"
)


def in_gremlin(value: Value, kind: TableKind) -> Carrier | Refusal:
    """Return how Gremlin's CSV carries a value, or why it cannot.

    Properties of vertices are sets by default, in which an old value stays when one is loaded.
    """
    made = _by_kind(GREMLIN, value)
    if kind == "relationship" or isinstance(made, Refusal):
        return made
    return replace(made, header=f"{made.header}(single)")


def in_opencypher(value: Value, _: TableKind) -> Carrier | Refusal:
    """Return how openCypher's CSV carries a value, or why it cannot; all values are single."""
    return _by_kind(OPENCYPHER, value)


def _by_kind(table: Mapping[Kind, Row | Refusal], value: Value) -> Carrier | Refusal:
    if value.type.many:
        return _NO_LIST
    row = table[value.type.kind]
    if isinstance(row, Refusal):
        return row
    how = _whole_units(value)
    return Carrier(
        how,
        header=row.word,
        cypher=row.word,
        spell=row.spell,
        native_unless=row.native_unless,
        rules=(*value.rules, *_own_rules(row, value)),
    )


def _own_rules(row: Row, value: Value) -> tuple[Rule, ...]:
    """Return the rules of the kind; a fraction of a second depends on the unit of an instant."""
    unit = value.type.unit
    rules = (*row.rules, *([whole_seconds(unit)] if unit else []))
    return tuple(after(rule, value.value) for rule in rules)


def _whole_units(value: Value) -> Value:
    """Return instants counted in microseconds, which hold every whole second of the years."""
    if value.type.unit != "ns":
        return value
    made = replace(value.type, unit="us")
    return replace(value, type=made, value=lambda c: value.value(c).cast(pl.Datetime("us")))
