"""What must become of each value: a second opinion on the value contract, in exact arithmetic.

Nothing here asks kgimport or Polars. A cell is physical (see `samples`); what Neo4j must hold is
the Cypher type and a plain value: nanoseconds for temporal values, the bits of a double.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from tests.roundtrip.samples import inner_type, struct_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from kgimport.graph import ColumnRule
    from kgimport.targets import Format


@dataclass(frozen=True, slots=True)
class Held:
    """The store holds a value of that type; NULL is the absent property."""

    cypher: str
    value: Hashable


@dataclass(frozen=True, slots=True)
class Refused:
    """The export names these checks for the value; at least one of them where `loose`."""

    checks: frozenset[str]
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Unsure:
    """Depends on the version of the time zone data: refused, or else held as this."""

    held: Held


Outcome = Held | Refused | Unsure

ABSENT = Held("NULL", None)
# By which checks a value may be refused that is `Unsure`.
DOUBTS = (
    *("offset-with-seconds", "local-time-not-unique", "year-out-of-range"),
    *("zone-rules-unknown", "lossy-cast"),
)
# Nothing can be said: such values are left out before anything is compared.
UNKNOWN = Unsure(Held("", None))
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
TICK = {"ms": 1_000_000, "us": 1_000, "ns": 1}
LONG = range(-(2**63), 2**63)
DATES = range(date(1, 1, 1).toordinal() - date(1970, 1, 1).toordinal(), 2_932_897)
NAIVE = range(DATES.start * DAY, DATES.stop * DAY)
# Where all zone data agree: before, countries differ by edition; after, Polars knows no rules.
SETTLED = range(4_102_444_800 * SECOND)
UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Z", "+00:00", "GMT", "Etc/GMT"})
UNKNOWN_ZONES = frozenset({"EST", "MST", "HST", "ROC", "GMT+0", "GMT-0"})
INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
WIDE = (pl.UInt64, pl.Int128, pl.UInt128)
FLOATS = (pl.Float16, pl.Float32, pl.Float64)
TEXTS = (pl.String, pl.Categorical, pl.Enum)


def refused(*checks: str, loose: bool = False) -> Refused:
    """The refusal by these checks."""
    return Refused(frozenset(checks), loose)


def float_bits(value: float) -> Hashable:
    """A double by its bits, so that -0.0 is not 0.0; every NaN is one."""
    return "NaN" if math.isnan(value) else struct.pack(">d", value)


def unfit(dtype: pl.DataType, rule: ColumnRule) -> bool:
    """Whether the type as a whole has no form under its rule."""
    if rule.type is not None:
        return dtype.base_type() not in CASTS[rule.type] or _zone(dtype) is not None
    if isinstance(dtype, pl.List | pl.Array):
        inner = inner_type(dtype)
        bytes_inside = inner == pl.Binary and rule.binary == "bytes"
        return isinstance(inner, pl.List | pl.Array) or bytes_inside or unfit(inner, rule)
    if isinstance(dtype, pl.Struct):
        return rule.struct != "json" or any(_no_json(part) for _, part in struct_parts(dtype))
    if isinstance(dtype, pl.Decimal):
        return rule.decimal == "refuse" and dtype.scale > 0
    if dtype == pl.Datetime:
        return (_zone(dtype) or rule.timezone) in UNKNOWN_ZONES
    return dtype == pl.Binary and rule.binary == "refuse"


def _no_json(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List | pl.Array):
        return _no_json(inner_type(dtype))
    if isinstance(dtype, pl.Struct):
        return any(_no_json(part) for _, part in struct_parts(dtype))
    return dtype == pl.Binary


def _zone(dtype: pl.DataType) -> str | None:
    return dtype.time_zone if isinstance(dtype, pl.Datetime) else None


SRID = {"wgs-84": 4326, "wgs-84-3d": 4979, "cartesian": 7203, "cartesian-3d": 9157}


def is_coordinate(dtype: pl.DataType) -> bool:
    """Whether a column can hold coordinates."""
    return dtype.base_type() in {*INTEGERS, *WIDE, *FLOATS, pl.Decimal, pl.Null}


def _double(dtype: pl.DataType, cell: Any) -> float | None:
    """A coordinate as the nearest double."""
    if cell is None:
        return None
    return float(decimal_text(cell, dtype.scale) if isinstance(dtype, pl.Decimal) else cell)


def _is_exact(dtype: pl.DataType, cell: Any) -> bool:
    if isinstance(dtype, pl.Decimal) and cell is not None:
        return isinstance(_double_of(decimal_text(cell, dtype.scale)), Held)
    return not isinstance(cell, int) or int(float(cell)) == cell


def point(crs: str, dtypes: tuple[pl.DataType, ...], cells: tuple[Any, ...]) -> Outcome:
    """What must become of a row's coordinates."""
    axes = tuple(map(_double, dtypes, cells))
    known = [axis for axis in axes if axis is not None]
    checks = set()
    if not known:
        return ABSENT
    if not all(map(_is_exact, dtypes, cells)):
        checks.add("coordinate-beyond-double")
    if len(known) < len(axes):
        checks.add("half-a-point")
    if not all(map(math.isfinite, known)):
        checks.add("coordinate-not-finite")
    limits = (180, 90) if crs.startswith("wgs") else ()
    pairs = zip(axes, limits, strict=False)
    if any(axis is not None and abs(axis) > limit for axis, limit in pairs):
        checks.add("coordinate-out-of-range")
    if limits and axes[0] is not None and float_bits(axes[0]) == float_bits(-0.0):
        checks.add("longitude-minus-zero")
    bits = tuple(map(float_bits, known))
    return Refused(frozenset(checks)) if checks else Held("POINT", (SRID[crs], bits))


def misnamed(name: str, form: Format) -> bool:
    """Whether no header can spell the property's name."""
    if form == "parquet":
        marks = {"ID", "LABEL", "START_ID", "END_ID", "TYPE"}
        return name in marks or not all(map(_is_word, name.split(".")))
    return name == "" or any(mark in name for mark in "{(\n\r")


def _is_word(part: str) -> bool:
    return part != "" and all(each.isalnum() or each == "_" for each in part)


def patterned(name: str) -> bool:
    """Whether Polars takes the column's name for a pattern, or kgimport for its own."""
    ours = r"__(id|start|end|missing|point_.*)__"
    return re.fullmatch(rf"\*|\^.*\$|{ours}", name, re.DOTALL) is not None


def outcome(dtype: pl.DataType, rule: ColumnRule, cell: Any, form: Format) -> Outcome:
    """What must become of a cell of a column whose type is not refused, in files of a format."""
    if cell is not None and rule.type is None and isinstance(dtype, pl.List | pl.Array):
        if rule.list == "json":
            return Held("STRING", json.dumps(cell, separators=(",", ":"), ensure_ascii=False))
        return _list(inner_type(dtype), rule, cell, form)
    found = _single(dtype, rule, cell)
    lost = form == "parquet" and found == Held("STRING", "")
    return refused("empty-string") if lost else found


def _single(dtype: pl.DataType, rule: ColumnRule, cell: Any) -> Outcome:
    if cell is None:
        return ABSENT
    if rule.type is not None:
        return _cast(dtype, rule, cell)
    return _SCALARS[dtype.base_type()](dtype, rule, cell)


def _integer(_: Any, __: ColumnRule, cell: int) -> Outcome:
    return Held("INTEGER", cell) if cell in LONG else refused("integer-out-of-range")


def _int64(dtype: Any, rule: ColumnRule, cell: int) -> Outcome:
    if rule.epoch == "no":
        return _integer(dtype, rule, cell)
    return _datetime(pl.Datetime(rule.epoch, "UTC"), rule, cell)


def _wide(dtype: Any, rule: ColumnRule, cell: int) -> Outcome:
    return Held("STRING", str(cell)) if rule.uint64 == "string" else _integer(dtype, rule, cell)


def _float(_: Any, __: ColumnRule, cell: float) -> Outcome:
    return Held("FLOAT", float_bits(cell))


def _text(_: Any, __: ColumnRule, cell: str) -> Outcome:
    return Held("STRING", cell)


def _boolean(_: Any, __: ColumnRule, cell: bool) -> Outcome:
    return Held("BOOLEAN", cell)


def _date(_: Any, rule: ColumnRule, cell: int) -> Outcome:
    if cell not in DATES:
        return refused("year-out-of-range")
    if rule.temporal == "string":
        return Held("STRING", date.fromordinal(date(1970, 1, 1).toordinal() + cell).isoformat())
    return Held("DATE", cell)


def _time(_: Any, __: ColumnRule, cell: int) -> Outcome:
    return Held("LOCAL TIME", cell)


def _datetime(dtype: pl.Datetime, rule: ColumnRule, cell: int) -> Outcome:
    ticks = cell * TICK[dtype.time_unit]
    if rule.fraction == "drop":
        ticks -= ticks % SECOND
    if dtype.time_zone is not None:
        return _zoned(ticks, "UTC" if rule.zone == "utc" else _as_read(dtype.time_zone))
    if rule.timezone is not None:
        return _localised(ticks, rule.timezone)
    return Held("LOCAL DATETIME", ticks) if ticks in NAIVE else refused("year-out-of-range")


def _as_read(zone: str) -> str:
    """The zone as Polars reads it from Parquet, where it knows no offsets but whole hours."""
    whole = re.fullmatch(r"([+-])(\d\d):00", zone)
    if whole is None or zone in UTC_NAMES:
        return zone
    return f"Etc/GMT{'-' if whole[1] == '+' else '+'}{int(whole[2])}"


def _zoned(instant: int, zone: str) -> Outcome:
    if zone in UTC_NAMES:
        held = Held("ZONED DATETIME", (instant, "Z"))
        return held if instant in NAIVE else refused("year-out-of-range")
    held = Held("ZONED DATETIME", (instant, zone))
    if (offset := _fixed(zone)) is not None:
        local = instant + offset * SECOND
        inside = instant in NAIVE and local in NAIVE
        return held if inside else refused("year-out-of-range")
    if instant in SETTLED:
        return held
    if instant >= SETTLED.stop:
        return _beyond_rules()
    if instant < NAIVE.start - DAY:
        return refused("year-out-of-range")
    return Unsure(held)


def _beyond_rules() -> Outcome:
    return refused("zone-rules-unknown", "year-out-of-range", loose=True)


def _fixed(zone: str) -> int | None:
    """The seconds of a zone that is one offset for ever."""
    if said := re.fullmatch(r"Etc/GMT([+-])(\d+)", zone):  # the sign is POSIX's: west is positive
        return (-1 if said[1] == "+" else 1) * int(said[2]) * 3600
    if said := re.fullmatch(r"([+-])(\d\d):(\d\d)", zone):
        return (-1 if said[1] == "-" else 1) * (int(said[2]) * 3600 + int(said[3]) * 60)
    return None


def _localised(local: int, zone: str) -> Outcome:
    if zone in UTC_NAMES:
        return _zoned(local, zone)
    if (offset := _fixed(zone)) is not None:
        held = _zoned(local - offset * SECOND, zone)
        checks = ("year-out-of-range", "local-time-not-unique")
        return held if isinstance(held, Held) else refused(*checks, loose=True)
    if local not in range(SETTLED.start + DAY, SETTLED.stop - DAY):
        return _far_local(local)
    instants = _instants(local, zone)
    return _zoned(instants[0], zone) if len(instants) == 1 else refused("local-time-not-unique")


def _far_local(local: int) -> Outcome:
    checks = ("local-time-not-unique", "zone-rules-unknown", "year-out-of-range")
    if local >= SETTLED.stop + DAY or local < NAIVE.start - DAY:
        return refused(*checks, "offset-with-seconds", loose=True)
    return UNKNOWN


def _instants(local: int, zone: str) -> list[int]:
    """The instants at which clocks in a zone show a local time: none, one or two."""
    seconds, rest = divmod(local, SECOND)
    wall = datetime(1970, 1, 1) + timedelta(seconds=seconds)  # noqa: DTZ001  (a wall has no zone)
    found = set()
    for fold in (0, 1):
        read = wall.replace(tzinfo=ZoneInfo(zone), fold=fold)
        back = read.astimezone(UTC).astimezone(ZoneInfo(zone))
        if back.replace(tzinfo=None) == wall:
            found.add(seconds - _seconds(read.utcoffset()))
    return [instant * SECOND + rest for instant in sorted(found)]


def _seconds(offset: timedelta | None) -> int:
    assert offset is not None
    return int(offset.total_seconds())


def _duration(dtype: pl.Duration, _: ColumnRule, cell: int) -> Outcome:
    return Held("DURATION", cell * TICK[dtype.time_unit])


def _decimal(dtype: pl.Decimal, rule: ColumnRule, cell: int) -> Outcome:
    if rule.decimal == "refuse":
        return _integer(dtype, rule, cell)
    text = decimal_text(cell, dtype.scale)
    return Held("STRING", text) if rule.decimal == "string" else _double_of(text)


def decimal_text(unscaled: int, scale: int) -> str:
    """All digits of a decimal, the zeros at its end among them."""
    digits = str(abs(unscaled)).zfill(scale + 1)
    whole, fraction = digits[: len(digits) - scale], digits[len(digits) - scale :]
    return ("-" if unscaled < 0 else "") + (f"{whole}.{fraction}" if scale else whole)


def _double_of(text: str) -> Outcome:
    """The nearest double, if its shortest text is the same number."""
    nearest = float(text)
    same = Decimal(repr(nearest)) == Decimal(text)
    return Held("FLOAT", float_bits(nearest)) if same else refused("decimal-beyond-double")


def _binary(_: Any, rule: ColumnRule, cell: bytes) -> Outcome:
    if rule.binary == "bytes":
        return Held("LIST<INTEGER NOT NULL>", cell) if cell else refused("empty-bytes")
    encoded = cell.hex() if rule.binary == "hex" else base64.b64encode(cell).decode()
    return Held("STRING", encoded)


def _struct(dtype: pl.Struct, _: ColumnRule, cell: dict[str, Any]) -> Outcome:
    bare = _bare(dtype, cell)
    return refused("number-not-finite") if bare is _UNWRITABLE else Held("JSON", canonical(bare))


_UNWRITABLE = object()


def _bare(dtype: pl.DataType, cell: Any) -> Any:
    """A cell as JSON has it."""
    if cell is None:
        return None
    if isinstance(dtype, pl.Struct):
        parts = {name: _bare(of, cell[name]) for name, of in struct_parts(dtype)}
        return _UNWRITABLE if _UNWRITABLE in parts.values() else parts
    if isinstance(dtype, pl.List | pl.Array):
        items = [_bare(inner_type(dtype), item) for item in cell]
        return _UNWRITABLE if any(item is _UNWRITABLE for item in items) else items
    if isinstance(cell, float) and not math.isfinite(cell):
        return _UNWRITABLE
    if isinstance(dtype, pl.Decimal):
        return decimal_text(cell, dtype.scale)
    return cell


def canonical(parsed: Any) -> Hashable:
    """Parsed JSON so that equal is what JSON tells apart."""
    if isinstance(parsed, dict):
        return ("object", tuple((name, canonical(part)) for name, part in parsed.items()))
    if isinstance(parsed, list):
        return ("array", tuple(map(canonical, parsed)))
    if isinstance(parsed, float):
        return ("float", float_bits(parsed))
    return (type(parsed).__name__, parsed)


def parsed_json(text: str) -> Hashable:
    """The canonical form of a JSON text."""
    return canonical(json.loads(text))


def _null(_: Any, __: ColumnRule, ___: Any) -> Outcome:
    return ABSENT


# As `bolt.held` reads it, whatever type the importer was told.
_EMPTY_LIST = Held("LIST<NOTHING>", ())


def _list(inner: pl.DataType, rule: ColumnRule, cell: list[Any], form: Format) -> Outcome:
    checks: set[str] = set()
    if None in cell and rule.null_in_list == "refuse":
        checks.add("null-in-list")
    kept = [item for item in cell if item is not None] if rule.null_in_list == "drop" else cell
    if not kept:
        return _no_elements(rule, form)
    items = [_single(inner, rule, item) for item in kept if item is not None]
    for item in items:
        checks |= item.checks if isinstance(item, Refused) else set()
    if form == "csv":
        checks |= set(_beyond_csv(items, len(kept)))
    elif inner.base_type() in {pl.Date, pl.Datetime, pl.Time}:
        checks.add("temporal-list")
    if checks:
        doubts = DOUBTS if any(isinstance(item, Unsure) for item in items) else ()
        return refused(*checks, *doubts, loose=any(_is_loose(item) for item in items))
    held = [item.held if isinstance(item, Unsure) else item for item in items]
    made = Held(f"LIST<{_element(held)} NOT NULL>", tuple(_value(item) for item in held))
    return Unsure(made) if any(isinstance(item, Unsure) for item in items) else made


def _no_elements(rule: ColumnRule, form: Format) -> Outcome:
    if rule.empty_list == "null":
        return ABSENT
    return refused("empty-list") if form == "csv" else _EMPTY_LIST


def _beyond_csv(items: list[Outcome], count: int) -> Iterator[str]:
    """By which checks a list is refused that no cell of CSV can spell."""
    if _is_text(items) and any(isinstance(i, Held) and "\x1f" in str(i.value) for i in items):
        yield "array-delimiter-in-element"
    if count == 1 and items == [Held("STRING", "")]:
        yield "lone-empty-string"


def _is_loose(item: Outcome) -> bool:
    return isinstance(item, Unsure) or (isinstance(item, Refused) and item.loose)


def _is_text(items: list[Outcome]) -> bool:
    return any(isinstance(item, Held) and item.cypher == "STRING" for item in items)


def _element(items: list[Any]) -> str:
    return str(items[0].cypher)


def _value(item: Outcome) -> Hashable:
    assert isinstance(item, Held)
    return item.value


_SCALARS: dict[Any, Callable[[Any, ColumnRule, Any], Outcome]] = {
    **dict.fromkeys(INTEGERS, _integer),
    pl.Int64: _int64,
    **dict.fromkeys(WIDE, _wide),
    **dict.fromkeys(FLOATS, _float),
    **dict.fromkeys(TEXTS, _text),
    pl.Boolean: _boolean,
    pl.Date: _date,
    pl.Time: _time,
    pl.Datetime: _datetime,
    pl.Duration: _duration,
    pl.Decimal: _decimal,
    pl.Binary: _binary,
    pl.Struct: _struct,
    pl.Null: _null,
}


_EXACT = (*INTEGERS, *WIDE, *FLOATS, pl.Decimal, *TEXTS, pl.Null)
# What `type:` may cast from, so that every value can be told from what it becomes.
CASTS: dict[str, tuple[Any, ...]] = {
    "string": _EXACT,
    "long": (*_EXACT, pl.Boolean),
    "double": _EXACT,
    "boolean": (pl.Boolean, *INTEGERS, *WIDE, *TEXTS, pl.Null),
    "date": (pl.Date, pl.Datetime, *TEXTS, pl.Null),
    "localdatetime": (pl.Date, pl.Datetime, *TEXTS, pl.Null),
}
LOSSY = refused("lossy-cast")


def _cast(dtype: pl.DataType, rule: ColumnRule, cell: Any) -> Outcome:
    assert rule.type is not None
    if rule.type in {"date", "localdatetime"} and isinstance(cell, str):
        return _cast_text(rule.type, cell)
    if rule.type in {"date", "localdatetime"}:
        return _cast_temporal(dtype, rule.type, cell)
    if isinstance(dtype, pl.Decimal):
        return _cast_decimal(dtype, rule.type, cell)
    return _CASTERS[rule.type](cell)


def _cast_temporal(dtype: pl.DataType, to: str, cell: int) -> Outcome:
    ticks = cell * (TICK[dtype.time_unit] if isinstance(dtype, pl.Datetime) else DAY)
    if ticks % (DAY if to == "date" else TICK["us"]):
        return LOSSY if ticks in NAIVE else refused("lossy-cast", "year-out-of-range", loose=True)
    if ticks not in NAIVE:
        return refused("lossy-cast", "year-out-of-range", loose=True)
    return Held("DATE", ticks // DAY) if to == "date" else Held("LOCAL DATETIME", ticks)


def _cast_text(to: str, cell: str) -> Outcome:
    form = r"\d{4}-\d\d-\d\d"
    if to == "localdatetime":
        form += r"[ T]\d\d:\d\d:\d\d(\.\d{1,6}0*)?"
    if re.fullmatch(form, cell, re.ASCII) is None:
        return LOSSY
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return (
            LOSSY if cell[:4] != "0000" else refused("lossy-cast", "year-out-of-range", loose=True)
        )
    ticks = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1) * TICK["us"]  # noqa: DTZ001
    return Held("DATE", ticks // DAY) if to == "date" else Held("LOCAL DATETIME", ticks)


def _cast_decimal(dtype: pl.Decimal, to: str, cell: int) -> Outcome:
    text = decimal_text(cell, dtype.scale)
    if to == "string":
        return Held("STRING", text)
    if to == "double":
        return _double_of(text)
    whole, rest = divmod(cell, 10**dtype.scale)
    return LOSSY if rest or whole not in LONG else Held("INTEGER", whole)


def _to_string(cell: Any) -> Outcome:
    # How Polars spells a float is no part of the contract.
    return UNKNOWN if isinstance(cell, float) else Held("STRING", str(cell))


def _to_long(cell: Any) -> Outcome:
    if isinstance(cell, str):
        cell = int(cell) if re.fullmatch(r"0|-?[1-9][0-9]*", cell) else None
    if isinstance(cell, float):
        minus_zero = cell == 0 and math.copysign(1, cell) < 0
        cell = int(cell) if cell.is_integer() and not minus_zero else None
    return LOSSY if cell is None or int(cell) not in LONG else Held("INTEGER", int(cell))


def _to_double(cell: Any) -> Outcome:
    if isinstance(cell, str):
        return _number_text(cell)
    nearest = float(cell)
    exact = nearest == cell or math.isnan(nearest)
    return Held("FLOAT", float_bits(nearest)) if exact else LOSSY


def _number_text(text: str) -> Outcome:
    try:
        return Unsure(Held("FLOAT", float_bits(float(text))))
    except ValueError:
        return LOSSY


def _to_boolean(cell: Any) -> Outcome:
    if isinstance(cell, str):
        return Held("BOOLEAN", cell == "true") if cell in {"true", "false"} else LOSSY
    return Held("BOOLEAN", bool(cell)) if cell in {0, 1} else LOSSY


_CASTERS: dict[str, Callable[[Any], Outcome]] = {
    "string": _to_string,
    "long": _to_long,
    "double": _to_double,
    "boolean": _to_boolean,
}
