"""The value contract: header cells, spellings, refusals, and a golden file of hard values."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest

from kgimport.commands.export import MISSING, export
from kgimport.errors import ValueRefusedError
from kgimport.graph import ColumnRule, End, Graph, NodeTable, Point, RelationshipTable
from kgimport.identity import END, ID, START
from kgimport.locations import LocalPath
from kgimport.neo4j.reconcile import values
from kgimport.options import ExportOptions
from kgimport.targets import TARGETS, Carrier, Format, neo4j
from kgimport.targets.fields import carrier, fields
from kgimport.targets.neo4j.cells import header_row, in_space
from kgimport.targets.neo4j.names import is_plain
from kgimport.values import Refusal, columns, points

GOLDEN = Path(__file__).parent / "golden" / "values"
STOCKHOLM = "Europe/Stockholm"
ENGINES: tuple[Literal["in-memory", "streaming"], ...] = ("in-memory", "streaming")
MAP = pl.Map(pl.String(), pl.Float64())
LOCAL, UTC = pl.Datetime("us"), pl.Datetime("us", "UTC")


def local(*parts: int) -> datetime:
    """A moment without a zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def taken(dtype: pl.DataType, **policies: Any) -> Carrier:
    """The carrier of a type that is not refused."""
    how = carrier(neo4j.CSV, dtype, ColumnRule(**policies))
    assert isinstance(how, Carrier), how
    return how


def spelled(dtype: pl.DataType, *cells: Any, **policies: Any) -> list[Any]:
    """Cells as the carrier spells them."""
    how = taken(dtype, **policies)
    values = pl.DataFrame({"c": pl.Series(cells, dtype=dtype)})
    return values.select(how.spell(how.value(pl.col("c")))).to_series().to_list()


def offending(dtype: pl.DataType, *cells: Any, **policies: Any) -> dict[str, list[int]]:
    """Which cells each rule finds, by their positions; rules that find none are left out."""
    values = pl.DataFrame({"c": pl.Series(cells, dtype=dtype)})
    found = {
        rule.name: values.select(rule.offends(pl.col("c")).fill_null(value=False)).to_series()
        for rule in taken(dtype, **policies).rules
    }
    return {name: series.arg_true().to_list() for name, series in found.items() if series.any()}


def test_every_type_has_its_header_and_its_cypher_type() -> None:
    whole: tuple[pl.DataType, ...] = (
        *(pl.Int8(), pl.Int64(), pl.UInt32(), pl.UInt64(), pl.Int128()),
        *(pl.Decimal(9, 0), pl.Decimal(38, 0)),
    )
    floats: tuple[pl.DataType, ...] = (pl.Float16(), pl.Float32(), pl.Float64())
    texts: tuple[pl.DataType, ...] = (pl.String(), pl.Categorical(), pl.Enum(["a"]))
    found = {
        str(dtype): (how.header, how.cypher)
        for dtype in (
            *whole,
            *floats,
            *texts,
            *(pl.Boolean(), pl.Date(), pl.Time(), pl.Null(), pl.Duration("ms")),
            *(LOCAL, UTC, pl.Datetime("ns", STOCKHOLM), pl.Datetime("ms", "Etc/UTC")),
            *(pl.List(pl.String()), pl.Array(pl.Float32(), 3), pl.List(UTC), pl.List(LOCAL)),
            *(pl.List(pl.Duration("us")), pl.List(pl.Time()), pl.List(pl.Boolean())),
        )
        for how in [taken(dtype)]
    }

    assert found == {
        **{str(dtype): ("long", "INTEGER") for dtype in whole},
        **{str(dtype): ("double", "FLOAT") for dtype in floats},
        **{str(dtype): ("string", "STRING") for dtype in texts},
        "Boolean": ("boolean", "BOOLEAN"),
        "Date": ("date", "DATE"),
        "Time": ("localtime", "LOCAL TIME"),
        "Null": ("string", "NULL"),
        "Duration(time_unit='ms')": ("duration", "DURATION"),
        str(LOCAL): ("localdatetime", "LOCAL DATETIME"),
        str(UTC): ("datetime{timezone:Z}", "ZONED DATETIME"),
        str(pl.Datetime("ms", "Etc/UTC")): ("datetime{timezone:Z}", "ZONED DATETIME"),
        str(pl.Datetime("ns", STOCKHOLM)): ("datetime", "ZONED DATETIME"),
        "List(String)": ("string[]", "LIST<STRING NOT NULL>"),
        "Array(Float32, shape=(3,))": ("double[]", "LIST<FLOAT NOT NULL>"),
        f"List({UTC})": ("datetime[]{timezone:Z}", "LIST<ZONED DATETIME NOT NULL>"),
        f"List({LOCAL})": ("localdatetime[]", "LIST<LOCAL DATETIME NOT NULL>"),
        "List(Duration(time_unit='us'))": ("duration[]", "LIST<DURATION NOT NULL>"),
        "List(Time)": ("localtime[]", "LIST<LOCAL TIME NOT NULL>"),
        "List(Boolean)": ("boolean[]", "LIST<BOOLEAN NOT NULL>"),
    }


@pytest.mark.parametrize(
    ("dtype", "policies", "header", "cypher"),
    [
        (pl.UInt64(), {"uint64": "string"}, "string", "STRING"),
        (pl.Decimal(9, 2), {"decimal": "string"}, "string", "STRING"),
        (pl.Decimal(9, 2), {"decimal": "double"}, "double", "FLOAT"),
        (pl.Decimal(9, 0), {"decimal": "string"}, "string", "STRING"),
        (pl.Decimal(9, 0), {"decimal": "double"}, "double", "FLOAT"),
        (pl.Binary(), {"binary": "hex"}, "string", "STRING"),
        (pl.Binary(), {"binary": "bytes"}, "byte[]", "LIST<INTEGER NOT NULL>"),
        (pl.Struct({"a": pl.Int8()}), {"struct": "json"}, "string", "STRING"),
        (LOCAL, {"timezone": "UTC"}, "datetime{timezone:Z}", "ZONED DATETIME"),
        (LOCAL, {"timezone": STOCKHOLM}, "datetime", "ZONED DATETIME"),
        (pl.String(), {"type": "long"}, "long", "INTEGER"),
        (pl.String(), {"type": "boolean"}, "boolean", "BOOLEAN"),
        (pl.Categorical(), {"type": "date"}, "date", "DATE"),
        (pl.String(), {"type": "localdatetime"}, "localdatetime", "LOCAL DATETIME"),
        (pl.Int64(), {"type": "string"}, "string", "STRING"),
        (pl.Int8(), {"type": "boolean"}, "boolean", "BOOLEAN"),
        (LOCAL, {"type": "date"}, "date", "DATE"),
        (pl.Date(), {"type": "localdatetime"}, "localdatetime", "LOCAL DATETIME"),
        (pl.Decimal(9, 2), {"type": "double"}, "double", "FLOAT"),
    ],
    ids=str,
)
def test_a_policy_changes_the_header(
    dtype: pl.DataType, policies: dict[str, str], header: str, cypher: str
) -> None:
    how = taken(dtype, **policies)

    assert (how.header, how.cypher) == (header, cypher)


@pytest.mark.parametrize(
    ("dtype", "policies", "reason"),
    [
        (pl.Decimal(9, 2), {}, "Neo4j has no decimal type"),
        (pl.Binary(), {}, "bytes are not a Cypher type"),
        (pl.Struct({"a": pl.Int8()}), {}, "Neo4j has no map property"),
        (pl.Struct({"a": pl.Binary()}), {"struct": "json"}, "JSON has no type for bytes"),
        (MAP, {}, "Neo4j has no type for Map(String, Float64)"),
        (pl.List(MAP), {}, "Neo4j has no type for Map(String, Float64)"),
        (
            pl.Struct({"a": pl.List(MAP)}),
            {"struct": "json"},
            "Neo4j has no type for Map(String, Float64)",
        ),
        (pl.List(pl.List(pl.Int8())), {}, "Neo4j has no list of lists"),
        (pl.List(pl.List(UTC)), {}, "Neo4j has no list of lists"),
        (pl.List(pl.Binary()), {"binary": "bytes"}, "Neo4j has no list of lists"),
        (pl.Datetime("us", "EST"), {}, "Neo4j does not know the time zone EST"),
        (LOCAL, {"timezone": "Nowhere"}, "Neo4j does not know the time zone Nowhere"),
        (pl.Time(), {"type": "date"}, "Time cannot be cast to date"),
        (UTC, {"type": "localdatetime"}, f"{UTC} cannot be cast to localdatetime"),
        (pl.Date(), {"type": "long"}, "Date cannot be cast to long"),
        (pl.List(pl.Int8()), {"type": "string"}, "List(Int8) cannot be cast to string"),
    ],
    ids=str,
)
def test_a_type_without_an_exact_form_is_refused(
    dtype: pl.DataType, policies: dict[str, str], reason: str
) -> None:
    how = carrier(neo4j.CSV, dtype, ColumnRule(**policies))  # type: ignore[arg-type]

    assert isinstance(how, Refusal)
    assert how.reason == reason
    assert how.remedy


def test_integers_beyond_64_bits_offend() -> None:
    wide = (2**63 - 1, 2**63, None)

    assert offending(pl.UInt64(), *wide) == {"integer-out-of-range": [1]}
    assert offending(pl.UInt128(), *wide, 2**128 - 1) == {"integer-out-of-range": [1, 3]}
    assert offending(pl.Int128(), -(2**63), -(2**63) - 1) == {"integer-out-of-range": [1]}
    assert offending(pl.UInt64(), 2**63, uint64="string") == {}


def test_decimals_without_a_fraction_are_integers_where_they_fit() -> None:
    cells = (*(2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 0), None)
    decimals = [None if cell is None else Decimal(cell) for cell in cells]
    nines = Decimal("9" * 38)

    assert offending(pl.Decimal(38, 0), *decimals, nines) == {"integer-out-of-range": [1, 3, 6]}
    assert offending(pl.List(pl.Decimal(38, 0)), [1], [nines]) == {"integer-out-of-range": [1]}
    assert offending(pl.Decimal(38, 0), nines, decimal="string") == {}
    assert spelled(pl.Decimal(38, 0), *decimals, nines) == [
        *(str(2**63 - 1), None, str(-(2**63)), None, "0", None, None)
    ]


def test_years_that_no_driver_reads_offend() -> None:
    days = pl.Series([-719_163, -719_162, 2_932_896, 2_932_897, 2**31 - 1]).cast(pl.Date)
    ticks = pl.Series([2**63 - 1, 253_402_300_799_999_999, 253_402_300_800_000_000])

    assert offending(pl.Date(), *days.to_physical()) == {"year-out-of-range": [0, 3, 4]}
    assert offending(LOCAL, *ticks) == {"year-out-of-range": [0, 2]}


@pytest.mark.parametrize("zone", ["UTC", "GMT", "Etc/UTC"])
def test_instants_of_utc_by_any_name_stay_what_they_are_and_none_stops_the_pass(zone: str) -> None:
    ticks = (2**63 - 1, 0, -(2**63) + 1)
    named, plain = pl.Datetime("ms", zone), pl.Datetime("ms")
    values = pl.DataFrame({"c": pl.Series(ticks).cast(named), "l": pl.Series([[t] for t in ticks])})
    values = values.cast({"l": pl.List(named)})

    held = values.select(taken(named).value(pl.col("c")), taken(pl.List(named)).value(pl.col("l")))

    assert held.schema == {"c": plain, "l": pl.List(plain)}
    assert held["c"].to_physical().to_list() == list(ticks)
    assert held["l"].explode().to_physical().to_list() == list(ticks)


def test_instants_that_zones_do_not_tell_offend() -> None:
    instants = (local(1850, 1, 1), local(2024, 7, 1), local(2100, 7, 1))
    zoned = pl.Series(instants).dt.replace_time_zone("UTC").dt.convert_time_zone(STOCKHOLM)

    found = offending(pl.Datetime("us", STOCKHOLM), *zoned.to_physical())

    assert found == {"offset-with-seconds": [0], "zone-rules-unknown": [2]}


def test_local_times_that_clocks_show_twice_or_never_offend() -> None:
    autumn, spring, summer = (
        local(2024, 10, 27, 2, 30),
        local(2024, 3, 31, 2, 30),
        local(2024, 7, 1),
    )

    found = offending(LOCAL, autumn, spring, summer, timezone=STOCKHOLM)

    assert found == {"local-time-not-unique": [0, 1]}


def test_lists_that_the_importer_loses_offend() -> None:
    lists: tuple[Any, ...] = ([], ["a"], [None], [""], ["", ""], ["a\x1fb"], None)
    texts = pl.List(pl.String())

    assert offending(texts, *lists) == {
        "empty-list": [0],
        "null-in-list": [2],
        "array-delimiter-in-element": [5],
        "lone-empty-string": [3],
    }
    assert offending(texts, *lists[:3], empty_list="null", null_in_list="drop") == {}
    assert offending(texts, [None], null_in_list="drop") == {"empty-list": [0]}
    assert offending(pl.List(pl.Binary()), [b""], binary="hex") == {"lone-empty-string": [0]}
    assert offending(pl.List(pl.UInt64()), [1, 2**63]) == {"integer-out-of-range": [0]}


def test_decimals_of_more_digits_than_a_double_tells_offend() -> None:
    fine, texts = pl.Decimal(38, 18), ("0.1", "0.100000000000000001", "12345678.12345678", "0")
    cells = [Decimal(text) for text in texts]

    assert offending(fine, *cells, decimal="double") == {"decimal-beyond-double": [1]}
    assert offending(pl.Decimal(38, 0), Decimal(2**53 + 1), decimal="double") == {
        "decimal-beyond-double": [0]
    }
    assert offending(pl.Decimal(38, 0), Decimal("9" * 38), decimal="double") == {
        "decimal-beyond-double": [0]
    }


def test_json_refuses_what_it_does_not_have() -> None:
    part = pl.Struct({"*": pl.Float64(), "b": pl.List(pl.Float32())})
    cells = (
        {"*": 1.0, "b": [0.5]},
        {"*": float("nan"), "b": None},
        {"*": None, "b": [float("inf")]},
        None,
    )

    assert offending(part, *cells, struct="json") == {"number-not-finite": [1, 2]}
    assert spelled(part, cells[0], None, struct="json") == ['{"*":1.0,"b":[0.5]}', None]


def test_json_refuses_moments_that_no_clock_tells() -> None:
    zoned = pl.Datetime("us", STOCKHOLM)
    part = pl.Struct({"*": pl.List(pl.Date()), "b": pl.Struct({"at": zoned}), "c": UTC})
    ticks = (-3_786_912_000_000_000, 0, 4_102_444_800_000_000, 2**63 - 1)
    days = ([2**31 - 1], [0], [0], None)
    rows = [{"*": d, "b": {"at": t}, "c": t} for d, t in zip(days, ticks, strict=True)]
    bare = pl.Struct(
        {"*": pl.List(pl.Int32()), "b": pl.Struct({"at": pl.Int64()}), "c": pl.Int64()}
    )
    cells = pl.Series("c", rows, dtype=bare).cast(part)
    how = taken(part, struct="json")

    found = {
        rule.name: cells.to_frame().select(rule.offends(pl.col("c"))).to_series().arg_true()
        for rule in how.rules
    }
    at = ("1970-01-01T01:00:00+01:00", "1970-01-01T00:00:00+00:00")
    whole = '{{"*":["1970-01-01"],"b":{{"at":"{}"}},"c":"{}"}}'.format(*at)
    for engine in ENGINES:
        told = cells.to_frame().lazy().select(how.value(pl.col("c"))).collect(engine=engine)

        assert told.to_series().to_list() == [
            None,
            whole,
            None,
            None,
        ]
    assert {name: rows.to_list() for name, rows in found.items()} == {
        "year-out-of-range": [0, 3],
        "offset-with-seconds": [0],
        "zone-rules-unknown": [2, 3],
    }


def test_json_in_lists_refuses_what_polars_panics_over() -> None:
    parts = pl.Struct({"on": pl.Date(), "for": pl.Duration("ms")})
    bare = pl.List(pl.Struct({"on": pl.Int32(), "for": pl.Int64()}))
    rows: tuple[Any, ...] = (
        [(0, 1)],
        [(2**31 - 1, 1)],
        [(0, -(2**63))],
        [(0, 1), (-(2**31), 2)],
        [],
        [None],
        None,
    )
    cells = [
        None if row is None else [each and {"on": each[0], "for": each[1]} for each in row]
        for row in rows
    ]
    frame = pl.DataFrame({"c": pl.Series(cells, dtype=bare)}).cast(pl.List(parts))
    how = taken(pl.List(parts), struct="json", empty_list="null", null_in_list="drop")

    whole = '{"on":"1970-01-01","for":"PT0.001S"}'
    for engine in ENGINES:
        told = frame.lazy().select(how.value(pl.col("c"))).collect(engine=engine)

        assert told.to_series().to_list() == [
            *([whole], [None], [None], [whole, None], None, None, None)
        ]
    found = {
        rule.name: frame.select(rule.offends(pl.col("c"))).to_series().arg_true().to_list()
        for rule in how.rules
    }
    assert {name: rows for name, rows in found.items() if rows} == {
        "year-out-of-range": [1, 3],
        "duration-out-of-range": [2],
    }


def test_a_cast_refuses_what_it_would_change() -> None:
    texts = ("7", "007", "x", "9223372036854775808", "-0", None)

    assert offending(pl.String(), *texts, type="long") == {"lossy-cast": [1, 2, 3, 4]}
    assert offending(pl.Categorical(), *texts, type="long") == {"lossy-cast": [1, 2, 3, 4]}
    assert offending(pl.Float64(), 1.0, 1.5, -0.0, type="long") == {"lossy-cast": [1, 2]}
    assert offending(pl.Int64(), 2**53, 2**53 + 1, type="double") == {"lossy-cast": [1]}
    assert offending(pl.Int8(), 0, 1, 2, type="boolean") == {"lossy-cast": [2]}
    noon = (local(2024, 7, 1), local(2024, 7, 1, 12))
    assert offending(LOCAL, *noon, type="date") == {"lossy-cast": [1]}
    assert offending(pl.Datetime("ns"), 1_000, 1, type="localdatetime") == {"lossy-cast": [1]}


def test_values_that_polars_spells_otherwise_are_spelled_for_java() -> None:
    infinite = (float("inf"), -float("inf"), float("nan"), -0.0, 5e-324, 1e16)
    spans = (timedelta(days=1), -timedelta(microseconds=1), timedelta())
    autumn = pl.Series([1_729_989_000_000_000, 1_729_992_600_000_000])

    assert spelled(pl.Float64(), *infinite) == [
        *("Infinity", "-Infinity", "NaN", "-0.0", "5e-324", "1e+16")
    ]
    assert spelled(pl.Duration("us"), *spans) == ["PT86400.000000S", "PT-0.000001S", "PT0.000000S"]
    assert spelled(pl.Datetime("us", STOCKHOLM), *autumn) == [
        "2024-10-27T02:30:00.000000+02:00[Europe/Stockholm]",
        "2024-10-27T02:30:00.000000+01:00[Europe/Stockholm]",
    ]
    assert spelled(LOCAL, local(2024, 7, 1), timezone="+05:00") == [
        "2024-07-01T00:00:00.000000+05:00"
    ]
    assert spelled(pl.Binary(), b"\x00\x7f\x80\xff", binary="bytes") == ["0\x1f127\x1f-128\x1f-1"]


def test_a_nan_is_a_nan_whatever_its_bits_and_zeros_are_told_apart() -> None:
    negative = struct.unpack(">d", bytes.fromhex("fff8000000000000"))[0]
    signalling = struct.unpack(">d", bytes.fromhex("7ff0000000000001"))[0]

    assert values.plain(negative) == values.plain(float("nan")) == values.plain(signalling)
    assert values.plain([negative]) == values.plain([float("nan")])
    assert values.plain(-0.0) != values.plain(0.0)
    assert values.plain(float("nan")) != values.plain(float("inf"))


def test_plain_names_alone_may_stand_in_an_argument() -> None:
    plain = ("User", "User_2", "a b", "a.b-c", "7")
    other = ("", "a ", "a:b", "a,b", "a=b", "é", " a", "-a", 'a"b', "a`b", "a\nb", "a'b", "a\\b")

    assert [is_plain(name) for name in (*plain, *other)] == [True] * 5 + [False] * 13


def test_headers_quote_what_needs_quotes() -> None:
    cells = ("id:ID", 'a"b:string', "a,b:long", "datetime{timezone:Z}")

    row = header_row([in_space(":ID", "User"), *cells])

    assert row == ':ID(User),id:ID,"a""b:string","a,b:long",datetime{timezone:Z}\n'


def test_names_that_no_header_can_spell_are_refused_together() -> None:
    columns = ("fine", "Price (EUR)", "a{b}", "a\nb", "*", "^a$", "__id__", "skipped(")
    rules = {"skipped(": ColumnRule(skip=True), "a{b}": ColumnRule(property="ab")}
    table = NodeTable("t", LocalPath("t.parquet"), ("T", "a\x1fb"), ("fine",), "T", columns=rules)

    with pytest.raises(ValueRefusedError) as refusal:
        fields(neo4j.CSV, table, pl.Schema(dict.fromkeys(columns, pl.Int64())))

    headers = "Neo4j's headers cannot hold `(`, `{` or a line break in a property's name"
    named = f"{headers}; choose another name with `property:`"
    pattern = "Polars reads the column's name as a pattern; rename it in SQL"
    own = "kgimport reserves the column's name; rename it in SQL"
    assert refusal.value.message.split("\n  ") == [
        "these columns cannot be carried exactly:",
        "t: the label 'a\\x1fb' contains U+001F, which separates labels",
        f"t.Price (EUR) (Int64): {named}",
        f"t.a\\nb (Int64): {named}",
        f"t.* (Int64): {pattern}",
        f"t.^a$ (Int64): {pattern}",
        f"t.__id__ (Int64): {own}",
    ]


UNREADABLE = ("*", "^a$", "__id__", "__start__", "__end__", "__missing__", "__point_x__")


def test_columns_that_kgimport_adds_are_those_that_it_keeps_for_itself() -> None:
    place = Point("x", ("a", "b"), "cartesian")
    table = NodeTable("t", LocalPath("t.parquet"), ("T",), ("a",), "T", points=(place,))
    with_points = points.attach(pl.LazyFrame({"a": [1], "b": [2]}), table)

    added = [ID, START, END, MISSING, *with_points.collect_schema().names()[2:]]

    assert added == ["__id__", "__start__", "__end__", "__missing__", "__point_x__"]
    assert [name for name in added if columns.unreadable(name) is None] == []


def test_a_column_that_cannot_be_read_is_left_out_only_where_nothing_needs_it() -> None:
    rules = dict.fromkeys(UNREADABLE, ColumnRule(skip=True))
    end = End("t", ("__start__",))
    node = NodeTable("t", LocalPath(""), ("T",), ("*",), "T", label_column="__id__", columns=rules)
    node = replace(node, points=(Point("p", ("__end__", "^a$"), "cartesian"),))
    ties = RelationshipTable("r", LocalPath(""), "", end, end, type_column="*", columns=rules)

    def kept(table: NodeTable | RelationshipTable) -> set[str]:
        return {name for name in UNREADABLE if not columns.is_left_out(table, name)}

    assert kept(node) == {"*", "__id__", "__end__", "^a$"}
    assert kept(ties) == {"*", "__start__"}
    assert kept(replace(ties, columns={})) == set(UNREADABLE)
    assert not columns.is_left_out(replace(node, columns={"a": ColumnRule(skip=True)}), "a")


def test_only_the_names_that_are_used_are_kept_back() -> None:
    free = ("__index_level_0__", "__null_dask_index__", "__x__", "_id_", "__id", "id__", "__ID__")
    table = NodeTable("t", LocalPath("t.parquet"), ("T",), ("__index_level_0__",), "T")

    made = fields(neo4j.CSV, table, pl.Schema(dict.fromkeys(free, pl.Int64())))

    assert tuple(field.name for field in made) == free


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_property_needs_a_name(form: Format) -> None:
    named = NodeTable(
        "t", LocalPath(""), ("T",), ("id",), "T", columns={"": ColumnRule(property="name")}
    )
    hidden = replace(named, columns={"": ColumnRule(skip=True)})
    schema = pl.Schema({"id": pl.Int64(), "": pl.String()})

    with pytest.raises(ValueRefusedError, match=r"t\.'' \(String\): a property needs a name"):
        fields(TARGETS[form], replace(named, columns={}), schema)
    assert [each.name for each in fields(TARGETS[form], named, schema)] == ["id", "name"]
    assert [each.name for each in fields(TARGETS[form], hidden, schema)] == ["id"]


def hard_values() -> tuple[pl.DataFrame, dict[str, ColumnRule]]:
    """Rows that hold each value that a CSV loses easily, column by column."""
    text = ["", '"', "a,b", "a\r\nb", "\r", "\x00\x1f\x85\u2028\ufeff", " é😀 ", None]
    lists = [["", "a"], ['"', ","], ["a\nb"], [" "], ["\\"], ["é", "😀"], ["x"] * 3, None]
    moments = [0, 1, -1, 1_729_989_000_000_000, 1_729_992_600_000_000, 253_402_300_799_999_999]
    ticks = pl.Series([*moments, -62_135_596_800_000_000, None], dtype=pl.Int64())
    zoned = pl.Series([*moments[:5], 4_102_444_799_999_999, 86_400_000_000, None])
    floats = [0.1, -0.0, 5e-324, 1.7976931348623157e308, float("nan"), float("inf"), 1e16, None]
    frame = pl.DataFrame(
        {
            "key": pl.Series([f"k{at}" for at in range(8)]),
            "text": text,
            "category": pl.Series(text, dtype=pl.Categorical()),
            "list": lists,
            "long": pl.Series([2**63 - 1, -(2**63), 0, 1, -1, 7, 10**18, None], dtype=pl.Int64()),
            "wide": pl.Series([2**63 - 1, -(2**63), 0, 1, -1, 7, 10**18, None], dtype=pl.Int128()),
            "huge": pl.Series([2**64 - 1, 2**63, 0, 1, 2, 7, 10**18, None], dtype=pl.UInt64()),
            "double": floats,
            "single": pl.Series([0.1, -0.0, 1e-45, 3e38, 1.5, 2.0, 1e16, None], dtype=pl.Float32()),
            "doubles": pl.Series([floats[:2], floats[2:6], *[[0.5]] * 5, None]),
            "truth": [True, False, True, False, True, False, True, None],
            "date": pl.Series([-719_162, 2_932_896, 19_782, 0, 0, 0, 0, None]).cast(pl.Date()),
            "time": [time(0), time(23, 59, 59, 999_999), *[time(12, 30)] * 5, None],
            "local": ticks.cast(LOCAL),
            "fine": pl.Series([0, 1, -1, 2**63 - 1, -(2**63) + 1, 7, 9, None]).cast(
                pl.Datetime("ns")
            ),
            "coarse": pl.Series([0, 1, -1, 7, 9, 11, 13, None]).cast(pl.Datetime("ms")),
            "utc": ticks.cast(UTC),
            "zoned": zoned.cast(pl.Datetime("us", STOCKHOLM)),
            "instants": pl.Series([[each] for each in moments[:5]] + [[0, 1], [2], None]).cast(
                pl.List(pl.Datetime("us", STOCKHOLM))
            ),
            "span": pl.Series([0, 1, -1, 2**63 - 1, -(2**63) + 1, 7, 9, None]).cast(
                pl.Duration("ns")
            ),
            "price": pl.Series(["1.50", "-0.05", "0.00", *["99999999.99"] * 4, None]).cast(
                pl.Decimal(10, 2)
            ),
            "bytes": [b"\x00\xff", b"\x7f\x80", *[b"a"] * 5, None],
            "struct": pl.Series([{"a": 1, 'b"': "x\ny"}, {"a": None, 'b"': None}] * 3 + [None] * 2),
            "nothing": pl.Series([None] * 8, dtype=pl.Null()),
            'a"b,c:d': pl.Series(range(8)),
        }
    )
    rules = {
        "huge": ColumnRule(uint64="string"),
        "price": ColumnRule(decimal="string"),
        "bytes": ColumnRule(binary="bytes"),
        "struct": ColumnRule(struct="json"),
    }
    return frame, rules


@pytest.mark.parametrize("file", ["header.csv", "part-00000.csv"])
def test_hard_values_are_spelled_to_the_byte(tmp_path: Path, file: str) -> None:
    frame, rules = hard_values()
    frame.write_parquet(tmp_path / "hard.parquet")
    place = str(tmp_path / "hard.parquet")
    table = NodeTable("hard", LocalPath(place), ("Hard",), ("key",), "Hard", columns=rules)

    export(Graph("hard", (table,)), tmp_path / "build", options=ExportOptions(ids="keys"))

    made = (tmp_path / "build" / "csv" / "hard" / file).read_bytes()
    assert made == (GOLDEN / file).read_bytes()
