"""Tables of Redshift, unloaded to S3: against a stand-in for its Data API that runs the SQL."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from policy_sentry.querying.actions import get_action_data

from kgimport.aws import Session
from kgimport.errors import AwsRefusedError, SourceError, UsageError
from kgimport.graph import ColumnRule, NodeTable
from kgimport.locations import Query, Relation
from kgimport.sources import redshift as source
from kgimport.sources.contract import Wanted
from kgimport.sources.redshift import SOURCE
from tests.located import found, node, read, refused
from tests.redshift_server import _ACTIONS

if TYPE_CHECKING:
    from kgimport.progress import Progress
    from tests.redshift_server import Redshift

PROFILE = {
    "host": "warehouse.abc123xyz.eu-west-1.redshift.amazonaws.com",
    "user": "reader",
    "password": "canary-77",
    "dbname": "memory",
}


def connection(**settings: str) -> Any:
    return SOURCE.connect({**PROFILE, **settings}, Path())


def table(name: str = "t") -> NodeTable:
    return node(Relation(("memory", "main", name), connection()))


def wanted_in(folder: Path, progress: Progress) -> Wanted:
    return Wanted("t", Relation(("memory", "main", "t"), connection()), folder / "t", progress)


def of(redshift: Redshift, query: str, **columns: ColumnRule) -> NodeTable:
    redshift.run(f"CREATE TABLE t AS {query}")
    return replace(table(), columns=columns)


def left_in_s3(redshift: Redshift) -> list[str]:
    bucket = os.environ["KGIMPORT_REDSHIFT_RESULTS"].split("/")[2]
    listed = redshift.aws.client("s3").list_objects_v2(Bucket=bucket)
    return [each["Key"] for each in listed.get("Contents", ())]


# Values -------------------------------------------------------------------------------------------

NOON = datetime(2020, 1, 2, 12, 0, 0, 123_456)  # noqa: DTZ001
EXACT: list[tuple[str, Any, Any]] = [
    ("'-32768'::SMALLINT", pl.Int16, -(2**15)),
    ("2147483647::INTEGER", pl.Int32, 2**31 - 1),
    ("9223372036854775807::BIGINT", pl.Int64, 2**63 - 1),
    ("0.1::FLOAT", pl.Float32, 0.10000000149011612),
    ("'-inf'::DOUBLE", pl.Float64, float("-inf")),
    ("1234567.89::DECIMAL(9,2)", pl.Decimal(9, 2), Decimal("1234567.89")),
    ("12::DECIMAL(38,0)", pl.Decimal(38, 0), Decimal(12)),
    ("true", pl.Boolean, True),
    ("'é\n,\"\\ ''x'", pl.String, "é\n,\"\\ 'x"),
    ("DATE '0001-01-01'", pl.Date, date(1, 1, 1)),
    ("TIME '23:59:59.999999'", pl.Time, time(23, 59, 59, 999_999)),
    ("TIMESTAMP '2020-01-02 12:00:00.123456'", pl.Datetime("us"), NOON),
    ("TIMESTAMP '1901-01-01 00:00:00.000001'", pl.Datetime("us"), datetime(1901, 1, 1, 0, 0, 0, 1)),  # noqa: DTZ001
    (
        "TIMESTAMPTZ '2020-01-02 12:00:00.123456+02'",
        pl.Datetime("us", "UTC"),
        NOON.replace(hour=10, tzinfo=UTC),
    ),
    ("'{\"a\": [1]}'::JSON", pl.String, '{"a": [1]}'),
    ("'\\x00\\xFF'::BLOB", pl.Binary, b"\x00\xff"),
]


def test_every_type_that_can_arrive_exactly_does(redshift: Redshift, tmp_path: Path) -> None:
    """Each column has a value and a null, in a file each."""
    values = ", ".join(f"{sql} AS c{at}" for at, (sql, _, _) in enumerate(EXACT))
    wanted = of(redshift, f"SELECT 1 AS id, {values}")
    redshift.run("INSERT INTO t (id) VALUES (2)")

    (rows,) = read(tmp_path, wanted)

    for at, (sql, dtype, value) in enumerate(EXACT):
        column = rows[f"c{at}"]
        assert column.dtype == dtype, sql
        assert column.to_list() == [value, None], sql
    assert not left_in_s3(redshift)


@pytest.mark.parametrize("writes_empty", [False, True])
def test_a_table_without_rows_keeps_its_columns(
    redshift: Redshift, tmp_path: Path, writes_empty: bool
) -> None:
    """UNLOAD may write a file without rows, or none."""
    redshift.writes_empty = writes_empty
    values = ", ".join(f"{sql} AS c{at}" for at, (sql, _, _) in enumerate(EXACT))

    (rows,) = read(tmp_path, of(redshift, f"SELECT {values} WHERE false"))

    assert rows.dtypes == [dtype for _, dtype, _ in EXACT]
    assert rows.height == 0


@pytest.mark.parametrize(
    ("sql", "check", "sample"),
    [
        ("TIME '24:00:00'", "time-out-of-range", "24:00:00"),
        ("TIMETZ '12:00:00+05'", "time-with-zone", "12:00:00+05"),
        ("INTERVAL '1 day'", "interval", "1 day"),
        ("'0101'::BIT", "no-such-type", "hllsketch"),
    ],
)
def test_values_that_would_arrive_as_others_are_refused_with_their_rows(
    redshift: Redshift, tmp_path: Path, sql: str, check: str, sample: str
) -> None:
    query = f"SELECT 'k' || i AS id, CASE WHEN i >= 13 THEN {sql} END AS \"c d\""
    wanted = of(redshift, f"{query} FROM range(20) r(i)")

    ((name, column, count, seen),) = found(tmp_path / "a", wanted)
    skipped = replace(wanted, columns={"c d": ColumnRule(skip=True)})
    (rows,) = read(tmp_path / "b", skipped)

    assert (name, column, count, seen) == (check, "c d", 7, {"id": "k13", "c d": sample})
    assert rows["c d"].to_list()[12:14] == [None, sample]
    assert not left_in_s3(redshift)


def test_a_query_is_unloaded_as_it_is_written(redshift: Redshift, tmp_path: Path) -> None:
    sql = "SELECT 1 AS id, 'it''s' AS a, 'x' AS \"it's\" -- a comment"

    (rows,) = read(tmp_path, node(Query(sql, connection())))

    assert rows.row(0, named=True) == {"id": 1, "a": "it's", "it's": "x"}


# One statement ------------------------------------------------------------------------------------


def test_rows_and_their_number_come_from_one_transaction(
    redshift: Redshift, tmp_path: Path
) -> None:
    read(tmp_path, of(redshift, "SELECT i AS id FROM range(3) r(i)"))

    described, unloaded = (
        body for action, body in redshift.calls if action.endswith("uteStatement")
    )
    assert described["Sql"].endswith("LIMIT 0")
    assert [each.split(" ")[0] for each in unloaded["Sqls"]] == ["UNLOAD", "SELECT"]
    assert unloaded["ClusterIdentifier"] == "warehouse"
    assert (unloaded["DbUser"], unloaded["Database"]) == ("reader", "memory")
    assert "canary" not in repr(redshift.calls)


def test_rows_that_are_lost_on_the_way_are_noticed(redshift: Redshift, tmp_path: Path) -> None:
    redshift.loses = 1

    error = refused(tmp_path, of(redshift, "SELECT i AS id FROM range(10) r(i)"))

    assert error.message == "t: 10 rows were counted, 8 arrived"


def test_role_and_iam_role_are_named_in_the_statements(
    redshift: Redshift, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGIMPORT_REDSHIFT_ROLE", "arn:aws:iam::123456789012:role/unload")
    sql = "SELECT 1 AS id"

    read(tmp_path, node(Query(sql, connection(role='a"b'))))

    (*_, last) = (body for action, body in redshift.calls if action == "BatchExecuteStatement")
    assert last["Sqls"][0] == 'SET ROLE "a""b"'
    assert "IAM_ROLE 'arn:aws:iam::123456789012:role/unload' FORMAT" in last["Sqls"][1]


# Where it runs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "target", "session"),
    [
        (
            PROFILE,
            {"ClusterIdentifier": "warehouse", "Database": "memory", "DbUser": "reader"},
            Session(None, "eu-west-1"),
        ),
        (
            {"host": "x.example.com", "cluster_id": "c", "method": "iam_role", "user": "u"},
            {"ClusterIdentifier": "c", "Database": "dev"},
            Session(),
        ),
        (
            {
                "host": "wg.123456789012.us-east-1.redshift-serverless.amazonaws.com",
                "user": "u",
                "database": "d",
                "iam_profile": "p",
                "region": "us-west-2",
            },
            {"WorkgroupName": "wg", "Database": "d"},
            Session("p", "us-west-2"),
        ),
    ],
)
def test_a_profile_of_dbt_says_where_statements_run(
    settings: dict[str, str], target: dict[str, str], session: Session
) -> None:
    made = SOURCE.connect(settings, Path())

    assert source._target(made) == target
    assert made.session == session


def test_without_a_profile_the_environment_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="nothing says which Redshift"):
        source._target(SOURCE.connect({}, Path()))
    for name, value in {"WORKGROUP": "w", "DATABASE": "d", "SECRET": "arn", "USER": "u"}.items():
        monkeypatch.setenv(f"KGIMPORT_REDSHIFT_{name}", value)

    target = source._target(SOURCE.connect({}, Path()))

    assert target == {"WorkgroupName": "w", "Database": "d", "SecretArn": "arn"}


def test_without_a_place_to_unload_to_the_variable_is_named(
    redshift: Redshift, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KGIMPORT_REDSHIFT_RESULTS")

    error = refused(tmp_path, table())

    assert isinstance(error, UsageError)
    assert "KGIMPORT_REDSHIFT_RESULTS=s3://BUCKET/PREFIX" in error.hint


# Failures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "why"),
    [("SELECT * FROM gone", "gone does not exist"), ("SELECT 1 / 'a' AS id", "Could not convert")],
)
def test_a_query_that_fails_is_refused_in_redshift_s_words(
    redshift: Redshift, tmp_path: Path, sql: str, why: str
) -> None:
    error = refused(tmp_path, node(Query(sql, connection())))

    assert isinstance(error, SourceError)
    assert why in error.message
    assert "0000-4000-8000" in error.message
    assert not left_in_s3(redshift)


def test_a_statement_that_somebody_stopped_is_reported(redshift: Redshift, tmp_path: Path) -> None:
    redshift.aborts = True

    assert "was stopped" in refused(tmp_path, table()).message


@pytest.mark.parametrize(
    ("action", "code", "kind"),
    [
        ("ExecuteStatement", "AccessDeniedException", AwsRefusedError),
        ("DescribeStatement", "ExpiredTokenException", AwsRefusedError),
        ("ExecuteStatement", "ActiveStatementsExceededException", SourceError),
        ("DescribeStatement", "ResourceNotFoundException", SourceError),
    ],
)
def test_what_aws_refuses_is_told_apart(
    redshift: Redshift, tmp_path: Path, action: str, code: str, kind: type[Exception]
) -> None:
    wanted = of(redshift, "SELECT 1 AS id")
    redshift.faults.append((action, code))

    error = refused(tmp_path, wanted)

    assert type(error) is kind
    assert code in error.message


def test_a_call_that_is_throttled_is_made_again(redshift: Redshift, tmp_path: Path) -> None:
    wanted = of(redshift, "SELECT 1 AS id")
    redshift.faults += [("DescribeStatement", "ThrottlingException")] * 2

    assert read(tmp_path, wanted)[0].height == 1


def test_a_statement_that_is_no_longer_awaited_is_stopped(
    redshift: Redshift, tmp_path: Path
) -> None:
    redshift.waits = 1000
    stages: list[str] = []

    def interrupt(stage: str, _: float | None) -> None:
        stages.append(stage)
        if "started" in stage:
            raise KeyboardInterrupt

    wanted = wanted_in(tmp_path, interrupt)
    with SOURCE.open(connection()) as opened, pytest.raises(KeyboardInterrupt):
        SOURCE.locate(opened, wanted)

    assert stages == ["describe t (started)"]
    assert [each.status for each in redshift.statements.values()] == ["ABORTED"]
    assert not left_in_s3(redshift)


def test_waiting_is_reported_once_for_each_state(redshift: Redshift, tmp_path: Path) -> None:
    redshift.waits = 3
    redshift.run("CREATE TABLE t AS SELECT 1 AS id")
    stages: list[str] = []

    with SOURCE.open(connection()) as opened:
        SOURCE.locate(opened, wanted_in(tmp_path, lambda stage, _: stages.append(stage)))

    assert stages == ["describe t (started)", "query t (started)"]


# Permissions --------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[1] / "docs/warehouses.md"


def statements() -> list[dict[str, Any]]:
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [each for block in blocks for each in json.loads(block)["Statement"]]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("statement", statements(), ids=lambda each: each["Sid"])
def test_each_documented_permission_is_iam_s_and_on_the_kind_of_resource_that_it_takes(
    statement: dict[str, Any],
) -> None:
    """Nothing is allowed on everything, unless IAM takes no resource, and a condition limits it."""
    conditions = {key for each in statement.get("Condition", {}).values() for key in each}
    for action in listed(statement["Action"]):
        service, _, name = action.partition(":")
        known = get_action_data(service, name)[service]  # an unknown action has none
        keys = {key for each in known for key in each["condition_keys"]}
        forms = {each["resource_arn_format"] for each in known} - {"*"}
        assert conditions <= keys, action
        if forms:
            patterns = [re.sub(r"\\\$\\\{\w+\\\}", "[^:]*", re.escape(form)) for form in forms]
            for arn in listed(statement["Resource"]):
                assert any(re.fullmatch(each, arn) for each in patterns), (action, arn)
        else:
            assert statement["Resource"] == "*"
            assert conditions, action


def test_the_documented_permissions_are_for_the_calls_that_are_made() -> None:
    actions = {action for each in statements() for action in listed(each["Action"])}

    assert {each.removeprefix("redshift-data:") for each in actions if "-data" in each} == {
        *_ACTIONS
    }
