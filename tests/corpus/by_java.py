"""What Java's Parquet wrote, as Spark, Hive and Trino do: the files of `java/`."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from kgimport.graph import ColumnRule
from tests.corpus.by_pyarrow import numbered
from tests.corpus.java.files import FIRST, LAST
from tests.corpus.shape import EQUAL, ROWS, Outcome, Shape, not_in_csv, not_in_parquet, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.corpus.shape import Make

_FILES = Path(__file__).parent / "java"
_DAY_US = 86_400_000_000


def _of(name: str, says: pa.Array | None) -> Make:
    """The file of that name; what is in its column `v`, or what pyarrow reads."""

    def make(folder: Path) -> pa.Table:
        shutil.copy(_FILES / f"{name}.parquet", folder / ROWS)
        return pq.read_table(folder / ROWS) if says is None else numbered({"v": says})

    return make


def _shape(name: str, says: pa.Array | None = None, outcome: Outcome = EQUAL, **rule: Any) -> Shape:
    rules: Mapping[str, ColumnRule] = {"v": ColumnRule(**rule)} if rule else {}
    return Shape("parquet-java", name, _of(name, says), outcome, rules)


def _ticks(dtype: pa.DataType, *ticks: int | None) -> pa.Array:
    small = pa.types.is_date(dtype)
    return pa.array(ticks, pa.int32() if small else pa.int64()).cast(dtype)


def _decimals(digits: int, scale: int, *cells: str | None) -> pa.Array:
    exact = [None if cell is None else Decimal(cell) for cell in cells]
    return pa.array(exact, pa.decimal128(digits, scale))


_NS, _US = pa.timestamp("ns"), pa.timestamp("us")
_LONGS = pa.list_(pa.int64())
_PAIRS = pa.list_(pa.struct([("a", pa.int64()), ("b", pa.string())]))
_TUPLES = pa.list_(pa.struct([("a", pa.int64())]))
_NOON = 19_782 * 86_400 * 10**9 + 45_296_123_456_789
_LATE = (LAST + 1) * _DAY_US - 1
_NINES = "9999999999999999999999999999.9999999999"

SHAPES = (
    _shape(
        "lists of two levels",
        pa.array([[1, 2], None, [], [-1]], _LONGS),
        not_in_csv(".v", "[empty-list]"),
    ),
    _shape(
        "lists of structs of two levels",
        pa.array([[{"a": 1, "b": "x"}, {"a": None, "b": None}], None], _PAIRS),
        struct="json",
    ),
    _shape("lists of tuples", pa.array([[{"a": 1}, {"a": 2}], None], _TUPLES), struct="json"),
    _shape("lists in bags", pa.array([[1, 2], None, [3]], _LONGS)),
    _shape("repeated fields", pa.array([[1, 2], [3], [-1]], _LONGS)),
    _shape("INT96", _ticks(_NS, 0, -1, None, _NOON)),
    _shape("INT96 of all years", _ticks(_US, FIRST * _DAY_US, _LATE, None, -_DAY_US + 1)),
    _shape("INT96 of all years and nanoseconds", None, refused(".v")),
    _shape("INT96 of the last nanosecond", None, refused(".v")),
    _shape(
        "INT96 in lists",
        pa.array([[FIRST * _DAY_US, LAST * _DAY_US], None], pa.list_(_US)),
        not_in_parquet(".v", "[temporal-list]"),
    ),
    _shape(
        "decimals in int32", _decimals(9, 2, "1.50", "-999999.99", None, "0.01"), decimal="string"
    ),
    _shape(
        "decimals in int64",
        _decimals(18, 3, "0.150", "-999999999999999.999", None),
        decimal="string",
    ),
    _shape(
        "decimals in fixed bytes",
        _decimals(38, 10, _NINES, "-0.0000000001", None),
        decimal="string",
    ),
    _shape(
        "decimals in bytes",
        _decimals(20, 2, "0", "-0.01", "2.56", "999999999999999999.99", None),
        decimal="string",
    ),
    _shape("whole decimals in bytes", _decimals(38, 0, str(2**63 - 1), str(-(2**63)), "5", None)),
    _shape("whole decimals in int32", _decimals(9, 0, "999999999", "-1", None)),
    _shape("enums", pa.array(["low", "high", None])),
    _shape("UUIDs", pa.array([bytes(16), bytes(range(16)), None], pa.uuid())),
    _shape("JSON", pa.array(['{"a": 1.50}', "null", None])),
    _shape("BSON", pa.array([b"\x05\x00\x00\x00\x00", None]), binary="hex"),
    _shape("intervals", None, refused(".v")),
    _shape("half floats", pa.array([1.0, -0.0, 2.0**-24, float("nan"), None], pa.float16())),
    _shape("texts without an annotation", None, refused(".v", "bytes are not a Cypher type")),
    _shape("small unsigned integers", pa.array([0, 255, None])),
    _shape("unsigned integers of 32 bits", pa.array([0, 2**32 - 1, None])),
    _shape("small integers", pa.array([-128, 127, None])),
    _shape("dates", _ticks(pa.date32(), FIRST, -1, 0, LAST, None)),
    _shape("times", _ticks(pa.time64("us"), 0, _DAY_US - 1, None)),
    _shape("times of UTC", None, refused(".v")),
    _shape("midnight at the end", None, refused(".v", "[time-out-of-range]")),
    _shape("timestamps", _ticks(pa.timestamp("ms"), -1, 0, 1_709_210_096_789, None)),
    _shape(
        "instants in nanoseconds",
        _ticks(pa.timestamp("ns", "UTC"), -1, 1_709_210_096_123_456_789, None),
    ),
    _shape("instants of all years", _ticks(pa.timestamp("us", "UTC"), FIRST * _DAY_US, _LATE)),
    _shape("maps", None, refused(".v")),
    _shape("pages of version 2"),
    _shape("small pages"),
    _shape("pages by zstd"),
    _shape("pages by snappy"),
)
