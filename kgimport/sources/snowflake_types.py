"""What each type of Snowflake arrives as through ADBC, and which of its values do not: pure.

From the driver's source (1.11): it takes a moment's or time's digits for thousands of each other,
so that TIMESTAMP(7) or TIME(1) is another value, and it wraps nanoseconds around in 1677 and 2262.
Hence all of them are cast to microseconds. A result without rows has a zone for moments without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from kgimport.sources import casts
from kgimport.sources.casts import Kind
from kgimport.sources.contract import sql_name
from kgimport.sources.flagged import Asked, Flag

if TYPE_CHECKING:
    from collections.abc import Callable

_TYPE = b"SNOWFLAKE_TYPE"
_PLAIN_NAME = re.compile(r"[A-Z_][A-Z0-9_$]*")
FINER = Kind(
    "finer-than-microseconds",
    "fractions of a microsecond; cast them to TIMESTAMP_NTZ(6) or TIME(6), or to text, in SQL",
)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a type arrives: SQL with a place for the value, its type, and what is in doubt.

    Without a type, it is the one that the driver describes. `offends` is SQL, too.
    """

    sql: str = "{0}"
    type: pa.DataType | None = None
    doubt: Kind | None = None
    offends: str = ""
    shown: str = "CAST({0} AS VARCHAR)"


_UTC = "CONVERT_TIMEZONE('UTC', {0})::TIMESTAMP_NTZ"
_PLAIN = _Way()
_JSON = _Way("TO_JSON({0})", pa.string())
_ZONED = _Way(f"{_UTC}(6)", pa.timestamp("us", "UTC"), FINER, f"{_UTC}(9) <> {_UTC}(6)")
_WAYS = {
    **dict.fromkeys(("fixed", "real", "text", "boolean", "date", "binary"), _PLAIN),
    **dict.fromkeys(("variant", "object", "array"), _JSON),
    **dict.fromkeys(("timestamp_tz", "timestamp_ltz"), _ZONED),
    "timestamp_ntz": _Way(
        "{0}::TIMESTAMP_NTZ(6)", pa.timestamp("us"), FINER, "{0} <> {0}::TIMESTAMP_NTZ(6)"
    ),
    "time": _Way("{0}::TIME(6)", pa.time64("us"), FINER, "{0} <> {0}::TIME(6)"),
}


def arriving(name: str) -> str:
    """Return the name that a column has here: lower case, if it was written without quotes."""
    return name.lower() if _PLAIN_NAME.fullmatch(name) else name


def column(field: pa.Field, is_used: Callable[[str], bool]) -> Asked:
    """Return how to ask for a column that the driver describes as `field`."""
    value, name = f"q.{sql_name([field.name])}", arriving(field.name)
    kind = (field.metadata or {}).get(_TYPE, b"").decode()
    way = _WAYS.get(kind) or _unknown(kind)
    if way.doubt is None:
        return Asked(name, way.sql.format(value), way.type or field.type)
    if not is_used(name):
        return Asked(name, way.shown.format(value), pa.string())
    flag = f"CASE WHEN {way.offends.format(value)} THEN {way.shown.format(value)} END"
    return Asked(name, way.sql.format(value), way.type, (Flag(way.doubt, flag),))


def _unknown(kind: str) -> _Way:
    """Return the way of a type whose text is not known: only whether there are values is."""
    return _Way(
        "CAST(NULL AS VARCHAR)",
        pa.string(),
        casts.NO_SUCH_TYPE,
        "{0} IS NOT NULL",
        f"CASE WHEN {{0}} IS NOT NULL THEN '{kind.upper()}' END",
    )
