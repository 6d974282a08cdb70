"""Tables of a real Postgres: each type arrives exactly, or its values are refused and counted."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from adbc_driver_postgresql import dbapi

from kgimport.commands.export import export
from kgimport.commands.load_graph import load_graph
from kgimport.errors import RuntimeMissingError, SourceError, UsageError
from kgimport.graph import ColumnRule, Graph, NodeTable
from kgimport.locations import Query, Relation
from kgimport.progress import silent
from kgimport.sources import postgres_types
from kgimport.sources.contract import Wanted
from kgimport.sources.locate import locate
from kgimport.sources.postgres import SOURCE
from tests.located import found, manifest, node, read, refused
from tests.postgres_server import PASSWORD, USER, Database
from tests.warehouse_types import POSTGRES_EXACT, POSTGRES_REFUSED, POSTGRES_TYPES, Refused


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


def test_every_type_that_can_arrive_exactly_does(
    postgres_database: Database, tmp_path: Path
) -> None:
    """Each column has a value and a null."""
    postgres_database.run(*POSTGRES_TYPES)
    values = ", ".join(f"{each.sql} AS c{at}" for at, each in enumerate(POSTGRES_EXACT))
    postgres_database.run(f"CREATE TABLE t AS SELECT 1 AS id, {values}")
    postgres_database.run("INSERT INTO t (id) VALUES (2)")

    (rows,) = read(tmp_path, table(postgres_database))

    for at, each in enumerate(POSTGRES_EXACT):
        column = rows[f"c{at}"]
        assert column.dtype == each.dtype, each.sql
        assert column.to_list() == [each.value, None], each.sql


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


@pytest.mark.parametrize("value", POSTGRES_REFUSED, ids=[each.sql for each in POSTGRES_REFUSED])
def test_values_that_would_arrive_as_others_are_refused_with_their_rows(
    postgres_database: Database, tmp_path: Path, value: Refused
) -> None:
    postgres_database.run(*POSTGRES_TYPES)
    query = f"SELECT 'k' || i AS id, CASE WHEN i < 7 THEN {value.sql} END AS \"c d\" "

    wanted = of(postgres_database, f"{query} FROM generate_series(0, 19) s(i)")

    ((name, column, count, seen),) = found(tmp_path, wanted)
    assert (name, column, count, seen["id"]) == (value.check, "c d", 7, "k0")
    assert value.sample
    assert seen["c d"].removesuffix("…") == value.sample[:60]


def test_a_column_that_is_not_used_arrives_as_text_if_its_values_are_in_doubt(
    postgres_database: Database, tmp_path: Path
) -> None:
    postgres_database.run(*POSTGRES_TYPES)
    values = ", ".join(f"{each.sql} AS c{at}" for at, each in enumerate(POSTGRES_REFUSED))
    skipped = {f"c{at}": ColumnRule(skip=True) for at in range(len(POSTGRES_REFUSED))}

    (rows,) = read(tmp_path, of(postgres_database, f"SELECT 1 AS id, {values}", **skipped))

    texts = [rows[f"c{at}"].item() for at in range(len(POSTGRES_REFUSED))]
    assert texts == [each.sample for each in POSTGRES_REFUSED]


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


REPLACEMENTS = {
    "as dbt makes a table": (
        "CREATE TABLE new AS SELECT 2 AS id",
        "ALTER TABLE t RENAME TO old",
        "ALTER TABLE new RENAME TO t",
        "DROP TABLE old CASCADE",
    ),
    "as dbt loads a seed": ("TRUNCATE t", "INSERT INTO t VALUES (2)"),
    "by a change of its type": ("ALTER TABLE t ALTER id TYPE bigint",),
}


@pytest.mark.parametrize("how", REPLACEMENTS)
def test_a_table_that_is_replaced_meanwhile_is_refused_and_not_empty(
    postgres_database: Database, tmp_path: Path, how: str
) -> None:
    """To a transaction that began before, Postgres shows such a table without rows."""
    wanted = of(postgres_database, "SELECT 1 AS id")
    assert isinstance(wanted.location, Relation)

    with SOURCE.open(connection(postgres_database)) as cursor:
        postgres_database.run(*REPLACEMENTS[how])
        with pytest.raises(SourceError, match="replaced while kgimport read t: t"):
            SOURCE.locate(cursor, Wanted("t", wanted.location, tmp_path / "t", silent))


PARTS = (
    "CREATE TABLE t (id int) PARTITION BY RANGE (id)",
    "CREATE TABLE few PARTITION OF t FOR VALUES FROM (0) TO (3)",
    "CREATE TABLE more PARTITION OF t FOR VALUES FROM (3) TO (9)",
    "INSERT INTO t SELECT * FROM generate_series(0, 8)",
)
NEW = ("CREATE SCHEMA new", "CREATE TABLE new.t AS SELECT 2 AS id")
CHANGES = {
    "a view's query": (
        ("CREATE VIEW t AS SELECT 1 AS id",),
        ("CREATE OR REPLACE VIEW t AS SELECT 2 AS id",),
        "t",
    ),
    "a partition less": (PARTS, ("ALTER TABLE t DETACH PARTITION more",), "t"),
    "a partition more": (
        (*PARTS, "CREATE TABLE most AS SELECT 9 AS id"),
        ("ALTER TABLE t ATTACH PARTITION most FOR VALUES FROM (9) TO (99)",),
        "most",
    ),
    "another schema's table": (
        ("CREATE TABLE t AS SELECT 1 AS id", *NEW),
        ("ALTER SCHEMA public RENAME TO old", "ALTER SCHEMA new RENAME TO public"),
        "t",
    ),
    "another table": (
        ("CREATE TABLE t AS SELECT 1 AS id", "CREATE TABLE u AS SELECT 2 AS id"),
        ("ALTER TABLE t RENAME TO old", "ALTER TABLE u RENAME TO t"),
        "t",
    ),
    "a column's name": (
        ("CREATE TABLE t AS SELECT 1 AS id, 2 AS a, 3 AS b",),
        tuple(f"ALTER TABLE t RENAME {names}" for names in ("a TO c", "b TO a", "c TO b")),
        "t",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_table_that_is_another_than_when_the_transaction_began_is_refused(
    postgres_database: Database, tmp_path: Path, what: str
) -> None:
    before, change, name = CHANGES[what]
    postgres_database.run(*before)
    there = connection(postgres_database)
    wanted = Wanted(
        "t", Relation((postgres_database.name, "public", "t"), there), tmp_path / "t", silent
    )

    with SOURCE.open(there) as cursor:
        postgres_database.run(*change)
        for step in (lambda: SOURCE.hold(cursor, [wanted]), lambda: SOURCE.locate(cursor, wanted)):
            with pytest.raises(SourceError, match=f"changed or replaced while .* t: {name}\n"):
                step()


def test_changes_before_the_transaction_and_those_that_were_undone_do_not_matter(
    postgres_database: Database, tmp_path: Path
) -> None:
    before, change, _ = CHANGES["a partition less"]
    postgres_database.run(*before, "CREATE VIEW v AS SELECT * FROM t", *change)
    undone = (
        "CREATE OR REPLACE VIEW v AS SELECT id + 1 AS id FROM t",
        "ALTER TABLE t RENAME id TO x",
    )
    there = connection(postgres_database)
    location = Relation((postgres_database.name, "public", "v"), there)

    with SOURCE.open(there) as cursor:
        postgres_database.run("BEGIN", *undone, "ROLLBACK", "GRANT SELECT ON t TO public")
        SOURCE.locate(cursor, Wanted("v", location, tmp_path / "v", silent))

    assert pl.read_parquet(tmp_path / "v" / "*.parquet")["id"].to_list() == [0, 1, 2]


def test_changes_of_a_table_wait_until_all_tables_are_read(
    postgres_database: Database, tmp_path: Path
) -> None:
    postgres_database.run(
        *PARTS, "CREATE TABLE a AS SELECT 1 AS id", "CREATE VIEW v AS SELECT * FROM t"
    )
    changes = (
        "CREATE OR REPLACE VIEW v AS SELECT -1 AS id",
        "ALTER TABLE t DETACH PARTITION more",
        "DROP TABLE few",
    )
    waited = []

    def progress(step: str, _: object) -> None:
        if step == "query a":
            for change in changes:
                with pytest.raises(dbapi.Error, match="due to lock timeout"):
                    postgres_database.run("SET lock_timeout = '50ms'", change)
                waited.append(change)

    tables = table(postgres_database, "a"), table(postgres_database, "v")
    locate(Graph("g", tables), tmp_path, progress)

    assert waited == [*changes]
    assert pl.read_parquet(tmp_path / "queried" / "v" / "*.parquet").height == 9


def test_an_index_that_is_made_again_meanwhile_does_not_matter(
    postgres_database: Database, tmp_path: Path
) -> None:
    wanted = of(postgres_database, "SELECT 1 AS id")
    postgres_database.run("CREATE INDEX i ON t (id)")
    assert isinstance(wanted.location, Relation)

    with SOURCE.open(connection(postgres_database)) as cursor:
        postgres_database.run("REINDEX TABLE t")
        SOURCE.locate(cursor, Wanted("t", wanted.location, tmp_path / "t", silent))

    assert pl.read_parquet(tmp_path / "t" / "*.parquet")["id"].to_list() == [1]


def test_a_view_of_a_table_that_was_emptied_meanwhile_is_refused(
    postgres_database: Database, tmp_path: Path
) -> None:
    of(postgres_database, "SELECT 1 AS id")
    postgres_database.run("CREATE VIEW v AS SELECT * FROM t")
    there = connection(postgres_database)

    with SOURCE.open(there) as cursor:
        postgres_database.run("TRUNCATE t")
        location = Relation((postgres_database.name, "public", "v"), there)
        with pytest.raises(SourceError, match="replaced while kgimport read v: t"):
            SOURCE.locate(cursor, Wanted("v", location, tmp_path / "v", silent))


def test_rows_that_a_policy_hides_are_not_left_out_silently(
    postgres_database: Database, tmp_path: Path
) -> None:
    role = f"some_{postgres_database.name}"
    of(postgres_database, "SELECT i AS id FROM generate_series(1, 5) s(i)")
    postgres_database.run(
        f"CREATE ROLE {role}",
        f"GRANT SELECT ON t TO {role}",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY few ON t USING (id < 3)",
    )

    error = refused(tmp_path, asked(postgres_database, "SELECT * FROM t", role=role))

    assert 'affected by row-level security policy for table "t"' in error.message


def test_tables_of_every_kind_are_read(postgres_database: Database, tmp_path: Path) -> None:
    many = ", ".join(f"c{at} timestamptz" for at in range(1, 1600))
    postgres_database.run(
        f"CREATE TABLE wide (id int, {many})",
        "INSERT INTO wide (id) VALUES (1)",
        "CREATE TABLE parts (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE few PARTITION OF parts FOR VALUES FROM (0) TO (3)",
        "CREATE TABLE more PARTITION OF parts FOR VALUES FROM (3) TO (9)",
        "INSERT INTO parts SELECT * FROM generate_series(0, 8)",
        "CREATE TABLE made (id int, n int GENERATED ALWAYS AS (id * 2) STORED)",
        "INSERT INTO made VALUES (3)",
        "CREATE MATERIALIZED VIEW kept AS SELECT * FROM parts WHERE id > 6",
    )
    names = ("wide", "parts", "made", "kept")

    wide, parts, made, kept = read(tmp_path, *(table(postgres_database, name) for name in names))

    assert wide.shape == (1, 1600)
    assert parts["id"].to_list() == list(range(9))
    assert made.rows() == [(3, 6)]
    assert kept["id"].to_list() == [7, 8]


def test_doubts_of_more_columns_than_a_query_has_room_for_are_counted(
    postgres_database: Database, tmp_path: Path
) -> None:
    columns = ", ".join(f"c{at} timestamptz[]" for at in range(1, 1600))
    postgres_database.run(
        f"CREATE TABLE t (id int, {columns})", "INSERT INTO t (id, c1599) VALUES (1, '{infinity}')"
    )

    assert [each[:3] for each in found(tmp_path, table(postgres_database))] == [
        ("infinite-moment", "c1599", 1)
    ]


def test_functions_of_others_do_not_take_the_place_of_postgres_s_own(
    postgres_database: Database, tmp_path: Path
) -> None:
    postgres_database.run(
        "CREATE FUNCTION isfinite(date) RETURNS boolean LANGUAGE sql AS 'SELECT true'"
    )
    path = f"{postgres_database.name}, public, pg_catalog"

    wanted = asked(
        postgres_database, "SELECT 1 AS id, ARRAY[date 'infinity'] AS d", search_path=path
    )

    assert [each[0] for each in found(tmp_path, wanted)] == ["infinite-moment"]


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


NO_NUMBER = """
SELECT CASE i WHEN 90000 THEN 'x' ELSE '1' END::int AS id FROM generate_series(1, 99999) s(i)
"""
KILLED = """
SELECT pg_terminate_backend(CASE i WHEN 90000 THEN pg_backend_pid() ELSE 0 END) AS id
FROM generate_series(1, 99999) s(i)
"""


def test_a_role_with_the_rights_of_the_page_reads_tables_that_dbt_makes_later(
    postgres_database: Database, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[1] / "docs" / "warehouses.md").read_text(encoding="utf-8")
    grants = re.search(r"```sql\n(CREATE ROLE kgimport .*?)```", page, re.DOTALL)
    assert grants
    reader, dbt = (f"{name}_{postgres_database.name}" for name in ("kgimport", "dbt"))
    sql = (
        re.sub("--.*", "", grants[1]).replace("kgimport", reader).replace("ROLE dbt", f"ROLE {dbt}")
    )
    postgres_database.run(
        f"CREATE ROLE {dbt}",
        f"CREATE SCHEMA mart AUTHORIZATION {dbt}",
        "CREATE TABLE mart.early AS SELECT 1 AS id",
        *filter(str.strip, sql.split(";")),
        f"SET ROLE {dbt}",
        "CREATE TABLE mart.late AS SELECT 2 AS id",
        "RESET ROLE",
        "CREATE TABLE hidden AS SELECT 3 AS id",
    )

    def by_reader(query: str) -> NodeTable:
        return asked(postgres_database, query, user=reader, password="choose one")

    tables = [replace(by_reader(f"SELECT * FROM mart.{n}"), name=n) for n in ("early", "late")]
    early, late = read(tmp_path / "a", *tables)
    error = refused(tmp_path / "b", by_reader("SELECT * FROM hidden"))

    assert [early.item(), late.item()] == [1, 2]
    assert "permission denied for table hidden" in error.message


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT * FROM gone", 'relation "gone" does not exist'),
        ("SELEC 1", "syntax error at or near"),
        ("SELECT 1 AS id, 2 AS a, 3 AS a", "have columns of the same name: a, a"),
        ("SELECT 1 AS id; SELECT 2 AS id", "syntax error"),
        ("SELECT 1 / (2 - i) AS id FROM generate_series(1, 2) s(i)", "division by zero"),
        ("SELECT 1 / (90000 - i) AS id FROM generate_series(1, 99999) s(i)", "division by zero"),
        (NO_NUMBER, "invalid input syntax for type integer"),
        (KILLED, "terminating connection due to administrator command"),
    ],
)
def test_a_query_that_fails_is_refused_in_the_server_s_words(
    postgres_database: Database, tmp_path: Path, sql: str, why: str
) -> None:
    message = refused(tmp_path, asked(postgres_database, sql)).message

    assert why in message
    assert "Query was" not in message
    assert "PGRES" not in message
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
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)

    error = refused(tmp_path, asked(postgres_database, "SELECT 1 AS id"))

    assert isinstance(error, RuntimeMissingError)
    assert "kgimport[postgres]" in error.hint


def test_a_driver_that_does_not_state_the_types_of_columns_is_refused(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As adbc-driver-postgresql 1.12 and before, by which infinity becomes another date."""
    monkeypatch.setattr(postgres_types, "_TYPE", b"of no such driver")

    error = refused(tmp_path, asked(postgres_database, "SELECT 1 AS id"))

    assert isinstance(error, RuntimeMissingError)
    assert "adbc-driver-postgresql>=1.13" in error.hint


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
    assert "total:long" in (tmp_path / "post" / records[0].tables[0].all_files[0].path).read_text()
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
