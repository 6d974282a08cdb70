"""What pyarrow writes: every type that Arrow has and Parquet takes, value by value."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from decimal import Context, Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from kgimport.graph import ColumnRule
from tests.corpus.shape import ROWS, Shape, not_in_parquet, refused

if TYPE_CHECKING:
    from tests.corpus.shape import Make

Columns = dict[str, pa.Array]
Read = Callable[[Path], pa.Table]


def numbered(columns: Columns) -> pa.Table:
    """Columns with a key before them."""
    rows = len(next(iter(columns.values())))
    return pa.table({"id": pa.array(range(rows), pa.int64()), **columns})


def one(columns: Columns, *, as_read: Read | None = None, **options: Any) -> Make:
    """Writes one file of these columns, and a key before them.

    What is in it is what was written, or `as_read` where the writer may change something.
    """

    def make(folder: Path) -> pa.Table:
        table = numbered(columns)
        pq.write_table(table, folder / ROWS, **options)
        return table if as_read is None else as_read(folder / ROWS)

    return make


def _ends(dtype: pa.DataType) -> pa.Array:
    """Both ends of an integer type, zero, one and nothing."""
    low = 0 if pa.types.is_unsigned_integer(dtype) else -(2 ** (dtype.bit_width - 1))
    high = 2 ** (dtype.bit_width - (0 if pa.types.is_unsigned_integer(dtype) else 1)) - 1
    return pa.array([low, 0, None, 1, high], dtype)


INTEGERS = (
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64()),
    *(pa.uint8(), pa.uint16(), pa.uint32()),
)
_MINUS_NAN = struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_0001))[0]
_FLOATS = [float("nan"), _MINUS_NAN, float("inf"), float("-inf"), -0.0, 0.0, None, 0.1, 1.0]


def _floats(dtype: pa.DataType, *more: float) -> pa.Array:
    return pa.array([*_FLOATS, *more], dtype)


HALF, SINGLE = _floats(pa.float16(), 6e-8, 65504.0), _floats(pa.float32(), 1e-45, 3.4028235e38)
DOUBLE = _floats(pa.float64(), 5e-324, 1.7976931348623157e308)
TEXTS = pa.array(["Ann", None, "naïve", "日本", "", "a,b", 'say "hi"', "two\nlines", "\r", " x "])
FULL_TEXTS = pa.array([each or None for each in TEXTS.to_pylist()])
STRANGE = pa.array(
    ["😀", "e\u0301", "é", "a\x00b", "\x00", "\u202e", "\U0010ffff", "\ufeff", "\x1f", None]
)
BYTES = pa.array([b"\x00\xff", b"a", None, bytes(range(256))])
BASE64 = {"b": ColumnRule(binary="base64")}
UUIDS = [uuid.UUID(int=at * 0x1234_5678_9ABC_DEF0_1234_5678).bytes for at in range(4)]
_SIXTEEN = pa.list_(pa.binary(16))
UUID_COLUMN = pa.array([*UUIDS, None], pa.uuid())
JSON = pa.array(['{"a": 1.50, "b": [true, null]}', "null", None, '"é"', "[ ]"], pa.json_())


def _decimals(*numbers: str | None) -> list[Decimal | None]:
    return [None if each is None else Decimal(each) for each in numbers]


_EXACT = Context(prec=80)


def _decimal_columns(*types: pa.DataType) -> Columns:
    """Decimals at the ends of their precision, named by their types."""
    columns = {}
    for dtype in types:
        most = Decimal(10**dtype.precision - 1).scaleb(-dtype.scale, _EXACT)
        least = Decimal(1).scaleb(-dtype.scale)
        cells = [most, most.copy_negate(), least, Decimal(0), None]
        columns[f"d{dtype.bit_width}_{dtype.precision}_{dtype.scale}"] = pa.array(cells, dtype)
    return columns


_FRACTIONS = _decimal_columns(
    *(pa.decimal32(4, 1), pa.decimal32(9, 2), pa.decimal64(18, 3)),
    *(pa.decimal128(5, 2), pa.decimal128(18, 4), pa.decimal128(38, 10)),
)
_WHOLE = _decimal_columns(
    *(pa.decimal32(9, 0), pa.decimal64(18, 0), pa.decimal128(9, 0), pa.decimal128(18, 0))
)
_LONGEST = _decimal_columns(pa.decimal256(76, 38))
_AS_TEXT = {name: ColumnRule(decimal="string") for name in _FRACTIONS}
_LONGS = pa.array(_decimals("9223372036854775807", "-9223372036854775808"), pa.decimal128(38, 0))
_BEYOND = pa.array(_decimals("9223372036854775808"), pa.decimal128(38, 0))


def _days(*days: int | None) -> pa.Array:
    return pa.array(days, pa.int32()).cast(pa.date32())


FIRST, LAST = -719_162, 2_932_896
DATES = _days(FIRST, -1, 0, None, 19_782, LAST)
DAY_US = 86_400_000_000
# Ticks of a day, and those of a fraction of a second before 1970.
TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def moments(unit: str, zone: str | None = None, *more: int) -> pa.Array:
    """The epoch, one tick before it, 1969 and 2024 with fractions, as far as the unit has them."""
    second = TICKS[unit]
    cells = [0, -1, None, -31_535_999 * second - 1, 1_709_210_096 * second + second // 8 + 1, *more]
    return pa.array(cells, pa.int64()).cast(pa.timestamp(unit, zone))


def _all_units(zone: str | None) -> Columns:
    return {unit: moments(unit, zone) for unit in TICKS}


def _in_etc(file: Path) -> pa.Table:
    """Polars has no offsets: a whole hour's is a zone of the same offset, with POSIX's sign."""
    table = pq.read_table(file)
    zoned = {unit: pa.timestamp(unit, "Etc/GMT-2") for unit in ("ms", "us", "ns")}
    return table.cast(pa.schema({"id": pa.int64(), "s": zoned["ms"], **zoned}))


def _wide(unit: str) -> pa.Array:
    """The first and the last tick of the years 1 to 9999."""
    day = 86_400 * TICKS[unit]
    return pa.array([FIRST * day, (LAST + 1) * day - 1, 0], pa.int64()).cast(pa.timestamp(unit))


def times(unit: str, *ticks: int | None) -> pa.Array:
    """Times of day by their ticks, which Arrow does not look at."""
    small = unit in {"s", "ms"}
    integers = pa.array(ticks, pa.int32() if small else pa.int64())
    return integers.view(pa.time32(unit) if small else pa.time64(unit))


TIMES = {
    "s": times("s", 0, 86_399, None),
    "ms": times("ms", 0, 86_399_999, None),
    "us": times("us", 1, DAY_US - 1, None),
    "ns": times("ns", 1, DAY_US * 1000 - 1, None),
}
_SPANS = {
    unit: pa.array([0, -1, 1, None, 90_061 * second + 1], pa.int64()).cast(pa.duration(unit))
    for unit, second in TICKS.items()
}
# What INT96 holds of a timestamp: nanoseconds of a day, and the day.
_INT96: dict[str, Any] = {"use_deprecated_int96_timestamps": True}
_NS = {"t": moments("ns")}
_YEARS = pa.array([FIRST * DAY_US, LAST * DAY_US + 1, None, -1], pa.int64()).cast(
    pa.timestamp("us")
)


def _pair(dtype: pa.DataType, moment: Any) -> Columns:
    """Timestamps within lists and structs."""
    return {
        "l": pa.array([[moment], [moment, moment], None], pa.list_(dtype)),
        "s": pa.array([{"t": moment}, {"t": None}, None], pa.struct([("t", dtype)])),
    }


def _dictionary(values: pa.Array, *, ordered: bool = False) -> pa.Array:
    indices = pa.array([0, 1, None, 1, 0], pa.int8())
    return pa.DictionaryArray.from_arrays(indices, values, ordered=ordered)


_DICTIONARIES = {
    "texts": _dictionary(pa.array(["low", "high"])),
    "ordered": _dictionary(pa.array(["low", "high"]), ordered=True),
    "integers": _dictionary(pa.array([2**40, -1])),
    "floats": _dictionary(pa.array([0.1, -0.0])),
    "dates": _dictionary(DATES[:2]),
}
_NO_VALUES = {
    str(at): pa.nulls(3, dtype)
    for at, dtype in enumerate(
        (
            *(*INTEGERS, pa.float16(), pa.float64(), pa.bool_(), pa.string(), pa.date32()),
            *(pa.timestamp("us"), pa.timestamp("ns", "UTC"), pa.time64("us"), pa.duration("ms")),
            *(pa.list_(pa.string()), pa.null(), pa.dictionary(pa.int32(), pa.string())),
        )
    )
}
_NAMED = "Europe/Stockholm"
_NANOSECOND = pa.scalar(1, pa.timestamp("ns"))

shape = partial(Shape, "pyarrow")
SHAPES = (
    shape("integers", one({str(each): _ends(each) for each in INTEGERS})),
    shape("uint64 within long", one({"n": pa.array([0, 2**63 - 1], pa.uint64())})),
    shape("uint64", one({"n": _ends(pa.uint64())}), refused(".n", "[integer-out-of-range]")),
    shape("floats", one({"half": HALF, "single": SINGLE, "double": DOUBLE})),
    shape("booleans", one({"b": pa.array([True, False, None] * 50)})),
    shape("texts", one({"t": TEXTS}), not_in_parquet(".t", "[empty-string]")),
    shape("full texts", one({"t": FULL_TEXTS, "large": FULL_TEXTS.cast("large_string")})),
    shape("strange texts", one({"t": STRANGE})),
    shape("string views", one({"t": FULL_TEXTS.cast(pa.string_view())})),
    shape("bytes", one({"b": BYTES}), refused(".b", "bytes are not a Cypher type")),
    shape("bytes as base64", one({"b": BYTES}), rules=BASE64),
    shape("large bytes", one({"b": BYTES.cast(pa.large_binary())}), rules=BASE64),
    shape("byte views", one({"b": BYTES.cast(pa.binary_view())}), rules=BASE64),
    Shape(
        *(
            "pyarrow",
            "fixed bytes",
            one({"b": pa.array([b"abc", None, b"\x00\x00\xff"], pa.binary(3))}),
        ),
        rules={"b": ColumnRule(binary="bytes")},
    ),
    shape("UUIDs", one({"u": UUID_COLUMN})),
    shape("JSON", one({"j": JSON})),
    shape(
        "UUIDs in lists",
        one({"l": pa.array([UUIDS[:2], None, UUIDS[2:]], _SIXTEEN).cast(pa.list_(pa.uuid()))}),
    ),
    shape("decimals", one(_FRACTIONS), rules=_AS_TEXT),
    shape("decimals in integers", one(_FRACTIONS, store_decimal_as_integer=True), rules=_AS_TEXT),
    shape("a decimal without a policy", one(_FRACTIONS), refused(".d32_4_1", "no decimal type")),
    shape(
        "whole decimals",
        one({**_WHOLE, "longs": pa.concat_arrays([_LONGS, _LONGS, pa.nulls(1, _LONGS.type)])}),
    ),
    shape("whole decimals in integers", one(_WHOLE, store_decimal_as_integer=True)),
    shape(
        "whole decimals beyond long", one({"n": _BEYOND}), refused(".n", "[integer-out-of-range]")
    ),
    shape(
        "decimals of 76 digits",
        one(_LONGEST),
        refused(".d256_76_38"),
    ),
    shape(
        "decimals of 76 digits as texts",
        one(_LONGEST),
        refused("decimals of 76 digits as texts"),
        dict.fromkeys(_LONGEST, ColumnRule(decimal="string")),
    ),
    shape("dates", one({"d": DATES})),
    shape("date64", one({"d": DATES.cast(pa.date64())})),
    shape(
        "a date of the year 10000",
        one({"d": _days(LAST + 1)}),
        refused(".d", "[year-out-of-range]"),
    ),
    shape("times", one(TIMES)),
    shape("times said to be UTC", one(TIMES, write_time_adjusted_to_utc=True)),
    Shape(
        *(
            "pyarrow",
            "times of UTC",
            one(TIMES, write_time_adjusted_to_utc=True, store_schema=False),
        ),
        refused(".us"),
    ),
    shape(
        "midnight at the end",
        one({"t": times("us", 0, DAY_US)}),
        refused(".t", "[time-out-of-range]"),
    ),
    shape("a negative time", one({"t": times("ns", 0, -1)}), refused(".t", "[time-out-of-range]")),
    shape("timestamps", one(_all_units(None))),
    shape("instants of UTC", one(_all_units("UTC"))),
    shape("instants of a zone", one(_all_units(_NAMED))),
    shape("instants of an offset", one(_all_units("+05:30")), refused("+05:30")),
    shape("instants of whole hours", one(_all_units("+02:00"), as_read=_in_etc)),
    shape(
        "timestamps of version 1",
        one(
            _all_units(None),
            as_read=pq.read_table,
            version="1.0",
            coerce_timestamps="us",
            allow_truncated_timestamps=True,
        ),
    ),
    shape("timestamps of all years", one({unit: _wide(unit) for unit in ("s", "ms", "us")})),
    shape(
        "timestamps without Arrow's schema",
        one(
            {**_all_units(None), "z": moments("us", _NAMED)},
            as_read=pq.read_table,
            store_schema=False,
        ),
    ),
    shape("INT96", one(_NS, **_INT96)),
    shape("INT96 of all years", one({"t": _YEARS}, **_INT96)),
    shape("INT96 of instants", one({"t": moments("us", "UTC")}, **_INT96)),
    shape(
        "INT96 nested",
        one(_pair(pa.timestamp("ns"), _NANOSECOND), **_INT96),
        not_in_parquet("[temporal-list]"),
        rules={"s": ColumnRule(struct="flatten")},
    ),
    shape("spans", one(_SPANS)),
    shape("dictionaries", one(_DICTIONARIES)),
    shape("nothing but nulls", one(_NO_VALUES)),
)
