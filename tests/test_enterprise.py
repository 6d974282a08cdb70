"""The script of constraints that only Neo4j Enterprise has: what it claims, and its syntax."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from neo4j.exceptions import Neo4jError

from kgimport.commands.export import export
from kgimport.graph import ColumnRule, General, NodeTable
from kgimport.locations import LocalPath
from kgimport.targets.neo4j.cypher import statement
from kgimport.targets.neo4j.enterprise import constraints
from tests.graphs import people

if TYPE_CHECKING:
    from pathlib import Path

    from neo4j import Driver

    from kgimport.graph import Graph

REQUIRED = ColumnRule(required=True)


def everything(folder: Path) -> Graph:
    """A graph with a property of each kind, and names that need quotes."""
    rows: dict[str, Any] = {
        "id": ["a", "b"],
        "na`me": ["A", None],
        "tags": [["x"], None],
        "at": pl.Series([0, 1]).cast(pl.Datetime("us", "UTC")),
        "day": pl.Series([0, 1]).cast(pl.Date()),
        "raw": [b"a", b"b"],
        "nothing": pl.Series([None, None], dtype=pl.Null),
        "x": [1.0, 2.0],
        "y": [1, 2],
    }
    columns = {"raw": ColumnRule(binary="bytes"), "tags": ColumnRule(), "x": REQUIRED}
    knows: dict[str, list[Any]] = {"a": ["a"], "b": ["b"], "since": [2001], "line": [1]}
    graph = people(folder, pl.DataFrame(rows), knows, columns={"since": REQUIRED}, key=("line",))
    return replace(graph, nodes=(replace(graph.nodes[0], columns=columns),))


def test_the_script_claims_what_the_export_has_proved(tmp_path: Path) -> None:
    record = export(everything(tmp_path), tmp_path / "build")

    claims = [
        each.removeprefix("CREATE CONSTRAINT IF NOT EXISTS FOR ") for each in constraints(record)
    ]
    assert claims == [
        "(e:`Person`) REQUIRE e.`id` IS NOT NULL",
        "(e:`Person`) REQUIRE e.`x` IS NOT NULL",
        "(e:`Person`) REQUIRE e.`id` IS :: STRING",
        "(e:`Person`) REQUIRE e.`na``me` IS :: STRING",
        "(e:`Person`) REQUIRE e.`tags` IS :: LIST<STRING NOT NULL>",
        "(e:`Person`) REQUIRE e.`at` IS :: ZONED DATETIME",
        "(e:`Person`) REQUIRE e.`day` IS :: DATE",
        "(e:`Person`) REQUIRE e.`x` IS :: FLOAT",
        "(e:`Person`) REQUIRE e.`y` IS :: INTEGER",
        "()-[e:`KNOWS`]-() REQUIRE e.`since` IS NOT NULL",
        "()-[e:`KNOWS`]-() REQUIRE e.`line` IS NOT NULL",
        "()-[e:`KNOWS`]-() REQUIRE e.`since` IS :: INTEGER",
        "()-[e:`KNOWS`]-() REQUIRE e.`line` IS :: INTEGER",
    ]
    script = (tmp_path / "build" / "enterprise.cypher").read_text()
    lines = script.splitlines()
    assert [line for line in lines if not line.startswith("//")] == [
        f"{each};" for each in constraints(record)
    ]


def test_what_is_claimed_of_a_label_holds_for_all_tables_that_have_it(tmp_path: Path) -> None:
    graph = people(tmp_path)
    pl.DataFrame({"no": [1, 2], "name": [1, None]}).write_parquet(tmp_path / "staff.parquet")
    staff = NodeTable(
        name="staff",
        location=LocalPath(str(tmp_path / "staff.parquet")),
        labels=("Person", "Staff"),
        key=("no",),
        id_space="Staff",
    )

    record = export(replace(graph, nodes=(*graph.nodes, staff)), tmp_path / "build")

    claims = [each.partition(" FOR ")[2] for each in constraints(record)][:-1]
    assert claims == [
        "(e:`Person`) REQUIRE e.`id` IS :: STRING",
        "(e:`Person`) REQUIRE e.`name` IS :: INTEGER | STRING",
        "(e:`Staff`) REQUIRE e.`no` IS NOT NULL",
        "(e:`Person`) REQUIRE e.`no` IS :: INTEGER",
    ]


def test_required_changes_no_build_id_and_nothing_that_is_imported(tmp_path: Path) -> None:
    graph = people(tmp_path)
    person = replace(graph.nodes[0], general=General(patterns={"i*": {"required": True}}))

    plain = export(graph, tmp_path / "plain")
    strict = export(replace(graph, nodes=(person,)), tmp_path / "strict")

    assert plain.build_id == strict.build_id
    assert plain.schema == strict.schema


@pytest.mark.neo4j
def test_community_refuses_each_statement_for_its_edition_and_not_for_its_syntax(
    lms: Driver, tmp_path: Path
) -> None:
    record = export(everything(tmp_path), tmp_path / "build")
    union = "CREATE CONSTRAINT IF NOT EXISTS FOR (e:`P`) REQUIRE e.`p` IS :: INTEGER | STRING"

    for each in (*constraints(record), union):
        with pytest.raises(Neo4jError, match="Enterprise Edition") as refused:
            lms.execute_query(statement(each))
        assert "Syntax" not in str(refused.value.code)
    with pytest.raises(Neo4jError, match="Invalid input") as wrong:
        lms.execute_query(statement(union.replace("| STRING", "| XYZ")))
    assert "Syntax" in str(wrong.value.code)
