"""One wrong value in a store is found, wherever it is: planted in real stores, on both lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any, get_args

import polars as pl
import pytest
from neo4j import Record

from kgimport.commands.build_db import build_db
from kgimport.commands.export import export
from kgimport.graph import ColumnRule, End, Graph, Index, NodeTable, Point, RelationshipTable
from kgimport.locations import LocalPath
from kgimport.neo4j import reconcile
from kgimport.neo4j.private import private_driver
from kgimport.neo4j.reconcile.compare import compare
from kgimport.neo4j.reconcile.in_cypher import cypher_sums
from kgimport.neo4j.reconcile.totals import questions
from kgimport.options import ExportOptions
from kgimport.properties import FLOAT, INTEGER, STRING, Kind, PropertyType, Unit
from kgimport.records import on_disk
from kgimport.sums import sums
from tests.graphs import people

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.records import ExportRecord, TableRecord

ROWS = 1_000
_DAY = date(1969, 12, 1)
_MOMENT = datetime(1969, 12, 31, 23, 30, 0, 500)  # noqa: DTZ001  (zone-less is what is meant)


def kinds(folder: Path) -> Graph:
    """Nodes with a property of every kind, and relationships of numbers between them."""
    at = range(ROWS)
    moments = [_MOMENT + timedelta(seconds=n, microseconds=n) for n in at]
    things = pl.DataFrame(
        {
            "id": [f"k{n:05}" for n in at],
            "whole": [n * 7 - 900 for n in at],
            "real": [n / 7 - 20 for n in at],
            "truth": [n % 3 == 0 for n in at],
            "text": [f"text {'é' * (n % 9)}" for n in at],
            "day": [_DAY + timedelta(days=n) for n in at],
            "clock": [time(n % 24, n % 60, n % 60, n) for n in at],
            "local": moments,
            "utc": [each.replace(tzinfo=UTC) for each in moments],
            "span": [timedelta(seconds=n - 500, microseconds=n) for n in at],
            "there": moments,
            "x": [n / 11 - 45 for n in at],
            "y": [n / 13 - 30 for n in at],
            "numbers": [[n, -n, 3] for n in at],
            "reals": [[n / 3] for n in at],
            "words": [["a", "é" * (n % 5)] for n in at],
            "days": [[_DAY, _DAY + timedelta(days=n)] for n in at],
        }
    )
    things = things.with_columns(
        nano=pl.col("local").cast(pl.Datetime("ns")) + pl.duration(nanoseconds=7)
    )
    links = pl.DataFrame(
        {
            "a": [f"k{n:05}" for n in at],
            "b": [f"k{(n * 17 + 3) % ROWS:05}" for n in at],
            "weight": [n / 3 for n in at],
            "since": moments,
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    things.write_parquet(folder / "thing.parquet")
    links.write_parquet(folder / "link.parquet")
    thing = NodeTable(
        name="thing",
        location=LocalPath(str(folder / "thing.parquet")),
        labels=("Thing",),
        key=("id",),
        id_space="Thing",
        columns={"there": ColumnRule(timezone="Europe/Stockholm")},
        points=(Point("place", ("x", "y"), "wgs-84"),),
        indexes=(Index("range", ("whole",)),),
    )
    ends = End("thing", ("a",)), End("thing", ("b",))
    link = RelationshipTable("link", LocalPath(str(folder / "link.parquet")), "LINK", *ends)
    return Graph("kinds", (thing,), (link,))


@pytest.fixture(scope="module")
def built(neo4j: Neo4j, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of all kinds."""
    place = tmp_path_factory.mktemp("kinds")
    export(kinds(place), place / "build")
    return build_db(place / "build", place / "stores", neo4j=neo4j).path


@pytest.fixture(scope="module")
def record(built: Path) -> ExportRecord:
    return on_disk.read_export(built)


@pytest.fixture(scope="module")
def driver(built: Path, neo4j: Neo4j) -> Iterator[Driver]:
    """A driver to a server on it, which may write."""
    with private_driver(neo4j, built / "data") as connection:
        yield connection


# What one property of one node, of a thousand, is made to be.
PLANTED: dict[str, str] = {
    "whole": "n.whole + 1",
    "real": "n.real + 1e-9",
    "truth": "NOT n.truth",
    "text": "n.text + 'x'",
    "day": "n.day + duration('P1D')",
    "clock": "n.clock + duration('PT0.000000001S')",
    "local": "n.local + duration('PT0.000001S')",
    "nano": "n.nano + duration('PT0.000000001S')",
    "utc": "n.utc + duration('PT1S')",
    "there": "n.there + duration('PT0.001S')",
    "span": "n.span + duration('PT-0.000001S')",
    "place": "point({longitude: n.place.longitude, latitude: n.place.latitude + 1e-9})",
    "numbers": "[n.numbers[0], n.numbers[1], 4]",
    "reals": "[n.reals[0] + 1e-9]",
    "words": "['a', n.words[1] + 'y']",
    "days": "[n.days[0], n.days[1] + duration('P1D')]",
    "id": "null",
}


@pytest.mark.neo4j
def test_a_store_that_is_right_adds_up(driver: Driver, record: ExportRecord) -> None:
    assert list(reconcile.total_differences(driver, record)) == []


@pytest.mark.neo4j
@pytest.mark.parametrize("name", PLANTED)
def test_one_wrong_value_of_a_thousand_is_found(
    driver: Driver, record: ExportRecord, name: str
) -> None:
    where = "MATCH (n:Thing {whole: 717}) WITH n LIMIT 1"
    held = _one(driver, f"{where} RETURN n.{name}")

    try:
        driver.execute_query(f"{where} SET n.{name} = {PLANTED[name]}")
        found = list(reconcile.total_differences(driver, record))
    finally:
        driver.execute_query(
            f"MATCH (n:Thing) WHERE id(n) = 231 SET n.{name} = $held",
            held=held,
        )

    assert found
    assert all(line.startswith(f"thing, {name}: ") for line in found)


def _one(driver: Driver, query: str) -> Any:
    return driver.execute_query(query).records[0][0]


@pytest.mark.neo4j
@pytest.mark.parametrize("change", ["SET n.extra = 1", "REMOVE n.whole"])
def test_a_value_that_came_or_went_is_found(
    driver: Driver, record: ExportRecord, change: str
) -> None:
    try:
        driver.execute_query(f"MATCH (n) WHERE id(n) = 7 {change}")
        found = list(reconcile.total_differences(driver, record))
        compared = compare(driver, record, ROWS)
    finally:
        driver.execute_query("MATCH (n) WHERE id(n) = 7 SET n.whole = 7 * 7 - 900 REMOVE n.extra")

    assert bool(found) is ("whole" in change)
    assert any("differs in" in line for line in compared.differences)


@pytest.mark.neo4j
@pytest.mark.parametrize(
    "other",
    ["(a)-[:LINK]->(:Thing {whole: 101})", "(b)-[:LINK]->(a)"],
    ids=["another end", "the other direction"],
)
def test_one_relationship_between_other_nodes_is_found(
    driver: Driver, record: ExportRecord, other: str
) -> None:
    source, _, target = other.partition("-[:LINK]->")
    cut = "MATCH (a:Thing)-[r:LINK]->(b:Thing) WHERE id(a) = 500 WITH a, r, b"
    with driver.session() as session, session.begin_transaction() as transaction:
        transaction.run(
            f"{cut} MATCH (c:Thing {{whole: 101}}) "
            f"CREATE {source}-[n:LINK]->{'(c)' if 'whole' in target else target} "
            "SET n = properties(r) DELETE r"
        ).consume()
        held = _InTransaction(transaction)
        found = list(reconcile.total_differences(held, record))  # type: ignore[arg-type]
        transaction.rollback()

    assert [line.partition(":")[0] for line in found] == ["link, the ends"]


class _InTransaction:
    """Asks within a transaction, which is then taken back, one question at a time."""

    def __init__(self, transaction: Any) -> None:
        self.transaction, self.alone = transaction, Lock()

    def execute_query(self, query: str, **parameters: Any) -> Any:
        with self.alone:
            rows = list(self.transaction.run(query, parameters))
        return type("Answer", (), {"records": rows})


@pytest.mark.neo4j
def test_ends_that_two_relationships_exchange_are_found(
    driver: Driver, record: ExportRecord
) -> None:
    with driver.session() as session, session.begin_transaction() as transaction:
        transaction.run(
            "MATCH (a)-[r:LINK]->(b), (c)-[s:LINK]->(d) WHERE id(a) = 10 AND id(c) = 800 "
            "CREATE (a)-[n:LINK]->(d) SET n = properties(r) "
            "CREATE (c)-[m:LINK]->(b) SET m = properties(s) DELETE r, s"
        ).consume()
        held = _InTransaction(transaction)
        found = list(reconcile.total_differences(held, record))  # type: ignore[arg-type]
        transaction.rollback()

    assert [line.partition(":")[0] for line in found] == ["link, the ends"]


@pytest.mark.neo4j
def test_every_row_of_a_sample_is_looked_up_by_its_record_id(
    driver: Driver, record: ExportRecord
) -> None:
    whole = compare(driver, record, ROWS)
    some = compare(driver, record, 100)

    assert (whole.compared, whole.differences) == (2 * ROWS, ())
    assert some.differences == ()
    assert 180 <= some.compared <= 200


@pytest.mark.neo4j
@pytest.mark.parametrize("ids", ["dense", "keys"])
def test_rows_that_are_set_aside_are_no_part_of_a_sample(
    neo4j: Neo4j, tmp_path: Path, ids: Any
) -> None:
    dangling: dict[str, list[Any]] = {
        "a": ["a", "x", "b"],
        "b": ["b", "c", "nobody"],
        "since": [1, 2, 3],
    }
    graph = people(tmp_path, knows=dangling, on_missing="skip")
    export(graph, tmp_path / "build", options=ExportOptions(ids))

    built = build_db(tmp_path / "build", tmp_path / "stores", neo4j=neo4j)

    assert built.record.types == {"KNOWS": 1}
    assert built.record.compared == 4


# Without a server -----------------------------------------------------------------------------


def test_tables_that_share_a_label_or_a_type_are_asked_about_together(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    for name in ("a", "b", "c"):
        pl.DataFrame({"id": [name], "v": [1], "more": ["B" if name == "a" else "X"]}).write_parquet(
            folder / f"{name}.parquet"
        )

    def node(name: str, **more: Any) -> NodeTable:
        return NodeTable(
            name,
            LocalPath(str(folder / f"{name}.parquet")),
            (name.upper(),),
            ("id",),
            "all",
            **more,
        )

    graph = Graph("g", (node("a", label_column="more"), node("b"), node("c")))
    record = export(graph, tmp_path / "build")

    asked = list(questions(record))

    assert [each.tables for each in asked] == [("a", "b"), ("c",)]
    assert "MATCH (n:`A`|`B`)" in asked[0].query
    assert dict(asked[0].wanted)["v: number"] == 2


class Answering:
    """A driver whose answers are given, by words of the query."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def execute_query(self, query: str, **_: Any) -> Any:
        (found,) = (rows for words, rows in self.rows.items() if words in query)
        records = [Record(row) for row in found]  # type: ignore[no-untyped-call]
        return type("Answer", (), {"records": records})


@pytest.mark.parametrize("few", [True, False])
def test_a_node_of_two_labels_is_one_node(few: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not few:
        monkeypatch.setattr(reconcile.counts, "_FEW", 0)
    answers: dict[str, list[dict[str, Any]]] = {
        "db.labels": [{"name": "A"}, {"name": "B"}],
        "db.relationshipTypes": [{"name": "T"}],
        "MATCH (n) RETURN": [{"count": 3}],
        "()-[n]->()": [{"count": 4}],
        "(n:`A`)": [{"count": 3}, {"count": 2}],
        "[n:`T`]": [{"count": 4}],
        "labels(n)": [{"name": "A", "count": 3}, {"name": "B", "count": 2}],
        "type(r)": [{"name": "T", "count": 4}],
    }

    found = reconcile.actual(Answering(**answers))  # type: ignore[arg-type]

    assert found == reconcile.Counts(3, 4, {"A": 3, "B": 2}, {"T": 4})


@pytest.mark.neo4j
def test_many_labels_are_counted_like_few(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    few = reconcile.actual(driver)
    monkeypatch.setattr(reconcile.counts, "_FEW", 0)

    assert reconcile.actual(driver) == few
    assert few == reconcile.Counts(ROWS, ROWS, {"Thing": ROWS}, {"LINK": ROWS})


def test_what_adds_up_otherwise_is_told_by_tables_and_property(tmp_path: Path) -> None:
    record = export(people(tmp_path), tmp_path / "build")
    person, knows = questions(record)
    right = [dict(enumerate(number for _, number in each.wanted)) for each in (person, knows)]
    rows = [{str(at): number for at, number in each.items()} for each in right]
    rows[1][str(len(rows[1]) - 1)] += 1
    driver = Answering(**{"(n:`Person`)": [rows[0]], "(a)-[n]->(b)": [rows[1]]})

    (told,) = reconcile.total_differences(driver, record)  # type: ignore[arg-type]

    assert told.startswith("knows, the ends: the source has ")


@pytest.mark.parametrize("size", [1, 9, 10, 95, 100])
def test_no_row_is_drawn_twice(tmp_path: Path, size: int) -> None:
    for count in (size + 1, size + 7, 2 * size, 1_000):
        pl.DataFrame({"id": range(count)}).write_parquet(tmp_path / "t.parquet")
        frame = pl.scan_parquet(tmp_path / "t.parquet")
        rows = reconcile.Rows(frame, pl.Schema({"id": pl.Int64()}), ())

        drawn = reconcile.samples_of(rows, str(count), size)["id"].to_list()

        assert drawn == sorted(set(drawn))
        assert size - 10 < len(drawn) <= max(size, 2)


def test_another_build_draws_other_rows(tmp_path: Path) -> None:
    numbers = {"id": list(range(10_000))}
    pl.DataFrame(numbers).write_parquet(tmp_path / "t.parquet")
    rows = reconcile.Rows(
        pl.scan_parquet(tmp_path / "t.parquet"), pl.Schema({"id": pl.Int64()}), (), first=5
    )

    def drawn(seed: str) -> list[int]:
        found = reconcile.samples_of(rows, seed, 100)
        assert (found["id"] + 5).to_list() == found["__id__"].to_list()
        return found["id"].to_list()

    one, other = drawn("1 t"), drawn("2 t")

    assert one == drawn("1 t")
    assert one != other
    for each in (one, other):
        assert len(each) == 100
        assert each == sorted(set(each))
        assert each[0] == 0
        assert each[-1] == 9_999
        assert max(b - a for a, b in pairwise(each)) < 2_500


COUNTED = {"local_datetime", "instant", "zoned_datetime", "duration"}


def a_type(kind: Kind, **more: Any) -> PropertyType:
    """A type of a kind, with the details that it needs."""
    unit: Unit | None = "us" if kind in COUNTED else None
    return PropertyType(kind, unit=unit, srid=4979 if kind == "point" else None, **more)


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_store_is_asked_for_the_same_sums_as_files(kind: Kind, many: bool) -> None:
    made = a_type(kind, many=many)

    assert list(cypher_sums(made)) == [each.name for each in sums(made)]


def test_values_of_two_tables_are_added_up_where_a_store_computes_them_alike(
    tmp_path: Path,
) -> None:
    record = export(people(tmp_path, {"id": ["a", "b", "c"], "v": [1, 2, 3]}), tmp_path / "b")
    (person,) = (table for table in record.tables if table.kind == "node")

    def sums_asked(one: PropertyType, other: PropertyType) -> set[str]:
        both = [_with_last_type(person, made) for made in (one, other)]
        (question, *_) = questions(replace(record, tables=tuple(both)))
        return {what for what, _ in question.wanted if what.startswith("v: ")}

    values, seconds = "v: values", {"v: seconds", "v: nanoseconds"}
    moments = PropertyType("instant", unit="us"), PropertyType("zoned_datetime", unit="ms")
    assert sums_asked(*moments) == {values, *seconds}
    assert sums_asked(moments[0], PropertyType("local_datetime", unit="us")) == {values}
    assert sums_asked(STRING, PropertyType("null")) == {values, "v: length"}
    assert sums_asked(INTEGER, FLOAT) == {values}


def _with_last_type(table: TableRecord, made: PropertyType) -> TableRecord:
    """The table as if its last column had that type, and each sum were 1."""
    *others, last = table.cells
    facts = replace(last.facts, sums={each.name: 1 for each in sums(made)})
    return replace(table, cells=(*others, replace(last, type=made, facts=facts)))
