"""Tables of Snowflake, by its real driver, from a server that is not Snowflake's own."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from adbc_driver_manager.dbapi import Cursor
from adbc_driver_snowflake import AuthType, DatabaseOptions, StatementOptions

from kgimport.commands.export import export
from kgimport.commands.load_graph import load_graph
from kgimport.errors import RuntimeMissingError, SourceError, UsageError
from kgimport.graph import ColumnRule, NodeTable
from kgimport.locations import Query, Relation
from kgimport.sources import snowflake, snowflake_types
from kgimport.sources.snowflake import SOURCE, connection_options
from tests.located import node, read, refused
from tests.snowflake_server import PASSWORD, Database


def connection(database: Database, **settings: str) -> Any:
    return SOURCE.connect({**database.profile, **settings}, Path())


def table(database: Database, name: str = "t") -> NodeTable:
    return node(Relation((database.name, "PUBLIC", name), connection(database)))


def of(database: Database, query: str, **columns: ColumnRule) -> NodeTable:
    database.run(f"CREATE TABLE t AS {query}")
    return replace(table(database), columns=columns)


def asked(database: Database, sql: str) -> NodeTable:
    return node(Query(sql, connection(database)))


# Values -------------------------------------------------------------------------------------------

NOON = datetime(2020, 1, 2, 12, 0, 0, 123_456)  # noqa: DTZ001
EXACT: list[tuple[str, Any, Any]] = [
    ("12::NUMBER(10,0)", pl.Decimal(10, 0), Decimal(12)),
    ("-12::NUMBER(38,0)", pl.Decimal(38, 0), Decimal(-12)),
    ("1234567.89::NUMBER(9,2)", pl.Decimal(9, 2), Decimal("1234567.89")),
    ("'-inf'::FLOAT", pl.Float64, float("-inf")),
    ("'é\n,\"'::VARCHAR", pl.String, 'é\n,"'),
    ("TO_BINARY('00ff', 'HEX')", pl.Binary, b"\x00\xff"),
    ("true", pl.Boolean, True),
    ("'0001-01-01'::DATE", pl.Date, date(1, 1, 1)),
    ("'23:59:59.999999'::TIME", pl.Time, time(23, 59, 59, 999_999)),
    ("'2020-01-02 12:00:00.123456'::TIMESTAMP_NTZ", pl.Datetime("us"), NOON),
    ("'2020-01-02 12:00:00'::TIMESTAMP_NTZ(0)", pl.Datetime("us"), NOON.replace(microsecond=0)),
    ("'9999-12-31 23:00:00'::TIMESTAMP_NTZ", pl.Datetime("us"), datetime(9999, 12, 31, 23)),  # noqa: DTZ001
    (
        "'2020-01-02 12:00:00.123456 +0200'::TIMESTAMP_TZ",
        pl.Datetime("us", "UTC"),
        NOON.replace(hour=10, tzinfo=UTC),
    ),
    (
        "'0001-01-02 00:00:00 +0000'::TIMESTAMP_TZ",
        pl.Datetime("us", "UTC"),
        datetime(1, 1, 2, tzinfo=UTC),
    ),
    ("PARSE_JSON('{\"a\": [1, null]}')", pl.String, '{"a":[1,null]}'),
    ("PARSE_JSON('{\"k\": 1}')::OBJECT", pl.String, '{"k":1}'),
    ("PARSE_JSON('[1, \"x\"]')::ARRAY", pl.String, '[1,"x"]'),
]


def test_every_type_that_can_arrive_exactly_does(
    snowflake_database: Database, tmp_path: Path
) -> None:
    """Each column has a value and a null."""
    values = ", ".join(f"{sql} AS c{at}" for at, (sql, _, _) in enumerate(EXACT))
    wanted = of(snowflake_database, f"SELECT 1 AS id, {values}")
    snowflake_database.run("INSERT INTO t (id) VALUES (2)")

    (rows,) = read(tmp_path, wanted)

    for at, (sql, dtype, value) in enumerate(EXACT):
        column = rows[f"c{at}"]
        assert column.dtype == dtype, sql
        assert column.to_list() == [value, None], sql


def test_a_table_without_rows_has_the_columns_that_it_would_have(
    snowflake_database: Database, tmp_path: Path
) -> None:
    values = ", ".join(f"{sql} AS c{at}" for at, (sql, _, _) in enumerate(EXACT))

    (rows,) = read(tmp_path, of(snowflake_database, f"SELECT {values} WHERE false"))

    assert rows.dtypes == [dtype for _, dtype, _ in EXACT]
    assert rows.height == 0


def test_names_without_quotes_arrive_in_lower_case_and_quoted_ones_as_they_are(
    snowflake_database: Database, tmp_path: Path
) -> None:
    query = 'SELECT 1 AS id, 2 AS "Mixed", 3 AS "a b", 4 AS _x1, 5 AS "q""uote"'

    (rows,) = read(tmp_path, of(snowflake_database, query))

    assert rows.columns == ["id", "Mixed", "a b", "_x1", 'q"uote']


@pytest.mark.parametrize(
    ("written", "stored"),
    [("orders", "ORDERS"), ("Order_1$", "ORDER_1$"), ("my table", "my table"), ('"a""b"', 'a"b')],
)
def test_a_relation_is_named_as_in_sql(written: str, stored: str) -> None:
    assert snowflake._stored(written) == stored


def test_a_relation_with_quoted_names_is_found(
    snowflake_database: Database, tmp_path: Path
) -> None:
    """By quotes in the location of a graph.yml, or by the name that dbt writes in SQL."""
    snowflake_database.run('CREATE TABLE "low" AS SELECT 7 AS id')
    names = (snowflake_database.name, "public", "low")
    of_dbt = Relation(names, connection(snowflake_database), f'{names[0]}.public."low"')

    (rows,) = read(tmp_path / "a", table(snowflake_database, '"low"'))
    (others,) = read(tmp_path / "b", node(of_dbt))

    assert rows["id"].to_list() == others["id"].to_list() == [7]


def test_rows_of_a_large_table_are_all_there(snowflake_database: Database, tmp_path: Path) -> None:
    query = "SELECT id, 'x' || id AS t FROM (SELECT UNNEST(RANGE(100000)) AS id)"

    (rows,) = read(tmp_path, of(snowflake_database, query))

    assert rows["id"].sum() == 99_999 * 50_000
    assert rows["t"].n_unique() == 100_000


# Doubts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "sql", "offends"),
    [
        ("timestamp_ntz", 'q."C"::TIMESTAMP_NTZ(6)', 'q."C" <> q."C"::TIMESTAMP_NTZ(6)'),
        ("time", 'q."C"::TIME(6)', 'q."C" <> q."C"::TIME(6)'),
        (
            "timestamp_ltz",
            "CONVERT_TIMEZONE('UTC', q.\"C\")::TIMESTAMP_NTZ(6)",
            "CONVERT_TIMEZONE('UTC', q.\"C\")::TIMESTAMP_NTZ(9) <> ",
        ),
        ("vector", "CAST(NULL AS VARCHAR)", 'q."C" IS NOT NULL'),
    ],
)
def test_values_that_the_driver_would_change_are_flagged(kind: str, sql: str, offends: str) -> None:
    """The server of the tests has neither nanoseconds nor vectors."""
    described = pa.field("C", pa.timestamp("ns"), metadata={"SNOWFLAKE_TYPE": kind})

    used = snowflake_types.column(described, lambda _: True)
    unused = snowflake_types.column(described, lambda _: False)

    assert used.sql == sql
    assert [flag.sql.startswith(f"CASE WHEN {offends}") for flag in used.flags] == [True]
    assert not unused.flags
    assert unused.type == pa.string()


def test_a_flag_that_is_raised_refuses_the_table_and_shows_its_rows(
    snowflake_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = replace(snowflake_types._WAYS["time"], offends="{0} > '12:00:00'::TIME")
    monkeypatch.setitem(snowflake_types._WAYS, "time", way)
    hours = "TIMEADD('minute', id, '11:58:00'::TIME)"
    query = f"SELECT 'k' || id AS id, {hours} AS t FROM (SELECT UNNEST(RANGE(20)) AS id)"

    error = refused(tmp_path / "a", of(snowflake_database, query))
    skipped = replace(table(snowflake_database), columns={"t": ColumnRule(skip=True)})
    (rows,) = read(tmp_path / "b", skipped)

    (finding,) = error.findings
    assert (finding.check, finding.columns, finding.count) == (
        "finer-than-microseconds",
        ("t",),
        17,
    )
    assert len(finding.samples) == 5
    assert finding.samples[0] == {"id": "k3", "t": "12:01:00"}
    assert rows["t"].dtype == pl.String


# Logging in ---------------------------------------------------------------------------------------

BASE = {"account": "my_org-acc", "user": "u"}
PEM = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
LOGINS: list[tuple[dict[str, str], AuthType, dict[DatabaseOptions, str]]] = [
    ({"password": "p"}, AuthType.SNOWFLAKE, {}),
    ({"private_key": PEM}, AuthType.JWT, {DatabaseOptions.JWT_PRIVATE_KEY_VALUE: PEM}),
    (
        {"private_key": "MIIB", "private_key_passphrase": "w"},
        AuthType.JWT,
        {
            DatabaseOptions.JWT_PRIVATE_KEY_VALUE: PEM.replace("PRIVATE", "ENCRYPTED PRIVATE"),
            DatabaseOptions.JWT_PRIVATE_KEY_PASSWORD: "w",
        },
    ),
    ({"authenticator": "externalbrowser"}, AuthType.EXTERNAL_BROWSER, {}),
    ({"authenticator": "username_password_mfa", "password": "p"}, AuthType.MFA, {}),
    ({"authenticator": "oauth", "token": "t"}, AuthType.OAUTH, {DatabaseOptions.AUTH_TOKEN: "t"}),
    ({"authenticator": "jwt", "token": "t"}, AuthType.OAUTH, {DatabaseOptions.AUTH_TOKEN: "t"}),
    (
        {"authenticator": "programmatic_access_token", "token": "t"},
        AuthType.PAT,
        {DatabaseOptions.AUTH_TOKEN: "t"},
    ),
    (
        {"authenticator": "workload_identity", "workload_identity_provider": "aws"},
        AuthType.WIF,
        {DatabaseOptions.CLIENT_IDENTITY_PROVIDER: "AWS"},
    ),
    (
        {"authenticator": "https://me.okta.com", "password": "p"},
        AuthType.OKTA,
        {DatabaseOptions.AUTH_OKTA_URL: "https://me.okta.com"},
    ),
]


@pytest.mark.parametrize(("settings", "kind", "options"), LOGINS)
def test_each_way_to_log_in_of_dbt_is_the_driver_s(
    settings: dict[str, str], kind: AuthType, options: dict[DatabaseOptions, str]
) -> None:
    found = connection_options({**BASE, **settings})

    assert found[DatabaseOptions.AUTH_TYPE.value] == kind.value
    assert found[DatabaseOptions.ACCOUNT.value] == "my-org-acc"
    assert {each: found[each.value] for each in options} == options
    assert found.get("password") == settings.get("password")


def test_the_driver_knows_every_option() -> None:
    settings = {**dict.fromkeys(snowflake._OPTIONS, "x"), "password": "p"}
    known = {each.value for each in DatabaseOptions} | {"username", "password"}
    new = "adbc.snowflake.sql.client_option.max_timestamp_precision"  # since 1.8, not in the list

    assert set(connection_options(settings)) - known == {new}
    assert set(snowflake._STATEMENT) <= {each.value for each in StatementOptions}


def test_a_key_is_read_from_the_file_that_the_profile_names(tmp_path: Path) -> None:
    (tmp_path / "rsa.p8").write_text(PEM)
    settings = dict(SOURCE.connect({**BASE, "private_key_path": "rsa.p8"}, tmp_path).settings)

    assert PEM in connection_options(settings).values()
    with pytest.raises(UsageError, match=r"gone\.p8, which dbt's profile names, cannot be read"):
        connection_options({**BASE, "private_key_path": str(tmp_path / "gone.p8")})


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"user": "u"}, "nothing says which Snowflake account"),
        ({**BASE, "authenticator": "magic"}, "with authenticator: magic"),
        ({**BASE, "authenticator": "oauth", "token": "s3cret", "oauth_client_id": "i"}, "refresh"),
        ({**BASE, "password": "{{ env_var('s3cret') }}"}, "template for password that was not"),
    ],
)
def test_a_profile_that_leads_nowhere_is_refused(settings: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        connection_options(settings)

    assert caught.value.hint
    assert "s3cret" not in str(caught.value)


def test_without_a_profile_the_environment_is_asked(
    snowflake_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in snowflake_database.environment.items():
        monkeypatch.setenv(name, value)
    snowflake_database.run("CREATE TABLE t AS SELECT 7 AS id")
    (tmp_path / "graph.yml").write_text(
        "graph: g\ntables:\n"
        f"  t: {{location: snowflake://{snowflake_database.name}/public/t, "
        "node: {labels: [T], key: [id]}}\n"
    )

    (rows,) = read(tmp_path / "b", *load_graph(tmp_path / "graph.yml").tables)  # type: ignore[arg-type]

    assert rows["id"].to_list() == [7]


def test_a_graph_whose_keys_are_numbers_of_different_digits(
    snowflake_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in snowflake_database.environment.items():
        monkeypatch.setenv(name, value)
    snowflake_database.run(
        "CREATE TABLE person AS SELECT column1::NUMBER(38,0) AS id FROM VALUES (1), (2)",
        "CREATE TABLE knows AS SELECT 1::NUMBER(5,0) AS a, 2::NUMBER(10,0) AS b",
    )
    name = snowflake_database.name
    (tmp_path / "graph.yml").write_text(
        "graph: g\ntables:\n"
        f"  person: {{location: snowflake://{name}/public/person, "
        "node: {labels: [P], key: [id]}}\n"
        f"  knows:\n    location: 'snowflake://select:SELECT * FROM {name}.public.knows'\n"
        "    relationship: {type: KNOWS, start: {node: person, key: [a]}, "
        "end: {node: person, key: [b]}}\n"
    )

    record = export(load_graph(tmp_path / "graph.yml"), tmp_path / "build")

    assert [(each.name, each.written) for each in record.tables] == [("person", 2), ("knows", 1)]
    kept = [path.read_bytes() for path in (tmp_path / "build").rglob("*") if path.is_file()]
    assert not any(PASSWORD.encode() in each for each in kept)


# Failures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "why"),
    [("SELECT * FROM gone", "GONE"), ("SELEC 1", "SELEC")],
)
def test_a_query_that_fails_is_refused_in_the_server_s_words(
    snowflake_database: Database, tmp_path: Path, sql: str, why: str
) -> None:
    error = refused(tmp_path, asked(snowflake_database, sql))

    assert isinstance(error, SourceError)
    assert error.message.startswith("Snowflake does not return the rows of t: ")
    assert why in error.message


def test_a_password_that_the_server_sends_back_is_not_shown(echoing: int, tmp_path: Path) -> None:
    there = connection(Database(echoing, "DB"))

    error = refused(tmp_path, node(Query("SELECT 1 AS id", there)))

    assert error.message.startswith("Snowflake does not let kgimport in")
    assert "no: " in error.message
    assert not any(PASSWORD in text for text in (str(error), repr(error), repr(there)))
    assert error.__suppress_context__


def test_rows_that_a_driver_loses_are_noticed(
    snowflake_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cursor, "rowcount", property(lambda cursor: cursor._rowcount + 1))

    error = refused(tmp_path, asked(snowflake_database, "SELECT 1 AS id"))

    assert error.message == "t: 2 rows were announced, 1 arrived"


def test_without_the_driver_the_extra_is_named(
    snowflake_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_snowflake.dbapi", None)

    error = refused(tmp_path, asked(snowflake_database, "SELECT 1 AS id"))

    assert isinstance(error, RuntimeMissingError)
    assert "kgimport[snowflake]" in error.hint
