"""What pandas' to_parquet writes, which leaves its indexes and its own types in the file."""

from __future__ import annotations

import datetime as dt
import warnings
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kgimport.graph import ColumnRule
from tests.corpus.by_fastparquet import Column, frame, given, moments
from tests.corpus.by_pyarrow import TICKS
from tests.corpus.shape import ROWS, Shape, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.corpus.shape import Make


def one(columns: dict[str, Column], **options: Any) -> Make:
    """Writes one file of these columns and a key before them."""

    def make(folder: Path) -> pa.Table:
        with warnings.catch_warnings():  # pandas 4 will have no other engine than pyarrow
            warnings.simplefilter("ignore")
            frame(columns).to_parquet(folder / ROWS, **options)
        return given(columns)

    return make


def of(rows: pd.DataFrame, **options: Any) -> Make:
    """Writes any frame; pyarrow says what is in the file."""

    def make(folder: Path) -> pa.Table:
        rows.to_parquet(folder / ROWS, **options)
        return pq.read_table(folder / ROWS)

    return make


def _of(dtype: str, *cells: Any) -> Column:
    return pd.array(cells, dtype=dtype), pa.array(cells)


def _objects(dtype: pa.DataType, *cells: Any) -> Column:
    return pd.Series(cells, dtype=object), pa.array(cells, dtype)


_DAYS = (dt.date(1, 1, 1), None, dt.date(9999, 12, 31))
_TIMES = (dt.time(0, 0, 0, 1), None, dt.time(23, 59, 59, 999_999))
_TEXTS = ("a", None, "日本 😀")
_PLAIN = pd.DataFrame({"id": [7, 9, 4], "n": [1.5, float("nan"), -0.0]})
_ARROW = {
    "l": (
        pd.Series([[1, 2], None], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
        pa.array([[1, 2], None]),
    ),
    "n": (pd.Series([2**62, None], dtype="int64[pyarrow]"), pa.array([2**62, None])),
}
_INDEXES = pd.MultiIndex.from_tuples([("a", 1), ("b", 2), ("c", 3)], names=["letter", "digit"])
_PAIRS = pd.DataFrame(
    [[1, 2], [3, 4]], columns=pd.MultiIndex.from_tuples([("id", "x"), ("n", "y")])
)
_SPAN = pd.to_timedelta([0, 90_061, None, -1], "s")
_PERIODS = pd.period_range("2024-01", periods=3, freq="M")
_INTERVALS = pd.interval_range(0, 3)

shape = partial(Shape, "pandas")
SHAPES = (
    shape(
        "integers with holes",
        one({"n": _of("Int64", 1, None, -(2**63)), "s": _of("Int8", -128, None, 127)}),
    ),
    shape("booleans with holes", one({"b": _of("boolean", True, None, False)})),
    shape(
        "texts",
        one(
            {
                "t": _of("string", *_TEXTS),
                "s": _of("str", *_TEXTS),
                "o": _objects(pa.string(), *_TEXTS),
            }
        ),
    ),
    shape("NaN, which is null in the file", of(_PLAIN)),
    shape("floats with holes", one({"f": _of("Float64", 0.5, None, -0.0)})),
    shape(
        "categories",
        one(
            {
                "c": (pd.Categorical(["a", None, "b"]), pa.array(["a", None, "b"])),
                "n": (pd.Categorical([3, 1, 3]), pa.array([3, 1, 3])),
            }
        ),
    ),
    shape(
        "ordered categories",
        one({"c": (pd.Categorical(["b", "a"], ["b", "a"], ordered=True), pa.array(["b", "a"]))}),
    ),
    shape("dates", one({"d": _objects(pa.date32(), *_DAYS)})),
    shape("times", one({"t": _objects(pa.time64("us"), *_TIMES)})),
    shape(
        "decimals",
        one({"d": _objects(pa.decimal128(5, 2), Decimal("1.50"), None, Decimal("-999.99"))}),
        rules={"d": ColumnRule(decimal="string")},
    ),
    shape("timestamps", one({unit: moments(unit) for unit in TICKS})),
    shape("instants of UTC", one({unit: moments(unit, "UTC") for unit in TICKS})),
    shape(
        "instants of a zone",
        of(pd.DataFrame({"id": range(4), "t": moments("us", "Europe/Stockholm")[0]})),
    ),
    shape("spans", of(pd.DataFrame({"id": range(4), "span": _SPAN}))),
    shape("periods", of(pd.DataFrame({"id": range(3), "p": _PERIODS})), refused(".p")),
    shape("intervals", of(pd.DataFrame({"id": range(3), "i": _INTERVALS})), refused(".i")),
    shape("Arrow's own types", one(_ARROW)),
    shape("an index of numbers", of(_PLAIN.set_index("id"))),
    shape("two indexes", of(_PLAIN.set_index(_INDEXES))),
    shape("an index without a name", of(_PLAIN.set_index(pd.Index([7, 9, 4])))),
    shape(
        "an index without a name left out", of(_PLAIN.set_index(pd.Index([7, 9, 4])), index=False)
    ),
    shape("columns of two levels", of(_PAIRS), refused(".('id', 'x')"), key="('id', 'x')"),
    shape("attributes", of(_PLAIN.assign(n=[1, 2, 3]))),
    shape(
        "by fastparquet",
        one({"n": _of("Int64", 1, None, 3), "t": _of("string", *_TEXTS)}, engine="fastparquet"),
    ),
    shape(
        "hive folders",
        of(
            pd.DataFrame({"id": range(4), "n": [1, 2, 3, 4], "part": ["01", "1", "x", "01"]}),
            partition_cols=["part"],
        ),
        at="",
    ),
)
