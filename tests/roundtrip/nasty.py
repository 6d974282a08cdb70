"""Values that importers lose, each with what becomes of it here: a list to read and to run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

import polars as pl

from kgimport.graph import NO_RULE, CastType, ColumnRule, Crs, Point
from tests.roundtrip.cells import PER_SECOND
from tests.roundtrip.lanes import DENSE_PARQUET, LANES
from tests.roundtrip.reference import UNKNOWN_ZONES
from tests.roundtrip.samples import Column, Links, Nodes, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from polars._typing import TimeUnit

    from tests.roundtrip.lanes import Lane


@dataclass(frozen=True, slots=True)
class Nasty:
    """A sample with one nasty thing, and what becomes of it.

    `usual` is the Cypher type of the property that comes back equal, `no property`, `equal` (for a
    thing that is no value), or `refused` with the names of the checks; `dense_parquet` is what
    becomes of it instead with dense ids in Parquet.
    """

    group: str
    what: str
    sample: Sample
    usual: str
    dense_parquet: str | None = None

    def outcome(self, lane: Lane) -> str:
        """What becomes of it in a lane."""
        assert lane in LANES
        return (self.dense_parquet if lane == DENSE_PARQUET else None) or self.usual

    @property
    def type(self) -> str:
        """The column's type with its policies, or nothing where the thing is no value."""
        column = next((c for c in self.sample.nodes[0].columns if c.name == "value"), None)
        if column is None:
            return ""
        rule = column.rule
        told = [f"{name}: {getattr(rule, name)}" for name in ColumnRule.__slots__]
        plain = [f"{name}: {getattr(NO_RULE, name)}" for name in ColumnRule.__slots__]
        chosen = [each for each, usual in zip(told, plain, strict=True) if each != usual]
        return ", ".join([type_name(column.dtype), *chosen])


def type_name(dtype: pl.DataType) -> str:
    """A Polars type as short as it can be told."""
    if isinstance(dtype, pl.List | pl.Array):
        inner = pl.Schema({"": dtype.inner})[""]
        size = f", {dtype.shape[0]}" if isinstance(dtype, pl.Array) else ""
        return f"{dtype.base_type().__name__}({type_name(inner)}{size})"
    if isinstance(dtype, pl.Datetime):
        return f"Datetime({', '.join(filter(None, (dtype.time_unit, dtype.time_zone)))})"
    if isinstance(dtype, pl.Duration):
        return f"Duration({dtype.time_unit})"
    if isinstance(dtype, pl.Decimal):
        return f"Decimal({dtype.precision}, {dtype.scale})"
    return dtype.base_type().__name__


def _table(*columns: Column, rows: int = 1) -> Nodes:
    key = Column("key", pl.Int64(), tuple(range(rows)))
    return Nodes("nasty", ("Nasty",), ("key",), "Nasty", (key, *columns))


def _value(dtype: pl.DataType, *cells: Any, **policies: Any) -> Sample:
    column = Column("value", dtype, cells, ColumnRule(**policies))
    return Sample((_table(column, rows=len(cells)),))


_TEXT, _INT, _UINT, _FLOAT = pl.String(), pl.Int64(), pl.UInt64(), pl.Float64()
_LIST = pl.List(pl.String())
_UNITS: tuple[TimeUnit, ...] = ("ms", "us", "ns")
_MS, _US, _NS = pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("ns")
_ZONE = "Europe/Stockholm"
_LONG = 5_000_000

_TEXTS = {
    "two quotes": '""',
    "a lone quote": '"',
    "a quoted word": '"a"',
    "quote, comma, quote": '","',
    "a backslash": "\\",
    "a backslash before a quote": '\\"',
    "a carriage return": "a\rb",
    "a line feed": "a\nb",
    "both": "a\r\nb",
    "line breaks alone": "\n\r\n\r",
    "U+0000": "a\x00b",
    "U+001F, the array delimiter": "a\x1fb",
    "U+0085": "a\x85b",
    "U+2028 and U+2029": "a\u2028b\u2029c",
    "a byte order mark first": "\ufeffa",
    "U+FFFE and U+FFFF": "\ufffe\uffff",
    "astral characters": "😀\U0010ffff",
    "a composed and a decomposed é": ("é", "e\u0301"),
    "blanks around": " \t a \t ",
    "a blank alone": " ",
    "commas and semicolons": ",;,",
    "`null`": "null",
    "what looks like a point": "{x:1.5,y:2}",
    "a leap second": "2016-12-31T23:59:60Z",
    "5 MB": "a" * _LONG,
    "5 MB of quotes": '"' * _LONG,
    "5 MB in 100,000 lines": ("line " * 9 + "end\r\n") * (_LONG // 50),
}


def _texts() -> Iterator[Nasty]:
    for what, cells in _TEXTS.items():
        many = cells if isinstance(cells, tuple) else (cells,)
        yield Nasty("Text", what, _value(_TEXT, *many), "STRING")
    yield Nasty("Text", "null", _value(_TEXT, None), "no property")
    yield Nasty("Text", "a category", _value(pl.Categorical(), "a", "b"), "STRING")
    empty = "refused: empty-string"
    yield Nasty("Text", "the empty string, beside null", _value(_TEXT, "", None), "STRING", empty)
    yield Nasty("Text", "the empty category", _value(pl.Categorical(), ""), "STRING", empty)
    yield Nasty("Text", "a column of type Null", _value(pl.Null(), None), "no property")


def _numbers() -> Iterator[Nasty]:
    group = "Numbers"
    yield Nasty(group, "2^63 - 1 and -2^63", _value(_INT, 2**63 - 1, -(2**63)), "INTEGER")
    yield Nasty(group, "2^53 + 1", _value(_INT, 2**53 + 1), "INTEGER")
    yield Nasty(group, "2^63", _value(_UINT, 2**63), "refused: integer-out-of-range")
    yield Nasty(group, "2^63", _value(_UINT, 2**63, uint64="string"), "STRING")
    yield Nasty(
        group, "2^127 - 1", _value(pl.Int128(), 2**127 - 1), "refused: integer-out-of-range"
    )
    for what, value in (
        ("-0.0", -0.0),
        ("5e-324, the least", 5e-324),
        ("1.7976931348623157e308, the greatest", 1.7976931348623157e308),
        ("0.1", 0.1),
        ("1e16 and 1e-7", 1e16),
        ("NaN", float("nan")),
        ("NaN with the sign that x86 gives it", -float("nan")),
        ("Infinity", float("inf")),
        ("-Infinity", -float("inf")),
    ):
        yield Nasty(group, what, _value(_FLOAT, value), "FLOAT")
    single, half = 0.10000000149011612, 0.0999755859375
    yield Nasty(
        group, "0.1 of 32 bits, which is 0.10000000149011612", _value(pl.Float32(), single), "FLOAT"
    )
    yield Nasty(
        group, "0.1 of 16 bits, which is 0.0999755859375", _value(pl.Float16(), half), "FLOAT"
    )
    price, fine, whole = pl.Decimal(10, 2), pl.Decimal(38, 18), pl.Decimal(38, 0)
    yield Nasty(group, "1.50", _value(price, 150), "refused: type")
    yield Nasty(group, "1.50", _value(price, 150, decimal="string"), "STRING")
    yield Nasty(group, "1.50", _value(price, 150, decimal="double"), "FLOAT")
    yield Nasty(group, "0.1 with 18 digits", _value(fine, 10**17, decimal="double"), "FLOAT")
    yield Nasty(
        group,
        "0.1 and 1e-18",
        _value(fine, 10**17 + 1, decimal="double"),
        "refused: decimal-beyond-double",
    )
    yield Nasty(group, "38 nines", _value(whole, 10**38 - 1, decimal="string"), "STRING")
    edges = _value(whole, 2**63 - 1, -(2**63), 0)
    yield Nasty(group, "2^63 - 1, -2^63 and 0", edges, "INTEGER")
    yield Nasty(group, "2^63", _value(whole, 2**63), "refused: integer-out-of-range")


def _ticks(moment: datetime, per_second: int) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * per_second


def _utc(*parts: int, per_second: int = 1_000_000) -> int:
    return _ticks(datetime(*parts, tzinfo=UTC), per_second)  # type: ignore[misc,arg-type]


def _in_zone(*parts: int, fold: int = 0) -> int:
    local = datetime(*parts, tzinfo=ZoneInfo(_ZONE), fold=fold)  # type: ignore[misc,arg-type]
    return _ticks(local.astimezone(UTC), 1_000_000)


def _days(*parts: int) -> int:
    return date(*parts).toordinal() - date(1970, 1, 1).toordinal()


def _times() -> Iterator[Nasty]:
    group = "Dates and times"
    days = pl.Date()
    yield Nasty(
        group,
        "0001-01-01 and 9999-12-31",
        _value(days, _days(1, 1, 1), _days(9999, 12, 31)),
        "DATE",
    )
    yield Nasty(
        group, "10000-01-01", _value(days, _days(9999, 12, 31) + 1), "refused: year-out-of-range"
    )
    yield Nasty(
        group,
        "the last day of year 0",
        _value(days, _days(1, 1, 1) - 1),
        "refused: year-out-of-range",
    )
    yield Nasty(group, "5,881,580-07-11", _value(days, 2**31 - 1), "refused: year-out-of-range")
    yield Nasty(group, "23:59:59.999999999", _value(pl.Time(), 86_399_999_999_999), "LOCAL TIME")
    yield Nasty(
        group,
        "one nanosecond after 2262-04-11",
        _value(_NS, 9_223_372_036_854_775_807),
        "LOCAL DATETIME",
    )
    yield Nasty(
        group, "0001-01-01T00:00", _value(_MS, _utc(1, 1, 1, per_second=1_000)), "LOCAL DATETIME"
    )
    yield Nasty(
        group,
        "10000-01-01T00:00",
        _value(_US, _utc(9999, 12, 31) + 86_400_000_000),
        "refused: year-out-of-range",
    )
    yield Nasty(
        group, "2^63 - 1 milliseconds", _value(_MS, 2**63 - 1), "refused: year-out-of-range"
    )
    for unit in _UNITS:
        for zone in (None, "UTC"):
            old = _value(pl.Datetime(unit, zone), -1, 0, _EARLY[unit])
            name = "LOCAL DATETIME" if zone is None else "ZONED DATETIME"
            yield Nasty(group, "one tick before 1970, and 1700", old, name)
    yield from _zoned(group)
    for span in (pl.Duration("ms"), pl.Duration("us"), pl.Duration("ns")):
        spans = _value(span, 0, -1, 2**63 - 1, -(2**63) + 1)
        yield Nasty(
            group, "zero, minus one tick, the longest and the shortest span", spans, "DURATION"
        )
    yield Nasty(
        group,
        "one day, which stays 86,400 seconds",
        _value(pl.Duration("us"), 86_400_000_000),
        "DURATION",
    )


# 1700-01-01 and one tick.
_EARLY = {unit: -8_520_336_000 * per + 1 for unit, per in PER_SECOND.items()}


def _word(zone: str) -> str:
    return zone.replace("/", "_").replace("-", "_m_").replace("+", "_p_")


def _all_zones() -> Sample:
    """A column for each zone, from 1975 to the last second of 2099."""
    instants = (157_766_400, 173_318_400, 961_891_200, 1_711_846_800, 1_735_689_600, 4_102_444_799)
    zones = sorted(available_timezones() - UNKNOWN_ZONES)
    known = [zone for zone in zones if _is_known(zone)]
    # Words, so that Parquet takes them: `Etc_GMT_m_5` is Etc/GMT-5.
    columns = [Column(_word(zone), pl.Datetime("ms", zone), _thousands(instants)) for zone in known]
    return Sample((_table(*columns, rows=len(instants)),))


def _thousands(seconds: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(each * 1_000 for each in seconds)


def _is_known(zone: str) -> bool:
    try:
        return bool(pl.Series([0]).cast(pl.Datetime("ms", zone)).len())
    except pl.exceptions.ComputeError:
        return False


def _zoned(group: str) -> Iterator[Nasty]:
    zoned, autumn = pl.Datetime("us", _ZONE), (2024, 10, 27, 2, 30)
    both = (_in_zone(*autumn), _in_zone(*autumn, fold=1))
    local = {"timezone": _ZONE}
    yield Nasty(
        group, "every zone that is known, summer and winter", _all_zones(), "ZONED DATETIME"
    )
    yield Nasty(group, "an instant of UTC", _value(pl.Datetime("ns", "UTC"), 1), "ZONED DATETIME")
    yield Nasty(group, "both readings of 02:30 in autumn", _value(zoned, *both), "ZONED DATETIME")
    yield Nasty(
        group,
        "one microsecond before and after the change in spring",
        _value(zoned, 1_711_846_799_999_999, 1_711_846_800_000_000),
        "ZONED DATETIME",
    )
    yield Nasty(
        group,
        "02:30 in autumn",
        _value(_US, _utc(*autumn), **local),
        "refused: local-time-not-unique",
    )
    yield Nasty(
        group,
        "02:30 in spring",
        _value(_US, _utc(2024, 3, 31, 2, 30), **local),
        "refused: local-time-not-unique",
    )
    yield Nasty(group, "noon", _value(_US, _utc(2024, 10, 27, 12), **local), "ZONED DATETIME")
    yield Nasty(
        group,
        "an offset of 10:30 hours",
        _value(pl.Datetime("ms", "Australia/Lord_Howe"), 0, 1_750_000_000_000),
        "ZONED DATETIME",
    )
    yield Nasty(
        group,
        "1850, when clocks showed local mean time",
        _value(zoned, _utc(1850, 1, 1)),
        "refused: offset-with-seconds",
    )
    yield Nasty(
        group,
        "the last second of 2099",
        _value(zoned, _utc(2099, 12, 31, 23, 59, 59)),
        "ZONED DATETIME",
    )
    yield Nasty(
        group, "the first of 2100", _value(zoned, _utc(2100, 1, 1)), "refused: zone-rules-unknown"
    )
    yield Nasty(
        group,
        "9999-12-31 of UTC",
        _value(pl.Datetime("us", "UTC"), _utc(9999, 12, 31)),
        "ZONED DATETIME",
    )
    yield Nasty(
        group,
        "a zone that Java does not know",
        _value(pl.Datetime("us", "EST"), 0),
        "refused: type",
    )


def _lists() -> Iterator[Nasty]:
    group = "Lists and structs"
    nothing, texts = "LIST<NOTHING>", "LIST<STRING NOT NULL>"
    for of in (_TEXT, _INT, pl.Boolean(), _MS, pl.Datetime("us", _ZONE), pl.Duration("ms")):
        sample = _value(pl.List(of), [])
        yield Nasty(group, "an empty list", sample, "refused: empty-list", nothing)
    yield Nasty(group, "an empty list", _value(_LIST, [], empty_list="null"), "no property")
    yield Nasty(group, "a null element", _value(_LIST, ["a", None]), "refused: null-in-list")
    yield Nasty(
        group,
        "a null element",
        _value(_LIST, ["a", None], null_in_list="drop"),
        "LIST<STRING NOT NULL>",
    )
    alone = _value(_LIST, [""])
    yield Nasty(group, "an empty string alone", alone, "refused: lone-empty-string", texts)
    yield Nasty(
        group,
        "empty strings among others",
        _value(_LIST, ["", "a", ""], ["", ""]),
        "LIST<STRING NOT NULL>",
    )
    yield Nasty(
        group,
        "U+001F in an element",
        _value(_LIST, ["a\x1fb"]),
        "refused: array-delimiter-in-element",
        texts,
    )
    yield Nasty(
        group,
        "quotes, commas, semicolons, line breaks",
        _value(_LIST, ['"', ",", ";", "\r\n", "\\"]),
        "LIST<STRING NOT NULL>",
    )
    yield Nasty(group, "blanks and U+0000", _value(_LIST, [" a ", "\x00"]), "LIST<STRING NOT NULL>")
    yield Nasty(
        group, "categories", _value(pl.List(pl.Categorical()), ["a", "b"]), "LIST<STRING NOT NULL>"
    )


def _lists_of_others() -> Iterator[Nasty]:
    group = "Lists and structs"
    yield Nasty(
        group,
        "100,000 numbers",
        _value(pl.List(_INT), list(range(100_000))),
        "LIST<INTEGER NOT NULL>",
    )
    yield Nasty(
        group,
        "a vector of 32-bit floats",
        _value(pl.Array(pl.Float32(), 2), [0.5, -0.25]),
        "LIST<FLOAT NOT NULL>",
    )
    yield Nasty(
        group,
        "NaN and infinities",
        _value(pl.List(_FLOAT), [float("nan"), float("inf"), -0.0]),
        "LIST<FLOAT NOT NULL>",
    )
    yield Nasty(
        group, "truths", _value(pl.List(pl.Boolean()), [True, False]), "LIST<BOOLEAN NOT NULL>"
    )
    yield Nasty(
        group,
        "instants of a named zone",
        _value(pl.List(pl.Datetime("us", _ZONE)), [0, 1]),
        "LIST<ZONED DATETIME NOT NULL>",
        "refused: temporal-list",
    )
    yield Nasty(
        group,
        "instants of UTC",
        _value(pl.List(pl.Datetime("us", "UTC")), [0, 1]),
        "LIST<ZONED DATETIME NOT NULL>",
        "refused: temporal-list",
    )
    yield Nasty(
        group,
        "instants of UTC before 1970",
        _value(pl.List(pl.Datetime("us", "UTC")), [-1, 1]),
        "LIST<ZONED DATETIME NOT NULL>",
        "refused: temporal-list",
    )
    yield Nasty(
        group, "spans", _value(pl.List(pl.Duration("ns")), [-1, 1]), "LIST<DURATION NOT NULL>"
    )
    times = _value(pl.List(pl.Time()), [0, 1])
    kind = "LIST<LOCAL TIME NOT NULL>"
    yield Nasty(group, "times of day", times, kind, "refused: temporal-list")
    yield Nasty(group, "lists", _value(pl.List(_LIST), [["a"]]), "refused: type")


def _structs_and_bytes() -> Iterator[Nasty]:
    group = "Lists and structs"
    part = pl.Struct({"a": _INT, "b": _FLOAT})
    yield Nasty(group, "a struct", _value(part, {"a": 1, "b": 0.5}), "refused: type")
    yield Nasty(group, "a struct", _value(part, {"a": 1, "b": None}, struct="json"), "STRING")
    yield Nasty(
        group,
        "NaN in a struct",
        _value(part, {"a": 1, "b": float("nan")}, struct="json"),
        "refused: number-not-finite",
    )
    yield Nasty(group, "a null struct", _value(part, None, struct="json"), "no property")
    yield Nasty(
        group,
        "a struct (two properties)",
        _value(part, {"a": 1, "b": float("nan")}, struct="flatten"),
        "INTEGER, FLOAT",
    )
    raw = pl.Binary()
    yield Nasty(group, "bytes", _value(raw, b"\x00\xff"), "refused: type")
    yield Nasty(group, "bytes", _value(raw, b"\x00\xff", binary="base64"), "STRING")
    encoded = _value(raw, b"", binary="base64")
    yield Nasty(group, "no bytes", encoded, "STRING", "refused: empty-string")
    yield Nasty(group, "bytes", _value(raw, b"\x00\xff", binary="bytes"), "LIST<INTEGER NOT NULL>")
    yield Nasty(group, "no bytes", _value(raw, b"", binary="bytes"), "refused: empty-bytes")


def _for_fewer_types() -> Iterator[Nasty]:
    group = "Lists and structs"
    names = _value(_LIST, ["a", None, '"'], list="json")
    yield Nasty(group, "a list with a null", names, "STRING")
    yield Nasty(group, "an empty list", _value(_LIST, [], list="json"), "STRING")
    group = "Dates and times"
    yield Nasty(group, "a day before 1970", _value(pl.Date(), -1, temporal="string"), "STRING")
    instant = _value(pl.Datetime("us", _ZONE), 4_102_444_799_000_001, zone="utc")
    yield Nasty(group, "an instant without its zone", instant, "ZONED DATETIME")
    cut = _value(_US, -1, fraction="drop")
    yield Nasty(group, "a fraction of a second before 1970", cut, "LOCAL DATETIME")


def _place(what: str, crs: Crs, *axes: tuple[pl.DataType, Any], outcome: str) -> Nasty:
    """A row with a point, its coordinates of any type."""
    names = tuple(f"axis {at}" for at in range(len(axes)))
    columns = [
        Column(name, dtype, (cell,), ColumnRule(skip=True))
        for name, (dtype, cell) in zip(names, axes, strict=True)
    ]
    table = replace(_table(*columns), points=(Point("place", names, crs),))
    return Nasty("Points", f"{what} ({crs})", Sample((table,)), outcome)


def _points() -> Iterator[Nasty]:
    floats: tuple[tuple[str, Crs, tuple[float | None, ...], str], ...] = (
        ("the antimeridian and a pole", "wgs-84", (-180.0, 90.0), "POINT"),
        ("181 degrees of longitude", "wgs-84", (181.0, 0.0), "refused: coordinate-out-of-range"),
        ("-0.0 degrees of longitude", "wgs-84", (-0.0, 51.5), "refused: longitude-minus-zero"),
        ("-0.0 degrees of latitude", "wgs-84", (0.0, -0.0), "POINT"),
        ("a latitude without a longitude", "wgs-84", (None, 1.0), "refused: half-a-point"),
        ("NaN for an axis", "cartesian", (float("nan"), 0.0), "refused: coordinate-not-finite"),
        ("5e-324, -0.0 and 1e308", "cartesian-3d", (5e-324, -0.0, 1e308), "POINT"),
        ("no coordinates", "cartesian", (None, None), "no property"),
        ("no length at all", "cartesian", (0.0, -0.0), "POINT"),
        ("below the sea", "wgs-84-3d", (180.0, -90.0, -10_935.0), "POINT"),
    )
    for what, crs, axes, outcome in floats:
        yield _place(what, crs, *((_FLOAT, axis) for axis in axes), outcome=outcome)
    degrees, fine, beyond = (
        pl.Decimal(9, 6),
        pl.Decimal(38, 18),
        "refused: coordinate-beyond-double",
    )
    for what, crs, typed, outcome in (
        ("whole degrees", "wgs-84", ((pl.Int8(), 18), (pl.Int32(), -59)), "POINT"),
        ("degrees as decimals", "wgs-84", ((degrees, 18_068_600), (degrees, 0)), "POINT"),
        ("2^53 and 2^-1", "cartesian", ((_INT, 2**53), (pl.Float32(), 0.5)), "POINT"),
        ("2^53 + 1", "cartesian", ((_INT, 2**53 + 1), (_FLOAT, 0.0)), beyond),
        ("2^127 - 1", "cartesian", ((_FLOAT, 0.0), (pl.Int128(), 2**127 - 1)), beyond),
        ("1 and 1e-18", "cartesian", ((fine, 10**18 + 1), (fine, 0)), beyond),
        ("a date for an axis", "cartesian", ((pl.Date(), 0), (_FLOAT, 0.0)), "refused: type"),
        ("truths for axes", "cartesian", ((pl.Boolean(), True),) * 2, "refused: type"),
        ("text for an axis", "cartesian", ((_FLOAT, 0.0), (_TEXT, "1.5")), "refused: type"),
    ):
        yield _place(what, crs, *typed, outcome=outcome)


_NAMES = (
    *(" ", "a\x00b", "__index_level_0__", "__x__"),
    *("ID", ":ID", "LABEL", ":LABEL", "TYPE", ":TYPE", "START_ID", ":IGNORE", "ACTION"),
    *("a:b", "a:string", "a:long[]", "a,b", 'a"b', "a'b", "a`b", " a ", "1a", "é", "$a.b"),
    *("\x00", "\x1f", "\u2028", "\ufeff", "a}", "a)"),
)


_UNREADABLE = ("*", "^a$", "__id__", "__start__", "__end__", "__missing__", "__point_place__")


def _names() -> Iterator[Nasty]:
    group = "Names"
    for name in _NAMES:
        sample = Sample((_table(Column(name, _TEXT, ("a",))),))
        words = {"ACTION", "1a", "é", "__index_level_0__", "__x__"}
        taken = None if name in words else "refused: type"
        yield Nasty(group, f"a property {name!r}", sample, "STRING", taken)
    for name in (".", "..", ".a", "a.", "a..b"):
        sample = Sample((_table(Column(name, _TEXT, ("a",))),))
        yield Nasty(group, f"a property {name!r}", sample, "STRING", "refused: type")
    renamed = _value(_TEXT, "a", property="Preis in €")
    what = "a column with another name for its property"
    yield Nasty(group, what, renamed, "STRING", "refused: type")
    yield Nasty(group, "one that is a word", _value(_TEXT, "a", property="preis"), "STRING")
    unnamed = ("", "Price (EUR)", "a(b", "a{b}", "{", "a\nb", "a\rb")
    for name in (*unnamed, *_UNREADABLE):
        sample = Sample((_table(Column(name, _TEXT, ("a",))),))
        yield Nasty(group, f"a property {name!r}", sample, "refused: type")
    hidden = [Column(name, _TEXT, ("a",), ColumnRule(skip=True)) for name in ("", *_UNREADABLE)]
    yield Nasty(group, "columns that are skipped, of any name", Sample((_table(*hidden),)), "equal")
    keyed = replace(_keyed(Column("a\x00b", _INT, (1,))), links=())
    yield Nasty(group, "a key 'a\\x00b'", keyed, "refused: type")
    for name in ("a:b", "a`b", "a;b", "a,b", 'a"b', "a\nb", "é", " ", "a ", " a", "a=b", "ID"):
        sample = _linked()
        labels = (f"Nasty {name}", name)
        nodes = replace(sample.nodes[0], labels=labels)
        links = replace(sample.links[0], type=name)
        lost = None if name == name.strip() else "refused: type"
        what = f"a label and a type {name!r}"
        yield Nasty(group, what, Sample((nodes,), (links,)), "equal", lost)
    for name in ("a\x1fb", "a\x00b"):
        split = replace(_table(), labels=("Nasty", name))
        yield Nasty(group, f"a label {name!r}", Sample((split,)), "refused: type")
    typed = replace(_linked().links[0], type="a\x00b")
    what = f"a type {typed.type!r}"
    yield Nasty(group, what, replace(_linked(), links=(typed,)), "refused: type")
    yield from _in_columns()


def _in_columns() -> Iterator[Nasty]:
    """Labels and types that stand in columns."""
    category, no_type = pl.Categorical(), "refused: type"
    for dtype, cell, label, of_type in (
        (_TEXT, "a b", "equal", "equal"),
        (category, "a", "equal", "equal"),
        (pl.Enum(["a", "b"]), "b", "equal", "equal"),
        (_TEXT, "a\x00b", "refused: nul-in-label", "refused: nul-in-type"),
        (_INT, 1, no_type, no_type),
        (pl.Date(), 0, no_type, no_type),
        (pl.List(category), ["a", "b"], "equal", no_type),
        (pl.Array(category, 2), ["a", "b"], "equal", no_type),
        (_LIST, ["a", "b\x00c"], "refused: nul-in-label", no_type),
        (pl.List(_INT), [1], no_type, no_type),
    ):
        shown = f"in a column of {type_name(dtype)}, {cell!r}"
        named = Column("named", dtype, (cell,), ColumnRule(skip=True))
        nodes = replace(_table(named), label_column="named")
        yield Nasty("Names", f"labels {shown}", Sample((nodes,)), label)
        tied = _linked()
        columns = (*tied.links[0].columns, named)
        ties = replace(tied.links[0], type="", type_column="named", columns=columns)
        yield Nasty("Names", f"a type {shown}", replace(tied, links=(ties,)), of_type)


def _linked() -> Sample:
    ends = (Column("from", _INT, (0,)), Column("to", _INT, (1,)))
    start, end = ("nasty", ("from",)), ("nasty", ("to",))
    return Sample((_table(rows=2),), (Links("links", "TIES", start, end, ends),))


def _keyed(*columns: Column) -> Sample:
    """Nodes of that key, each tied to itself."""
    names = tuple(column.name for column in columns)
    place = ("nasty", names)
    links = Links("links", "SELF", place, place, columns)
    return Sample((Nodes("nasty", ("Nasty",), names, "Nasty", columns),), (links,))


def _keys() -> Iterator[Nasty]:
    group = "Keys and tables"
    pairs = (Column("a", _TEXT, ("1", "12")), Column("b", _TEXT, ("23", "3")))
    yield Nasty(group, "the keys (1, 23) and (12, 3)", _keyed(*pairs), "equal")
    colons = (Column("a", _TEXT, ("1:1", "1")), Column("b", _TEXT, ("", "1:")))
    empty = "refused: empty-key, empty-string"
    yield Nasty(group, "an empty part of a key", _keyed(*colons), "refused: empty-key", empty)
    for what, dtype, cells in (
        ("keys of blanks, quotes and line breaks", _TEXT, (" ", '"', "\n", "a", "a ", "A")),
        ("keys that are truths", pl.Boolean(), (True, False)),
        ("keys that are dates", pl.Date(), (0, -719_162)),
        ("keys that are nanoseconds", _NS, (0, 1, 10**18 + 1)),
        ("keys of UTC", pl.Datetime("us", "UTC"), (0, 1)),
        (
            "keys at both readings of an autumn hour",
            pl.Datetime("us", _ZONE),
            (1_729_989_000_000_000, 1_729_992_600_000_000),
        ),
        ("keys of 2^63 - 1", pl.UInt64(), (0, 2**63 - 1)),
        ("keys that are decimals", pl.Decimal(38, 0), (-(2**63), -1, 0, 2**63 - 1)),
        ("keys of 0 and 007", _TEXT, ("0", "-0", "00", "7", "007")),
    ):
        yield Nasty(group, what, _keyed(Column("key", dtype, cells)), "equal")
    nines = Column("key", pl.Decimal(38, 0), (10**38 - 1, 2**63), ColumnRule(decimal="string"))
    yield Nasty(group, "keys of 38 nines", _keyed(nines), "equal")
    yield Nasty(
        group, "a null key", _keyed(Column("key", _INT, (None,))), "refused: null-end, null-key"
    )
    marked = _keyed(Column("key", _TEXT, ("\ufeffa",)))
    yield Nasty(group, "a byte order mark before a key", marked, "refused: marked-key", "equal")
    twice = Sample((replace(_table(), columns=(Column("key", _INT, (1, 1)),)),))
    yield Nasty(group, "a key twice", twice, "refused: duplicate-key")
    yield Nasty(group, "an empty table", Sample((_table(rows=0),)), "equal")
    bare = _linked()
    hidden = tuple(replace(each, rule=ColumnRule(skip=True)) for each in bare.links[0].columns)
    key = replace(bare.nodes[0].columns[0], rule=ColumnRule(skip=True))
    nothing = Sample(
        (replace(bare.nodes[0], columns=(key,)),), (replace(bare.links[0], columns=hidden),)
    )
    yield Nasty(group, "nodes and relationships without properties", nothing, "equal")
    for what, text, dense_parquet in (
        ("rows of 200 columns", "a", None),
        ("rows of 200 empty strings", "", "refused: empty-string"),
    ):
        wide = [Column(f"column_{at}", _TEXT, (text, None)) for at in range(200)]
        yield Nasty(group, what, Sample((_table(*wide, rows=2),)), "equal", dense_parquet)


# One tick after a second of 2023, so that each unit's fraction has all its digits.
_LATELY = {"ms": 1_700_000_000_001, "us": 1_700_000_000_000_001, "ns": 1_700_000_000_000_000_001}
# A cell of every type; the table of types in kgimport has no other.
_CELLS: tuple[tuple[pl.DataType, Any], ...] = (
    *((of(), -7) for of in (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128)),
    *((of(), 7) for of in (pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.UInt128)),
    *((of(), -0.5) for of in (pl.Float16, pl.Float32, pl.Float64)),
    *((of, "a") for of in (pl.String(), pl.Categorical(), pl.Enum(["a", "b"]))),
    *((pl.Boolean(), False), (pl.Date(), -1), (pl.Time(), 1)),
    *(
        (pl.Datetime(unit, zone), _LATELY[unit])
        for unit in _UNITS
        for zone in (None, "UTC", _ZONE, "Etc/GMT+5")
    ),
    *((pl.Duration(unit), -1) for unit in _UNITS),
    (pl.Decimal(9, 2), -150),
    (pl.Binary(), b"\x00\xff"),
    (pl.Struct({"a": pl.Int64()}), {"a": 1}),
)
_EXACT: dict[str, Any] = {"decimal": "string", "binary": "base64", "struct": "json"}
_POLICIES: tuple[dict[str, Any], ...] = (
    _EXACT,
    {"decimal": "double", "binary": "hex", "struct": "flatten", "uint64": "string"},
    {**_EXACT, "binary": "bytes", "timezone": "UTC"},
    {**_EXACT, "timezone": _ZONE},
)
_NUMBERS = tuple(each for each in _CELLS if each[0].is_numeric() or each[0].is_decimal())


def _textual(text: str) -> tuple[tuple[pl.DataType, Any], ...]:
    return tuple((of, text) for of in (_TEXT, pl.Categorical(), pl.Enum([text])))


_TEXTUAL = _textual("7")
_DATED = (pl.Date(), *(pl.Datetime(unit) for unit in _UNITS))
# What `type:` may be given to, with a cell that comes back from it.
_CASTS: dict[CastType, tuple[tuple[pl.DataType, Any], ...]] = {
    # How Polars spells a float is no part of the contract.
    "string": tuple(each for each in (*_NUMBERS, *_TEXTUAL) if not each[0].is_float()),
    "long": (*((of, 0) for of, _ in _NUMBERS), *_TEXTUAL, (pl.Boolean(), True)),
    "double": (*_NUMBERS, *_textual("0.5")),
    "boolean": (
        *((of, 1) for of, _ in _NUMBERS if of.is_integer()),
        *((pl.Boolean(), True), *_textual("false")),
    ),
    "date": (*((of, 0) for of in _DATED), *_textual("0001-01-01")),
    "localdatetime": (*((of, 0) for of in _DATED), *_textual("2026-01-31T12:00:00.50")),
}


def _wide(rules: Iterable[tuple[pl.DataType, Any, ColumnRule]]) -> Sample:
    """One row of many columns."""
    columns = (Column(f"c{at}", of, (cell,), rule) for at, (of, cell, rule) in enumerate(rules))
    return Sample((_table(*columns),))


def _is_lost(of: pl.DataType) -> bool:
    return of.base_type() in {pl.Date, pl.Datetime, pl.Time}


def _listed(
    cells: list[tuple[pl.DataType, Any]], rule: ColumnRule
) -> Iterator[tuple[pl.DataType, Any, ColumnRule]]:
    for of, cell in cells:
        yield pl.List(of), [cell, cell], rule
        yield pl.Array(of, 2), [cell, cell], rule


def _every() -> Iterator[Nasty]:
    group = "Every type"
    for policies in _POLICIES:
        rule, told = ColumnRule(**policies), ", ".join(f"{k}: {v}" for k, v in policies.items())
        alone = [(of, cell, rule) for of, cell in (*_CELLS, (pl.Null(), None))]
        yield Nasty(group, f"alone ({told})", _wide(alone), "equal")
        if rule.binary != "bytes" and rule.struct != "flatten":
            lost = [each for each in _CELLS if _is_lost(each[0])]
            others = [each for each in _CELLS if each not in lost]
            yield Nasty(group, f"in a list ({told})", _wide(_listed(others, rule)), "equal")
            instants = _wide(_listed(lost, rule))
            what = f"dates and times in a list ({told})"
            yield Nasty(group, what, instants, "equal", "refused: temporal-list")
    for unit in _UNITS:
        rule = ColumnRule(epoch=unit)
        numbers = [(pl.Int64(), _LATELY[unit], rule), (pl.Datetime(unit), _LATELY[unit], rule)]
        yield Nasty(group, f"a number since 1970 (epoch: {unit})", _wide(numbers), "equal")
    far = _wide([(pl.Int64(), 2**62, ColumnRule(epoch="ms"))])
    yield Nasty(group, "a number too far from 1970", far, "refused: year-out-of-range")
    for to, cells in _CASTS.items():
        rule = ColumnRule(type=to)
        cast = [(of, cell, rule) for of, cell in (*cells, (pl.Null(), None))]
        yield Nasty(group, f"cast to {to}", _wide(cast), "equal")


NASTY: tuple[Nasty, ...] = (
    *_texts(),
    *_numbers(),
    *_times(),
    *_lists(),
    *_lists_of_others(),
    *_structs_and_bytes(),
    *_for_fewer_types(),
    *_points(),
    *_names(),
    *_keys(),
    *_every(),
)
