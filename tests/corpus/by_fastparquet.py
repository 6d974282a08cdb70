"""What fastparquet writes of a pandas frame: a writer of its own, without Arrow."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import fastparquet
import numpy as np
import pandas as pd
import pyarrow as pa

from kgimport.graph import ColumnRule
from tests.corpus.by_pyarrow import BYTES, DOUBLE, FULL_TEXTS, INTEGERS, SINGLE, TICKS
from tests.corpus.shape import ROWS, Shape, not_in_parquet, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.corpus.shape import Make

# A column as pandas has it, and what it is.
Column = tuple[Any, pa.Array]


def frame(columns: dict[str, Column]) -> pd.DataFrame:
    """The columns as pandas has them, and a key before them."""
    rows = len(next(iter(columns.values()))[1])
    return pd.DataFrame({"id": range(rows), **{name: held for name, (held, _) in columns.items()}})


def given(columns: dict[str, Column]) -> pa.Table:
    """The columns as they are, and a key before them."""
    rows = len(next(iter(columns.values()))[1])
    return pa.table(
        {"id": pa.array(range(rows)), **{name: of for name, (_, of) in columns.items()}}
    )


def one(columns: dict[str, Column], **options: Any) -> Make:
    """Writes one file, or with `file_scheme` a folder of them."""

    def make(folder: Path) -> pa.Table:
        simple = "file_scheme" not in options
        place = folder / (ROWS if simple else "table")
        with warnings.catch_warnings():  # it asks pandas for what will be gone in pandas 4
            warnings.simplefilter("ignore")
            fastparquet.write(str(place), frame(columns), **options)
        return given(columns)

    return make


def _numbers(dtype: pa.DataType) -> Column:
    bits, signed = dtype.bit_width, not pa.types.is_unsigned_integer(dtype)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return np.array([low, 0, high], str(dtype)), pa.array([low, 0, high], dtype)


def _nullable(name: str, *cells: Any) -> Column:
    return pd.array(cells, dtype=name), pa.array(cells)


def _objects(*cells: Any) -> Column:
    return pd.Series(cells, dtype=object), pa.array(cells)


def _full(array: pa.Array) -> Column:
    """A column without nulls, which pandas tells from NaN only in some types."""
    some = array.drop_null()
    return some.to_numpy(zero_copy_only=False), some


def moments(unit: str, zone: str | None = None) -> Column:
    """The epoch, one tick before it, and 1969 and 2024 with fractions."""
    second = TICKS[unit]
    ticks = np.array([0, -1, -31_535_999 * second - 1, 1_709_210_096 * second + second // 8 + 1])
    naive = pd.Series(ticks.view(f"datetime64[{unit}]"))
    held = naive if zone is None else naive.dt.tz_localize("UTC").dt.tz_convert(zone)
    of = pa.array(ticks, pa.int64()).cast(pa.timestamp(unit, "UTC" if zone else None))
    return held, of


_WORDS = ["low", "high", "low", "mid"]
_CATEGORIES = pd.Categorical(_WORDS, ["low", "mid", "high"]), pa.array(_WORDS)
_ORDERED = pd.Categorical(_WORDS, ["low", "mid", "high"], ordered=True), pa.array(_WORDS)
_HOLES = pd.Categorical(["a", None, "b"]), pa.array(["a", None, "b"])
_MANY: dict[str, Column] = {
    "n": (np.arange(300) * 7919 % 1000, pa.array([at * 7919 % 1000 for at in range(300)])),
    "t": _objects(*(f"word {at % 30}" if at % 7 else None for at in range(300))),
    "f": (np.arange(300) / 8, pa.array([at / 8 for at in range(300)])),
    "b": (np.arange(300) % 3 == 0, pa.array([at % 3 == 0 for at in range(300)])),
}
# Its seconds are wrong: it writes them as milliseconds of another size.
_UNITS = ("ms", "us", "ns")
_CODECS = ("SNAPPY", "GZIP", "ZSTD", "BROTLI", "LZ4_RAW", "UNCOMPRESSED")
_PARTS = {
    "n": (np.arange(6), pa.array(range(6))),
    "part": _objects("00501", "501", "1e3", "x y", "é", "00501"),
}
_SPAN = (
    pd.Series(pd.to_timedelta([0, 90_061, -1], "s")),
    pa.array([0, 90_061, -1]).cast(pa.duration("s")),
)


def _appended(folder: Path) -> pa.Table:
    one(_MANY)(folder)
    more = frame(_MANY).assign(id=range(300, 600))
    fastparquet.write(str(folder / ROWS), more, append=True)
    table = given(_MANY)
    return pa.concat_tables([table, table.set_column(0, "id", pa.array(range(300, 600)))])


shape = partial(Shape, "fastparquet")
SHAPES = (
    shape("integers", one({str(each): _numbers(each) for each in INTEGERS})),
    shape(
        "nullable integers",
        one({"n": _nullable("Int64", 1, None, -(2**63)), "u": _nullable("UInt8", 0, None, 255)}),
    ),
    shape("floats", one({"double": _full(DOUBLE)}, has_nulls=False)),
    shape("single floats", one({"single": _full(SINGLE)}, has_nulls=False)),
    shape(
        "NaN, which is null in the file",
        one({"f": (np.array([0.5, np.nan]), pa.array([0.5, None]))}),
    ),
    shape(
        "booleans",
        one(
            {
                "b": _full(pa.array([True, False] * 9)),
                "n": _nullable("boolean", *[True, None, False] * 6),
            }
        ),
    ),
    shape("texts", one({"t": _objects(*FULL_TEXTS.to_pylist())}, object_encoding="utf8")),
    shape(
        "empty texts",
        one({"t": _objects("", None, "a")}, object_encoding="utf8"),
        not_in_parquet(".t", "[empty-string]"),
    ),
    shape(
        "texts of pandas",
        one({"t": (pd.array(["a", None, "ü"], "string"), pa.array(["a", None, "ü"]))}),
    ),
    shape(
        "texts of a fixed length",
        one({"t": _objects("abc", "xyz")}, fixed_text={"t": 3}, object_encoding="utf8"),
        refused("of a fixed length"),
    ),
    shape(
        "bytes",
        one({"b": _objects(*BYTES.to_pylist())}, object_encoding="bytes"),
        rules={"b": ColumnRule(binary="base64")},
    ),
    shape(
        "JSON",
        one(
            {
                "j": (
                    pd.Series([{"a": [1, None]}, None, [True]], dtype=object),
                    pa.array(['{"a":[1,null]}', None, "[true]"]),
                )
            },
            object_encoding="json",
        ),
    ),
    shape("categories", one({"c": _CATEGORIES, "o": _ORDERED})),
    shape("categories with nulls", one({"c": _HOLES})),
    shape("timestamps", one({unit: moments(unit) for unit in _UNITS})),
    shape("instants of UTC", one({unit: moments(unit, "UTC") for unit in _UNITS})),
    shape("instants of a zone", one({"us": moments("us", "Europe/Stockholm")})),
    shape("INT96", one({"t": moments("ns")}, times="int96")),
    shape(
        "spans, which are times in the file",
        one({"span": _SPAN}),
        refused(".span"),
    ),
    shape("row groups", one(_MANY, row_group_offsets=100)),
    shape("no nulls at all", one({"n": _MANY["n"], "f": _MANY["f"]}, has_nulls=False)),
    shape("statistics and metadata", one(_MANY, stats=True, custom_metadata={"ours": "é"})),
    shape("what was appended", _appended),
    *(shape(f"pages by {codec}", one(_MANY, compression=codec)) for codec in _CODECS),
    shape("a folder", one(_MANY, file_scheme="hive", row_group_offsets=100), at="table"),
    shape("hive folders", one(_PARTS, file_scheme="hive", partition_on=["part"]), at="table"),
    shape("no rows", one({name: (held[:0], of[:0]) for name, (held, of) in _MANY.items()})),
)
