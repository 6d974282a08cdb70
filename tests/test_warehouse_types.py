"""Every type of DuckDB and Postgres, read back from real stores of both lines of Neo4j."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from kgimport.graph import ColumnRule, Graph, NodeTable
from kgimport.locations import Relation
from kgimport.neo4j.private import private_driver
from kgimport.sources.duckdb_file import DuckDB
from kgimport.sources.postgres import Postgres
from tests.warehouse_types import DUCKDB_EXACT, POSTGRES_EXACT, POSTGRES_TYPES, Exact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j
    from tests.postgres_server import Database


def one_row(values: Sequence[Exact]) -> str:
    columns = ", ".join(f"{each.sql} AS c{at}" for at, each in enumerate(values))
    return f"CREATE TABLE t AS SELECT 1 AS id, {columns}"


def table(name: str, location: Relation, values: Sequence[Exact]) -> NodeTable:
    """A table of nodes that leaves out what is refused."""
    rules = {
        f"c{at}": each.rule if each.neo4j else ColumnRule(skip=True)
        for at, each in enumerate(values)
    }
    return NodeTable(name, location, (name,), ("id",), name, columns=rules)


@pytest.mark.neo4j
def test_every_type_is_in_the_store_as_the_page_says(
    build_graph: Callable[[Graph], Path],
    neo4j: Neo4j,
    postgres_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "w.duckdb"
    with duckdb.connect(str(file)) as made:
        made.execute(one_row(DUCKDB_EXACT))
    postgres_database.run(*POSTGRES_TYPES, one_row(POSTGRES_EXACT))
    for name, value in postgres_database.environment.items():
        monkeypatch.setenv(name, value)
    in_file = Relation((str(file), "main", "t"), DuckDB())
    in_server = Relation((postgres_database.name, "public", "t"), Postgres())
    tables = (table("D", in_file, DUCKDB_EXACT), table("P", in_server, POSTGRES_EXACT))

    store = build_graph(Graph("types", tables))

    with private_driver(neo4j, store / "data") as driver:
        assert stored(driver, "D", DUCKDB_EXACT) == expected(DUCKDB_EXACT)
        assert stored(driver, "P", POSTGRES_EXACT) == expected(POSTGRES_EXACT)


def expected(values: Sequence[Exact]) -> list[tuple[str, ...]]:
    return [
        (each.sql, f"{each.neo4j} NOT NULL", repr(each.in_graph))
        if each.neo4j and each.in_graph is not None
        else (each.sql, "NULL", "None")
        for each in values
    ]


def stored(driver: Driver, label: str, values: Sequence[Exact]) -> list[tuple[str, ...]]:
    columns = ", ".join(f"valueType(n.c{at}), n.c{at}" for at in range(len(values)))
    found = driver.execute_query(f"MATCH (n:{label}) RETURN {columns}").records[0].values()
    cells = zip(values, found[::2], found[1::2], strict=True)
    return [(each.sql, kind, repr(native(value))) for each, kind, value in cells]


def native(value: Any) -> Any:
    if isinstance(value, list):
        return [native(each) for each in value]
    found = value.to_native() if hasattr(value, "to_native") else value
    if isinstance(found, datetime) and found.tzinfo:
        return found.astimezone(UTC)
    return found
