"""A dbt project that was not made for kgimport becomes a graph, on DuckDB and on Postgres."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kgimport import check, export, find_neo4j, load_graph
from kgimport.commands import run
from kgimport.commands.run import Project
from kgimport.errors import DeclarationError, SourceError, UsageError
from kgimport.locations import Relation
from tests.shops import Shop, new_shop

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.dbt
ROWS = {"town": 3, "customers": 3, "orders": 4, "prices": 2, "lives_in": 3, "placed": 4}


def test_what_dbt_made_is_the_graph_whatever_it_is_materialised_as(duckdb_shop: Shop) -> None:
    with duckdb_shop.at_home():
        graph = load_graph(".")
        proof = check(graph)

    assert proof.sources == ROWS
    places = {table.name: table.location for table in graph.tables}
    assert {name: at.names[1:] for name, at in places.items() if isinstance(at, Relation)} == {
        "town": ("main_raw", "town"),
        "customers": ("main", "people of the shop"),
        "orders": ("main", "orders"),
        "prices": ("main_history", "prices"),
        "lives_in": ("main_edges", "lives_in"),
        "placed": ("main_edges", "placed"),
    }


def test_duckdb_and_postgres_have_the_same_graph(
    duckdb_shop: Shop, postgres_shop: Shop, tmp_path: Path
) -> None:
    with duckdb_shop.at_home():
        first = export(load_graph("graph.yml"), tmp_path / "duckdb")
    with postgres_shop.at_home():
        second = export(load_graph("graph.yml", target="pg"), tmp_path / "postgres")

    assert {each.name: each.rows for each in first.tables} == ROWS
    assert first.build_id == second.build_id


def test_a_target_that_was_not_built_last_is_refused(postgres_shop: Shop) -> None:
    with postgres_shop.at_home(), pytest.raises(DeclarationError, match="postgres, not duck"):
        load_graph(".")


def test_no_password_is_in_what_kgimport_shows_or_writes(
    postgres_shop: Shop, tmp_path: Path
) -> None:
    secret = postgres_shop.environment["PGPASSWORD"]
    with postgres_shop.at_home():
        graph = load_graph(".", target="pg")
        export(graph, tmp_path / "build")

    shown = [repr(graph), *(file.read_text() for file in tmp_path.rglob("*.json"))]
    assert not [text for text in shown if secret in text or json.dumps(secret) in text]


WRONG: dict[str, tuple[str, str]] = {
    "customer": (
        "customers:",
        "dbt has no model, seed or snapshot customer; did you mean customers",
    ),
    "only_in_passing": ("placed:", "model.shop.only_in_passing: is ephemeral, so it has no table"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_table_that_dbt_does_not_have_is_refused_by_name(duckdb_shop: Shop, name: str) -> None:
    line, reason = WRONG[name]
    with duckdb_shop.at_home() as folder:
        other = folder / "other.yml"
        text = (folder / "graph.yml").read_text()
        other.write_text(
            text.replace(f"  {line}", f"  {name}:").replace(f"node: {line[:-1]},", f"node: {name},")
        )
        with pytest.raises(DeclarationError, match=reason):
            load_graph(other)


def test_a_location_that_is_given_wins_over_dbt_s(duckdb_shop: Shop) -> None:
    with duckdb_shop.at_home() as folder:
        other = folder / "given.yml"
        text = (folder / "graph.yml").read_text()
        other.write_text(text.replace("town: {node", "town: {location: towns.parquet, node"))

        assert str(load_graph(other).node("town").location) == str(folder / "towns.parquet")


def test_parquet_of_a_project_is_read_without_its_profile(
    duckdb_shop: Shop, tmp_path: Path
) -> None:
    shutil.copytree(duckdb_shop.folder, tmp_path / "shop")

    graph = load_graph(tmp_path / "shop", tables=str(tmp_path / "lake"))

    assert str(graph.node("customers").location) == str(
        tmp_path / "lake" / "people of the shop.parquet"
    )


@pytest.mark.neo4j
def test_a_run_in_the_project_s_folder_needs_no_option(tmp_path: Path) -> None:
    shop = new_shop(tmp_path)
    lines: list[str] = []
    with shop.at_home() as folder:
        project = Project(Path(), Path("data"), Path("build"), Path("stores"))
        neo4j = find_neo4j("2026.08.1")
        built, _ = run.run(project, neo4j=neo4j, progress=lambda stage, _: lines.append(stage))

        assert built.record.labels == {"Town": 3, "Customer": 3, "Order": 4, "Price": 2}
        assert built.record.types == {"LIVES_IN": 3, "PLACED": 4}
        assert any("OK created sql table model main.people of the shop" in line for line in lines)

        # Without one of the graph's tables nothing is published, and the store stays.
        part = Project(
            Path("graph.yml"),
            *(Path("data"), Path("build"), Path("stores")),
            arguments=("--exclude", "placed"),
        )
        with pytest.raises(SourceError, match=r"not selected: placed"):
            run.run(part, neo4j=neo4j)
        assert [each.name for each in (folder / "stores" / "shop").iterdir() if each.is_dir()]


FAILURES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a model": (
        lambda at: (at / "models/marts/orders.sql").write_text("select no_such_column from x"),
        r"(?s)dbt build failed:\n  .*Error in model orders.*x does not exist",
    ),
    "a test": (
        lambda at: (at / "models/marts/marts.yml").write_text(
            "models: [{name: placed, columns: [{name: customer_id, data_tests: [unique]}]}]"
        ),
        r"(?s)dbt build failed:\n  Failure in test unique_placed_customer_id.*Got 1 result",
    ),
    "a file": (
        lambda at: (at / "models/marts/marts.yml").write_text("models: ["),
        r"(?s)dbt build failed:\n.*marts.yml",
    ),
}


@pytest.mark.parametrize("what", FAILURES)
def test_where_dbt_fails_its_reason_is_shown(tmp_path: Path, what: str) -> None:
    change, reason = FAILURES[what]
    shop = new_shop(tmp_path)
    change(shop.folder)

    with shop.at_home(), pytest.raises(SourceError, match=reason):
        run.run(Project(Path(), Path("data"), Path("build"), Path("stores")), neo4j="5.26.30")


def test_arguments_that_are_kgimport_s_own_are_refused(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path, tmp_path, tmp_path, arguments=("--target=pg",))

    with pytest.raises(UsageError, match="--target=pg is for kgimport, too"):
        run.known_of(project)
