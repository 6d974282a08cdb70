"""What each type of BigQuery arrives as through its Storage API, and which values do not: pure.

From Google's documentation and the driver's source (1.11), not tried on BigQuery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from kgimport.sources import casts
from kgimport.sources.casts import Kind
from kgimport.sources.flagged import Asked, Flag

if TYPE_CHECKING:
    from collections.abc import Callable

BEYOND = Kind(
    "beyond-numeric",
    "numbers of more than 29 digits before the point, or 9 after it; "
    "cast them to NUMERIC, or to STRING, in SQL",
)
_NUMERIC = pa.decimal128(38, 9)


def quoted(name: str) -> str:
    """Return a name for a query."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def description(rows: str) -> str:
    """Return a query for one row of nulls, with the columns of the query `rows`, at no cost.

    Without a row, the driver (1.11) describes no columns either.
    """
    none = f"SELECT ARRAY(SELECT AS STRUCT * FROM ({rows}\n) WHERE FALSE) AS of_none"  # noqa: S608
    return f"SELECT q.* FROM ({none}) AS one LEFT JOIN UNNEST(one.of_none) AS q"  # noqa: S608


def column(field: pa.Field, is_used: Callable[[str], bool]) -> Asked:
    """Return how to ask for a column that arrives as `field` if it is not cast."""
    value = f"q.{quoted(field.name)}"
    kind = _kind(field.type)
    if kind is None:
        return Asked(field.name, value, field.type)
    is_nested = pa.types.is_nested(field.type)
    text = f"TO_JSON_STRING({value})" if is_nested else f"CAST({value} AS STRING)"
    if not is_used(field.name):
        return Asked(field.name, text, pa.string())
    offends, sql, dtype = f"{value} IS NOT NULL", "CAST(NULL AS STRING)", pa.string()
    if pa.types.is_decimal256(field.type):
        sql, dtype = f"SAFE_CAST({value} AS NUMERIC)", _NUMERIC
        offends = f"IFNULL(CAST({sql} AS BIGNUMERIC) <> {value}, {value} IS NOT NULL)"
    return Asked(field.name, sql, dtype, (Flag(kind, f"IF({offends}, {text}, NULL)"),))


def _kind(dtype: pa.DataType) -> Kind | None:
    """Return why a type is refused; None if it arrives exactly."""
    if pa.types.is_interval(dtype):
        return casts.INTERVAL
    if pa.types.is_decimal256(dtype):
        return BEYOND
    inner = (dtype.field(at).type for at in range(dtype.num_fields))
    return next(filter(None, map(_kind, inner)), None)
