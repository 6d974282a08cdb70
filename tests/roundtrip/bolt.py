"""What a server holds, read over Bolt: every node and relationship, each value with its type."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from neo4j.spatial import Point
from neo4j.time import Date, DateTime, Duration, Time

from tests.roundtrip.reference import DAY, SECOND, Held, float_bits, parsed_json

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from neo4j import Driver

# A zoned time's text says what the driver does not: whether Z, an offset or a name is stored.
_TYPED = """[k IN keys(x) | [k, x[k], valueType(x[k]),
  CASE WHEN valueType(x[k]) CONTAINS 'ZONED DATETIME'
  THEN CASE WHEN valueType(x[k]) STARTS WITH 'LIST' THEN [i IN x[k] | toString(i)]
  ELSE toString(x[k]) END END]]"""
_NODES = f"MATCH (x) RETURN elementId(x) AS id, labels(x) AS labels, {_TYPED} AS p"
_RELATIONSHIPS = f"""MATCH (a)-[x]->(b)
  RETURN elementId(a) AS start, elementId(b) AS end, type(x) AS type, {_TYPED} AS p"""

FoundNode = tuple[frozenset[str], dict[str, Held]]
FoundRelationship = tuple[FoundNode, str, dict[str, Held], FoundNode]


def read(driver: Driver) -> tuple[list[FoundNode], list[FoundRelationship]]:
    """Everything that is in the store."""
    nodes = {
        row["id"]: (frozenset(row["labels"]), _held(row["p"]))
        for row in driver.execute_query(_NODES).records
    }
    links = [
        (nodes[row["start"]], row["type"], _held(row["p"]), nodes[row["end"]])
        for row in driver.execute_query(_RELATIONSHIPS).records
    ]
    return list(nodes.values()), links


def _held(properties: list[Any]) -> dict[str, Held]:
    return {name: held(value, kind, text) for name, value, kind, text in properties}


def held(value: Any, kind: str, text: Any = None) -> Held:
    """A value as the driver hands it over, with its type and, where zoned, its text."""
    cypher = kind.removesuffix(" NOT NULL")
    if not cypher.startswith("LIST<"):
        return Held(cypher, _plain(value, cypher, text))
    if value == []:
        # Of texts it is LIST<NOTHING>, of others LIST<INTEGER NOT NULL> and so on: no difference
        # to who asks for its elements.
        return Held("LIST<NOTHING>", ())
    if isinstance(value, bytes):
        return Held(cypher, value)
    inner = cypher.removeprefix("LIST<").removesuffix(" NOT NULL>")
    texts = text or [None] * len(value)
    items = zip(value, texts, strict=True)
    return Held(cypher, tuple(_plain(item, inner, said) for item, said in items))


def _plain(value: Any, cypher: str, text: str | None) -> Hashable:
    if isinstance(value, Date | DateTime | Time):
        return _temporal(value, cypher, text or "")
    if isinstance(value, float):
        return float_bits(value)
    if isinstance(value, Duration):
        elapsed = value.seconds * SECOND + value.nanoseconds
        return (value.months, value.days, elapsed) if value.months or value.days else elapsed
    if isinstance(value, Point):
        return value.srid, tuple(float_bits(axis) for axis in value)
    assert isinstance(value, int | str), value
    return value


def _temporal(value: Date | DateTime | Time, cypher: str, text: str) -> Hashable:
    if isinstance(value, DateTime):
        local = _days(value) * DAY + _of_day(value)
        return local if cypher == "LOCAL DATETIME" else _zoned(value, local, text)
    if isinstance(value, Date):
        return _days(value)
    assert value.tzinfo is None
    return _of_day(value)


def _days(value: Any) -> int:
    return datetime(value.year, value.month, value.day).toordinal() - 719_163  # noqa: DTZ001


def _of_day(value: Any) -> int:
    return int((value.hour * 3600 + value.minute * 60 + value.second) * SECOND + value.nanosecond)


_ZONED = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
    r"(Z|[+-]\d\d:\d\d(?::\d\d)?)(?:\[(.+)\])?"
)


def _zoned(value: DateTime, local: int, text: str) -> Hashable:
    said = _ZONED.fullmatch(text)
    assert said is not None, text
    year, month, day, hour, minute, second = (int(part or 0) for part in said.groups()[:6])
    days = datetime(year, month, day).toordinal() - 719_163  # noqa: DTZ001
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    nanoseconds = int((said[7] or "").ljust(9, "0"))
    instant = (seconds - _offset(said[8])) * SECOND + nanoseconds
    # From 2038 on the driver shows another wall clock, for pytz has no rules: the instant counts.
    offset = value.utc_offset()
    assert offset is not None
    assert local - int(offset.total_seconds()) * SECOND == instant, (text, value)
    return instant, said[9] or said[8]


def _offset(text: str) -> int:
    if text == "Z":
        return 0
    parts = [int(part) for part in text[1:].split(":")]
    size = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    return -size if text.startswith("-") else size


def as_json(found: Mapping[str, Held], names: frozenset[str]) -> dict[str, Held]:
    """The properties, with those of these names read as JSON."""
    return {name: _parsed(each) if name in names else each for name, each in found.items()}


def _parsed(each: Held) -> Held:
    if each.cypher == "STRING":
        return Held("JSON", parsed_json(str(each.value)))
    assert isinstance(each.value, tuple)
    return Held(each.cypher.replace("STRING", "JSON"), tuple(map(parsed_json, each.value)))
