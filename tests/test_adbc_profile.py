"""Tables by the connection profile of an ADBC driver: real drivers, of Postgres and Snowflake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import adbc_driver_postgresql
import adbc_driver_snowflake
import polars as pl
import pytest

from kgimport.commands.export import export
from kgimport.commands.load_graph import load_graph
from kgimport.errors import KgimportError, SourceError, UsageError, ValueRefusedError
from kgimport.locations import Context, Relation, parse
from kgimport.sources import adbc_profile
from kgimport.sources.adbc_profile import SOURCE
from tests.located import node, read, refused
from tests.postgres_server import PASSWORD, USER, Database

if TYPE_CHECKING:
    from kgimport.graph import NodeTable

CANARY = "canary-31"


def profile(folder: Path, driver: str, **options: str) -> str:
    """The path of a new profile."""
    lines = "\n".join(f"{key.replace('__', '.')} = '''{value}'''" for key, value in options.items())
    path = folder / "warehouse.toml"
    path.write_text(f"profile_version = 1\ndriver = '{driver}'\n[Options]\n{lines}\n")
    return str(path)


def postgres(folder: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PGPASSWORD_OF_TEST", PASSWORD.replace("\\", "\\\\").replace("'", "\\'"))
    known = f"host={database.socket} user={USER} dbname={database.name}"
    uri = f"{known} password='{{{{ env_var(PGPASSWORD_OF_TEST) }}}}'"
    # Three quotes end a literal of TOML; two are two.
    return profile(folder, adbc_driver_postgresql._driver_path(), uri=f"{uri} ")


def table(path: str, name: str = "t") -> NodeTable:
    return node(Relation((path, name), SOURCE.connect({}, Path())))


def test_rows_arrive_as_the_driver_hands_them_out(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_database.run(
        "CREATE TABLE \"a b\" AS SELECT i AS id, i::text AS t, date '2020-01-02' AS d "
        "FROM generate_series(1, 100000) s(i)"
    )
    path = postgres(tmp_path, postgres_database, monkeypatch)

    (rows,) = read(tmp_path, table(path, "public.a b"))

    assert rows.schema == {"id": pl.Int32, "t": pl.String, "d": pl.Date}
    assert sorted(rows["id"]) == list(range(1, 100_001))


def test_a_type_that_only_the_driver_knows_is_refused(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_database.run("CREATE TABLE t AS SELECT 1 AS id, 1.5 AS n, inet '10.0.0.1' AS i")

    error = refused(tmp_path, table(postgres(tmp_path, postgres_database, monkeypatch)))

    assert isinstance(error, ValueRefusedError)
    assert "t.n (" in error.message
    assert "t.i (" in error.message
    assert "cast them to text" in error.hint


def test_a_graph_file_names_a_profile_next_to_it(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_database.run("CREATE TABLE person AS SELECT 1 AS id, 'a' AS name")
    postgres(tmp_path, postgres_database, monkeypatch)
    (tmp_path / "graph.yml").write_text(
        "graph: g\ntables:\n  person: {location: adbc://warehouse.toml/person, "
        "node: {labels: [Person], key: [id]}}\n"
        "  pet: {location: 'adbc://warehouse.toml/select:SELECT 2 AS id UNION SELECT 3', "
        "node: {labels: [Pet], key: [id]}}\n"
    )

    record = export(load_graph(tmp_path / "graph.yml"), tmp_path / "build")

    assert [(each.name, each.written) for each in record.tables] == [("person", 1), ("pet", 2)]
    assert PASSWORD not in (tmp_path / "build/export.json").read_text()


@pytest.mark.parametrize(
    ("name", "spelled"),
    [("t", "t"), ("S.t_1", "S.t_1"), ("a b.t", '"a b".t'), ('x"y', '"x""y"'), ("é", '"é"')],
)
def test_names_are_quoted_only_where_they_need_it(name: str, spelled: str) -> None:
    assert adbc_profile._spelled(name) == spelled


def test_a_location_has_a_profile_and_a_table() -> None:
    context = Context(connections=(SOURCE.connect({}, Path()),))

    found = parse("adbc://conf/my.toml/s.t", context)

    assert isinstance(found, Relation)
    assert found.names == ("conf/my.toml", "s.t")
    with pytest.raises(UsageError) as caught:
        parse("adbc://my.toml", context)
    assert "write adbc://PROFILE.toml/TABLE" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "No such file"), ("= 1", "cannot be read"), ("profile_version = 1\n", "")],
)
def test_a_profile_that_is_missing_or_damaged_is_refused(
    tmp_path: Path, text: str | None, why: str
) -> None:
    path = tmp_path / "p.toml"
    if text is not None:
        path.write_text(text)

    error = refused(tmp_path, table(str(path)))

    assert type(error) is SourceError
    assert str(path) in error.message
    assert why in error.message


@pytest.mark.parametrize("by", ["variable", "option"])
def test_a_secret_of_a_profile_is_not_shown(
    echoing: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    """The server sends the password back, and the driver puts it into its message."""
    monkeypatch.setenv("WAREHOUSE_PASSWORD", CANARY)
    sql = "adbc.snowflake.sql"
    options = {
        "username": "u",
        "password": CANARY if by == "option" else "{{ env_var(WAREHOUSE_PASSWORD) }}",
        f"{sql}.account": "a",
        f"{sql}.uri.host": "127.0.0.1",
        f"{sql}.uri.port": str(echoing),
        f"{sql}.uri.protocol": "http",
    }
    path = profile(tmp_path, adbc_driver_snowflake._driver_path(), **options)

    error: KgimportError = refused(tmp_path, table(path))

    assert "no: …" in error.message
    assert CANARY not in str(error)


def test_a_password_in_an_address_is_a_secret(tmp_path: Path) -> None:
    path = profile(
        tmp_path, "d", uri="grpc://me:se%20cret@there:1/x", a__b_token="t0k", region="eu"
    )

    assert [*adbc_profile.secrets(path)] == ["se%20cret", "se cret", "t0k"]
