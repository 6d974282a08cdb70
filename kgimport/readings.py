"""How DuckDB reads a column as a property's values: SQL for each kind of property and each type.

It reads both sides that are compared: the source's files, and what was written, where a value may
be the text of a cell. Both become the same canonical values: texts, numbers and booleans as they
are, a date as days since 1970, a moment or duration as a count of its unit, a point as the list of
its coordinates.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kgimport.graph import NO_RULE

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.graph import ColumnRule
    from kgimport.properties import Kind, PropertyType, Unit

_DAY0 = "DATE '1970-01-01'"
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_WHOLE = (*_INTEGERS, "UBIGINT", "HUGEINT", "UHUGEINT")
_FLOATS = ("FLOAT", "DOUBLE")
_LOCAL = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS")
_ZONED = ("TIMESTAMP WITH TIME ZONE",)
_ZONES_OF_UTC = frozenset({None, "UTC", "Etc/UTC", "Z", "+00:00", "GMT", "Etc/GMT"})
TEXT = "VARCHAR"


def reading(made: PropertyType, typed: str, value: str, rule: ColumnRule = NO_RULE) -> str | None:
    """Return SQL for the canonical values of a column; None if its DuckDB type does not allow it.

    `rule` is the declaration's rule for a column of the source.
    """
    if made.is_list:
        return _list(made, typed, value, rule)
    if _only_by_polars(made, typed, rule):
        return None
    if typed == TEXT and rule is NO_RULE:
        return _CELLS[made.kind](value, made.unit)
    special = _SPECIAL.get(made.kind)
    if found := special and special(made, typed, value, rule):
        return found
    template = _TYPED.get(made.kind, {}).get(re.sub(r"[(].*", "", typed, flags=re.DOTALL))
    return template and template.format(value)


def _only_by_polars(made: PropertyType, typed: str, rule: ColumnRule) -> bool:
    """Whether a policy makes values that only Polars computes: cut moments, and moments as text."""
    cut = rule.fraction == "drop" and made.is_moment and made.unit is not None
    return cut or (rule.temporal == "string" and made.is_text and typed != TEXT)


def _list(made: PropertyType, typed: str, value: str, rule: ColumnRule) -> str | None:
    if typed == TEXT and rule is NO_RULE:
        element, lists = TEXT, f"string_split({value}, chr(31))"
    elif typed.endswith("]"):
        element, lists = typed[: typed.rindex("[")], value
    else:
        return None
    inner = reading(made.element, element, "e", rule)
    if rule.null_in_list == "drop":
        lists = f"list_filter({lists}, lambda e: e IS NOT NULL)"
    if rule.empty_list == "null":
        lists = f"CASE WHEN len({lists}) > 0 THEN {lists} END"
    return inner and (lists if inner == "e" else f"list_transform({lists}, lambda e: {inner})")


def _bytes(_: PropertyType, typed: str, value: str, rule: ColumnRule) -> str | None:
    encoded = {"base64": f"base64({value})", "hex": f"lower(hex({value}))"}
    return encoded.get(rule.binary) if typed == "BLOB" else None


def _naive(made: PropertyType, typed: str, value: str, _: ColumnRule) -> str | None:
    return _local(made.unit, typed, value) if typed.startswith("TIMESTAMP") else None


def _zoned(made: PropertyType, typed: str, value: str, rule: ColumnRule) -> str | None:
    if typed == "TIMESTAMPTZ_NS":
        ticks = _nanoseconds(f"{value}::TIMESTAMP_NS")
        return ticks if made.unit == "ns" else f"({ticks}) // 1000"
    if typed in _ZONED and made.unit != "ns":
        return f"epoch_us({value})"
    if typed == "BIGINT" and rule.epoch != "no":
        return f"{value} * 1000" if rule.epoch == "ms" else value
    if typed in {*_LOCAL, "TIMESTAMP_NS"} and rule.timezone in _ZONES_OF_UTC:
        return _local(made.unit, typed, value)
    return None


def _local(unit: Unit | None, typed: str, value: str) -> str | None:
    """Return SQL for a moment's ticks; None if the unit is finer than the type's."""
    if unit != "ns":
        return f"epoch_us({value})"
    return _nanoseconds(value) if typed == "TIMESTAMP_NS" else None


def _nanoseconds(moment: str) -> str:
    """Return SQL for nanoseconds; DuckDB takes the least and the greatest for infinities."""
    return (
        f"CASE WHEN isfinite({moment}) THEN epoch_ns({moment}) "
        f"WHEN {moment} > '2000-01-01'::TIMESTAMP_NS THEN {2**63 - 1} "
        f"WHEN {moment} IS NOT NULL THEN {1 - 2**63} END"
    )


def _moment_cell(cell: str, unit: Unit | None) -> str:
    """Return SQL for the ticks of a cell.

    A cell has as many digits as the finest timestamp of its file. If that has nanoseconds, a cell
    of microseconds ends in three zeros.
    """
    if unit == "ns":
        whole = f"epoch_us(left({cell}, 26)::TIMESTAMP)::HUGEINT"
        return f"({whole} * 1000 + substr({cell}, 27, 3)::BIGINT)::BIGINT"
    return (
        f"CASE WHEN length({cell}) <= 26 THEN epoch_us({cell}::TIMESTAMP) "
        f"WHEN right({cell}, 3) = '000' THEN epoch_us(left({cell}, 26)::TIMESTAMP) END"
    )


def _offset_cell(cell: str, unit: Unit | None) -> str:
    """Return SQL for the ticks of a cell with an offset: the local time minus the offset.

    For example `2024-02-29T12:34:56.000001+01:00[Europe/Stockholm]`.
    """
    at = {"ms": 24, "us": 27, "ns": 30, None: 30}[unit]
    local = _moment_cell(f"left({cell}, {at - 1})", unit)
    minutes = f"(substr({cell}, {at + 1}, 2)::BIGINT * 60 + substr({cell}, {at + 4}, 2)::BIGINT)"
    ticks = 60 * (10**9 if unit == "ns" else 10**6)
    sign = f"CASE WHEN substr({cell}, {at}, 1) = '-' THEN -1 ELSE 1 END"
    return f"({local}) - ({sign}) * {minutes} * {ticks}"


def _duration_cell(cell: str, unit: Unit | None) -> str:
    body = f"substr({cell}, 3, length({cell}) - 3)"
    digits = 9 if unit == "ns" else 6
    fraction = f"rpad(split_part({body}, '.', 2), {digits}, '0')"
    return f"(split_part({body}, '.', 1) || {fraction})::HUGEINT"


def _point_cell(cell: str, _: Unit | None) -> str:
    axes = f"string_split(substr({cell}, 2, length({cell}) - 2), ',')"
    return f"list_transform({axes}, lambda e: split_part(e, ':', 2)::DOUBLE)"


# How values are read if a rule or the unit decides, too.
_SPECIAL: dict[Kind, Callable[[PropertyType, str, str, ColumnRule], str | None]] = {
    "string": _bytes,
    "null": _bytes,
    "local_datetime": _naive,
    "instant": _zoned,
    "zoned_datetime": _zoned,
}
# How the text of a cell is read.
_CELLS: dict[Kind, Callable[[str, Unit | None], str]] = {
    "string": lambda cell, _: cell,
    "null": lambda cell, _: cell,
    "integer": lambda cell, _: f"{cell}::BIGINT",
    "float": lambda cell, _: f"{cell}::DOUBLE",
    "boolean": lambda cell, _: f"({cell} = 'true')",
    "date": lambda cell, _: f"({cell}::DATE - {_DAY0})",
    "time": lambda cell, _: f"epoch_ns({cell}::TIME_NS)",
    "local_datetime": _moment_cell,
    "instant": _moment_cell,
    "zoned_datetime": _offset_cell,
    "duration": _duration_cell,
    "point": _point_cell,
}
# If all digits of a DECIMAL are after the point, DuckDB writes no zero before it.
_DECIMAL_TEXT = "regexp_replace({}::VARCHAR, '^(-?)[.]', '\\10.')"
# How values of each type of DuckDB are read, by the kind of the property.
_TEXTS = {
    TEXT: "{}",
    **dict.fromkeys((*_WHOLE, "ENUM", "UUID", "JSON"), "{}::VARCHAR"),
    "DECIMAL": _DECIMAL_TEXT,
}
_TYPED: dict[Kind, dict[str, str]] = {
    "string": _TEXTS,
    "null": _TEXTS,
    "integer": dict.fromkeys((*_WHOLE, "DECIMAL", "BOOLEAN", TEXT), "{}::BIGINT"),
    "float": {
        **dict.fromkeys((*_FLOATS, *_INTEGERS, TEXT), "{}::DOUBLE"),
        # Via the digits, which always give the nearest double.
        **dict.fromkeys(("UBIGINT", "HUGEINT", "DECIMAL"), "{}::VARCHAR::DOUBLE"),
    },
    "boolean": {"BOOLEAN": "{}", **dict.fromkeys(_INTEGERS, "({} <> 0)"), TEXT: "({} = 'true')"},
    "date": {
        "DATE": f"({{}} - {_DAY0})",
        **dict.fromkeys((*_LOCAL, "TIMESTAMP_NS", TEXT), f"({{}}::DATE - {_DAY0})"),
    },
    "time": dict.fromkeys(("TIME", "TIME_NS"), "epoch_ns({})"),
    "local_datetime": dict.fromkeys(("DATE", TEXT), "epoch_us({}::TIMESTAMP)"),
}


def point(axes: list[tuple[str, str]]) -> str | None:
    """Return SQL for the coordinates of a point; `axes` are the (name, type) of its columns.

    None if a column is not numeric.
    """
    plain = {*_FLOATS, *_WHOLE}
    if any(typed not in plain and not typed.startswith("DECIMAL") for _, typed in axes):
        return None
    whole = " AND ".join(f"{name} IS NOT NULL" for name, _ in axes)
    numbers = (
        f"{name}::VARCHAR::DOUBLE" if typed not in _FLOATS else f"{name}::DOUBLE"
        for name, typed in axes
    )
    return f"CASE WHEN {whole} THEN [{', '.join(numbers)}] END"
