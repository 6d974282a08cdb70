"""Tables of a DuckDB file: each type arrives exactly, or its values are refused and counted."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from kgimport import sources
from kgimport.builds.intact import changed_tables
from kgimport.commands.export import export
from kgimport.commands.load_graph import load_graph
from kgimport.errors import SourceError, UsageError
from kgimport.graph import ColumnRule, Graph, NodeTable
from kgimport.locations import Context, LocalPath, Query, Relation, parse
from kgimport.options import ExportOptions
from kgimport.progress import silent
from kgimport.sources import duckdb_file
from kgimport.sources.contract import Wanted
from kgimport.sources.duckdb_file import DuckDB
from tests.located import found, manifest, node, read, refused
from tests.warehouse_types import DUCKDB_EXACT, DUCKDB_REFUSED, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = DuckDB()


def filled(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as made:
        for each in statements:
            made.execute(each)
    return path


def table(path: Path, name: str = "t") -> NodeTable:
    return node(Relation((str(path), "main", name), HERE), name)


def of(place: Path, query: str, **columns: ColumnRule) -> NodeTable:
    """A table that holds the rows of a query."""
    made = filled(place / "w.duckdb", f"CREATE TABLE t AS {query}")
    return replace(table(made), columns=columns)


# Values -------------------------------------------------------------------------------------------


def test_every_type_that_can_arrive_exactly_does(tmp_path: Path) -> None:
    """Each column has a value and a null."""
    values = ", ".join(f"{each.sql} AS c{at}" for at, each in enumerate(DUCKDB_EXACT))
    nulls = ", ".join("NULL" for _ in DUCKDB_EXACT)
    query = f"SELECT 1 AS id, {values} UNION ALL SELECT 2, {nulls}"

    (rows,) = read(tmp_path / "build", of(tmp_path, query))

    for at, each in enumerate(DUCKDB_EXACT):
        column = rows[f"c{at}"]
        assert column.dtype == each.dtype, each.sql
        there = pl.Series("", [each.value, None], each.dtype)
        assert [*map(str, column)] == [*map(str, there)], each.sql


def test_map_and_nanoseconds_of_a_day_arrive_exactly(tmp_path: Path) -> None:
    query = "SELECT 1 AS id, MAP {'k': 5::HUGEINT} AS m, '01:02:03.123456789'::TIME_NS AS n"

    (rows,) = read(tmp_path / "build", of(tmp_path, query))

    assert rows["m"].to_list() == [{"k": Decimal(5)}]
    assert rows["n"].cast(pl.Int64).to_list() == [3723_123_456_789]


@pytest.mark.parametrize("value", DUCKDB_REFUSED, ids=[each.sql for each in DUCKDB_REFUSED])
def test_values_that_would_arrive_as_others_are_refused_with_their_rows(
    tmp_path: Path, value: Refused
) -> None:
    columns = f"'k' || i AS id, CASE WHEN i < 7 THEN {value.sql} END AS \"c d\""
    query = f"SELECT {columns} FROM range(20) r(i)"

    ((name, column, count, shown),) = found(tmp_path / "build", of(tmp_path, query))

    assert (name, column, count) == (value.check, "c d", 7)
    assert shown["id"] == "k0"
    assert value.sample is None or shown["c d"] == value.sample
    assert list((tmp_path / "build").glob("queried/*/*")) == []


def test_a_column_that_is_not_used_arrives_as_text_if_its_values_are_in_doubt(
    tmp_path: Path,
) -> None:
    values = ", ".join(f"{each.sql} AS c{at}" for at, each in enumerate(DUCKDB_REFUSED))
    skipped = {f"c{at}": ColumnRule(skip=True) for at in range(len(DUCKDB_REFUSED))}

    (rows,) = read(tmp_path / "build", of(tmp_path, f"SELECT 1 AS id, {values}", **skipped))

    for at, each in enumerate(DUCKDB_REFUSED):
        assert each.sample is None or rows[f"c{at}"].to_list() == [each.sample]


def test_columns_of_types_in_doubt_that_are_empty_arrive_as_text(tmp_path: Path) -> None:
    (rows,) = read(tmp_path / "build", of(tmp_path, "SELECT 1 AS id, NULL::INTERVAL AS i"))

    assert rows.to_dict(as_series=False) == {"id": [1], "i": [None]}


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    (rows,) = read(tmp_path / "build", of(tmp_path, "SELECT 1 AS id, 2::HUGEINT AS n WHERE false"))

    assert rows.schema == {"id": pl.Int32, "n": pl.Decimal(38, 0)}
    assert rows.height == 0


def test_rows_keep_the_order_of_the_table(tmp_path: Path) -> None:
    query = "SELECT i AS id, repeat('x', 50) AS t FROM range(300_000) r(i)"

    (rows,) = read(tmp_path / "build", of(tmp_path, query))

    assert rows["id"].to_list() == list(range(300_000))


# Files and names ----------------------------------------------------------------------------------

WRITER = """
import duckdb, sys
made = duckdb.connect(sys.argv[1])
made.execute("CREATE TABLE w AS SELECT 1 AS id")
print("up", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the file open for writing; what it wrote is only in the log."""
    argv = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"up\n"
        try:
            yield writer
        finally:
            writer.kill()


def test_a_file_that_another_program_holds_is_refused_with_its_name_and_pid(
    tmp_path: Path,
) -> None:
    wanted = of(tmp_path, "SELECT 1 AS id")
    with held(tmp_path / "w.duckdb") as writer:
        error = refused(tmp_path / "build", wanted)

    assert isinstance(error, SourceError)
    assert re.search(rf"w\.duckdb is held by \S*python\S* \(pid {writer.pid}\)", error.message)


def test_what_a_killed_writer_left_in_its_log_is_read_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    of(tmp_path, "SELECT 1 AS id")
    with held(tmp_path / "w.duckdb"):
        pass
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert "w.duckdb.wal" in before

    (rows,) = read(tmp_path / "build", table(tmp_path / "w.duckdb", "w"))

    assert rows["id"].to_list() == [1]
    after = {each.name: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}
    assert after == before


def test_a_file_that_this_process_holds_is_refused_while_a_reader_does_not_matter(
    tmp_path: Path,
) -> None:
    wanted = of(tmp_path, "SELECT 1 AS id")
    with duckdb.connect(str(tmp_path / "w.duckdb")):
        error = refused(tmp_path / "build", wanted)
    assert "this Python process itself has the DuckDB file" in error.message
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True):
        assert len(read(tmp_path / "other", wanted)) == 1


def test_nobody_can_write_to_a_file_until_all_tables_are_read(tmp_path: Path) -> None:
    path = filled(tmp_path / "w.duckdb", "CREATE TABLE t AS SELECT 1 AS id")
    argv = [sys.executable, "-c", f"import duckdb; duckdb.connect({str(path)!r})"]

    with duckdb_file.SOURCE.open(HERE) as files:
        files.attached(str(path), 1024)
        meanwhile = subprocess.run(argv, capture_output=True, text=True, check=False)
    afterwards = subprocess.run(argv, capture_output=True, text=True, check=False)

    assert "Could not set lock" in meanwhile.stderr
    assert afterwards.returncode == 0


def newer(path: Path) -> None:
    """Make a file of a storage version that does not exist yet."""
    content = bytearray(path.read_bytes())
    content[12:20] = struct.pack("<Q", 99_999)
    path.write_bytes(content)
    with pytest.raises(duckdb.Error) as caught:
        duckdb.connect(str(path), read_only=True)
    if sums := re.search(r"computed checksum (\d+) does not match", str(caught.value)):
        content[:8] = struct.pack("<Q", int(sums[1]))
        path.write_bytes(content)


def test_files_that_are_not_databases_are_refused_in_clear_words(tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("hello" * 5000)
    (tmp_path / "folder").mkdir()
    with closing(sqlite3.connect(tmp_path / "lite.duckdb")) as lite:
        lite.execute("CREATE TABLE t (id)")
    newer(filled(tmp_path / "new.duckdb", "CREATE TABLE t AS SELECT 1 AS id"))

    def why(name: str) -> tuple[str, str]:
        error = refused(tmp_path / "build", table(tmp_path / name))
        assert isinstance(error, SourceError)
        return error.message, error.hint

    assert f"there is no DuckDB file {tmp_path}/gone.duckdb" in why("gone.duckdb")[0]
    assert f"there is no DuckDB file {tmp_path}/folder" in why("folder")[0]
    assert "is not a valid DuckDB database file" in why("text.duckdb")[0]
    assert "is not a valid DuckDB database file" in why("lite.duckdb")[0]
    message, hint = why("new.duckdb")
    assert "version number 99999" in message
    assert "install a newer duckdb" in hint


@pytest.mark.parametrize("name", ["w.duckdb", "w.duckdb.wal"])
def test_a_file_that_is_replaced_while_it_is_read_is_refused(tmp_path: Path, name: str) -> None:
    of(tmp_path, "SELECT 1 AS id")
    location = Relation((str(tmp_path / "w.duckdb"), "main", "t"), HERE)
    other = filled(tmp_path / "other.duckdb", "CREATE TABLE t AS SELECT 2 AS id")

    with duckdb_file.SOURCE.open(HERE) as files:
        files.attached(str(tmp_path / "w.duckdb"), 1024)
        other.rename(tmp_path / name)
        with pytest.raises(SourceError, match=r"w\.duckdb changed while it was read"):
            duckdb_file.SOURCE.locate(files, Wanted("t", location, tmp_path / "rows", silent))


def test_a_table_that_is_not_there_is_refused_by_its_name(tmp_path: Path) -> None:
    of(tmp_path, "SELECT 1 AS id")

    error = refused(tmp_path / "build", table(tmp_path / "w.duckdb", "gone"))

    assert "DuckDB cannot read table gone" in error.message
    assert "Table with name gone does not exist" in error.message


def test_a_view_that_fails_half_way_is_refused_in_duckdb_s_words(tmp_path: Path) -> None:
    late = "CASE WHEN i = 150000 THEN error('no such customer') ELSE i END"
    filled(tmp_path / "w.duckdb", f"CREATE VIEW t AS SELECT {late} AS id FROM range(200000) r(i)")

    error = refused(tmp_path / "build", table(tmp_path / "w.duckdb"))

    assert isinstance(error, SourceError)
    assert "DuckDB cannot read table t" in error.message
    assert "no such customer" in error.message


def test_names_need_no_quoting_by_the_user(tmp_path: Path) -> None:
    path = tmp_path / 'it\'s; a "file".duckdb'
    filled(path, 'CREATE SCHEMA "s p"', 'CREATE TABLE "s p"."t;""x" AS SELECT 1 AS id')
    filled(tmp_path / "memory.duckdb", "CREATE TABLE t AS SELECT 2 AS id")

    one = node(Relation((str(path), "s p", 't;"x'), HERE), "one")
    rows = read(tmp_path / "build", one, table(tmp_path / "memory.duckdb"))

    assert [each["id"].to_list() for each in rows] == [[1], [2]]


def test_a_view_finds_the_tables_that_it_names_in_full(tmp_path: Path) -> None:
    filled(
        tmp_path / "w.duckdb",
        "CREATE TABLE raw AS SELECT 3 AS id",
        "CREATE VIEW v AS SELECT * FROM w.main.raw",
    )

    (rows,) = read(tmp_path / "build", table(tmp_path / "w.duckdb", "v"))

    assert rows["id"].to_list() == [3]


# Queries ------------------------------------------------------------------------------------------


def asked(path: Path, sql: str) -> NodeTable:
    return node(Query(sql, DuckDB(str(path))))


def test_a_query_runs_in_the_file_of_the_target(tmp_path: Path) -> None:
    of(tmp_path, "SELECT 1 AS id")

    (rows,) = read(
        tmp_path / "build", asked(tmp_path / "w.duckdb", "SELECT id + 1 AS id FROM t --")
    )

    assert rows["id"].to_list() == [2]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT 1 AS id, 2 AS a, 3 AS A", "have columns of the same name: a, A"),
        ("SELECT 1 AS id; SELECT 2 AS id", "is not one SELECT"),
        ("CREATE TABLE x AS SELECT 1 AS id", "is not one SELECT"),
        ("COPY t TO 'x.csv'", "is not one SELECT"),
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM rows", "Table with name rows does not exist"),
    ],
)
def test_a_query_that_is_not_one_of_rows_is_refused(tmp_path: Path, sql: str, why: str) -> None:
    of(tmp_path, "SELECT 1 AS id")

    assert why in refused(tmp_path / "build", asked(tmp_path / "w.duckdb", sql)).message


def test_a_row_whose_fields_have_no_names_is_refused(tmp_path: Path) -> None:
    of(tmp_path, "SELECT 1 AS id")
    query = asked(tmp_path / "w.duckdb", "SELECT 1 AS id, row('infinity'::DATE, 2) AS r")

    assert found(tmp_path / "build", query) == [
        ("no-such-type", "r", 1, {"id": "1", "r": "(infinity, 2)"})
    ]


def test_a_query_that_returns_other_rows_each_time_is_refused(tmp_path: Path) -> None:
    of(tmp_path, "SELECT 1 AS id")
    query = "SELECT i AS id FROM range(epoch_us(now()) % 1_000_000) r(i)"

    error = refused(tmp_path / "build", asked(tmp_path / "w.duckdb", query))

    assert re.search(r"t: [\d,]+ rows were counted, [\d,]+ arrived", error.message)


def test_a_location_of_a_graph_yml_may_be_a_query_of_a_file(tmp_path: Path) -> None:
    filled(tmp_path / "w.duckdb", "CREATE TABLE t AS SELECT i AS id FROM range(5) r(i)")
    location = "duckdb://w.duckdb/select:SELECT id FROM t WHERE id > 1"
    text = f"graph: g\ntables:\n  t: {{location: '{location}', node: {{labels: [T], key: [id]}}}}\n"
    (tmp_path / "graph.yml").write_text(text)

    record = export(load_graph(tmp_path / "graph.yml"), tmp_path / "build")

    assert [(each.name, each.written) for each in record.tables] == [("t", 3)]


def test_duckdb_gets_half_of_the_memory_that_is_allowed(tmp_path: Path) -> None:
    of(tmp_path, "SELECT 1 AS id")
    sql = "SELECT 1 AS id, current_setting('memory_limit') AS memory"
    graph = Graph("g", (asked(tmp_path / "w.duckdb", sql),))

    export(graph, tmp_path / "build", options=ExportOptions(memory_mb=3000))

    (file,) = (tmp_path / "build" / "csv" / "t").glob("part-*")
    assert file.read_text() == "0,1,1.4 GiB\n"


def test_a_query_needs_a_file(tmp_path: Path) -> None:
    error = refused(tmp_path / "build", node(Query("SELECT 1 AS id", HERE)))

    assert "no DuckDB file is known" in error.message


# Locations ----------------------------------------------------------------------------------------


def test_the_address_of_a_table_begins_with_the_path_of_its_file() -> None:
    there = Context(LocalPath("/lake"), connections=(HERE,))

    assert parse("duckdb://a/w.duckdb/main/t", there) == Relation(
        ("/lake/a/w.duckdb", "main", "t"), HERE
    )
    assert str(parse("duckdb:///w.duckdb/main/t", there)) == "duckdb:///w.duckdb/main/t"
    for text in ("duckdb://main/t", "duckdb:///main/t", "duckdb://w.duckdb//t"):
        with pytest.raises(UsageError, match="→ write duckdb://FILE/SCHEMA/TABLE"):
            parse(text, there)


def test_a_relation_of_dbt_is_in_the_file_of_its_target(tmp_path: Path) -> None:
    of(tmp_path, "SELECT 1 AS id")
    target = duckdb_file.SOURCE.connect({"path": "w.duckdb"}, tmp_path)

    (rows,) = read(tmp_path / "build", node(Relation(("w", "main", "t"), target)))

    assert rows["id"].to_list() == [1]


@pytest.mark.parametrize("path", [":memory:", "md:mine?motherduck_token=hush", "s3://b/w"])
def test_a_target_that_is_not_a_file_has_no_rows(tmp_path: Path, path: str) -> None:
    target = duckdb_file.SOURCE.connect({"path": path}, tmp_path)

    error = refused(tmp_path / "build", node(Query("SELECT 1 AS id", target)))

    assert "no DuckDB file" in error.message
    assert "hush" not in f"{error}{target}"


INSTANT = "TIMESTAMPTZ '2020-01-01 20:00:00+00'"


def under(tmp_path: Path, query: str, **profile: object) -> NodeTable:
    """A view in the file of a target whose profile has some settings."""
    filled(tmp_path / "w.duckdb", f"CREATE VIEW t AS {query}")
    texts = {key: json.dumps(value) for key, value in profile.items()}
    target = duckdb_file.SOURCE.connect({"path": "w.duckdb", **texts}, tmp_path)
    return node(Relation(("w", "main", "t"), target))


def test_a_view_shows_what_it_shows_under_the_settings_of_dbt_s_session(tmp_path: Path) -> None:
    day = f"CAST({INSTANT} AS DATE)::VARCHAR AS day"
    ordered = "(SELECT list(x ORDER BY x) FROM (VALUES ('n'), (NULL)) v(x)) AS texts"
    query = f"SELECT 1 AS id, {day}, 'a' = 'A' AS same, {ordered}"
    options = {"default_null_order": "nulls_first", "timezone": "Europe/Paris", "threads": 1}
    session = {"TimeZone": "Asia/Tokyo", "default_collation": "NOCASE", "s3_secret": "hush"}

    wanted = under(tmp_path, query, config_options=options, settings=session)
    (rows,) = read(tmp_path / "build", wanted)

    assert rows.rows() == [(1, "2020-01-02", True, [None, "n"])]
    assert "hush" not in repr(wanted)


def test_without_a_zone_in_the_profile_it_is_the_machine_s_and_without_a_profile_utc(
    tmp_path: Path,
) -> None:
    zone = "SELECT 1 AS id, current_setting('TimeZone') AS zone"
    with duckdb.connect() as made:
        (own,) = made.execute("SELECT current_setting('TimeZone')").fetchall()[0]

    (of_profile,) = read(tmp_path / "a", under(tmp_path, zone))
    (without,) = read(tmp_path / "b", table(tmp_path / "w.duckdb"))

    assert of_profile["zone"].to_list() == [own]
    assert without["zone"].to_list() == ["UTC"]


def test_instants_arrive_in_utc_whatever_the_zone_is_also_within_others(tmp_path: Path) -> None:
    values = f"{INSTANT} AS t, [{INSTANT}] AS l, {{'x': [{INSTANT}], 'h': 1::HUGEINT}} AS s"
    query = f"SELECT 1 AS id, {values}, MAP {{{INSTANT}: {INSTANT}}} AS m, 'b' AS b"
    wanted = under(tmp_path, query, settings={"TimeZone": "Asia/Tokyo", "default_order": "DESC"})

    (rows,) = read(tmp_path / "build", wanted)

    at = datetime(2020, 1, 1, 20, tzinfo=UTC)
    assert rows.drop("m").rows() == [(1, at, [at], {"x": [at], "h": Decimal(1)}, "b")]
    (file,) = (tmp_path / "build").rglob("*.parquet")
    assert "Asia" not in str(pq.read_schema(file))
    assert pq.read_table(file)["m"].to_pylist() == [[(at, at)]]


def test_a_setting_that_duckdb_does_not_take_is_refused_in_its_words(tmp_path: Path) -> None:
    wanted = under(tmp_path, "SELECT 1 AS id", settings={"TimeZone": "Mars/Olympus"})

    assert "Unknown TimeZone 'Mars/Olympus'" in refused(tmp_path / "build", wanted).message


def test_the_queries_of_a_project_run_in_the_file_of_its_target(tmp_path: Path) -> None:
    filled(
        tmp_path / "w.duckdb",
        "CREATE TABLE everyone AS SELECT i AS id FROM range(5) r(i)",
        f"COPY (SELECT 1 AS a, 2 AS b) TO '{tmp_path}/knows.parquet'",
    )
    (tmp_path / "dbt_project.yml").write_text("name: people\nprofile: people\n")
    target = f"{{type: duckdb, path: w.duckdb, external_root: '{tmp_path}'}}"
    (tmp_path / "profiles.yml").write_text(f"people: {{target: dev, outputs: {{dev: {target}}}}}")
    (tmp_path / "target").mkdir()
    models = json.dumps(manifest("duckdb", "w", materialized="external"))
    (tmp_path / "target" / "manifest.json").write_text(models)
    select = {"person": "SELECT id FROM everyone"}

    record = export(load_graph(tmp_path, built=False, select=select), tmp_path / "build")

    assert [(each.name, each.written) for each in record.tables] == [("person", 5), ("knows", 1)]
    assert [each.table for each in record.queries] == ["person"]


GRAPH = """
graph: people
tables:
  person: {location: PERSON, node: {labels: [Person], key: [id]}}
  knows:
    location: KNOWS
    relationship: {type: KNOWS, start: {node: person, key: [a]}, end: {node: person, key: [b]}}
"""


def test_a_graph_is_the_same_from_a_file_of_duckdb_as_from_parquet(tmp_path: Path) -> None:
    since = "DATE '2020-01-01' + i::INTEGER AS since"
    person = f"SELECT i AS id, 'P' || i AS name, {since} FROM range(9) r(i)"
    knows = "SELECT i AS a, (i + 1) % 9 AS b FROM range(9) r(i)"
    filled(
        tmp_path / "w.duckdb",
        f"CREATE TABLE person AS {person}",
        f"CREATE VIEW knows AS {knows}",
        f"COPY person TO '{tmp_path}/person.parquet'",
        f"COPY (FROM knows) TO '{tmp_path}/knows.parquet'",
    )
    places = {
        "files.yml": ("person.parquet", "knows.parquet"),
        "duck.yml": ("duckdb://w.duckdb/main/person", "duckdb://w.duckdb/main/knows"),
    }
    records = []
    for name, (one, other) in places.items():
        (tmp_path / name).write_text(GRAPH.replace("PERSON", one).replace("KNOWS", other, 1))
        records.append(export(load_graph(tmp_path / name), tmp_path / name.removesuffix(".yml")))

    assert records[0].build_id == records[1].build_id
    assert [query.table for query in records[1].queries] == ["person", "knows"]
    filled(tmp_path / "w.duckdb", "DELETE FROM person")  # the rows of the export are in the build
    assert list(changed_tables(records[1])) == []
    for file in (tmp_path / "duck" / "queried").rglob("*.parquet"):
        os.utime(file, (0, 0))
    assert list(changed_tables(records[1])) == ["person", "knows"]
    assert (
        "queried"
        in json.loads((tmp_path / "duck" / "export.json").read_text())["declaration"]["nodes"][0][
            "location"
        ]
    )
    assert sources.fingerprints(records[1].declaration)
