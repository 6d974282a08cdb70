"""What a store must hold of an Arrow table, without asking Polars or kgimport."""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from kgimport.graph import NO_RULE, ColumnRule
from tests.roundtrip.reference import (
    ABSENT,
    SECOND,
    UTC_NAMES,
    Held,
    float_bits,
    parsed_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# A node's properties: name, Cypher type, plain value.
Row = frozenset[tuple[str, str, Any]]
# The Cypher type of a column, and its plain values; None where there is no property.
Cells = tuple[str, list[Any]]
_TICK = {"s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}
_DAY_MS = 86_400_000


def rows(table: pa.Table, rules: Mapping[str, ColumnRule]) -> list[Row]:
    """The properties of the node that each row becomes."""
    columns = [
        column
        for name in table.schema.names
        for column in _columns(name, table[name].combine_chunks(), rules.get(name, NO_RULE))
    ]
    return [
        frozenset(
            (name, each[at].cypher, each[at].value) for name, each in columns if each[at] != ABSENT
        )
        for at in range(table.num_rows)
    ]


def json_properties(table: pa.Table, rules: Mapping[str, ColumnRule]) -> frozenset[str]:
    """The properties whose texts are to be compared as JSON."""
    told = (name for name, rule in rules.items() if rule.struct == "json")
    return frozenset(name for name in told if _holds_struct(table.schema.field(name).type))


def _holds_struct(dtype: pa.DataType) -> bool:
    return pa.types.is_struct(dtype) or (_is_list(dtype) and _holds_struct(dtype.value_type))


def _columns(name: str, array: pa.Array, rule: ColumnRule) -> Iterator[tuple[str, list[Held]]]:
    if not pa.types.is_struct(array.type) or rule.struct != "flatten":
        yield name, _held(array, rule)
        return
    for at, field in enumerate(array.type):
        yield from _columns(f"{name}.{field.name}", pc.struct_field(array, [at]), rule)


def _held(array: pa.Array, rule: ColumnRule) -> list[Held]:
    if isinstance(array, pa.DictionaryArray):
        return _held(array.dictionary.take(array.indices), rule)
    if _is_list(array.type):
        return [_list(each.values, rule) if each.is_valid else ABSENT for each in array]
    cells = next(cells for knows, cells in _CELLS if knows(array.type))
    cypher, values = cells(array, rule)
    return [ABSENT if value is None else Held(cypher, value) for value in values]


def _is_list(dtype: pa.DataType) -> bool:
    kinds = (pa.ListType, pa.LargeListType, pa.FixedSizeListType)
    return isinstance(dtype, (*kinds, pa.ListViewType, pa.LargeListViewType))


def _list(elements: pa.Array, rule: ColumnRule) -> Held:
    """As the driver hands a list over; none of these may be null, unless they are dropped."""
    held = [each for each in _held(elements, rule) if each != ABSENT]
    assert len(held) == len(elements) or rule.null_in_list == "drop"
    if not held:
        return Held("LIST<NOTHING>", ()) if rule.empty_list == "refuse" else ABSENT
    return Held(f"LIST<{held[0].cypher} NOT NULL>", tuple(each.value for each in held))


def _integers(array: pa.Array, _: ColumnRule) -> Cells:
    return "INTEGER", array.to_pylist()


def _floats(array: pa.Array, _: ColumnRule) -> Cells:
    return "FLOAT", [None if each is None else float_bits(each) for each in array.to_pylist()]


def _booleans(array: pa.Array, _: ColumnRule) -> Cells:
    return "BOOLEAN", array.to_pylist()


def _texts(array: pa.Array, _: ColumnRule) -> Cells:
    return "STRING", array.to_pylist()


def _json_texts(array: pa.Array, _: ColumnRule) -> Cells:
    return "STRING", array.storage.to_pylist()


def _uuids(array: pa.Array, _: ColumnRule) -> Cells:
    sixteen = array.storage.to_pylist()
    return "STRING", [None if each is None else str(uuid.UUID(bytes=each)) for each in sixteen]


def _bytes(array: pa.Array, rule: ColumnRule) -> Cells:
    if rule.binary == "bytes":
        return "LIST<INTEGER NOT NULL>", array.to_pylist()
    spell = bytes.hex if rule.binary == "hex" else _base64
    return "STRING", [None if each is None else spell(each) for each in array.to_pylist()]


def _base64(cell: bytes) -> str:
    return base64.b64encode(cell).decode()


def _decimals(array: pa.Array, rule: ColumnRule) -> Cells:
    if rule.decimal == "string":
        return "STRING", [None if each is None else f"{each:f}" for each in array.to_pylist()]
    if rule.decimal == "double":
        return _floats(pa.array(map(_as_float, array.to_pylist()), pa.float64()), rule)
    assert array.type.scale == 0
    return "INTEGER", [None if each is None else int(each) for each in array.to_pylist()]


def _as_float(number: Any) -> float | None:
    return None if number is None else float(number)


def _dates(array: pa.Array, _: ColumnRule) -> Cells:
    if pa.types.is_date32(array.type):
        return "DATE", array.cast(pa.int32()).to_pylist()
    return "DATE", _times(array.cast(pa.int64()), 1, _DAY_MS)


def _times(ticks: pa.Array, factor: int, divisor: int = 1) -> list[int | None]:
    # In Python's numbers: nanoseconds of the year 1 are beyond 64 bits.
    return [None if each is None else each * factor // divisor for each in ticks.to_pylist()]


def _times_of_day(array: pa.Array, _: ColumnRule) -> Cells:
    integer = pa.int32() if pa.types.is_time32(array.type) else pa.int64()
    return "LOCAL TIME", _times(array.cast(integer), _TICK[array.type.unit])


def _durations(array: pa.Array, _: ColumnRule) -> Cells:
    return "DURATION", _times(array.cast(pa.int64()), _TICK[array.type.unit])


def _timestamps(array: pa.Array, _: ColumnRule) -> Cells:
    instants = _times(array.cast(pa.int64()), _TICK[array.type.unit])
    if array.type.tz is None:
        return "LOCAL DATETIME", instants
    zone = "Z" if array.type.tz in UTC_NAMES else array.type.tz
    return "ZONED DATETIME", [None if each is None else (each, zone) for each in instants]


def _nothing(array: pa.Array, _: ColumnRule) -> Cells:
    return "NULL", [None] * len(array)


def _as_json(array: pa.Array, _: ColumnRule) -> Cells:
    texts = (None if each is None else json.dumps(each) for each in array.to_pylist())
    return "JSON", [None if each is None else parsed_json(each) for each in texts]


def _is_text(dtype: pa.DataType) -> bool:
    return dtype in (pa.string(), pa.large_string(), pa.string_view())


def _is_bytes(dtype: pa.DataType) -> bool:
    return dtype in (pa.binary(), pa.large_binary(), pa.binary_view()) or isinstance(
        dtype, pa.FixedSizeBinaryType
    )


_CELLS: tuple[
    tuple[Callable[[pa.DataType], bool], Callable[[pa.Array, ColumnRule], Cells]], ...
] = (
    (lambda dtype: dtype == pa.uuid(), _uuids),
    (lambda dtype: isinstance(dtype, pa.JsonType), _json_texts),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_integer, _integers),
    (pa.types.is_floating, _floats),
    (pa.types.is_boolean, _booleans),
    (_is_text, _texts),
    (_is_bytes, _bytes),
    (pa.types.is_date, _dates),
    (pa.types.is_time, _times_of_day),
    (pa.types.is_duration, _durations),
    (pa.types.is_timestamp, _timestamps),
    (pa.types.is_null, _nothing),
    (pa.types.is_struct, _as_json),
)
