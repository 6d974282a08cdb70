"""What values add up to, as DuckDB tells it: the same as a reckoning of our own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kgimport import readings, second_reader, sums, writer
from kgimport.commands import check
from kgimport.commands.export import export
from kgimport.errors import SourceError
from kgimport.graph import ColumnRule, Graph, NodeTable
from kgimport.locations import LocalPath
from kgimport.properties import FLOAT, PropertyType
from kgimport.second_reader import Column
from kgimport.sums import Extent
from tests.read_back import differences

if TYPE_CHECKING:
    from pathlib import Path

P = sums.PRIME


def found(of: PropertyType, sql: str, rows: str) -> dict[str, int]:
    """The sums of `sql` over the rows of a VALUES list, as DuckDB tells them."""
    with second_reader.database(64) as made:
        ((facts, _),) = second_reader.facts(made, f"(VALUES {rows}) t(v)", [Column(of, sql)])
    return dict(facts.sums)


def remainder(number: int) -> int:
    """Towards zero, as Java and SQL take it."""
    return int(math.copysign(abs(number) % P, number))


@pytest.mark.parametrize(
    "number", [0.1, -0.1, 2.5, -2.5, 1e16, -123456.789, 5e-324, 1e300, 9.3e18, -0.0]
)
def test_a_float_is_told_to_its_last_bit(number: float) -> None:
    told = found(FLOAT, "v", f"({number!r}::DOUBLE)")["number"]

    if abs(number) < 9e18:
        behind = math.modf(number)[0] * 2**52
        assert told == remainder(int(number)) + remainder(int(behind))
    else:
        assert told == int(math.fmod(number, P))


def test_what_is_no_number_adds_nothing() -> None:
    rows = (
        "('NaN'::DOUBLE), (-('NaN'::DOUBLE)), ('Infinity'::DOUBLE), ('-Infinity'::DOUBLE), (NULL)"
    )
    assert found(FLOAT, "v", rows) == {"number": 0}


@pytest.mark.parametrize(
    ("text", "unit", "seconds", "nanoseconds"),
    [
        ("1969-12-31T23:59:59.500000", "us", -1, 500_000_000),
        ("1969-12-31T23:59:59.500000000", "us", -1, 500_000_000),
        ("0001-01-01T00:00:00.000001", "us", -62_135_596_800, 1_000),
        ("9999-12-31T23:59:59.999999", "us", 253_402_300_799, 999_999_000),
        ("2262-04-11T23:47:16.854775807", "ns", 9_223_372_036, 854_775_807),
        ("1677-09-21T00:12:43.145224193", "ns", -9_223_372_037, 145_224_193),
    ],
)
def test_a_moment_counts_from_1970_downwards(
    text: str, unit: str, seconds: int, nanoseconds: int
) -> None:
    of = PropertyType("local_datetime", unit=unit)  # type: ignore[arg-type]
    sql = readings.reading(of, readings.TEXT, "v")

    assert found(of, str(sql), f"('{text}')") == {
        "seconds": remainder(seconds),
        "nanoseconds": nanoseconds,
    }


def test_a_cell_with_more_digits_than_its_unit_has_is_no_value() -> None:
    of = PropertyType("local_datetime", unit="us")
    sql = str(readings.reading(of, readings.TEXT, "v"))

    with second_reader.database(64) as made:
        rows = "(VALUES ('2024-01-01T00:00:00.000000001')) t(v)"
        ((facts, _),) = second_reader.facts(made, rows, [Column(of, sql)])
    assert facts.values == 0


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("2024-03-01T10:00:00.000000+01:00[Europe/Stockholm]", 1_709_283_600),
        ("2024-03-01T10:00:00.000000-03:30[America/St_Johns]", 1_709_299_800),
    ],
)
def test_an_offset_is_taken_off(cell: str, seconds: int) -> None:
    of = PropertyType("zoned_datetime", unit="us")
    sql = str(readings.reading(of, readings.TEXT, "v"))

    assert found(of, sql, f"('{cell}')")["seconds"] == seconds


def test_minus_zero_is_told_from_zero_by_its_sign() -> None:
    with second_reader.database(64) as made:
        (minus, zero) = (
            second_reader.facts(made, f"(VALUES ({v}::DOUBLE)) t(v)", [Column(FLOAT, "v")])[0][0]
            for v in ("-0.0", "0.0")
        )
    assert (minus.signs, zero.signs) == (1, 0)
    assert minus.digest == zero.digest


def test_exchanged_ends_and_turned_ones_are_other_numbers() -> None:
    def told(pairs: str) -> int:
        query = (
            f"SELECT sum({sums.ends_sql('a::BIGINT', 'b::BIGINT')}) FROM (VALUES {pairs}) t(a, b)"
        )
        with second_reader.database(64) as made:
            ((number,),) = made.execute(query).fetchall()
        return int(number)

    right = told("(1, 2), (70000, 500000)")
    assert right != told("(2, 1), (70000, 500000)")
    assert right != told("(1, 500000), (70000, 2)")
    assert right == told("(70000, 500000), (1, 2)")


def test_totals_of_floats_agree_but_for_their_rounding() -> None:
    one = Extent(1_000, 0.0, 1.0, 500.0)
    assert one.agrees(Extent(1_000, 0.0, 1.0, 500.0 + 1e-11))
    assert not one.agrees(Extent(1_000, 0.0, 1.0, 500.0 + 1e-6))
    assert not one.agrees(Extent(1_000, 0.0, 0.5, 500.0))
    beyond = Extent(2, 1e308, 1e308, float("inf"))
    assert beyond.agrees(beyond)
    assert not beyond.agrees(Extent(2, 1e308, 1e308, 1e308))


def test_what_two_readers_say_is_told_in_words() -> None:
    assert str(Extent(1_000, "a", "z" * 100, 7)) == (
        "1,000 values, from 'a' to '" + "z" * 79 + "… (102 characters), in all 7"
    )
    assert str(Extent(0)) == "0 values, in all 0"


def table(folder: Path, **columns: ColumnRule) -> Graph:
    return Graph(
        "g", (NodeTable("t", LocalPath(str(folder)), ("T",), ("id",), "T", columns=columns),)
    )


def test_what_a_folder_says_is_not_taken_for_a_column_of_the_files(tmp_path: Path) -> None:
    place = tmp_path / "year=2026" / "t"
    for at in (1, 2):
        (place / f"month=0{at}").mkdir(parents=True)
        pl.DataFrame({"id": [at]}).write_parquet(place / f"month=0{at}" / "rows.parquet")

    record = export(table(place), tmp_path / "build")

    told = {cell.property: cell.read_by for cell in record.tables[0].cells[1:]}
    assert told == {"id": "duckdb", "month": "polars"}
    assert list(differences(tmp_path / "build", record)) == []


def test_every_part_of_a_table_is_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = {**(writer.write.__kwdefaults__ or {}), "rows_per_part": 10}
    monkeypatch.setattr(writer.write, "__kwdefaults__", defaults)
    pl.DataFrame({"id": range(95)}).write_parquet(tmp_path / "t.parquet")

    record = export(table(tmp_path / "t.parquet"), tmp_path / "build")

    assert len(record.tables[0].files) == 10
    assert list(differences(tmp_path / "build", record)) == []


@pytest.mark.parametrize("written", ["int96", "bson"])
def test_what_duckdb_does_not_read_to_the_end_is_read_by_polars(
    tmp_path: Path, written: str
) -> None:
    ids = pa.array(["a", "b"])
    if written == "int96":  # DuckDB counts its microseconds, which is enough to compare
        moments = pa.array([1, 1_500], pa.timestamp("ns"))
        pq.write_table(
            pa.table({"id": ids, "v": moments}),
            tmp_path / "t.parquet",
            use_deprecated_int96_timestamps=True,
        )
    else:
        pq.write_table(
            pa.table({"id": ids, "v": pa.array([1, 2], pa.float16())}), tmp_path / "t.parquet"
        )

    record = export(table(tmp_path / "t.parquet"), tmp_path / "build")

    told = {cell.property: cell.read_by for cell in record.tables[0].cells[1:]}
    assert told == {"id": "duckdb", "v": "polars" if written == "int96" else "duckdb"}
    assert list(differences(tmp_path / "build", record)) == []


def test_a_moment_that_is_compared_by_the_microsecond_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = pa.array([1_000, 2_000_000_000], pa.timestamp("ns"))
    pq.write_table(
        pa.table({"id": pa.array(["a", "b"]), "v": moments}),
        tmp_path / "t.parquet",
        use_deprecated_int96_timestamps=True,
    )
    right = pl.scan_parquet

    def wrong(*names: object, **options: object) -> pl.LazyFrame:
        frame = right(*names, **options)  # type: ignore[arg-type]
        later = pl.col("v") + pl.duration(microseconds=1)
        return frame.with_columns(later) if "v" in frame.collect_schema() else frame

    monkeypatch.setattr(pl, "scan_parquet", wrong)
    with pytest.raises(SourceError, match=r"two readers of table t do not agree:\n  v: "):
        check.check(table(tmp_path / "t.parquet"))
