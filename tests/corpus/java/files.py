"""What Java's Parquet was given: the schema, and rows as the groups and repeated fields of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_JULIAN_EPOCH = 2_440_588
_DAY_NS = 86_400_000_000_000
FIRST, LAST = -719_162, 2_932_896


@dataclass(frozen=True, slots=True)
class File:
    """A file to write; `options` are the builder's."""

    name: str
    schema: str
    rows: tuple[dict[str, Any], ...]
    options: dict[str, Any] = field(default_factory=dict)


def int96(days: int, nanoseconds: int = 0) -> tuple[int, int]:
    """A moment as INT96 has it, of days since 1970 and what is left of a day."""
    return nanoseconds, _JULIAN_EPOCH + days


def _each(name: str, schema: str, *cells: Any, **options: Any) -> File:
    """A file of one column `v` beside a key; what is None is absent."""
    rows = tuple({"id": at, "v": cell} for at, cell in enumerate(cells))
    return File(name, f"required int64 id; {schema}", rows, options)


def _list(*items: Any) -> dict[str, Any]:
    return {"array": list(items)}


_MANY = tuple(
    {
        "id": at,
        "n": at * 7919 % 1000,
        "t": f"word {at % 20}" if at % 7 else None,
        "d": at / 8,
        "b": at % 3 == 0,
    }
    for at in range(300)
)
_MANY_SCHEMA = """required int64 id; optional int32 n; optional binary t (STRING);
  optional double d; optional boolean b;"""

FILES = (
    _each(
        "lists of two levels",
        "optional group v (LIST) { repeated int64 array; }",
        _list(1, 2),
        None,
        _list(),
        _list(-1),
    ),
    _each(
        "lists of structs of two levels",
        """optional group v (LIST) { repeated group array {
          optional int64 a; optional binary b (STRING); } }""",
        _list({"a": 1, "b": "x"}, {"a": None, "b": None}),
        None,
    ),
    _each(
        "lists of tuples",
        "optional group v (LIST) { repeated group v_tuple { required int64 a; } }",
        {"v_tuple": [{"a": 1}, {"a": 2}]},
        None,
    ),
    _each(
        "lists in bags",
        "optional group v (LIST) { repeated group bag { optional int64 array_element; } }",
        {"bag": [{"array_element": 1}, {"array_element": 2}]},
        None,
        {"bag": [{"array_element": 3}]},
    ),
    _each("repeated fields", "repeated int64 v;", [1, 2], [3], [-1]),
    _each(
        "INT96",
        "optional int96 v;",
        int96(0),
        int96(-1, _DAY_NS - 1),
        None,
        int96(19_782, 45_296_123_456_789),
    ),
    _each(
        "INT96 of all years",
        "optional int96 v;",
        int96(FIRST),
        int96(LAST, _DAY_NS - 1000),
        None,
        int96(-1, 1000),
    ),
    _each("INT96 of all years and nanoseconds", "optional int96 v;", int96(LAST), int96(0, 1)),
    _each("INT96 of the last nanosecond", "optional int96 v;", int96(LAST, _DAY_NS - 1)),
    _each(
        "INT96 in lists",
        "optional group v (LIST) { repeated group list { optional int96 element; } }",
        {"list": [{"element": int96(FIRST)}, {"element": int96(LAST)}]},
        None,
    ),
    _each("decimals in int32", "optional int32 v (DECIMAL(9, 2));", 150, -99_999_999, None, 1),
    _each("decimals in int64", "optional int64 v (DECIMAL(18, 3));", 150, -(10**18) + 1, None),
    _each(
        "decimals in fixed bytes",
        "optional fixed_len_byte_array(16) v (DECIMAL(38, 10));",
        (10**38 - 1).to_bytes(16, "big"),
        (-1).to_bytes(16, "big", signed=True),
        None,
    ),
    _each(
        "decimals in bytes",
        "optional binary v (DECIMAL(20, 2));",
        b"\x00",
        b"\xff",
        b"\x01\x00",
        (10**20 - 1).to_bytes(9, "big"),
        None,
    ),
    _each(
        "whole decimals in bytes",
        "optional binary v (DECIMAL(38, 0));",
        b"\x7f" + b"\xff" * 7,
        b"\x80" + b"\x00" * 7,
        b"\x05",
        None,
    ),
    _each("whole decimals in int32", "optional int32 v (DECIMAL(9, 0));", 999_999_999, -1, None),
    _each("enums", "optional binary v (ENUM);", "low", "high", None),
    _each(
        "UUIDs", "optional fixed_len_byte_array(16) v (UUID);", bytes(16), bytes(range(16)), None
    ),
    _each("JSON", "optional binary v (JSON);", '{"a": 1.50}', "null", None),
    _each("BSON", "optional binary v (BSON);", b"\x05\x00\x00\x00\x00", None),
    _each("intervals", "optional fixed_len_byte_array(12) v (INTERVAL);", bytes(12)),
    _each(
        "half floats",
        "optional fixed_len_byte_array(2) v (FLOAT16);",
        b"\x00\x3c",
        b"\x00\x80",
        b"\x01\x00",
        b"\x00\x7e",
        None,
    ),
    _each("texts without an annotation", "optional binary v;", "a", None, "b"),
    _each("small unsigned integers", "optional int32 v (INTEGER(8, false));", 0, 255, None),
    _each("unsigned integers of 32 bits", "optional int32 v (INTEGER(32, false));", 0, -1, None),
    _each("small integers", "optional int32 v (INTEGER(8, true));", -128, 127, None),
    _each("dates", "optional int32 v (DATE);", FIRST, -1, 0, LAST, None),
    _each("times", "optional int64 v (TIME(MICROS, false));", 0, 86_399_999_999, None),
    _each("times of UTC", "optional int64 v (TIME(MICROS, true));", 0, 1),
    _each("midnight at the end", "optional int32 v (TIME(MILLIS, false));", 86_400_000),
    _each(
        "timestamps", "optional int64 v (TIMESTAMP(MILLIS, false));", -1, 0, 1_709_210_096_789, None
    ),
    _each(
        "instants in nanoseconds",
        "optional int64 v (TIMESTAMP(NANOS, true));",
        -1,
        1_709_210_096_123_456_789,
        None,
    ),
    _each(
        "instants of all years",
        "optional int64 v (TIMESTAMP(MICROS, true));",
        FIRST * 86_400_000_000,
        (LAST + 1) * 86_400_000_000 - 1,
    ),
    _each(
        "maps",
        """optional group v (MAP) { repeated group map (MAP_KEY_VALUE) {
          required binary key (STRING); optional int64 value; } }""",
        {"map": [{"key": "a", "value": 1}]},
    ),
    File(
        "pages of version 2",
        _MANY_SCHEMA,
        _MANY,
        {"version": "PARQUET_2_0", "withPageSize": 500, "withDictionaryPageSize": 200},
    ),
    File(
        "small pages",
        _MANY_SCHEMA,
        _MANY,
        {
            "withPageSize": 200,
            "withBloomFilterEnabled": True,
            "withMaxBloomFilterBytes": 512,
            "withPageWriteChecksumEnabled": True,
        },
    ),
    File("pages by zstd", _MANY_SCHEMA, _MANY, {"codec": "ZSTD", "withRowGroupSize": 4000}),
    File("pages by snappy", _MANY_SCHEMA, _MANY, {"codec": "SNAPPY", "version": "PARQUET_2_0"}),
)
