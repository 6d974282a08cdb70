"""Tables of a real Postgres: each type arrives exactly, or its values are refused and counted."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from kgimport.commands.export import export
from kgimport.commands.load_graph import load_graph
from kgimport.errors import RuntimeMissingError, SourceError, UsageError
from kgimport.graph import ColumnRule, NodeTable
from kgimport.locations import Query, Relation
from kgimport.progress import silent
from kgimport.sources.contract import Wanted
from kgimport.sources.postgres import SOURCE
from tests.located import found, manifest, node, read, refused
from tests.postgres_server import PASSWORD, USER, Database


def connection(database: Database, **settings: str) -> Any:
    return SOURCE.connect({**database.profile, **settings}, Path())


def table(database: Database, name: str = "t") -> NodeTable:
    names = (database.name, "public", name)
    return node(Relation(names, connection(database)), name)


def of(database: Database, query: str, **columns: ColumnRule) -> NodeTable:
    """A table that holds the rows of a query."""
    database.run(f"CREATE TABLE t AS {query}")
    return replace(table(database), columns=columns)


def asked(database: Database, sql: str, **settings: str) -> NodeTable:
    return node(Query(sql, connection(database, **settings)))


# Values -------------------------------------------------------------------------------------------

NOON = datetime(2020, 1, 2, 12, 0, 0, 123_456)  # noqa: DTZ001
LONG = "1234567890123456789012345678.0123456789"
TYPES = (
    "CREATE DOMAIN price AS numeric(5,2) CHECK (value > 0)",
    "CREATE DOMAIN deep AS price",
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE TYPE pair AS (a int, b text)",
)
EXACT: list[tuple[str, Any, Any]] = [
    ("'-32768'::int2", pl.Int16, -(2**15)),
    ("2147483647::int4", pl.Int32, 2**31 - 1),
    ("'-9223372036854775808'::int8", pl.Int64, -(2**63)),
    ("4294967295::oid", pl.Int64, 2**32 - 1),
    ("0.1::float4", pl.Float32, 0.10000000149011612),
    ("'-Infinity'::float8", pl.Float64, float("-inf")),
    ("true", pl.Boolean, True),
    ("12345.6789::numeric(38,9)", pl.Decimal(38, 9), Decimal("12345.6789")),
    ("1234567.89::numeric(9,2)", pl.Decimal(9, 2), Decimal("1234567.89")),
    ("12345::numeric(3,-2)", pl.Decimal(5, 0), Decimal(12300)),
    ("0.00123::numeric(3,5)", pl.Decimal(5, 5), Decimal("0.00123")),
    (f"{LONG}::numeric", pl.Decimal(38, 10), Decimal(LONG)),
    (f"{10**38 - 1}::numeric", pl.Decimal(38, 0), Decimal(10**38 - 1)),
    ("12.50::numeric(50,10)", pl.Decimal(38, 1), Decimal("12.5")),
    ("1.50::price", pl.Decimal(5, 2), Decimal("1.5")),
    ("2.50::deep", pl.Decimal(5, 2), Decimal("2.5")),
    ("'-12.34'::money", pl.Decimal(38, 2), Decimal("-12.34")),
    ("'é\n,\"'::text", pl.String, 'é\n,"'),
    ("''::varchar(3)", pl.String, ""),
    ("'ab'::char(4)", pl.String, "ab  "),
    ("'n'::name", pl.String, "n"),
    ("'sad'::mood", pl.String, "sad"),
    ("'\\x00ff'::bytea", pl.Binary, b"\x00\xff"),
    ("date '0001-01-01'", pl.Date, date(1, 1, 1)),
    ("time '23:59:59.999999'", pl.Time, time(23, 59, 59, 999_999)),
    ("timestamp '2020-01-02 12:00:00.123456'", pl.Datetime("us"), NOON),
    (
        "timestamptz '2020-01-02 12:00:00.123456+02'",
        pl.Datetime("us", "UTC"),
        NOON.replace(hour=10, tzinfo=UTC),
    ),
    (
        "'00000000-0000-0000-0000-00000000000A'::uuid",
        pl.String,
        f"{'0' * 8}{'-0000' * 3}-{10:012x}",
    ),
    ("'{\"b\":  1}'::json", pl.String, '{"b":  1}'),
    ("'{\"b\":  1}'::jsonb", pl.String, '{"b": 1}'),
    ("'10.1.2.3/8'::inet", pl.String, "10.1.2.3/8"),
    ("int4range(1, 3)", pl.String, "[1,3)"),
    ("tstzrange('2020-01-01 00:00+02', NULL)", pl.String, '["2019-12-31 22:00:00+00",)'),
    ("B'0101'", pl.String, "0101"),
    ("point(0.1, 2)", pl.String, "(0.1,2)"),
    ("'a b'::tsvector", pl.String, "'a' 'b'"),
    ("ARRAY[1, NULL]", pl.List(pl.Int32), [1, None]),
    ("'{}'::int8[]", pl.List(pl.Int64), []),
    ("ARRAY[1.5, 2.25]", pl.List(pl.Decimal(38, 2)), [Decimal("1.5"), Decimal("2.25")]),
    ("ARRAY['1.50'::money]", pl.List(pl.Decimal(38, 1)), [Decimal("1.5")]),
    ("ARRAY['sad']::mood[]", pl.List(pl.String), ["sad"]),
    ("ARRAY['{\"a\": 1}'::jsonb]", pl.List(pl.String), ['{"a": 1}']),
    ("ARRAY[date '2020-01-01']", pl.List(pl.Date), [date(2020, 1, 1)]),
]


def test_every_type_that_can_arrive_exactly_does(
    postgres_database: Database, tmp_path: Path
) -> None:
    """Each column has a value and a null."""
    postgres_database.run(*TYPES)
    values = ", ".join(f"{sql} AS c{at}" for at, (sql, _, _) in enumerate(EXACT))
    postgres_database.run(f"CREATE TABLE t AS SELECT 1 AS id, {values}")
    postgres_database.run("INSERT INTO t (id) VALUES (2)")

    (rows,) = read(tmp_path, table(postgres_database))

    for at, (sql, dtype, value) in enumerate(EXACT):
        column = rows[f"c{at}"]
        assert column.dtype == dtype, sql
        assert column.to_list() == [value, None], sql


def test_text_is_not_what_the_server_s_settings_make_of_it(
    postgres_database: Database, tmp_path: Path
) -> None:
    settings = ("TimeZone", "'Asia/Tokyo'"), ("DateStyle", "German"), ("extra_float_digits", "-9")
    for name, value in (*settings, ("bytea_output", "escape")):
        postgres_database.run(f"ALTER DATABASE {postgres_database.name} SET {name} = {value}")
    days = "daterange('2020-01-02', NULL) AS d, tstzrange('2020-01-01 00:00+00', NULL) AS z"
    query = f"SELECT 1 AS id, {days}, point(0.123456789012, 1e-15) AS p"

    (rows,) = read(tmp_path, of(postgres_database, query))

    assert rows.row(0)[1:] == (
        "[2020-01-02,)",
        '["2020-01-01 00:00:00+00",)',
        "(0.123456789012,1e-15)",
    )


def test_text_of_a_database_in_another_encoding_is_what_it_was(
    postgres_database: Database, tmp_path: Path
) -> None:
    name = f"{postgres_database.name}_latin1"
    postgres_database.run(
        f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0 STRATEGY file_copy"
    )
    other = replace(postgres_database, name=name)

    (rows,) = read(tmp_path, of(other, "SELECT 1 AS id, chr(233) AS t"))

    assert rows["t"].to_list() == ["é"]


BEYOND = 10**38
REFUSED = [
    ("'infinity'::date", "infinite-moment", "infinity"),
    ("'-infinity'::timestamp", "infinite-moment", "-infinity"),
    ("'infinity'::timestamptz", "infinite-moment", "infinity"),
    ("timestamp '294250-01-01'", "late-moment", "294250-01-01 00:00:00"),
    ("time '24:00'", "time-out-of-range", "24:00:00"),
    ("timetz '12:00+05'", "time-with-zone", "12:00:00+05"),
    ("interval '1 month'", "interval", "1 mon"),
    ("row(1, 'x')::pair", "no-such-type", "(1,x)"),
    ("'NaN'::numeric", "not-a-number", "NaN"),
    ("'NaN'::numeric(9,2)", "not-a-number", "NaN"),
    ("'-Infinity'::numeric", "not-a-number", "-Infinity"),
    (f"{BEYOND}::numeric", "too-many-digits", str(BEYOND)),
    (f"(1 / {BEYOND}.0 / 3)::numeric(60,45)", "too-many-digits", f"0.{'0' * 38}3333333"),
    ("ARRAY[[1, 2], [3, 4]]", "dimensions", "{{1,2},{3,4}}"),
    ("'[0:1]={1,2}'::int4[]", "dimensions", "[0:1]={1,2}"),
    ("ARRAY[NULL, 'infinity'::date]", "infinite-moment", "{NULL,infinity}"),
    ("ARRAY['NaN'::numeric]", "not-a-number", "{NaN}"),
    ("ARRAY[interval '1 day']", "interval", '{"1 day"}'),
]


@pytest.mark.parametrize(("sql", "check", "sample"), REFUSED, ids=[each[0] for each in REFUSED])
def test_values_that_would_arrive_as_others_are_refused_with_their_rows(
    postgres_database: Database, tmp_path: Path, sql: str, check: str, sample: str
) -> None:
    postgres_database.run(*TYPES)
    query = f"SELECT 'k' || i AS id, CASE WHEN i < 7 THEN {sql} END AS \"c d\" "

    wanted = of(postgres_database, f"{query} FROM generate_series(0, 19) s(i)")

    shown = {"id": "k0", "c d": sample if len(sample) <= 60 else f"{sample[:60]}…"}
    ((name, column, count, seen),) = found(tmp_path, wanted)
    assert (name, column, count, seen["id"]) == (check, "c d", 7, "k0")
    assert seen["c d"].startswith(shown["c d"])


def test_a_column_that_is_not_used_arrives_as_text_if_its_values_are_in_doubt(
    postgres_database: Database, tmp_path: Path
) -> None:
    postgres_database.run(*TYPES)
    values = ", ".join(f"{sql} AS c{at}" for at, (sql, _, _) in enumerate(REFUSED))
    skipped = {f"c{at}": ColumnRule(skip=True) for at in range(len(REFUSED))}

    (rows,) = read(tmp_path, of(postgres_database, f"SELECT 1 AS id, {values}", **skipped))

    assert [rows[f"c{at}"].to_list() for at in range(len(REFUSED))] == [[s] for _, _, s in REFUSED]


def test_a_table_without_rows_keeps_its_columns(
    postgres_database: Database, tmp_path: Path
) -> None:
    query = "SELECT 1 AS id, 2.5::numeric AS n, 'NaN'::numeric(4,1) AS m WHERE false"

    (rows,) = read(tmp_path, of(postgres_database, query))

    assert rows.schema == {"id": pl.Int32, "n": pl.Decimal(38, 0), "m": pl.Decimal(4, 1)}
    assert rows.height == 0


# One state ----------------------------------------------------------------------------------------


def test_all_tables_are_read_in_one_state(postgres_database: Database, tmp_path: Path) -> None:
    postgres_database.run(
        "CREATE TABLE person AS SELECT i AS id FROM generate_series(1, 3) s(i)",
        "CREATE TABLE pet AS SELECT i AS id FROM generate_series(1, 3) s(i)",
    )
    there = connection(postgres_database)

    def rows(cursor: Any, name: str) -> int:
        location = Relation((postgres_database.name, "public", name), there)
        SOURCE.locate(cursor, Wanted(name, location, tmp_path / name, silent))
        return pl.read_parquet(tmp_path / name / "*.parquet").height

    with SOURCE.open(there) as cursor:
        first = rows(cursor, "person")
        postgres_database.run("DELETE FROM person", "DELETE FROM pet WHERE id > 1")
        second = rows(cursor, "pet")

    assert (first, second) == (3, 3)
    assert read(tmp_path, table(postgres_database, "pet"))[0].height == 1


def test_nothing_can_be_written(postgres_database: Database, tmp_path: Path) -> None:
    postgres_database.run("CREATE SEQUENCE s")

    error = refused(tmp_path, asked(postgres_database, "SELECT nextval('s') AS id"))

    assert "cannot execute nextval() in a read-only transaction" in error.message


def test_rows_of_a_large_table_keep_their_order_and_are_all_there(
    postgres_database: Database, tmp_path: Path
) -> None:
    columns = "i AS id, i * 1.5 AS n, repeat('x', 200) AS t"
    query = f"SELECT {columns} FROM generate_series(1, 200000) s(i)"

    (rows,) = read(tmp_path, of(postgres_database, query))

    assert rows["id"].to_list() == list(range(1, 200_001))
    assert rows["n"].sum() == Decimal("30000150000")


def test_a_query_that_returns_other_rows_each_time_is_refused(
    postgres_database: Database, tmp_path: Path
) -> None:
    since = "extract(microseconds FROM clock_timestamp() - transaction_timestamp())::int"
    query = f"SELECT i AS id FROM generate_series(1, {since}) s(i)"

    error = refused(tmp_path, asked(postgres_database, query))

    assert re.search(r"t: [\d,]+ rows were counted, [\d,]+ arrived", error.message)


# Who reads, and as whom ---------------------------------------------------------------------------


def test_the_password_is_in_no_message_and_no_value_that_is_shown(
    postgres_database: Database, tmp_path: Path
) -> None:
    right = connection(postgres_database)
    wrong = connection(postgres_database, password="hush, 'hush'")
    nobody = connection(postgres_database, host=str(tmp_path))

    errors = [refused(tmp_path / "b", node(Query("SELECT 1 AS id", c))) for c in (wrong, nobody)]

    assert all(isinstance(each, SourceError) for each in errors)
    assert "password authentication failed" in errors[0].message
    assert "No such file or directory" in errors[1].message
    shown = [repr(right), repr(wrong), *map(str, errors), str(Query("SELECT 1", right))]
    assert not any(word in text for text in shown for word in ("hush", PASSWORD, "secret"))


def test_a_password_that_was_not_rendered_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError, match="template for password that was not rendered") as caught:
        SOURCE.connect({"password": "{{ env_var('SECRET') }}"}, Path())

    assert "SECRET" not in str(caught.value)


def test_role_and_search_path_of_the_profile_hold(
    postgres_database: Database, tmp_path: Path
) -> None:
    postgres_database.run(
        f"CREATE ROLE reader_{postgres_database.name}",
        'CREATE SCHEMA "a b"',
        'CREATE TABLE "a b".t AS SELECT 7 AS id',
    )
    role = f"reader_{postgres_database.name}"

    (rows,) = read(tmp_path / "a", asked(postgres_database, "SELECT * FROM t", search_path='"a b"'))
    error = refused(tmp_path / "b", asked(postgres_database, 'SELECT * FROM "a b".t', role=role))

    assert rows["id"].to_list() == [7]
    assert "permission denied for schema a b" in error.message


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT * FROM gone", 'relation "gone" does not exist'),
        ("SELEC 1", "syntax error at or near"),
        ("SELECT 1 AS id, 2 AS a, 3 AS a", "have columns of the same name: a, a"),
        ("SELECT 1 AS id; SELECT 2 AS id", "syntax error"),
        ("SELECT 1 / (2 - i) AS id FROM generate_series(1, 2) s(i)", "division by zero"),
    ],
)
def test_a_query_that_fails_is_refused_in_the_server_s_words(
    postgres_database: Database, tmp_path: Path, sql: str, why: str
) -> None:
    message = refused(tmp_path, asked(postgres_database, sql)).message

    assert why in message
    assert "Query was" not in message
    assert "SQLSTATE" not in message


def test_a_table_of_another_database_is_refused(
    postgres_database: Database, tmp_path: Path
) -> None:
    location = Relation(("other", "public", "t"), connection(postgres_database))

    error = refused(tmp_path, node(location))

    assert "cross-database references are not implemented" in error.message


def test_without_the_driver_the_extra_is_named(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)

    error = refused(tmp_path, asked(postgres_database, "SELECT 1 AS id"))

    assert isinstance(error, RuntimeMissingError)
    assert "kgimport[postgres]" in error.hint


# Whole graphs -------------------------------------------------------------------------------------

GRAPH = """
graph: people
tables:
  person: {location: PERSON, node: {labels: [Person], key: [id]}}
  knows:
    location: KNOWS
    relationship: {type: KNOWS, start: {node: person, key: [a]}, end: {node: person, key: [b]}}
"""
PROFILE = """
people:
  target: dev
  outputs: {dev: {type: postgres, schema: public, threads: 1, %s}}
"""


def test_a_graph_is_the_same_from_postgres_as_from_duckdb(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "FROM generate_series(1, 9) s(i)"
    total = "sum(i::bigint) OVER () AS total"  # HUGEINT, and numeric
    person = f"SELECT i::int AS id, 'P' || i AS name, 1.5 * i AS n, {total} {rows}"
    knows = f"SELECT i::int AS a, i::int % 9 + 1 AS b {rows}"
    statements = f"CREATE TABLE person AS {person}", f"CREATE VIEW knows AS {knows}"
    postgres_database.run(*statements)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as made:
        for each in statements:
            made.execute(each)
    for name, value in postgres_database.environment.items():
        monkeypatch.setenv(name, value)
    records = []
    for place in ("duckdb://w.duckdb/main", f"postgres://{postgres_database.name}/public"):
        text = GRAPH.replace("PERSON", f"{place}/person").replace("KNOWS", f"{place}/knows", 1)
        rule = "columns: {n: {decimal: double}}, location"
        (tmp_path / "graph.yml").write_text(text.replace("person: {location", f"person: {{{rule}"))
        records.append(export(load_graph(tmp_path / "graph.yml"), tmp_path / place[:4]))

    assert records[0].build_id == records[1].build_id
    assert "total:long" in (tmp_path / "post" / records[0].tables[0].header.path).read_text()
    everything = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert PASSWORD.encode() not in everything


@pytest.mark.dbt
def test_a_dbt_project_is_read_as_its_profile_says(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_database.run(
        "CREATE TABLE person AS SELECT i AS id FROM generate_series(1, 3) s(i)",
        "CREATE TABLE knows AS SELECT 1 AS a, 2 AS b",
    )
    monkeypatch.setenv("SECRET", PASSWORD)
    name = postgres_database.name
    where = f"host: {postgres_database.socket}, port: 5432, user: {USER}, dbname: {name}"
    (tmp_path / "dbt_project.yml").write_text("name: people\nprofile: people\n")
    secret = "password: \"{{ env_var('SECRET') }}\""
    (tmp_path / "profiles.yml").write_text(PROFILE % f"{where}, {secret}")
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text(json.dumps(manifest("postgres", name)))
    select = {"knows": "SELECT a, b + 1 AS b FROM knows"}

    graph = load_graph(tmp_path, built=False, select=select)
    record = export(graph, tmp_path / "build")

    locations = {each.name: str(each.location) for each in graph.tables}
    assert locations["person"] == f"postgres://{name}/public/person"
    assert [(each.name, each.written) for each in record.tables] == [("person", 3), ("knows", 1)]
    assert (tmp_path / "build/csv/knows/part-00000.csv").read_text() == "0,2\n"
