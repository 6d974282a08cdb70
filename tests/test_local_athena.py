"""Local Athena answers queries with values, refuses what Athena refuses, and stops when told to."""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from botocore.exceptions import ClientError

from tests.local_athena.sql import NotAthenaError, ctas, parse, unload
from tests.local_athena.values import NoHiveTypeError, hive_type, printed

if TYPE_CHECKING:
    from tests.local_athena.running import LocalAws

runs_queries = pytest.mark.athena
FIVE = "(values (1, 'a'), (2, null), (3, 'c,\"d\"'), (4, 'ü'), (5, '')) as t (n, s)"
# 10^12 rows that are looked at one by one take the engine far longer than any test.
MANY = "unnest(sequence(1, 10000))"
ENDLESS = f"select count(*) from {MANY} a (x), {MANY} b (x), {MANY} c (x) where a.x * b.x * c.x < 0"


@dataclass(frozen=True, slots=True)
class Session:
    """A user of one database, with a bucket of its own."""

    aws: LocalAws
    database: str
    bucket: str

    @property
    def api(self) -> Any:
        return self.aws.client("athena")

    def start(self, sql: str, **more: Any) -> str:
        settings = {
            "QueryExecutionContext": {"Database": self.database, "Catalog": "AwsDataCatalog"},
            "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results/"},
        }
        started = self.api.start_query_execution(QueryString=sql, **{**settings, **more})
        return str(started["QueryExecutionId"])

    def ended(self, query: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.api.get_query_execution(QueryExecutionId=query)
            if found["QueryExecution"]["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return dict(found["QueryExecution"])
            time.sleep(0.05)
        raise TimeoutError(query)

    def run(self, sql: str, **more: Any) -> dict[str, Any]:
        done = self.ended(self.start(sql, **more))
        assert done["Status"]["State"] == "SUCCEEDED", done["Status"]
        return done

    def rows(self, sql: str, **more: Any) -> list[list[str | None]]:
        query = self.run(sql, **more)["QueryExecutionId"]
        return cells(self.api.get_query_results(QueryExecutionId=query))

    def failure(self, sql: str, **more: Any) -> str:
        done = self.ended(self.start(sql, **more))
        assert done["Status"]["State"] == "FAILED", done["Status"]
        return str(done["Status"]["StateChangeReason"])

    def refusal(self, sql: str, **more: Any) -> str:
        """What is refused before there is a query."""
        with pytest.raises(ClientError) as refused:
            self.start(sql, **more)
        answer: Any = refused.value.response
        assert answer["Error"]["Code"] == "InvalidRequestException"
        return str(answer["Error"]["Message"])

    def objects(self, prefix: str) -> list[str]:
        found = self.aws.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", ())]

    def frame(self, prefix: str) -> pl.DataFrame:
        return pl.read_parquet(f"s3://{self.bucket}/{prefix}/*")


def cells(results: dict[str, Any]) -> list[list[str | None]]:
    rows = results["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]


@pytest.fixture
def session(athena: LocalAws) -> Session:
    return opened(athena)


@pytest.fixture(scope="module")
def kept(athena_server: LocalAws) -> Session:
    """A session whose database has one table, t, which no test changes."""
    session = opened(athena_server)
    session.run(
        f"create table t with (external_location = 's3://{session.bucket}/t/') as select 1 as n"
    )
    return session


def opened(aws: LocalAws) -> Session:
    bucket = aws.fresh_bucket()
    session = Session(aws, bucket.replace("-", "_"), bucket)
    aws.client("glue").create_database(DatabaseInput={"Name": session.database})
    aws.faults.clear()
    return session


# What is pure


def test_the_parts_of_statements_are_found() -> None:
    made = ctas(
        parse(
            "-- why\nCREATE TABLE IF NOT EXISTS \"awsdatacatalog\".`Db`.t WITH (format = 'PARQUET',"
            " partitioned_by = ARRAY['a', 'b']) AS (select ';', ')' from x) ; -- end"
        )
    )
    written = unload(parse("unload (select 'it''s' as x) to 's3://b/p/' with (format='ORC')"))

    assert (made.name.database, made.name.table, made.if_not_exists) == ("db", "t", True)
    assert made.properties == {"format": "'PARQUET'", "partitioned_by": "ARRAY['a', 'b']"}
    assert made.query == "(select ';', ')' from x)"
    assert (written.query, written.location) == ("select 'it''s' as x", "s3://b/p/")
    assert written.properties == {"format": "'ORC'"}


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- nothing",
        "select 1; select 2",
        "set session x = 1",
        "comment on table t is 'x'",
        "grant select on t to u",
        "call system.sync_partition_metadata('a', 'b', 'ADD')",
        "truncate table t",
        "use db",
        "create role r",
        "analyze t",
        "start transaction",
        "show session",
        "select '" + 262_144 * "x" + "'",
    ],
    ids=lambda sql: sql[:20] or "empty",
)
def test_what_athena_has_no_statement_for_is_refused(sql: str) -> None:
    with pytest.raises(NotAthenaError):
        parse(sql)


@pytest.mark.parametrize(
    ("trino", "hive"),
    [
        ("array(row(a integer, b varchar(3)))", "array<struct<a:int,b:varchar(3)>>"),
        ("map(varchar, decimal(5,2))", "map<string,decimal(5,2)>"),
        ("timestamp(3)", "timestamp"),
        ("varbinary", "binary"),
    ],
)
def test_types_are_spelled_as_glue_does(trino: str, hive: str) -> None:
    assert hive_type(trino) == hive


def test_a_type_that_hive_has_not_is_refused() -> None:
    with pytest.raises(NoHiveTypeError, match="Unsupported Hive type: timestamp"):
        hive_type("timestamp(3) with time zone")


@pytest.mark.parametrize(
    ("value", "trino", "text"),
    [
        (1e7, "double", "1.0E7"),
        (0.1, "double", "0.1"),
        (123456789.5, "double", "1.234567895E8"),
        (True, "boolean", "true"),
        ([1, None], "array(integer)", "[1, null]"),
        ({"a": [1.5]}, "map(varchar, array(double))", "{a=[1.5]}"),
        ([1, "x"], "row(a integer, b varchar)", "{a=1, b=x}"),
        ("2026-01-01 00:00:00", "timestamp(0)", "2026-01-01 00:00:00.000"),
        ("AP8=", "varbinary", "00 ff"),
    ],
)
def test_values_are_printed_as_java_does(value: Any, trino: str, text: str) -> None:
    assert printed(value, trino) == text


# What runs


@runs_queries
def test_a_query_gives_its_rows_in_pages_and_as_an_object(session: Session) -> None:
    done = session.run(f"select n, s from {FIVE} order by n")
    page = {"QueryExecutionId": done["QueryExecutionId"], "MaxResults": 4}
    first = session.api.get_query_results(**page)
    second = session.api.get_query_results(**page, NextToken=first["NextToken"])
    written = session.objects("results/")

    every = [["n", "s"], ["1", "a"], ["2", None], ["3", 'c,"d"'], ["4", "ü"], ["5", ""]]
    assert cells(first) + cells(second) == every
    assert "NextToken" not in second
    assert [c["Type"] for c in first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]] == [
        "integer",
        "varchar",
    ]
    assert written == [f"results/{done['QueryExecutionId']}.csv"]
    body = session.aws.client("s3").get_object(Bucket=session.bucket, Key=written[0])["Body"]
    assert body.read().decode().splitlines()[:4] == ['"n","s"', '"1","a"', '"2",', '"3","c,""d"""']


@runs_queries
def test_an_execution_is_described(session: Session) -> None:
    done = session.run("select 1 as x")
    unknown = "00000000-0000-0000-0000-000000000000"
    batch = session.api.batch_get_query_execution(
        QueryExecutionIds=[done["QueryExecutionId"], unknown]
    )

    assert (done["StatementType"], done["SubstatementType"]) == ("DML", "SELECT")
    assert done["WorkGroup"] == "primary"
    assert done["QueryExecutionContext"]["Database"] == session.database
    assert done["Status"]["CompletionDateTime"] >= done["Status"]["SubmissionDateTime"]
    assert done["Statistics"]["DataScannedInBytes"] == 0
    assert [e["QueryExecutionId"] for e in batch["QueryExecutions"]] == [done["QueryExecutionId"]]
    assert [e["QueryExecutionId"] for e in batch["UnprocessedQueryExecutionIds"]] == [unknown]


@runs_queries
def test_a_ctas_writes_parquet_whose_bytes_a_query_scans(session: Session) -> None:
    made = session.run(
        f"create table t with (external_location = 's3://{session.bucket}/t/',"
        " write_compression = 'ZSTD') as select n, s, array[s] as l,"
        f" cast(n as decimal(5, 2)) as d, date '2026-01-01' as day from {FIVE}"
    )
    (key,) = session.objects("t/")
    size = session.aws.client("s3").head_object(Bucket=session.bucket, Key=key)["ContentLength"]
    read = session.run("select sum(n) from t")

    assert (made["StatementType"], made["SubstatementType"]) == ("DDL", "CREATE_TABLE_AS_SELECT")
    assert session.frame("t").sort("n").schema == {
        "n": pl.Int32,
        "s": pl.String,
        "l": pl.List(pl.String),
        "d": pl.Decimal(5, 2),
        "day": pl.Date,
    }
    assert session.frame("t").sort("n")["s"].to_list() == ["a", None, 'c,"d"', "ü", ""]
    assert read["Statistics"]["DataScannedInBytes"] == size
    assert session.rows("select sum(n) from t")[1:] == [["15"]]


@runs_queries
def test_an_unload_writes_below_its_prefix_and_leaves_no_table(session: Session) -> None:
    databases = len(session.aws.client("glue").get_databases()["DatabaseList"])
    session.run(
        f"UNLOAD (select n, s from {FIVE} where n > 3)"
        f" TO 's3://{session.bucket}/u/' WITH (format = 'PARQUET', compression = 'ZSTD')"
    )

    assert session.frame("u").sort("n").rows() == [(4, "ü"), (5, "")]
    assert len(session.aws.client("glue").get_databases()["DatabaseList"]) == databases


@runs_queries
def test_ddl_is_seen_in_glue(session: Session) -> None:
    other = f"{session.database}_b"
    session.run(f"create schema if not exists {other} location 's3://{session.bucket}/b/'")
    session.run(
        f"create table {other}.t with (partitioned_by = array['p'])"
        " as select 1 as n, cast('x' as varchar) as p"
    )
    session.run(f"create or replace view {other}.v as select n, array[p] as ps from {other}.t")
    session.run(f"alter table `{other}`.`t` set tblproperties ('classification' = 'parquet')")
    glue = session.aws.client("glue")
    table = glue.get_table(DatabaseName=other, Name="t")["Table"]
    view = session.api.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=other, TableName="v"
    )["TableMetadata"]

    assert session.rows(f"show tables in {other}") == [["t"], ["v"]]
    assert session.rows(f"show partitions {other}.t") == [["p=x"]]
    assert session.rows(f"select * from {other}.v")[1:] == [["1", "[x]"]]
    assert table["Parameters"]["classification"] == "parquet"
    assert [(c["Name"], c["Type"]) for c in table["PartitionKeys"]] == [("p", "string")]
    assert view["Columns"] == [
        {"Name": "n", "Type": "int"},
        {"Name": "ps", "Type": "array<string>"},
    ]
    assert "is not empty" in session.failure(f"drop schema {other}")
    session.run(f"drop schema {other} cascade")
    assert "EntityNotFoundException" in session.failure(f"drop table {other}.t")
    session.run(f"drop table if exists {other}.t")


@runs_queries
def test_partitions_on_s3_are_found(session: Session) -> None:
    session.run(
        f"create table t with (partitioned_by = array['p'], external_location ="
        f" 's3://{session.bucket}/t/') as select n, s as p from {FIVE} where n in (1, 3)"
    )
    glue = session.aws.client("glue")
    for value in ("a", 'c,"d"'):
        glue.delete_partition(DatabaseName=session.database, TableName="t", PartitionValues=[value])
    assert session.rows("select count(*) from t")[1:] == [["0"]]
    session.run("MSCK REPAIR TABLE t")

    assert session.rows("select n, p from t order by n")[1:] == [["1", "a"], ["3", 'c,"d"']]


@runs_queries
def test_values_are_bound_to_question_marks(session: Session) -> None:
    found = session.rows(
        f"select n from {FIVE} where s = ? or n = ?", ExecutionParameters=["'it''s'", "2"]
    )

    assert found[1:] == [["2"]]


@runs_queries
def test_microseconds_survive_as_integers_and_not_as_timestamps(session: Session) -> None:
    moment = pl.DataFrame({"t": [1_767_323_045_678_901]}).cast(pl.Datetime("us", "UTC"))
    moment.write_parquet(f"s3://{session.bucket}/m/x.parquet")
    for kind in ("bigint", "timestamp"):
        session.aws.client("glue").create_table(
            DatabaseName=session.database, TableInput=parquet_table(session, kind)
        )

    assert session.rows("select t from as_bigint")[1:] == [["1767323045678901"]]
    assert session.rows("select t from as_timestamp")[1:] == [["2026-01-02 03:04:05.679"]]


def parquet_table(session: Session, kind: str) -> dict[str, Any]:
    hive = "org.apache.hadoop.hive.ql.io.parquet."
    return {
        "Name": f"as_{kind}",
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": [{"Name": "t", "Type": kind}],
            "Location": f"s3://{session.bucket}/m/",
            "InputFormat": f"{hive}MapredParquetInputFormat",
            "OutputFormat": f"{hive}MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{hive}serde.ParquetHiveSerDe"},
        },
    }


# What is refused


@runs_queries
@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select nope from t", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ("select * from absent", "TABLE_NOT_FOUND"),
        ("delete from t", "NOT_SUPPORTED: Modifying Hive table rows"),
        ("update t set n = 1", "NOT_SUPPORTED: Modifying Hive table rows"),
        ("optimize t rewrite data using bin_pack", "NOT_SUPPORTED: OPTIMIZE"),
        ("create table x (n int)", "CREATE TABLE without EXTERNAL or AS"),
        ("create table t as select 1 as n", "TABLE_ALREADY_EXISTS"),
        ("create table x as select now() as t", "Unsupported Hive type: timestamp(3) with time"),
        ("create view x as select now() as t", "Unsupported Hive type: timestamp(3) with time"),
        (
            "create table x as select cast(now() as timestamp(6)) as t",
            "Incorrect timestamp precision for timestamp(6)",
        ),
        (
            "create table x with (external_location = 's3://{bucket}/t/') as select 1 as n",
            "HIVE_PATH_ALREADY_EXISTS",
        ),
        (
            "unload (select 1 as n) to 's3://{bucket}/t/' with (format = 'PARQUET')",
            "HIVE_PATH_ALREADY_EXISTS",
        ),
        ("unload (select 1 as n) to 's3://{bucket}/u/' with (compression = 'GZIP')", "format"),
        ("unload (show tables) to 's3://{bucket}/u/' with (format = 'ORC')", "a SELECT only"),
        ("create table x with (colour = 'red') as select 1 as n", "INVALID_TABLE_PROPERTY"),
        (
            "create table x with (partitioned_by = array['p']) as select 1 as n, p from t101",
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
        ),
        ("describe t", "LOCAL_ATHENA_NOT_IMPLEMENTED"),
    ],
)
def test_a_query_fails_as_athenas_would(kept: Session, sql: str, reason: str) -> None:
    many = "(select p from unnest(sequence(1, 101)) as t (p))"
    before = kept.objects("t/")

    assert reason in kept.failure(sql.format(bucket=kept.bucket).replace("t101", many))
    assert kept.objects("t/") == before
    assert kept.objects("u/") == []
    assert kept.rows("show tables") == [["t"]]


@runs_queries
def test_calls_are_refused_before_there_is_a_query(session: Session) -> None:
    nowhere: dict[str, Any] = {"ResultConfiguration": {}}
    api = session.api

    assert session.refusal("select 1; select 2").startswith("Only one sql statement is allowed")
    assert session.refusal("set session a = 1") == "Queries of this type are not supported"
    assert session.refusal("select 1", **nowhere).startswith("No output location provided.")
    assert session.refusal("select 1", WorkGroup="absent") == "WorkGroup absent is not found."
    with pytest.raises(ClientError, match="QueryExecution absent was not found"):
        api.get_query_execution(QueryExecutionId="absent")
    with pytest.raises(ClientError, match="WorkGroup absent is not found"):
        api.get_work_group(WorkGroup="absent")
    failed = session.start("select nope")
    session.ended(failed)
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        api.get_query_results(QueryExecutionId=failed)


@runs_queries
def test_a_work_group_decides_where_results_go(session: Session) -> None:
    group = f"group-{session.bucket}"
    where = {"ResultConfiguration": {"OutputLocation": f"s3://{session.bucket}/enforced/"}}
    session.api.create_work_group(
        Name=group, Configuration={**where, "EnforceWorkGroupConfiguration": True}
    )
    done = session.run("select 1 as x", WorkGroup=group)
    reason = session.failure(
        f"create table x with (external_location = 's3://{session.bucket}/x/') as select 1 as n",
        WorkGroup=group,
    )

    assert session.api.get_work_group(WorkGroup=group)["WorkGroup"]["Name"] == group
    assert session.objects("enforced/") == [f"enforced/{done['QueryExecutionId']}.csv"]
    assert session.objects("results/") == []
    assert "enforcing a centralized output location" in reason


@runs_queries
def test_a_token_given_twice_starts_one_query(session: Session) -> None:
    token = {"ClientRequestToken": f"token-of-a-test-{session.bucket}-long-enough"}

    assert session.start("select 1", **token) == session.start("select 1", **token)


# What is stopped, and what fails on demand


@runs_queries
def test_a_stopped_query_ends_in_the_engine_too(session: Session) -> None:
    query = session.start(ENDLESS)
    _await(lambda: "RUNNING" in engine_states(session, ENDLESS))
    session.api.stop_query_execution(QueryExecutionId=query)
    done = session.ended(query)
    _await(lambda: engine_states(session, ENDLESS) == ["FAILED"])

    assert done["Status"]["State"] == "CANCELLED"
    assert session.objects("results/") == []
    with pytest.raises(ClientError, match="Final query state: CANCELLED"):
        session.api.get_query_results(QueryExecutionId=query)


def engine_states(session: Session, sql: str) -> list[str]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{session.aws.trino_port}/v1/query", headers={"X-Trino-User": "test"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return [query["state"] for query in json.load(answer) if query["query"] == sql]


def _await(done: Any) -> None:
    deadline = time.monotonic() + 20
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert done()


@runs_queries
def test_faults_meet_the_client_and_spare_the_engine(session: Session) -> None:
    session.run(
        f"create table t with (external_location = 's3://{session.bucket}/t/') as select 1 as n"
    )
    session.aws.faults.arm("glue", "GetTable", "AccessDeniedException", times=0)
    session.aws.faults.arm("s3", "GetObject", "AccessDenied", times=0)
    busy = ("athena", "StartQueryExecution", "TooManyRequestsException")
    session.aws.faults.arm(*busy, skip=1, times=0)

    assert session.rows("select n from t")[1:] == [["1"]]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        session.aws.client("glue").get_table(DatabaseName=session.database, Name="t")
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        session.start("select n from t")


@runs_queries
def test_a_fault_of_the_engines_own_reading_fails_the_query(session: Session) -> None:
    session.run(
        f"create table t with (external_location = 's3://{session.bucket}/t/') as select 1 as n"
    )
    session.aws.faults.arm("s3", "GetObject", "AccessDenied", times=0, engine=True)

    assert "Failed to open S3 file" in session.failure("select n from t")
