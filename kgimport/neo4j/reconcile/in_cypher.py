"""The sums of `kgimport.sums` in Cypher, for what a store holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.sums import FAR, PRIME, SCALE, ends_sql

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.properties import Kind, PropertyType

    Cypher = Callable[[str], str]

# The origins that Cypher counts moments from, by the names of variables in a query.
ZEROS = {
    "day0": "date('1970-01-01')",
    "midnight0": "localtime('00:00')",
    "local0": "localdatetime('1970-01-01T00:00')",
    "utc0": "datetime('1970-01-01T00:00Z')",
}
# A duration rounds down; `epochSeconds` would round towards zero before 1970.
_SINCE: dict[Kind, str] = {
    "date": "duration.inDays(day0, {})",
    "time": "duration.inSeconds(midnight0, {})",
    "local_datetime": "duration.inSeconds(local0, {})",
    "instant": "duration.inSeconds(utc0, {})",
    "zoned_datetime": "duration.inSeconds(utc0, {})",
}


def held(made: PropertyType, value: str) -> str:
    """Return Cypher for what the sums are computed from; null if the property is absent."""
    return value if made.is_list else _SINCE.get(made.kind, "{}").format(value)


def cypher_sums(made: PropertyType) -> dict[str, Cypher]:
    """Return, by the name of each sum, the Cypher that turns a value `held` into a number."""
    if made.is_list:
        inner = cypher_sums(made.element).items()
        each = {f"elements' {name}": _over_elements(made.element, one) for name, one in inner}
        return {"elements": lambda v: f"size({v})", **each}
    if made.kind == "point":
        return {axis: _axis(axis) for axis in "xyz"[: made.axes]}
    return _PLAIN.get(made.kind, _ELAPSED)


def ends_cypher(start: str, end: str) -> str:
    """Return Cypher for the number that `ends_sql` computes, from the ids of two nodes."""
    return ends_sql(f"id({start})", f"id({end})")


def _double(value: str) -> str:
    whole = f"toInteger({value}) % {PRIME}"
    behind = f"toInteger(({value} - toInteger({value})) * {SCALE}.0) % {PRIME}"
    far = f"toInteger({value} % {PRIME}.0)"
    return f"CASE WHEN abs({value}) < {FAR}.0 THEN {whole} + {behind} ELSE {far} END"


def _axis(name: str) -> Cypher:
    return lambda v: _double(f"{v}.{name}")


def _over_elements(made: PropertyType, one: Cypher) -> Cypher:
    return lambda v: f"reduce(s = 0, e IN {v} | s + {one(held(made, 'e'))})"


_LENGTH: dict[str, Cypher] = {"length": lambda v: f"size({v})"}
_PLAIN: dict[Kind, dict[str, Cypher]] = {
    "string": _LENGTH,
    "null": _LENGTH,
    "integer": {"number": lambda v: f"{v} % {PRIME}"},
    "float": {"number": _double},
    "boolean": {"true": lambda v: f"CASE WHEN {v} THEN 1 ELSE 0 END"},
    "date": {"days": lambda v: f"{v}.days"},
}
# The sums of durations, and so of moments.
_ELAPSED: dict[str, Cypher] = {
    "seconds": lambda v: f"{v}.seconds % {PRIME}",
    "nanoseconds": lambda v: f"{v}.nanosecondsOfSecond",
}
