"""What each type of Postgres arrives as through ADBC, and which of its values do not: pure.

Found by running adbc-driver-postgresql 1.13: infinity becomes a date far off without an error,
lists lose their dimensions and bounds, and money becomes a number of cents.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from kgimport.sources import casts
from kgimport.sources.casts import Column, Kind
from kgimport.sources.contract import sql_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kgimport.sources.casts import Doubt

DIGITS = 38  # the most that a decimal of Arrow and Parquet has
_TYPE, _TYPMOD = b"POSTGRESQL:type", b"POSTGRESQL:typmod"
_EXACT = frozenset(
    {
        *("int2", "int4", "int8", "float4", "float8", "bool", "bytea"),
        *("text", "varchar", "bpchar", "name"),
        *("date", "time", "timestamp", "timestamptz"),
    }
)
_SIGN = 0x400
_NUMBERS = ("numeric", "money")
_NOT_FINITE = Kind("not-a-number", "NaN or an infinity, which are not decimal numbers")
_DIMENSIONS = Kind(
    "dimensions",
    "lists of lists, or lists that do not begin at 1; unnest them in SQL",
)
_FAR = "'294247-01-01'"  # microseconds of 64 bits end in that year


@dataclass(frozen=True, slots=True)
class Described:
    """A column as Postgres describes it: `type` is that of its elements if it `is_list`.

    Numbers of no fixed form have no `decimal`; what their values need is found by `shapes`.
    """

    name: str
    type: str
    is_used: bool
    is_list: bool
    is_row: bool
    decimal: pa.Decimal128Type | None = None

    @property
    def becomes_decimal(self) -> bool:
        """Whether it becomes a decimal; it is text if it is not used."""
        return self.type in _NUMBERS and self.is_used and not self.is_row


def is_described(field: pa.Field) -> bool:
    """Return whether the driver states the column's type, as it does since its version 1.13."""
    return bool((field.metadata or {}).get(_TYPE))


def described(field: pa.Field, *, is_used: bool) -> Described:
    """Return what the Arrow field of an uncast column says about it."""
    about = field.metadata or {}
    kind = about.get(_TYPE, b"").decode()
    is_list = pa.types.is_list(field.type)
    inner = field.type.value_type if is_list else field.type
    element = kind.removeprefix("_") if is_list else kind
    return Described(
        field.name,
        element,
        is_used,
        is_list,
        pa.types.is_struct(inner),
        None if is_list or element != "numeric" else _decimal(int(about.get(_TYPMOD, b"-1"))),
    )


def _decimal(typmod: int) -> pa.Decimal128Type | None:
    """Return the type of numeric(p, s), as Postgres packs it; None if it states no form."""
    if typmod < 0:
        return None
    digits, scale = (typmod - 4) >> 16 & 0xFFFF, (typmod - 4) & 0x7FF
    scale = (scale ^ _SIGN) - _SIGN  # of 11 bits; Postgres 15 has scales below 0
    digits = max(digits - min(scale, 0), scale)
    return pa.decimal128(digits, max(scale, 0)) if digits <= DIGITS else None


def shapes(columns: list[Described]) -> list[str]:
    """Return SQL for the most digits after the point in each column of no fixed form."""
    return [_scale(each) for each in columns if each.becomes_decimal and each.decimal is None]


def _scale(column: Described) -> str:
    value = sql_name([column.name])
    if column.is_list:
        inner = f"SELECT max(min_scale(v::numeric)) FROM unnest({value}) AS x(v)"  # noqa: S608
        return f"coalesce(max(({inner})), 0)"
    return f"coalesce(max(min_scale({value}::numeric)), 0)"


def shaped(columns: list[Described], scales: list[int]) -> list[Described]:
    """Return the columns with the decimals that hold their values, or most of them."""
    left = iter(scales)
    return [
        replace(each, decimal=pa.decimal128(DIGITS, min(next(left), DIGITS)))
        if each.becomes_decimal and each.decimal is None
        else each
        for each in columns
    ]


def column(about: Described) -> Column:
    """Return how to read a column."""
    quoted = sql_name([about.name])
    doubts = tuple(_doubts(about, quoted))
    if doubts and not about.is_used:
        return Column(about.name, f"{quoted}::text")
    if about.becomes_decimal and about.decimal and about.decimal.precision == DIGITS:
        return Column(about.name, _trimmed(about, quoted), doubts)
    return Column(about.name, quoted + _cast(about), doubts)


def _trimmed(about: Described, value: str) -> str:
    """Return SQL for numbers as text without zeros at the end, which may exceed all digits."""
    if not about.is_list:
        return f"trim_scale({value}::numeric)::text"
    each = f"SELECT trim_scale(v::numeric)::text FROM unnest({value}) WITH ORDINALITY AS x(v, i)"  # noqa: S608
    return f"CASE WHEN {value} IS NOT NULL THEN ARRAY({each} ORDER BY i) END"


def arrow_type(about: Described, found: pa.DataType) -> pa.DataType:
    """Return the type that a column gets in Arrow, after it was read as `found`."""
    if not about.becomes_decimal:
        return found
    return pa.list_(about.decimal) if about.is_list else about.decimal


def _cast(about: Described) -> str:
    many = "[]" if about.is_list else ""
    if about.type in _EXACT and not about.is_row:
        return ""
    if about.type == "oid":
        return f"::int8{many}"
    if about.type in _REFUSED or about.is_row:
        return "::text"
    return f"::numeric{many}::text{many}" if about.becomes_decimal else f"::text{many}"


_REFUSED = {"interval": casts.INTERVAL, "timetz": casts.ZONED_TIME}


def _doubts(about: Described, value: str) -> Iterator[Doubt]:
    if not about.is_list:
        yield from _of_one(about, value)
        return
    bounds = f"array_ndims({value}) > 1 OR array_lower({value}, 1) <> 1"
    yield _DIMENSIONS.where(bounds)
    for doubt in _of_one(about, "x.v"):
        some = f"EXISTS (SELECT FROM unnest({value}) AS x(v) WHERE {doubt.offends})"
        yield replace(doubt, offends=some, shows=about.becomes_decimal)


def _of_one(about: Described, value: str) -> Iterator[Doubt]:
    """Yield the doubts about a value, or about an element of a list."""
    if about.is_row:
        yield casts.NO_SUCH_TYPE.where(f"{value} IS DISTINCT FROM NULL")
    elif about.type in _REFUSED:
        yield _REFUSED[about.type].where(f"{value} IS NOT NULL")
    elif about.type == "time":
        yield casts.NO_TIME_OF_DAY.where(f"{value} = '24:00'", shows=True)
    elif about.type == "date":
        yield casts.INFINITE.where(f"NOT isfinite({value})", shows=True)
    elif about.type in ("timestamp", "timestamptz"):
        yield casts.INFINITE.where(f"NOT isfinite({value})", shows=True)
        yield _LATE.where(f"{value} >= {_FAR} AND isfinite({value})", shows=True)
    elif about.becomes_decimal:
        yield from _of_number(about, f"{value}::numeric")


_LATE = Kind("late-moment", "instants after the year 294246")


def _of_number(about: Described, value: str) -> Iterator[Doubt]:
    is_finite = f"{value} NOT IN ('NaN', 'Infinity', '-Infinity')"
    yield _NOT_FINITE.where(f"NOT {is_finite}", shows=True)
    if about.decimal and about.decimal.precision == DIGITS:
        most = f"1{'0' * (DIGITS - about.decimal.scale)}"
        too_many = f"abs({value}) >= {most} OR min_scale({value}) > {DIGITS}"
        yield casts.TOO_MANY_DIGITS.where(f"({too_many}) AND {is_finite}", shows=True)


# Least and greatest of what Postgres has: infinities and late moments wrap around to values below,
# and 24:00 is above. Numbers that are in doubt need no bounds: no cast to their decimal takes them.
_BOUNDS: tuple[tuple[Callable[[pa.DataType], bool], int, int], ...] = (
    (pa.types.is_date32, -3_000_000, 2**31 - 1),  # days
    (pa.types.is_timestamp, -300_000_000_000_000_000, 2**63 - 1),  # microseconds
    (pa.types.is_time64, 0, 86_400_000_000 - 1),  # microseconds
)


def exact(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch; raise `pyarrow.ArrowInvalid` if it has dates or times out of bounds."""
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        for is_such, least, most in _BOUNDS:
            if is_such(values.type) and not _is_within(values, least, most):
                raise pa.ArrowInvalid(f"column {name} has dates or times out of bounds")
    return batch


def _is_within(values: pa.Array, least: int, most: int) -> bool:
    ends = pc.min_max(values.view(f"int{values.type.bit_width}"))
    found = [each.as_py() for each in ends.values()]
    return None in found or least <= found[0] <= found[1] <= most
