"""Two readers of every table, and a reader of what was written: one wrong value is found."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
import pytest

from kgimport import second_reader, sources
from kgimport.commands import check
from kgimport.commands.export import export
from kgimport.errors import DestinationError, SourceError
from kgimport.graph import End, Graph, NodeTable, RelationshipTable
from kgimport.locations import LocalPath
from kgimport.options import ExportOptions
from kgimport.properties import PropertyType
from kgimport.records import on_disk
from kgimport.sources import parquet
from kgimport.sums import Extent
from kgimport.targets import TARGETS
from tests.graphs import people
from tests.read_back import differences
from tests.test_verify import kinds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kgimport.records import ExportRecord

LANES = {
    "dense csv": ExportOptions(),
    "keys csv": ExportOptions("keys"),
    "dense parquet": ExportOptions(format="parquet"),
}
in_all_lanes = pytest.mark.parametrize("options", LANES.values(), ids=LANES)


def other(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Another value of the same type, as a fault would make one."""
    if isinstance(dtype, pl.List):
        return column.list.reverse().list.concat(column.list.first())
    if dtype == pl.String:  # a cell's last digit, or else its last letter
        digit = column.str.replace(r"[0-8](\D*)$", "9$1")
        return pl.when(digit != column).then(digit).otherwise(column.str.replace(r".$", "#"))
    if dtype == pl.Boolean:
        return ~column
    if dtype.is_temporal():
        return (column.to_physical() + 1).cast(dtype)
    return column + 1


def but_for(column: pl.Expr, dtype: pl.DataType, row: int) -> pl.Expr:
    """A column with another value in one row."""
    at = pl.int_range(pl.len()) == row
    return pl.when(at).then(other(column, dtype)).otherwise(column)


# Reading ----------------------------------------------------------------------------------------


def misread(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Has Polars read one value of a column as another, as a defect of its own would."""
    right = parquet.scan

    def scan(table: str, *more: Any) -> pl.LazyFrame:
        frame = right(table, *more)
        dtype = frame.collect_schema().get(name)
        if dtype is None:
            return frame
        return frame.with_columns(but_for(pl.col(name), dtype, 717).cast(dtype).alias(name))

    monkeypatch.setattr(parquet, "scan", scan)


# Text and floats are told apart by extremes, lengths and a total: a letter in the middle is not.
READ = ["whole", "truth", "day", "clock", "local", "utc", "nano", "numbers", "words", "days"]


@pytest.mark.parametrize("name", READ)
def test_one_value_that_polars_reads_as_another_is_found_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    graph = kinds(tmp_path)
    misread(monkeypatch, name)

    told = rf"two readers of table thing do not agree:\n  {name}: "
    with pytest.raises(SourceError, match=told):
        check.check(graph)
    with pytest.raises(SourceError, match=told):
        export(graph, tmp_path / "build")
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("name", ["text", "real", *READ])
def test_one_value_that_polars_reads_as_another_is_found_in_what_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    graph = kinds(tmp_path)
    misread(monkeypatch, name)
    # As if both readers had agreed over extremes and totals.
    monkeypatch.setattr(Extent, "agrees", lambda *_: True)

    record = export(graph, tmp_path / "build")

    assert [line.partition(":")[0] for line in differences(tmp_path / "build", record)] == [
        f"thing.{name}"
    ]


def test_the_record_names_who_has_read_each_column(tmp_path: Path) -> None:
    record = export(kinds(tmp_path), tmp_path / "build")

    told = {cell.property: cell.read_by for table in record.tables for cell in table.cells}
    alone = {name for name, reader in told.items() if name and reader == "polars"}
    # A zone's clock changes, and the unit of a span, are for Polars alone to know.
    assert alone == {"there", "span"}
    assert len(told) > 15


def test_columns_that_differ_in_their_case_are_read_by_polars_alone(tmp_path: Path) -> None:
    twins = {"id": ["a", "b", "c"], "name": ["x", "y", "z"], "Name": ["1", "2", "3"]}
    record = export(people(tmp_path, twins), tmp_path / "build")

    told = {cell.property: cell.read_by for cell in record.tables[0].cells[1:]}
    assert told == {"id": "duckdb", "name": "polars", "Name": "polars"}
    assert list(differences(tmp_path / "build", record)) == []


def test_rows_that_are_set_aside_are_not_expected_to_be_written(tmp_path: Path) -> None:
    dangling: dict[str, list[Any]] = {
        "a": ["a", "x", "b"],
        "b": ["b", "c", "nobody"],
        "since": [1, 20, 300],
    }
    graph = people(tmp_path, knows=dangling, on_missing="skip")

    record = export(graph, tmp_path / "build")

    facts = {cell.property: cell.facts for cell in record.tables[1].cells}
    assert (facts["since"].values, facts["since"].sums) == (1, {"number": 1})
    assert list(differences(tmp_path / "build", record)) == []


# Writing ----------------------------------------------------------------------------------------


def corrupted(monkeypatch: pytest.MonkeyPatch, cell: int, rows: Callable[[int], pl.Expr]) -> None:
    """Has the writer change one column of the file in some rows, by their share of all."""
    for form, target in TARGETS.items():
        how = target.files

        def sink(frame: pl.LazyFrame, parts: Any, group: int, right: Any = how.sink) -> None:
            schema = frame.collect_schema()
            name, dtype = str(cell), schema.get(str(cell))
            if dtype is not None and len(schema) > cell:
                at = rows(int(frame.select(pl.len()).collect().item()))
                wrong = pl.when(at).then(other(pl.col(name), dtype)).otherwise(pl.col(name))
                frame = frame.with_columns(wrong.cast(dtype).alias(name))
            right(frame, parts, group)

        monkeypatch.setitem(TARGETS, form, replace(target, files=replace(how, sink=sink)))


def one_row(_: int) -> pl.Expr:
    return pl.int_range(pl.len()) == 717


def one_in_a_thousand(rows: int) -> pl.Expr:
    return pl.int_range(pl.len()) % 1_000 == min(rows - 1, 717)


@in_all_lanes
@pytest.mark.parametrize("cell", range(19))
def test_one_value_that_is_written_as_another_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: ExportOptions, cell: int
) -> None:
    graph = kinds(tmp_path)
    graph = replace(graph, relationships=())
    if options.format == "parquet":  # which carries no list of dates
        graph = _without(graph, tmp_path, "days")
    corrupted(monkeypatch, cell, one_row)

    record = export(graph, tmp_path / "build", options=options)

    name = record.tables[0].cells[cell].property or "the id"
    found = [line.partition(":")[0] for line in differences(tmp_path / "build", record)]
    assert found in ([f"thing.{name}"], ["thing"])  # the whole table where a cell is no value


def _without(graph: Graph, place: Path, column: str) -> Graph:
    rows = pl.read_parquet(place / "thing.parquet").drop(column)
    rows.write_parquet(place / "thing.parquet")
    return graph


@in_all_lanes
@pytest.mark.parametrize("cell", [0, 1, 2], ids=["the start", "the end", "weight"])
@pytest.mark.parametrize("rows", [one_row, one_in_a_thousand], ids=["one", "1 in 1,000"])
def test_one_wrong_end_or_value_among_a_million_is_found(
    request: pytest.FixtureRequest,
    options: ExportOptions,
    cell: int,
    rows: Callable[[int], pl.Expr],
) -> None:
    million, tmp_path = request.getfixturevalue("million"), request.getfixturevalue("tmp_path")
    name = ("the start", "the end", "weight")[cell]
    corrupted(request.getfixturevalue("monkeypatch"), cell, rows)

    record = export(million, tmp_path / "build", options=options)

    found = Counter(line.partition(":")[0] for line in differences(tmp_path / "build", record))
    assert found[f"knows.{name}"] == 1
    assert set(found) <= {f"knows.{name}", "person.the id", "person.id"}


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """A thousand nodes and a million relationships."""
    place = tmp_path_factory.mktemp("million")
    draw = np.random.default_rng(7)
    pl.DataFrame({"id": range(1_000)}).write_parquet(place / "person.parquet")
    ends = {side: draw.integers(0, 999, 1_000_000) for side in ("a", "b")}
    weights = draw.random(1_000_000)
    pl.DataFrame({**ends, "weight": weights}).write_parquet(place / "knows.parquet")
    person = NodeTable(
        "person", LocalPath(str(place / "person.parquet")), ("Person",), ("id",), "Person"
    )
    between = End("person", ("a",)), End("person", ("b",))
    knows = RelationshipTable("knows", LocalPath(str(place / "knows.parquet")), "KNOWS", *between)
    return Graph("million", (person,), (knows,))


def test_files_that_cannot_be_read_back_are_told(tmp_path: Path) -> None:
    record = export(people(tmp_path), tmp_path / "build")
    file = tmp_path / "build" / record.tables[1].files[0].path
    file.write_text(file.read_text().replace("2001", "two"))

    (told,) = differences(tmp_path / "build", record)
    assert told.startswith("knows: its files cannot be read back: ")


def test_digests_of_another_duckdb_are_left_out_and_sums_are_not(tmp_path: Path) -> None:
    export(people(tmp_path), tmp_path / "build")
    record = replace(on_disk.read_export(tmp_path / "build"), witness="of another")

    assert list(differences(tmp_path / "build", record)) == []
    assert _after(tmp_path, record, "person", "Ann", "Eve") == []
    assert _after(tmp_path, record, "knows", "2001", "2003") == [
        "knows.since: the values that were written differ from those that were expected"
    ]


def _after(place: Path, record: ExportRecord, table: str, old: str, new: str) -> list[str]:
    (written,) = (each for each in record.tables if each.name == table)
    file = place / "build" / written.files[0].path
    text = file.read_text()
    file.write_text(text.replace(old, new))
    try:
        return list(differences(place / "build", record))
    finally:
        file.write_text(text)


def test_a_table_of_many_columns_is_read_in_little_memory(tmp_path: Path) -> None:
    names = [f"c{at}" for at in range(600)]
    relation = second_reader.parquet([many_columns(tmp_path, names)])
    columns = [second_reader.Column(PropertyType("integer"), name) for name in names]

    with duckdb.connect(config={"memory_limit": "64MiB", "threads": 2}) as made:
        found = second_reader.facts(made, relation, columns)

    assert [extent.least for _, extent in found] == list(range(600))


def test_a_second_reader_without_enough_memory_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_reader, "LEAST_MB", 1)
    names = [f"c{at}" for at in range(100)]
    relation = second_reader.parquet([many_columns(tmp_path, names)])
    columns = [second_reader.Column(PropertyType("integer"), name) for name in names]

    with (
        pytest.raises(DestinationError, match="1 MiB are not enough for the second reader") as told,
        second_reader.database(1) as made,
    ):
        sources.read("wide", lambda: second_reader.facts(made, relation, columns))

    assert told.value.hint == "allow more with --memory"


def many_columns(folder: Path, names: list[str]) -> Path:
    """A file of 10,000 rows; the values of each column begin with its number."""
    file = folder / "wide.parquet"
    numbers = pl.int_range(10_000, eager=True)
    pl.DataFrame({name: numbers + at for at, name in enumerate(names)}).write_parquet(file)
    return file
