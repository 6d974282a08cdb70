"""What each type of DuckDB arrives as, and which of its values no cast keeps: pure.

Found by running DuckDB 2.0: through Arrow a number beyond 38 digits, an infinite date or a time of
24:00:00 becomes another value without an error, and a TIMETZ loses its offset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kgimport.sources import casts
from kgimport.sources.casts import Column
from kgimport.sources.contract import sql_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kgimport.sources.casts import Doubt, Kind

_TEXT = "VARCHAR"
_WIDE = "DECIMAL(38,0)"
_JSON = "JSON"


@dataclass(frozen=True, slots=True)
class _Way:
    """How a plain type arrives: as `target` (None if as it is), and which values are in doubt.

    `offends` has a place for the value.
    """

    target: str | None = None
    doubt: Kind | None = None
    offends: str = ""


_PLAIN = _Way()
_AS_TEXT = _Way(_TEXT)
_MOMENT = _Way(None, casts.INFINITE, "NOT isfinite({0})")
_INTEGER = _Way(
    _WIDE, casts.TOO_MANY_DIGITS, f"{{0}} IS NOT NULL AND TRY_CAST({{0}} AS {_WIDE}) IS NULL"
)


def _refused(doubt: Kind) -> _Way:
    return _Way(_TEXT, doubt, "{0} IS NOT NULL")


_UNKNOWN = _refused(casts.NO_SUCH_TYPE)
_WAYS = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), _PLAIN),
    **dict.fromkeys(("utinyint", "usmallint", "uinteger", "ubigint"), _PLAIN),
    **dict.fromkeys(("float", "double", "boolean", "varchar", "blob", "decimal", "null"), _PLAIN),
    **dict.fromkeys(("uuid", "enum", "bit", "bignum"), _AS_TEXT),
    **dict.fromkeys(("hugeint", "uhugeint"), _INTEGER),
    **dict.fromkeys(("date", "timestamp", "timestamp with time zone"), _MOMENT),
    **dict.fromkeys(("timestamp_s", "timestamp_ms", "timestamp_ns"), _MOMENT),
    "time": _Way(None, casts.NO_TIME_OF_DAY, "{0} = TIME '24:00:00'"),
    "time_ns": _Way(None, casts.NO_TIME_OF_DAY, "CAST({0} AS TIME) = TIME '24:00:00'"),
    "time with time zone": _refused(casts.ZONED_TIME),
    "interval": _refused(casts.INTERVAL),
}


def column(name: str, kind: Any, *, is_used: bool) -> Column:
    """Return how to read a column of a type, a `DuckDBPyType`."""
    quoted = sql_name([name])
    target, doubts = _target(kind), tuple(_doubts(quoted, kind))
    if doubts and not is_used:
        target, doubts = _TEXT, ()
    return Column(name, f"CAST({quoted} AS {target})" if target else quoted, doubts)


def _way(kind: Any) -> _Way:
    return _AS_TEXT if str(kind) == _JSON else _WAYS.get(kind.id, _UNKNOWN)


def _target(kind: Any) -> str | None:
    """Return the type to which a column is cast; None if it arrives as it is."""
    if nested := _nested(kind):
        return nested.target(dict(kind.children))
    return _way(kind).target


def _known(kind: Any) -> str:
    return _target(kind) or str(kind)


def _doubts(value: str, kind: Any) -> Iterator[Doubt]:
    """Yield the doubts about a value: SQL of the type `kind`."""
    if nested := _nested(kind):
        yield from nested.doubts(value, dict(kind.children))
    elif (way := _way(kind)).doubt:
        yield way.doubt.where(way.offends.format(value))


def _nested(kind: Any) -> _Nested | None:
    """Return how a type that holds others arrives; None for others, and for rows without names."""
    found = _NESTED.get(kind.id)
    return found if found and all(name for name, _ in kind.children) else None


# Types that hold others ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Nested:
    target: Callable[[dict[str, Any]], str | None]
    doubts: Callable[[str, dict[str, Any]], Iterator[Doubt]]


def _list(parts: dict[str, Any]) -> str | None:
    inner = _target(parts["child"])
    return f"{inner}[]" if inner else None


def _array(parts: dict[str, Any]) -> str:
    """Arrow cannot write a missing array of a fixed length to Parquet, so it becomes a list."""
    return f"{_known(parts['child'])}[]"


def _map(parts: dict[str, Any]) -> str | None:
    if not any(_target(part) for part in parts.values()):
        return None
    return f"MAP({_known(parts['key'])}, {_known(parts['value'])})"


def _struct(parts: dict[str, Any]) -> str | None:
    if not any(_target(part) for part in parts.values()):
        return None
    return f"STRUCT({', '.join(f'{sql_name([n])} {_known(part)}' for n, part in parts.items())})"


def _in_list(value: str, parts: dict[str, Any]) -> Iterator[Doubt]:
    yield from _any_of(value, parts["child"])


def _in_map(value: str, parts: dict[str, Any]) -> Iterator[Doubt]:
    yield from _any_of(f"map_keys({value})", parts["key"])
    yield from _any_of(f"map_values({value})", parts["value"])


def _in_struct(value: str, parts: dict[str, Any]) -> Iterator[Doubt]:
    for name, part in parts.items():
        literal = name.replace("'", "''")
        yield from _doubts(f"struct_extract({value}, '{literal}')", part)


def _any_of(values: str, kind: Any) -> Iterator[Doubt]:
    """Yield the doubts about the elements of a list."""
    for doubt in _doubts("e", kind):
        some = f"len(list_filter({values}, lambda e: {doubt.offends})) > 0"
        yield replace(doubt, offends=some)


_NESTED = {
    "list": _Nested(_list, _in_list),
    "array": _Nested(_array, _in_list),
    "map": _Nested(_map, _in_map),
    "struct": _Nested(_struct, _in_struct),
}
