"""Integers of other engines: whole decimals are INTEGER, as properties, as keys and as ends."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from kgimport.commands.export import export
from kgimport.errors import IntegrityError
from kgimport.graph import Graph
from kgimport.locations import LocalPath, Relation
from kgimport.sources.duckdb_file import DuckDB
from kgimport.sources.postgres import Postgres
from tests.graphs import people

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.postgres_server import Database

    Place = Callable[[str], LocalPath | Relation]

MOST = 2**63 - 1
TIES = "SELECT 7::bigint AS a, 9223372036854775807::bigint AS b"


def persons(number: str, most: int) -> str:
    """Keys and ages of a type of numbers; the greatest is a key."""
    values = f"(-1, 40), (7, NULL), ({most}, -{MOST})"
    return f"SELECT id::{number} AS id, age::{number} AS age FROM (VALUES {values}) AS v(id, age)"


def in_parquet(folder: Path, most: int) -> Place:
    whole, integer = pl.Decimal(38, 0), pl.Int64
    ids = pl.Series("id", [Decimal(-1), Decimal(7), Decimal(most)], whole)
    ages = pl.Series("age", [Decimal(40), None, Decimal(-MOST)], whole)
    pl.DataFrame([ids, ages]).write_parquet(folder / "person.parquet")
    ties = pl.DataFrame({"a": [7], "b": [MOST]}, {"a": integer, "b": integer})
    ties.write_parquet(folder / "knows.parquet")
    return lambda name: LocalPath(str(folder / f"{name}.parquet"))


def in_duckdb(folder: Path, number: str, most: int) -> Place:
    file = str(folder / "w.duckdb")
    with duckdb.connect(file) as made:
        made.execute(f"CREATE TABLE person AS {persons(number, most)}")
        made.execute(f"CREATE TABLE knows AS {TIES}")
    return lambda name: Relation((file, "main", name), DuckDB())


def in_postgres(database: Database, number: str, most: int) -> Place:
    database.run(f"CREATE TABLE person AS {persons(number, most)}", f"CREATE TABLE knows AS {TIES}")
    return lambda name: Relation((database.name, "public", name), Postgres())


@pytest.fixture
def places(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], dict[str, Place]]:
    """The same two tables in every source; keys are of a type that is not one of integers."""
    for name, value in postgres_database.environment.items():
        monkeypatch.setenv(name, value)

    def made(most: int) -> dict[str, Place]:
        (tmp_path / "hugeint").mkdir()
        return {
            "Parquet": in_parquet(tmp_path, most),
            "DECIMAL(38,0)": in_duckdb(tmp_path, "DECIMAL(38,0)", most),
            "HUGEINT": in_duckdb(tmp_path / "hugeint", "HUGEINT", most),
            "numeric": in_postgres(postgres_database, "numeric", most),
        }

    return made


def graph(folder: Path, place: Place) -> Graph:
    made = people(folder)
    nodes = tuple(replace(each, location=place(each.name)) for each in made.nodes)
    ties = tuple(replace(each, location=place(each.name)) for each in made.relationships)
    return Graph("integers", nodes, ties)


def test_whole_decimals_are_integers_and_join_with_them_in_every_source(
    places: Callable[[int], dict[str, Place]], tmp_path: Path
) -> None:
    records = {
        name: export(graph(tmp_path / "other", place), tmp_path / "build")
        for name, place in places(MOST).items()
    }

    assert len({each.build_id for each in records.values()}) == 1
    for record in records.values():
        person, knows = record.tables
        assert {each.header for each in person.fields} == {"long"}
        assert (person.written, knows.written) == (3, 1)


def test_decimals_beyond_64_bits_are_refused_with_their_rows_in_every_source(
    places: Callable[[int], dict[str, Place]], tmp_path: Path
) -> None:
    for name, place in places(MOST + 1).items():
        with pytest.raises(IntegrityError) as caught:
            export(graph(tmp_path / "other", place), tmp_path / "build")
        found = {each.check: each for each in caught.value.findings}
        assert found["integer-out-of-range"].samples[0]["id"] == f"Decimal('{MOST + 1}')", name
