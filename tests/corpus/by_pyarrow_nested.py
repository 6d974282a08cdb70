"""Lists, structs and maps by pyarrow, in every form that it writes."""

from __future__ import annotations

from functools import partial
from typing import Any

import pyarrow as pa

from kgimport.graph import ColumnRule
from tests.corpus.by_pyarrow import DATES, DOUBLE, UUID_COLUMN, one, times
from tests.corpus.shape import Shape, not_in_csv, not_in_parquet, refused

_LONGS = [[1, 2], None, [-(2**63)], [2**63 - 1, 0]]
_TEXTS = [["a", "b"], None, ["ä", "", " "], ["x" * 300]]
_LISTS = {
    "longs": pa.array(_LONGS, pa.list_(pa.int64())),
    "large": pa.array(_LONGS, pa.large_list(pa.int64())),
    "small": pa.array([[1], None, [-128], [127, 0]], pa.list_(pa.int8())),
    "texts": pa.array(_TEXTS, pa.list_(pa.large_string())),
    "floats": pa.array(
        [DOUBLE.drop_null().to_pylist(), None, [0.5], [-0.0]], pa.list_(pa.float64())
    ),
    "booleans": pa.array([[True, False], None, [True], [False]], pa.list_(pa.bool_())),
}
_FIXED = {
    "vector": pa.array([[0.5, -0.25], None, [1e-45, 3.4e38]], pa.list_(pa.float32(), 2)),
    "pair": pa.array([[1, 2], [3, 4], None], pa.list_(pa.int32(), 2)),
}
_VIEWS = {
    "longs": pa.array(_LONGS, pa.list_view(pa.int64())),
    "texts": pa.array(_TEXTS, pa.large_list_view(pa.string())),
}
_EMPTY = {"l": pa.array([[], None, [1]], pa.list_(pa.int64()))}
_HOLES = {"l": pa.array([[1, None], None, [None], [2]], pa.list_(pa.int64()))}
_DROP = {"l": ColumnRule(null_in_list="drop", empty_list="null")}
_DAYS = {"l": pa.array([DATES.drop_null().to_pylist(), None], pa.list_(pa.date32()))}
_MARKED = {"l": pa.array([["a\x1fb", "c"]], pa.list_(pa.string()))}
_LONE = {"l": pa.array([[""]], pa.list_(pa.string()))}
_INNER = pa.struct([("n", pa.int32()), ("t", pa.string())])
_STRUCT = {
    "s": pa.array([{"n": 1, "t": "a"}, None, {"n": None, "t": "ü"}, {"n": -1, "t": None}], _INNER)
}
_DEEP_TYPE = pa.struct([("a", pa.struct([("b", pa.struct([("c", pa.int64())]))])), ("d", _INNER)])
_DEEP_ROWS: list[Any] = [
    {"a": {"b": {"c": 1}}, "d": {"n": 2, "t": "x"}},
    {"a": {"b": None}, "d": None},
    {"a": None, "d": {"n": None, "t": "y"}},
    None,
]
_DEEP = {"s": pa.array(_DEEP_ROWS, _DEEP_TYPE)}
_STRUCTS = {
    "l": pa.array([[{"n": 1, "t": "a"}, {"n": None, "t": "b"}], None], pa.list_(_INNER)),
}
_IN_STRUCT = {
    "s": pa.array(
        [{"l": [1, 2], "t": ["a"]}, {"l": None, "t": None}, None],
        pa.struct([("l", pa.list_(pa.int64())), ("t", pa.list_(pa.string()))]),
    )
}
_MIDNIGHT = times("us", 0, 86_400_000_000, 1)
_TIMES = {"l": pa.ListArray.from_arrays([0, 1, 3], _MIDNIGHT)}
_TIME = {"s": pa.StructArray.from_arrays([_MIDNIGHT], ["t"])}
_UUIDS = {"s": pa.StructArray.from_arrays([UUID_COLUMN], ["u"])}
_LISTS_OF_LISTS = {"l": pa.array([[[1], [2, 3]], None], pa.list_(pa.list_(pa.int64())))}
_MAP = {"m": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64()))}
_TENSOR_TYPE = pa.fixed_shape_tensor(pa.float32(), (2, 2))
_TENSORS = {
    "t": pa.ExtensionArray.from_storage(
        _TENSOR_TYPE, pa.array([[1, 2, 3, 4]], pa.list_(pa.float32(), 4))
    )
}
_BOOL8 = {"b": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([0, 1, None], pa.int8()))}
_FLAT = {"s": ColumnRule(struct="flatten")}

shape = partial(Shape, "pyarrow")
SHAPES = (
    shape("lists", one(_LISTS)),
    shape("lists of items", one(_LISTS, use_compliant_nested_type=False)),
    shape("lists of pages of version 2", one(_LISTS, data_page_version="2.0")),
    shape("lists of a fixed size", one(_FIXED)),
    shape("list views", one(_VIEWS), refused("list views")),
    shape("empty lists", one(_EMPTY), not_in_csv(".l", "[empty-list]")),
    shape("nulls in lists", one(_HOLES), refused(".l", "[null-in-list]")),
    shape("nulls dropped from lists", one(_HOLES), rules=_DROP),
    shape("lists of dates", one(_DAYS), not_in_parquet(".l", "[temporal-list]")),
    shape("a delimiter in a list", one(_MARKED), not_in_csv("[array-delimiter-in-element]")),
    shape("a list of nothing but the empty text", one(_LONE), not_in_csv("[lone-empty-string]")),
    shape("structs", one(_STRUCT), rules=_FLAT),
    shape("structs as JSON", one(_STRUCT), rules={"s": ColumnRule(struct="json")}),
    shape("a struct without a policy", one(_STRUCT), refused(".s", "no map property")),
    shape("structs in structs", one(_DEEP), rules=_FLAT),
    shape("lists in structs", one(_IN_STRUCT), rules=_FLAT),
    shape("midnight at the end in a list", one(_TIMES), refused(".l", "[time-out-of-range]")),
    shape(
        "midnight at the end in a struct", one(_TIME), refused(".s", "[time-out-of-range]"), _FLAT
    ),
    shape("UUIDs in structs", one(_UUIDS), refused(".s.u", "bytes are not a Cypher type"), _FLAT),
    shape("structs in lists", one(_STRUCTS), rules={"l": ColumnRule(struct="json")}),
    shape("lists of lists", one(_LISTS_OF_LISTS), refused(".l", "no list of lists")),
    shape("maps", one(_MAP), refused(".m")),
    shape("tensors", one(_TENSORS), refused(".t", "has no type for")),
    shape("booleans of 8 bits", one(_BOOL8), refused(".b", "has no type for")),
)
