"""Tables of Athena: scanned where they lie, or queried; what it refuses is told and undone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING

import polars as pl
import pytest

from kgimport import files, sources
from kgimport import s3 as store
from kgimport.aws import ENVIRONMENT
from kgimport.commands.check import check
from kgimport.commands.export import export
from kgimport.errors import AwsRefusedError, ExitCode, KgimportError, SourceError, UsageError
from kgimport.graph import NodeTable
from kgimport.locations import LocalPath, Query, Relation, S3Path
from kgimport.sources.athena import Athena, own_files
from tests.graphs import KNOWS, PERSONS, people
from tests.local_athena import lake
from tests.local_athena.faults import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.graph import Graph
    from tests.local_athena.running import LocalAws

pytestmark = pytest.mark.athena
CATALOG = "awsdatacatalog"


@pytest.fixture(scope="module")
def database(athena_server: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with the tables of the small graph: plain, as a view, as JSON, in partitions."""
    data = tmp_path_factory.mktemp("data")
    for name, rows in (("person", PERSONS), ("knows", KNOWS)):
        (data / "people" / name).mkdir(parents=True)
        pl.DataFrame(rows).write_parquet(data / "people" / name / "rows.parquet")
    for year in ("y1", "y2"):
        folder = data / "people" / "by_year" / f"year={year}"
        folder.mkdir(parents=True)
        pl.DataFrame({"id": [year]}).write_parquet(folder / "rows.parquet")
    lake.land(athena_server, data)
    for sql in (
        "CREATE OR REPLACE VIEW people.person_view AS SELECT * FROM people.person",
        "CREATE TABLE people.knows_text WITH (format = 'JSON') AS SELECT * FROM people.knows",
    ):
        ask(athena_server, sql)
    return "people"


def ask(aws: LocalAws, sql: str) -> None:
    """Runs a statement to its end."""
    client = aws.client("athena")
    place = {"OutputLocation": f"s3://{aws.results}/by-hand/"}
    query = client.start_query_execution(QueryString=sql, ResultConfiguration=place)
    while True:
        found = client.get_query_execution(QueryExecutionId=query["QueryExecutionId"])
        status = found["QueryExecution"]["Status"]
        if status["State"] not in {"QUEUED", "RUNNING"}:
            assert status["State"] == "SUCCEEDED", status
            return
        time.sleep(0.1)


def at(table: str, connection: Athena | None = None) -> Relation:
    return Relation((CATALOG, "people", table), connection or Athena())


@pytest.fixture
def warehouse(athena: LocalAws) -> Athena:
    return Athena(results=S3Path(athena.results, "kgimport"))


def graph(folder: Path, asked: Athena, person: str = "person", knows: str = "knows") -> Graph:
    """The small graph, its tables in Athena."""
    places = {"person": at(person, asked), "knows": at(knows, asked)}
    return people(folder / "local").relocated(places)


def results(aws: LocalAws) -> list[str]:
    return [str(each.place) for each in store.below(S3Path(aws.results, "kgimport/unload"))]


def unloads(aws: LocalAws) -> int:
    return len(aws.faults.calls("athena", "StartQueryExecution"))


# Where the rows are -----------------------------------------------------------------------------


def test_plain_parquet_is_scanned_where_it_lies(
    athena: LocalAws, database: str, warehouse: Athena, tmp_path: Path
) -> None:
    here = export(people(tmp_path / "here"), tmp_path / "a")
    there = export(graph(tmp_path, warehouse), tmp_path / "b")

    assert there.build_id == here.build_id
    assert there.queries == ()
    assert unloads(athena) == 0
    assert there.declaration.nodes[0].location == S3Path(athena.lake, "raw/people/person")


def test_a_view_and_another_format_are_queried_and_stay_with_the_build(
    athena: LocalAws, database: str, warehouse: Athena, tmp_path: Path
) -> None:
    declared = graph(tmp_path, warehouse, "person_view", "knows_text")

    record = export(declared, tmp_path / "b")

    person = tmp_path / "b" / "queried" / "person"
    assert [(t.name, t.written, t.properties) for t in record.tables] == [
        ("person", 3, 5),
        ("knows", 2, 2),
    ]
    assert [(q.table, q.bytes_scanned > 0, len(q.query)) for q in record.queries] == [
        ("person", True, 36),
        ("knows", True, 36),
    ]
    assert record.declaration.nodes[0].location == LocalPath(str(person))
    assert pl.read_parquet(person).sort("id").to_dict(as_series=False) == PERSONS
    assert record.tables[0].fingerprint == sources.fingerprint(record.declaration.nodes[0])
    assert results(athena) == []


def test_a_query_may_stand_for_a_table(
    athena: LocalAws, database: str, warehouse: Athena, tmp_path: Path
) -> None:
    sql = "SELECT id, upper(name) AS name FROM people.person WHERE id < 'c'"
    declared = graph(tmp_path, warehouse).relocated(
        {"person": Query(sql, warehouse), "knows": Query(ONE, warehouse)}
    )

    record = export(declared, tmp_path / "b")

    assert [(t.name, t.written) for t in record.tables] == [("person", 2), ("knows", 1)]
    text = (tmp_path / "b" / "csv" / "person" / "part-00000.csv").read_text()
    assert '"ANN"' in text or ",ANN" in text


ONE = "SELECT * FROM people.knows WHERE since = 2001"


def test_partitions_are_read_from_their_folders_as_long_as_glue_knows_them_all(
    athena: LocalAws, database: str, tmp_path: Path
) -> None:
    found = own_files(at("by_year"), ENVIRONMENT)
    rows = tmp_path / "rows.parquet"
    pl.DataFrame({"id": ["y3"]}).write_parquet(rows)
    unknown = S3Path(athena.lake, "raw/people/by_year/year=y3/rows.parquet")
    store.upload(rows, unknown, files.sha256(rows))
    try:
        half = own_files(at("by_year"), ENVIRONMENT)
    finally:
        store.delete_objects([unknown])

    assert found == S3Path(athena.lake, "raw/people/by_year")
    assert half is None  # Athena does not see year=y3, so its rows are Athena's to say
    frame, _ = sources.scan(NodeTable("by_year", found, ("Year",), ("id",), "Year"))
    assert frame.sort("id").collect().to_dict(as_series=False) == {
        "id": ["y1", "y2"],
        "year": ["y1", "y2"],
    }


def test_folders_that_say_something_else_than_text_are_asked_of_athena(
    athena: LocalAws, database: str
) -> None:
    glue = athena.client("glue")
    known = glue.get_table(DatabaseName="people", Name="by_year")["Table"]
    about = {key: known[key] for key in ("Name", "TableType", "Parameters", "StorageDescriptor")}

    def said(kind: str, *columns: str) -> S3Path | None:
        parts = [{"Name": "year", "Type": kind}]
        storage = {
            **about["StorageDescriptor"],
            "Columns": [{"Name": name, "Type": "string"} for name in columns],
        }
        glue.update_table(
            DatabaseName="people",
            TableInput={**about, "PartitionKeys": parts, "StorageDescriptor": storage},
        )
        return own_files(at("by_year"), ENVIRONMENT)

    try:
        assert [said(kind, "id") for kind in ("int", "date", "boolean")] == [None] * 3
        assert [said("string", *each) for each in (("id", "more"), ())] == [None] * 2
    finally:
        assert said("string", "id") == S3Path(athena.lake, "raw/people/by_year")


def test_check_queries_too_and_leaves_nothing(
    athena: LocalAws, database: str, warehouse: Athena, tmp_path: Path
) -> None:
    proof = check(graph(tmp_path, warehouse, "person_view"))

    assert proof.sources == {"person": 3, "knows": 2}
    assert results(athena) == []


def test_the_workgroup_s_own_result_location_is_used(
    athena: LocalAws, database: str, tmp_path: Path
) -> None:
    place = {"OutputLocation": f"s3://{athena.results}/of-the-group/"}
    client = athena.client("athena")
    client.create_work_group(Name="nightly", Configuration={"ResultConfiguration": place})
    nightly = Athena("nightly")

    record = export(graph(tmp_path, nightly, "person_view"), tmp_path / "b")

    run = client.get_query_execution(QueryExecutionId=record.queries[0].query)["QueryExecution"]
    assert run["WorkGroup"] == "nightly"
    assert f"TO 's3://{athena.results}/of-the-group/unload/" in run["Query"]
    assert run["Query"].startswith("-- kgimport, table person\n")


# What goes wrong --------------------------------------------------------------------------------

FAILURES: dict[str, tuple[Fault, type[KgimportError], str]] = {
    "no permission in Glue": (
        Fault("glue", "GetTable", "AccessDeniedException"),
        AwsRefusedError,
        'AWS denies permission to find "people"."person_view" in Glue',
    ),
    "no permission to read the table itself": (
        Fault("s3", "GetObject", "AccessDenied", times=0, key="*/raw/people/knows/*"),
        AwsRefusedError,
        "AWS denies permission to read the rows of table knows",
    ),
    "an expired token": (
        Fault("glue", "GetTable", "ExpiredTokenException"),
        AwsRefusedError,
        "AWS does not accept the credentials",
    ),
    "no permission in Athena": (
        Fault("athena", "StartQueryExecution", "AccessDeniedException"),
        AwsRefusedError,
        "AWS denies permission to query the rows of person",
    ),
    "an expired token while the query runs": (
        Fault("athena", "GetQueryExecution", "ExpiredTokenException", times=0),
        AwsRefusedError,
        "AWS does not accept the credentials",
    ),
    "a result that cannot be read": (
        Fault("s3", "GetObject", "AccessDenied", times=0, key="*/unload/*"),
        AwsRefusedError,
        "AWS denies permission to fetch s3://",
    ),
    "a result that is gone": (
        Fault("s3", "GetObject", "NoSuchKey", times=0, key="*/unload/*"),
        SourceError,
        "cannot fetch s3://",
    ),
    "throttled for ever": (
        Fault("glue", "GetTable", "ThrottlingException", times=0),
        SourceError,
        "ThrottlingException",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_aws_refuses_is_told_and_undone(
    *,
    athena: LocalAws,
    database: str,
    warehouse: Athena,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    fault, kind, sentence = FAILURES[name]
    monkeypatch.setattr("kgimport.aws.ATTEMPTS", 3)
    monkeypatch.setattr("kgimport.sources.athena._STOP_S", 5)  # waited whole where it cannot look
    monkeypatch.setenv("AWS_TEST", name)  # another client than the one before
    athena.faults.arm(**asdict(fault))

    with pytest.raises(kind, match=sentence) as caught:
        export(graph(tmp_path, warehouse, "person_view"), tmp_path / "out" / "people")

    athena.faults.clear()
    assert caught.value.hint
    assert list((tmp_path / "out").iterdir()) == []
    assert results(athena) == []


def test_a_query_that_we_lose_sight_of_is_stopped(
    athena: LocalAws,
    database: str,
    warehouse: Athena,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kgimport.sources.athena._STOP_S", 5)
    declared = graph(tmp_path, warehouse).relocated({"person": Query(ENDLESS, warehouse)})
    before = {*queries(athena)}
    athena.faults.arm("athena", "GetQueryExecution", "ExpiredTokenException", times=0)

    with pytest.raises(AwsRefusedError, match="AWS does not accept the credentials"):
        export(declared, tmp_path / "b")

    athena.faults.clear()
    (query,) = {*queries(athena)} - before
    assert state(athena, query) == "CANCELLED"
    assert results(athena) == []


def test_what_cannot_be_deleted_any_more_is_told(
    athena: LocalAws, database: str, warehouse: Athena, tmp_path: Path
) -> None:
    athena.faults.arm("s3", "GetObject", "ExpiredToken", times=0, key="*/unload/*")
    athena.faults.arm("s3", "DeleteObjects", "ExpiredToken", times=0)

    with pytest.raises(AwsRefusedError, match="may be left below s3://") as caught:
        export(graph(tmp_path, warehouse, "person_view"), tmp_path / "b")

    athena.faults.clear()
    (left,) = store.below(S3Path(athena.results, "kgimport/unload"))
    assert str(left.place.parent) in caught.value.message
    assert caught.value.hint.startswith("renew them")
    store.delete_objects([left.place])


def test_a_table_that_glue_does_not_have_is_named(
    athena: LocalAws, database: str, warehouse: Athena, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=r'cannot find "people"\."nobody" in Glue'):
        export(graph(tmp_path, warehouse, "nobody"), tmp_path / "b")


def test_a_query_that_fails_says_what_the_engine_says(
    athena: LocalAws, database: str, warehouse: Athena, tmp_path: Path
) -> None:
    declared = graph(tmp_path, warehouse).relocated(
        {"person": Query("SELECT nme FROM people.person", warehouse)}
    )

    with pytest.raises(SourceError, match=r"Athena's query [0-9a-f-]{36}, for the rows of person"):
        export(declared, tmp_path / "b")
    with pytest.raises(SourceError, match=r"COLUMN_NOT_FOUND.*nme"):
        export(declared, tmp_path / "b")
    assert not (tmp_path / "b").exists()
    assert results(athena) == []


def test_a_query_that_somebody_else_stops_says_so(
    athena: LocalAws, database: str, warehouse: Athena, tmp_path: Path
) -> None:
    declared = graph(tmp_path, warehouse).relocated({"person": Query(ENDLESS, warehouse)})
    before = {*queries(athena)}

    def stop() -> None:
        while not (running := {*queries(athena)} - before):
            time.sleep(0.2)
        athena.client("athena").stop_query_execution(QueryExecutionId=running.pop())

    with ThreadPoolExecutor(1) as other:
        other.submit(stop)
        with pytest.raises(SourceError, match=r"for the rows of person, was stopped") as caught:
            export(declared, tmp_path / "b")

    assert caught.value.hint.startswith("find out who stopped it")
    assert not (tmp_path / "b").exists()
    assert results(athena) == []


@pytest.mark.parametrize("action", ["StartQueryExecution", "GetQueryExecution"])
def test_throttling_is_waited_out(
    athena: LocalAws, database: str, warehouse: Athena, tmp_path: Path, action: str
) -> None:
    athena.faults.arm("athena", action, "ThrottlingException", times=3)

    record = export(graph(tmp_path, warehouse, "person_view"), tmp_path / "b")

    assert record.nodes == 3


def test_a_query_without_rows_is_told(
    athena: LocalAws, database: str, warehouse: Athena, tmp_path: Path
) -> None:
    nobody = Query("SELECT * FROM people.person WHERE id = 'nobody'", warehouse)

    with pytest.raises(SourceError, match="the query for person returned no rows"):
        export(graph(tmp_path, warehouse).relocated({"person": nobody}), tmp_path / "b")
    assert results(athena) == []


def test_no_result_location_is_told_before_anything_runs(
    athena: LocalAws, database: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="the workgroup primary has no result location"):
        export(graph(tmp_path, Athena(), "person_view"), tmp_path / "b")
    assert unloads(athena) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_a_query_that_nobody_waits_for_is_stopped(
    athena: LocalAws, database: str, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "graph.yml").write_text(
        "graph: people\ntables:\n  person:\n    location: 'select: " + ENDLESS + "'\n"
        "    node: {labels: [Person], key: [id]}\n"
    )
    before = {*queries(athena)}
    process = subprocess.Popen(
        (sys.executable, "-m", "kgimport", "export", "--graph", "graph.yml", "--out", "b"),
        cwd=tmp_path,
        env={**os.environ, "KGIMPORT_ATHENA_RESULTS": f"s3://{athena.results}/kgimport"},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (running := {*queries(athena)} - before):
        assert process.poll() is None, process.communicate()
        time.sleep(0.2)
    time.sleep(1)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)

    assert state(athena, running.pop()) == "CANCELLED"
    assert process.returncode == ExitCode.INTERRUPTED
    assert said.splitlines()[-1] == "kgimport: interrupted; nothing half-done was left behind"
    assert results(athena) == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["graph.yml"]


ENDLESS = (
    "SELECT count(*) AS id FROM UNNEST(sequence(1, 10000)) AS a (x),"
    " UNNEST(sequence(1, 10000)) AS b (y), UNNEST(sequence(1, 10000)) AS c (z)"
)


def state(aws: LocalAws, query: str) -> str:
    found = aws.client("athena").get_query_execution(QueryExecutionId=query)
    return str(found["QueryExecution"]["Status"]["State"])


def queries(aws: LocalAws) -> list[str]:
    found: list[str] = aws.client("athena").list_query_executions().get("QueryExecutionIds", [])
    return found
