"""What each type of Redshift is unloaded as, and which of its values are not: pure.

From Amazon's documentation, not tried on Redshift: how UNLOAD writes moments depends on the format,
so they travel as numbers of microseconds, which every reader of Parquet reads alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kgimport.sources import casts
from kgimport.sources.contract import sql_name
from kgimport.sources.flagged import Asked, Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kgimport.sources.casts import Kind

_DIGITS = 38


@dataclass(frozen=True, slots=True)
class _Way:
    """How a type is unloaded: SQL with a place for the value, and what is in doubt.

    `offends` is SQL, too, and so is `shown`: the text of a value in doubt.
    """

    type: pa.DataType
    sql: str = "{0}"
    doubt: Kind | None = None
    offends: str = "{0} IS NOT NULL"
    shown: str = "CAST({0} AS VARCHAR)"


def _refused(doubt: Kind, shown: str = "CAST({0} AS VARCHAR)") -> _Way:
    return _Way(pa.string(), "CAST(NULL AS VARCHAR)", doubt, shown=shown)


_SINCE = "DATEDIFF(microsecond, TIMESTAMP '1970-01-01 00:00:00', {0})"
_MIDNIGHT = "CAST({0} AS VARCHAR) LIKE '24:%'"
_ON_DAY_0 = "(DATE '1970-01-01' + {0})"
_WAYS = {
    "int2": _Way(pa.int16()),
    "int4": _Way(pa.int32()),
    "int8": _Way(pa.int64()),
    "float4": _Way(pa.float32()),
    "float8": _Way(pa.float64()),
    "bool": _Way(pa.bool_()),
    "varchar": _Way(pa.string()),
    "bpchar": _Way(pa.string()),
    "date": _Way(pa.date32()),
    "varbyte": _Way(pa.binary()),
    "timestamp": _Way(pa.timestamp("us"), _SINCE),
    "timestamptz": _Way(pa.timestamp("us", "UTC"), _SINCE.format("{0} AT TIME ZONE 'UTC'")),
    "time": _Way(
        pa.time64("us"),
        f"CASE WHEN NOT {_MIDNIGHT} THEN {_SINCE.format(_ON_DAY_0)} END",
        casts.NO_TIME_OF_DAY,
        _MIDNIGHT,
    ),
    "super": _Way(pa.string(), "JSON_SERIALIZE({0})"),
    "timetz": _refused(casts.ZONED_TIME),
    "intervaly2m": _refused(casts.INTERVAL),
    "intervald2s": _refused(casts.INTERVAL),
}
# The Data API names types as the catalog does; these are the names in SQL, in case it does not.
_ALIASES = {
    "smallint": "int2",
    "integer": "int4",
    "bigint": "int8",
    "real": "float4",
    "double precision": "float8",
    "boolean": "bool",
    "text": "varchar",
    "character varying": "varchar",
    "char": "bpchar",
    "character": "bpchar",
    "name": "varchar",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
    "time with time zone": "timetz",
    "binary varying": "varbyte",
}


def column(about: Mapping[str, Any], is_used: Callable[[str], bool]) -> Asked:
    """Return how to ask for a column; `about` is what the Data API's `ColumnMetadata` says."""
    name = str(about["name"])
    value, way = f"q.{sql_name([name])}", _way(about)
    if way.doubt is None:
        return Asked(name, way.sql.format(value), way.type)
    if not is_used(name):
        return Asked(name, way.shown.format(value), pa.string())
    flag = f"CASE WHEN {way.offends.format(value)} THEN {way.shown.format(value)} END"
    return Asked(name, way.sql.format(value), way.type, (Flag(way.doubt, flag),))


def _way(about: Mapping[str, Any]) -> _Way:
    kind = str(about["typeName"]).lower()
    if kind in ("numeric", "decimal"):
        digits, scale = int(about["precision"]), int(about["scale"])
        return _Way(pa.decimal128(min(digits, _DIGITS), scale))
    found = _WAYS.get(_ALIASES.get(kind, kind))
    shown = f"CASE WHEN {{0}} IS NOT NULL THEN '{kind}' END"
    return found or _refused(casts.NO_SUCH_TYPE, shown)
