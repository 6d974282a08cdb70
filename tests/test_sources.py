"""Tables are read as their writers meant them, or not at all: files of DuckDB and of Arrow."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kgimport import sources
from kgimport.commands.check import check
from kgimport.commands.export import export
from kgimport.errors import SourceError, ValueRefusedError
from kgimport.graph import ColumnRule, End, Graph, NodeTable, RelationshipTable
from kgimport.locations import LocalPath
from kgimport.sources import layout, listing
from kgimport.sources.footers import Column, Shape
from kgimport.sources.quiet import without_panics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def node(location: Path | str, **columns: ColumnRule) -> NodeTable:
    """A node table whose rows lie there."""
    return NodeTable("t", LocalPath(str(location)), ("T",), ("id",), "T", columns=columns)


def read(table: NodeTable) -> pl.DataFrame:
    """The rows of a table, by the way that every command takes."""
    frame, schema = sources.scan(table)
    rows = frame.collect(engine="streaming")
    assert rows.schema == schema
    assert rows.equals(frame.collect())
    return rows


def columns(table: NodeTable) -> dict[str, list[Any]]:
    return read(table).to_dict(as_series=False)


def exported(table: NodeTable, place: Path) -> list[str]:
    """The lines of a table's CSV, without the number that each row has."""
    export(Graph("g", (table,)), place / "build")
    lines = (place / "build" / "csv" / "t" / "part-00000.csv").read_text().splitlines()
    return [line.partition(",")[2] for line in lines]


def duck(sql: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as database:
        database.sql(sql).write_parquet(str(path))
    return path


def arrow(path: Path, rows: dict[str, Any] | pa.Table, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows if isinstance(rows, pa.Table) else pa.table(rows), path, **options)
    return path


def local(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def refused(table: NodeTable) -> str:
    """What the error says, whose class is told first."""
    with pytest.raises((SourceError, ValueRefusedError)) as caught:
        sources.scan(table)
    assert caught.value.hint
    return f"{type(caught.value).__name__}: {caught.value.message}"


# Timestamps of 12 bytes -------------------------------------------------------------------------

FAR = [local(9999, 12, 31), local(1, 1, 1), None, local(2020, 1, 2, 3, 4, 5, 678_901)]


def int96(path: Path, moments: Sequence[Any], unit: str = "us", *, is_told: bool = False) -> Path:
    """A file of Spark's kind, or of Arrow's, which tells of what unit its timestamps were."""
    ids = [f"{path.stem}{at}" for at in range(len(moments))]
    at = pa.array(moments, pa.timestamp(unit))
    rows = {"id": ids, "at": at}
    return arrow(path, rows, use_deprecated_int96_timestamps=True, store_schema=is_told)


def test_timestamps_of_12_bytes_outside_what_nanoseconds_hold_keep_their_values(
    tmp_path: Path,
) -> None:
    path = int96(tmp_path / "t.parquet", FAR)

    assert columns(node(path))["at"] == FAR
    assert exported(node(path), tmp_path) == [
        "t0,9999-12-31T00:00:00.000000",
        "t1,0001-01-01T00:00:00.000000",
        "t2,",
        "t3,2020-01-02T03:04:05.678901",
    ]


NEAR = [local(2020, 1, 2, 3, 4, 5, 678_000), None, local(1969, 12, 31, 23, 59, 59, 999_000)]


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("other", [FAR, NEAR], ids=["far", "near"])
def test_timestamps_of_12_bytes_of_several_writers_are_one_column(
    tmp_path: Path, other: list[datetime | None], unit: str, *, is_told: bool
) -> None:
    near = [each and each.replace(microsecond=0) for each in NEAR] if unit == "s" else NEAR
    int96(tmp_path / "t" / "a", near, unit, is_told=is_told)
    int96(tmp_path / "t" / "b", other)

    found = read(node(tmp_path / "t"))["at"]

    assert found.dtype == pl.Datetime("us" if other is FAR else "ns")
    assert found.to_list() == [*near, *other]


def test_timestamps_of_12_bytes_within_lists_and_structs_keep_their_values(tmp_path: Path) -> None:
    us = pa.timestamp("us")
    rows = {
        "id": [1],
        "list": pa.array([FAR], pa.list_(us)),
        "struct": pa.array([{"n": 1, "at": FAR[0]}], pa.struct({"n": pa.int8(), "at": us})),
    }
    options = {"use_deprecated_int96_timestamps": True, "store_schema": False}
    path = arrow(tmp_path / "t.parquet", rows, **options)

    assert columns(node(path)) == {
        "id": [1],
        "list": [FAR],
        "struct": [{"n": 1, "at": FAR[0]}],
    }


def test_timestamps_of_12_bytes_keep_their_nanoseconds_where_all_fit(tmp_path: Path) -> None:
    first, last = -106_751 * 86_400 * 10**9, 2**63 - 2_000
    ticks = [1_577_934_245_678_901_234, -1, None, first, last]
    path = int96(tmp_path / "t.parquet", ticks, "ns")

    at = read(node(path))["at"]

    assert (at.dtype, at.to_physical().to_list()) == (pl.Datetime("ns"), ticks)


@pytest.mark.parametrize(
    "moment",
    [local(1677, 9, 21, 12), local(1677, 9, 21), local(2262, 4, 11, 23, 47, 16, 854_776)],
)
def test_timestamps_of_12_bytes_at_the_ends_of_nanoseconds_keep_their_values(
    tmp_path: Path, moment: datetime
) -> None:
    assert columns(node(int96(tmp_path / "t", [moment])))["at"] == [moment]


def test_timestamps_of_12_bytes_that_no_type_of_8_holds_are_refused(tmp_path: Path) -> None:
    int96(tmp_path / "t" / "far", FAR)
    int96(tmp_path / "t" / "fine", [1, 1_000, 2**63 - 1], "ns")

    assert refused(node(tmp_path / "t")) == (
        "ValueRefusedError: these columns cannot be imported exactly:\n"
        "  t.at (INT96): 3 timestamps are outside the years 1677 to 2262, and 2 have a fraction "
        "finer than a microsecond: no type holds both; cast it to a timestamp of microseconds in "
        "SQL"
    )
    assert read(node(tmp_path / "t", at=ColumnRule(skip=True)))["id"].len() == 7


def test_a_key_of_12_bytes_that_is_no_property_keeps_its_values_too(tmp_path: Path) -> None:
    table = node(int96(tmp_path / "t", FAR), at=ColumnRule(skip=True))

    assert columns(replace(table, key=("at",)))["at"] == FAR


def test_int96_beside_other_timestamps_in_one_column_is_refused() -> None:
    dtype = pl.Struct({"a": pl.Datetime("ns"), "b": pl.Datetime("ns")})
    shape = Shape("f", {"c": Column("c", ("INT96", ""), dtype)})

    with pytest.raises(ValueRefusedError, match="both INT96 and other timestamps"):
        layout.unified("t", [shape], lambda _: True)


# Times of day -----------------------------------------------------------------------------------


def findings(table: NodeTable) -> list[tuple[str, tuple[str, ...], int, tuple[Any, ...]]]:
    return [
        (each.check, each.columns, each.count, each.samples) for each in sources.findings(table)
    ]


def test_times_outside_a_day_are_found_wherever_they_stand(tmp_path: Path) -> None:
    day = 86_400_000_000
    us = pa.time64("us")

    def times(*ticks: int | None, dtype: pa.DataType = us) -> pa.Array:
        width = pa.int32() if pa.types.is_time32(dtype) else pa.int64()
        return pa.array(ticks, width).view(dtype)

    parts = [times(-1_500_000, 0, 0), times(0, 0, -1)]
    structs = pa.StructArray.from_arrays(parts, ["s", "t"])
    rows = {
        "id": [1, 2, 3],
        "fine": times(0, None, day - 1),
        "us": times(day, day - 1, None),
        "m.s": times(5, 90_061_001, 0, dtype=pa.time32("ms")),
        "ns": times(0, day * 1_000 + 1, day * 1_000, dtype=pa.time64("ns")),
        "list": pa.ListArray.from_arrays(pa.array([0, 2, 2, 3], pa.int32()), times(1, day, day)),
        "struct": structs,
        "skipped": times(day, day, day),
    }
    arrow(tmp_path / "t" / "a", rows)
    arrow(tmp_path / "t" / "b", rows)

    assert findings(node(tmp_path / "t", skipped=ColumnRule(skip=True))) == [
        ("time-out-of-range", ("us",), 2, ({"us": "24:00:00"},) * 2),
        ("time-out-of-range", ("m.s",), 2, ({"m.s": "25:01:01.001"},) * 2),
        (
            "time-out-of-range",
            ("ns",),
            4,
            ({"ns": "24:00:00.000000001"}, {"ns": "24:00:00"}) * 2,
        ),
        ("time-out-of-range", ("list",), 4, ({"list": "24:00:00"},) * 4),
        (
            "time-out-of-range",
            ("struct",),
            4,
            ({"struct": "-00:00:01.500000"}, {"struct": "-00:00:00.000001"}) * 2,
        ),
    ]


def test_times_of_utc_are_refused_unless_they_are_left_out(tmp_path: Path) -> None:
    path = duck("select 1 as id, '12:00:00+05'::timetz as t", tmp_path / "t.parquet")

    assert refused(node(path)) == (
        "ValueRefusedError: these columns cannot be imported exactly:\n  t.t (Time): a local time "
        "cannot state that it is in UTC; cast it to TIME, or to text, in SQL"
    )
    assert columns(node(path, t=ColumnRule(skip=True)))["id"] == [1]


# How Thrift spells that a column holds times in microseconds: of no zone, of UTC, unsaid.
NAIVE, OF_UTC, OLD = b"\x6c\x7c\x12\x1c\x2c", b"\x6c\x7c\x11\x1c\x2c", b"\x25\x10"


def with_footer(path: Path, old: bytes, new: bytes) -> Path:
    """Makes a file say something else in its footer."""
    content = path.read_bytes()
    size = int.from_bytes(content[-8:-4], "little")
    footer = content[-8 - size : -8]
    assert footer.count(old) == 1
    made = footer.replace(old, new)
    path.write_bytes(content[: -8 - size] + made + len(made).to_bytes(4, "little") + b"PAR1")
    return path


@pytest.mark.parametrize(
    ("old", "new", "is_told"),
    [
        # Arrow has no times of UTC, but its older writers said so of any.
        (NAIVE, OF_UTC, True),
        # Before Parquet had such types, no file could say.
        (NAIVE + b"\0" * 4, OLD, False),
    ],
    ids=["Arrow", "an old writer"],
)
def test_times_of_no_zone_are_taken(
    tmp_path: Path, old: bytes, new: bytes, *, is_told: bool
) -> None:
    noon = pa.array([time(12)], pa.time64("us"))
    path = arrow(tmp_path / "t.parquet", {"id": [1], "t": noon}, store_schema=is_told)
    with_footer(path, old, new)

    assert columns(node(path))["t"] == [time(12)]


def test_spans_of_pandas_that_became_times_of_day_are_refused(tmp_path: Path) -> None:
    said = {"columns": [{"name": "t", "numpy_type": "timedelta64[ns]"}]}
    rows = pa.table({"id": [1], "t": pa.array([time(12)])})
    path = arrow(tmp_path / "t", rows.replace_schema_metadata({"pandas": json.dumps(said)}))

    assert "t.t (Time): pandas wrote durations as times of day" in refused(node(path))


# What folders say -------------------------------------------------------------------------------


def partitioned(place: Path, *names: str) -> Path:
    """A table of one file at each of these names, its row numbered."""
    for at, name in enumerate(names):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame({"id": [at]}).write_parquet(place / name)
    return place


TEXTS = {
    "00501": "00501",
    "501": "501",
    "01": "01",
    "1.50": "1.50",
    "true": "true",
    "2026-01-01 00%3A00%3A00": "2026-01-01 00:00:00",
    "a=b": "a=b",
    "a%3Db": "a=b",
    "a%2Fb%25": "a/b%",
    "%zz": "%zz",
    "é%C3%A9": "éé",
    "": "",
    "+7": "+7",
    "a\nb": "a\nb",
    "__HIVE_DEFAULT_PARTITION__": None,
}


def test_what_a_folder_says_is_text(tmp_path: Path) -> None:
    table = partitioned(tmp_path / "run=7" / "t", *(f"c={each}/part-0" for each in TEXTS))

    rows = read(node(table)).sort("id")

    assert rows.schema == {"id": pl.Int64(), "c": pl.String()}
    assert rows["c"].to_list() == list(TEXTS.values())


def test_folders_are_read_as_what_the_declaration_says(tmp_path: Path) -> None:
    names = (
        "n=7/d=2026-02-28/b=true/at=2026-01-01 00%3A00%3A00/f",
        "n=-1/d=0001-01-01/b=false/at=2026-01-01T12%3A30%3A00.50/f",
    )
    rules = {"n": "long", "d": "date", "b": "boolean", "at": "localdatetime"}
    typed: dict[str, Any] = {name: ColumnRule(type=each) for name, each in rules.items()}  # type: ignore[arg-type]
    table = node(partitioned(tmp_path / "t", *names), **typed)

    assert sorted(exported(table, tmp_path)) == [
        "0,7,2026-02-28,true,2026-01-01T00:00:00.000000",
        "1,-1,0001-01-01,false,2026-01-01T12:30:00.500000",
    ]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("long", each) for each in ("007", "1.0", "")),
        *(("boolean", each) for each in ("TRUE", "1", "")),
        *(("date", each) for each in ("2026-1-1", "20260101", "2026-02-30")),
        *(("localdatetime", each) for each in ("2026-01-01", "2026-01-01 00:00:00Z")),
        ("localdatetime", "2026-01-01 00:00:00.1234567"),
    ],
)
def test_a_text_that_its_type_would_change_is_refused(tmp_path: Path, kind: Any, text: str) -> None:
    table = node(partitioned(tmp_path / "t", f"c={text}/f"), c=ColumnRule(type=kind))

    with pytest.raises(ValueRefusedError, match="lossy-cast"):
        check(Graph("g", (table,)))


@pytest.mark.parametrize(
    ("location", "wanted"),
    [
        ("a=1/t", {"id": [0], "b": ["2"]}),
        ("a=1/t/*", {}),
        ("a=1/t/*/*", {"id": [0], "b": ["2"]}),
        ("a=1/t/b=2/*", {"id": [0]}),
        ("a=1/t/b=2/n=1", {"id": [0]}),
        ("a=*/t/**/n=1", {"id": [0], "a": ["1"], "b": ["2"]}),
    ],
)
def test_only_folders_below_the_location_are_columns(
    tmp_path: Path, location: str, wanted: dict[str, list[Any]]
) -> None:
    partitioned(tmp_path, "a=1/t/b=2/n=1")
    table = node(tmp_path / location)

    assert (columns(table) if wanted else {}) == wanted
    assert bool(wanted) or "no Parquet file at" in refused(table)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("c=1/f", "f"), "for all files: c=1/f has c=, f has none"),
        (("a=1/b=2/f", "b=2/a=1/f"), "for all files: a=1/b=2/f has a=/b=, b=2/a=1/f has b=/a="),
        (("a=1/f", "A=1/f"), "for all files: A=1/f has A=, a=1/f has a="),
        (("a=1/f", "a=1/b=2/f"), "for all files: a=1/b=2/f has a=/b=, a=1/f has a="),
        (("a=1/a=2/f",), "for all files: a=1/a=2/f has a column twice"),
        (("a=%FF/f",), "a folder of table t has a name that is not text: %FF"),
        (("id=1/f",), "both the folders and the files of table t have the columns id"),
    ],
)
def test_folders_that_do_not_agree_are_refused(
    tmp_path: Path, names: tuple[str, ...], said: str
) -> None:
    assert said in refused(node(partitioned(tmp_path / "t", *names)))


def test_each_row_has_what_its_own_folder_says(tmp_path: Path) -> None:
    for at in range(120):
        folder = tmp_path / "t" / f"a=x{at % 7}" / f"b={at:03}"
        folder.mkdir(parents=True)
        pl.select(id=pl.int_range(at * 100, at * 100 + at % 5 * 25)).write_parquet(folder / "f")
    frame, _ = sources.scan(node(tmp_path / "t"))
    number = pl.col("id") // 100

    wrong = frame.filter(
        (pl.col("a") != pl.format("x{}", number % 7))
        | (pl.col("b") != number.cast(pl.String).str.zfill(3))
    )

    assert wrong.collect(engine="streaming").height == wrong.collect().height == 0
    assert frame.select(pl.len()).collect().item() == sum(at % 5 * 25 for at in range(120))
    assert "SLICE: Positive" in frame.slice(5_000, 3).explain()


# Which files are a table ------------------------------------------------------------------------

MIXED = (
    "part-0",
    "b.PARQUET",
    "c.parq",
    "d/e.snappy.parquet",
    "_SUCCESS",
    ".part-0.crc",
    "_temporary/0/part-1",
    ".hidden/part-1",
    "d/_e",
)


def laid_out(place: Path, *names: str) -> Path:
    for at, name in enumerate(names):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame({"id": [at]}).write_parquet(place / name)
    return place


def test_every_file_that_is_not_hidden_is_the_table_s(tmp_path: Path) -> None:
    table = node(laid_out(tmp_path / "_above" / "t", *MIXED))

    made = export(Graph("g", (table,)), tmp_path / "build")

    assert made.tables[0].sources == ("b.PARQUET", "c.parq", "d/e.snappy.parquet", "part-0")
    assert columns(table) == {"id": [1, 2, 3, 0]}


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("*", ["b.PARQUET", "c.parq", "part-0"]),
        ("*.par*", ["c.parq"]),
        ("_*", ["_SUCCESS"]),
        ("_*/0/*", ["_temporary/0/part-1"]),
        ("**/*", ["b.PARQUET", "c.parq", "d/e.snappy.parquet", "part-0"]),
        ("**/_*", ["_SUCCESS", "d/_e"]),
        ("**/d/*", ["d/e.snappy.parquet"]),
        ("?/*", ["d/e.snappy.parquet"]),
        ("[bc].*", ["b.PARQUET", "c.parq"]),
        ("part-?", ["part-0"]),
        ("**", []),
        ("nobody/*", []),
    ],
)
def test_a_glob_names_what_is_not_hidden_unless_it_says_so(
    tmp_path: Path, pattern: str, wanted: list[str]
) -> None:
    place = laid_out(tmp_path / "t", *MIXED)
    found = listing.of(LocalPath(f"{place}/{pattern}"))

    assert [str(each.place) for each in found] == [f"{place}/{name}" for name in wanted]


def test_one_file_is_a_table_whatever_its_name(tmp_path: Path) -> None:
    laid_out(tmp_path, "_t[1]")

    assert columns(node(tmp_path / "_t[1]")) == {"id": [0]}
    assert sources.names(node(tmp_path / "_t[1]")) == ("_t[1]",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not Parquet: readme"),
        (b"PAR", "not Parquet: readme"),
        (b"id,name\n1,Ann\n", "not Parquet: readme"),
        (b"PAR1 and more", "cut off, without a footer: readme"),
        (b"PAR1 and more PARE", "encrypted: readme"),
        (b"PAR1", "with a damaged footer: readme"),
        (b"PAR1\0\0\0\0PAR1", "with a damaged footer: readme"),
        (b"PAR1" + b"\xff" * 9 + b"\x09\0\0\0PAR1", "with a damaged footer: readme"),
    ],
)
def test_a_file_that_is_no_parquet_is_refused_by_name(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (laid_out(tmp_path / "t", "part-0") / "readme").write_bytes(content)

    assert refused(node(tmp_path / "t")) == (
        f"SourceError: the rows of table t cannot be read: {said}"
    )


def test_a_footer_that_is_damaged_anywhere_ends_in_an_error_or_in_rows(tmp_path: Path) -> None:
    path = arrow(tmp_path / "t", {"id": [1, 2], "x": [["a"], []], "at": [DAYS[1], None]})
    whole = path.read_bytes()
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    outcomes = set()
    for at in range(len(whole) - footer, len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            sources.scan(node(path))
            sources.findings(node(path))
            outcomes.add("rows")
        except (SourceError, ValueRefusedError) as error:
            outcomes.add(error.message.partition(": ")[2].partition(": ")[0])

    assert {"rows", "cut off, without a footer", "with a damaged footer"} <= outcomes


def test_a_table_whose_log_says_which_files_count_is_refused(tmp_path: Path) -> None:
    laid_out(tmp_path / "t", "part-0", "_delta_log/00.json")

    assert "is a Delta Lake table" in refused(node(tmp_path / "t"))


def test_a_partition_that_is_hidden_is_refused(tmp_path: Path) -> None:
    laid_out(tmp_path / "t", "a=1/part-0", ".b=1/part-0", "a=2/_temporary/_c=1/part-0")
    assert sources.names(node(tmp_path / "t")) == ("a=1/part-0",)

    laid_out(tmp_path / "t", "a=2/_b=1/part-0")
    assert "has a folder _b=1, which some engines read" in refused(node(tmp_path / "t"))


def test_links_are_followed_and_one_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    laid_out(tmp_path, "t/a", "elsewhere/b")
    (tmp_path / "t" / "link").symlink_to(tmp_path / "elsewhere")

    assert sources.names(node(tmp_path / "t")) == ("a", "link/b")
    (tmp_path / "t" / "gone").symlink_to(tmp_path / "nowhere")
    assert "No such file" in refused(node(tmp_path / "t"))


def test_the_fingerprint_is_of_the_files_that_are_read(tmp_path: Path) -> None:
    table = node(laid_out(tmp_path / "t", "part-0"))
    before = sources.fingerprint(table)

    laid_out(tmp_path / "t", "_SUCCESS")
    hidden = sources.fingerprint(table)
    laid_out(tmp_path / "t", "part-1")

    assert before == hidden
    assert before != sources.fingerprint(table)


# Files that differ ------------------------------------------------------------------------------


def of_arrow(place: Path, *arrays: pa.Array) -> Path:
    for at, array in enumerate(arrays):
        ids = [at * 10 + row for row in range(len(array))]
        arrow(place / f"part-{at}", {"id": ids, "c": array})
    return place


@pytest.mark.parametrize(
    ("dtypes", "wanted"),
    [
        ((pa.int32(), pa.int64()), pl.Int64()),
        ((pa.int64(), pa.int8()), pl.Int64()),
        ((pa.uint8(), pa.uint32()), pl.UInt32()),
        ((pa.uint32(), pa.int8()), pl.Int64()),
        ((pa.int16(), pa.uint8(), pa.int8()), pl.Int16()),
        ((pa.uint64(), pa.int64()), pl.Int128()),
        ((pa.float32(), pa.float64()), pl.Float64()),
        ((pa.float16(), pa.float32()), pl.Float32()),
    ],
)
def test_numbers_of_several_widths_are_read_as_the_widest(
    tmp_path: Path, dtypes: tuple[pa.DataType, ...], wanted: pl.DataType
) -> None:
    values = [_extremes(dtype) for dtype in dtypes]
    arrays = (pa.array(each, dtype) for each, dtype in zip(values, dtypes, strict=True))

    column = read(node(of_arrow(tmp_path / "t", *arrays)))["c"]

    assert (column.dtype, column.to_list()) == (wanted, [each for some in values for each in some])


def _extremes(dtype: pa.DataType) -> list[Any]:
    if pa.types.is_floating(dtype):
        return [1.5, float("-inf"), 2.0**-10, None]
    bits = dtype.bit_width - pa.types.is_signed_integer(dtype)
    return [2**bits - 1, -(2**bits) if pa.types.is_signed_integer(dtype) else 0, None]


def test_a_file_that_has_only_nulls_is_of_any_type(tmp_path: Path) -> None:
    nothing, texts = pa.nulls(2), pa.array(["a"])

    assert columns(node(of_arrow(tmp_path / "t", nothing, texts, nothing)))["c"] == [
        *(None, None, "a", None, None)
    ]


NAIVE_MOMENT = pa.array([0], pa.timestamp("us"))


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (
            (NAIVE_MOMENT, pa.array([0], pa.timestamp("us", "UTC"))),
            (
                "c is Datetime(time_unit='us', time_zone=None) in part-0, "
                "but Datetime(time_unit='us', time_zone='UTC') in part-1"
            ),
        ),
        (
            (NAIVE_MOMENT, NAIVE_MOMENT, pa.array([0], pa.timestamp("ms"))),
            (
                "c is Datetime(time_unit='us', time_zone=None) in part-0, "
                "but Datetime(time_unit='ms', time_zone=None) in part-2"
            ),
        ),
        ((pa.array([1]), pa.array(["1"]), pa.array([1.5])), "c is Int64 in part-0, but String in"),
        ((pa.array([1]), pa.array([1.5])), "c is Int64 in part-0, but Float64 in part-1"),
        ((pa.array([b"a" * 16]), pa.array([b"a" * 16], pa.uuid())), "c is Binary in part-0, but "),
    ],
    ids=["zones", "units", "kinds", "an integer and a float", "bytes and UUIDs"],
)
def test_files_that_differ_are_refused_by_name(
    tmp_path: Path, arrays: tuple[pa.Array, ...], said: str
) -> None:
    message = refused(node(of_arrow(tmp_path / "t", *arrays)))

    assert message.startswith(f"SourceError: the files of table t differ: {said}")


def test_a_column_that_a_file_lacks_is_named_and_the_order_of_columns_is_nothing(
    tmp_path: Path,
) -> None:
    arrow(tmp_path / "t" / "a", {"id": [1], "x": ["a"], "y": [True]})
    arrow(tmp_path / "t" / "b", {"y": [False], "id": [2], "x": ["b"]})

    assert columns(node(tmp_path / "t")) == {"id": [1, 2], "x": ["a", "b"], "y": [True, False]}
    arrow(tmp_path / "t" / "c", {"id": [3], "x": ["c"]})
    assert refused(node(tmp_path / "t")).endswith(
        "the files of table t differ: a has y, c does not"
    )
    (tmp_path / "t" / "a").unlink()
    (tmp_path / "t" / "c").rename(tmp_path / "t" / "a")
    assert refused(node(tmp_path / "t")).endswith(
        "the files of table t differ: b has y, a does not"
    )


# Types that Polars takes for others -------------------------------------------------------------

DAYS = [date(1, 1, 1), date(1969, 12, 31), None, date(9999, 12, 31)]


def test_dates_in_milliseconds_are_dates(tmp_path: Path) -> None:
    rows = {
        "id": [1, 2, 3, 4],
        "d": pa.array(DAYS, pa.date64()),
        "l": pa.array([DAYS, [], None, [None]], pa.list_(pa.date64())),
    }

    found = read(node(arrow(tmp_path / "t", rows)))

    assert found.schema == {"id": pl.Int64(), "d": pl.Date(), "l": pl.List(pl.Date())}
    assert found["d"].to_list() == DAYS
    assert found["l"].to_list() == [DAYS, [], None, [None]]


def test_milliseconds_that_are_called_a_date_are_refused(tmp_path: Path) -> None:
    claimed = pa.schema([("id", pa.int64()), ("d", pa.date64())])
    said = base64.b64encode(claimed.serialize().to_pybytes()).decode()
    rows = pa.table({"id": [1], "d": [86_400_001]})
    with pq.ParquetWriter(tmp_path / "t", rows.schema, store_schema=False) as writer:
        writer.write_table(rows)
        writer.add_key_value_metadata({"ARROW:schema": said})

    assert "its dates are milliseconds, which may be within a day" in refused(node(tmp_path / "t"))


def test_dates_in_milliseconds_within_a_struct_are_refused(tmp_path: Path) -> None:
    dtype = pa.struct({"d": pa.date64(), "n": pa.int8()})
    path = arrow(tmp_path / "t", {"id": [1], "s": pa.array([{"d": DAYS[0], "n": 1}], dtype)})

    assert "dates within it would be read as timestamps" in refused(node(path))


IDS = [UUID(int=5), UUID("ffeeddcc-bbaa-9988-7766-554433221100")]


@pytest.mark.parametrize("writer", ["DuckDB", "Arrow"])
def test_uuids_and_json_are_their_texts_and_keys_too(tmp_path: Path, writer: str) -> None:
    texts = [str(each) for each in IDS]
    if writer == "DuckDB":
        values = ", ".join(f"('{each}'::uuid, '{{\"a\": 1}}'::json)" for each in texts)
        path = duck(f"from (values {values}, (null, null)) as t(id, j)", tmp_path / "t.parquet")
    else:
        ids = pa.array([*(each.bytes for each in IDS), None], pa.uuid())
        storage = pa.array(['{"a": 1}', '{"a": 1}', None])
        json_ = pa.ExtensionArray.from_storage(pa.json_(), storage)
        path = arrow(tmp_path / "t.parquet", {"id": ids, "j": json_})

    found = read(node(path))
    assert found.schema == {"id": pl.String(), "j": pl.String()}
    assert found.to_dict(as_series=False) == {
        "id": [*texts, None],
        "j": ['{"a": 1}', '{"a": 1}', None],
    }
    nodes = node(duck(f"from '{path}' where id is not null", tmp_path / "nodes.parquet"))
    ends = duck(f"select id as a, id as b from '{nodes.location}'", tmp_path / "ends.parquet")
    edge = RelationshipTable("e", LocalPath(str(ends)), "E", End("t", ("a",)), End("t", ("b",)))
    made = export(Graph("g", (nodes,), (edge,)), tmp_path / "build")
    assert [each.written for each in made.tables] == [2, 2]
    assert made.tables[0].fields[0].cypher == "STRING"


def test_lists_of_uuids_are_lists_of_texts(tmp_path: Path) -> None:
    sql = f"select 1 as id, ['{IDS[1]}'::uuid, null] as l, [['{IDS[0]}'::uuid]] as ll"

    found = columns(node(duck(sql, tmp_path / "t.parquet")))

    assert found == {"id": [1], "l": [[str(IDS[1]), None]], "ll": [[[str(IDS[0])]]]}


def test_every_type_of_polars_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "id": [1, 2],
            "category": pl.Series(["a", "b"], dtype=pl.Categorical),
            "enum": pl.Series(["a", "b"], dtype=pl.Enum(["b", "a"])),
            "huge": pl.Series([2**100, None], dtype=pl.Int128),
            "half": pl.Series([0.5, None], dtype=pl.Float16),
            "span": pl.Series([1, None], dtype=pl.Duration("ms")),
            "zoned": pl.Series([1, None], dtype=pl.Datetime("ms", "Europe/Stockholm")),
            "price": pl.Series([1, None], dtype=pl.Decimal(38, 2)),
            "vector": pl.Series([[1.0, 2.0], None], dtype=pl.Array(pl.Float32, 2)),
            "nested": [[{"a": [1], "b": b"x"}], None],
            "nothing": [None, None],
        }
    )
    rows.write_parquet(tmp_path / "t")

    found = read(node(tmp_path / "t"))

    assert found.schema == rows.schema
    assert found.equals(rows)
    assert sources.findings(node(tmp_path / "t")) == []


# What Polars cannot read at all -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "mark"),
    [
        ("interval '1 day'", "INTERVAL"),
        ("[interval '1 day']", "INTERVAL"),
        ("1::variant", "VARIANT"),
        ("{'a': interval '1 day', 'b': 1}", "INTERVAL"),
    ],
)
def test_a_type_that_polars_cannot_read_is_refused_by_its_column(
    tmp_path: Path, value: str, mark: str
) -> None:
    path = duck(f"select 1 as id, {value} as odd", tmp_path / "t.parquet")

    assert refused(node(path, odd=ColumnRule(skip=True))) == (
        "ValueRefusedError: these columns cannot be imported exactly:\n"
        f"  t.odd: Polars has no type for Parquet's {mark}; cast it in SQL, or leave it out"
    )


def test_a_type_over_which_polars_panics_is_one_error_and_nothing_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    views = pa.array([[1]], pa.list_view(pa.int8()))
    path = arrow(tmp_path / "t", {"id": [1], "l": views})

    assert refused(node(path)).startswith("SourceError: the rows of table t cannot be read: ")
    assert capfd.readouterr().err == ""


PANIC = """\
import sys
import polars as pl
from kgimport.sources.quiet import without_panics
from kgimport.locations import LocalPath
print("before", file=sys.stderr)
try:
    with without_panics():
        if sys.argv[2:]:
            pl.read_parquet_schema(sys.argv[1])
        print("within", file=sys.stderr)
except pl.exceptions.PanicException:
    print("panicked", file=sys.stderr)
print("after", file=sys.stderr)
"""


def test_the_lines_of_a_panic_are_not_shown_and_all_others_are(tmp_path: Path) -> None:
    path = duck("select interval '1 day' as i", tmp_path / "t.parquet")

    def said(*arguments: str) -> list[str]:
        command = (sys.executable, "-c", PANIC, str(path), *arguments)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stderr.splitlines()

    assert said() == ["before", "within", "after"]
    assert said("panic") == ["before", "panicked", "after"]


def test_what_is_held_back_is_let_go_after_any_other_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(KeyError), without_panics():
        raise KeyError(sys.stderr.write("within"))

    assert capfd.readouterr().err == "within"


# Damaged pages ----------------------------------------------------------------------------------


def checked(path: Path, **options: Any) -> Path:
    """A file of several row groups, columns and pages, each with its checksum."""
    count = 5_000
    rows = {
        "id": list(range(count)),
        "text": [f"text {at % 40}" for at in range(count)],
        "list": [[at, at + 1] for at in range(count)],
        "long": [f"{at:04}" * 500 for at in range(count)],  # so are the statistics of its pages
    }
    usual = {"write_page_checksum": True, "row_group_size": 2_000, "data_page_size": 1_000}
    return arrow(path, rows, compression="none", **{**usual, **options})


def damage(path: Path, column: int) -> None:
    """Changes one byte in the middle of a column's values."""
    chunk = pq.read_metadata(path).row_group(1).column(column)
    content = bytearray(path.read_bytes())
    begin = chunk.dictionary_page_offset or chunk.data_page_offset
    content[begin + chunk.total_compressed_size // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("column", [0, 1, 2, 3])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("ask", ["check", "export"])
def test_a_page_that_is_not_what_its_checksum_says_is_refused(
    tmp_path: Path, column: int, version: str, ask: str
) -> None:
    checked(tmp_path / "t" / "a", data_page_version=version)
    path = checked(tmp_path / "t" / "b", data_page_version=version)
    graph = Graph("g", (node(tmp_path / "t" / "b"),))
    run: dict[str, Callable[[], object]] = {
        "check": lambda: check(graph),
        "export": lambda: export(graph, tmp_path / "build"),
    }

    assert sources.findings(node(tmp_path / "t")) == []
    damage(path, column)

    with pytest.raises(SourceError, match=r"table t cannot be read: b is damaged, the page of "):
        sources.findings(node(tmp_path / "t"))
    with pytest.raises(SourceError, match="the rows of table t cannot be read: "):
        run[ask]()


def test_a_page_that_arrow_cannot_read_is_an_error_of_the_table(tmp_path: Path) -> None:
    count = 50
    rows = {
        "id": list(range(count)),
        "at": pa.array(range(count), pa.timestamp("us")),
        "t": pa.array(range(count), pa.int64()).view(pa.time64("us")),
    }
    path = arrow(tmp_path / "t", rows, use_deprecated_int96_timestamps=True, compression="snappy")
    whole = path.read_bytes()
    causes = set()
    for at in range(4, len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            sources.scan(node(path))
            sources.findings(node(path))
        except (SourceError, ValueRefusedError) as error:
            causes.add(type(error.__cause__))

    assert {OSError, pa.ArrowInvalid} <= causes


def test_a_file_without_checksums_is_not_read_for_them(tmp_path: Path) -> None:
    path = checked(tmp_path / "t", write_page_checksum=False)
    damage(path, 0)

    assert sources.findings(node(path)) == []
