"""Points made of columns, and labels and types that stand in columns, in a real store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from neo4j.spatial import WGS84Point

from kgimport.errors import ValueRefusedError
from kgimport.graph import ColumnRule, Graph, Point
from kgimport.pipeline.export import export
from kgimport.pipeline.serve import connected
from tests.conftest import quiet
from tests.graphs import people

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kgimport.runtime.programs import Neo4j

PLACES: dict[str, list[Any]] = {
    "id": ["a", "b", "c"],
    "lon": [18.0686, None, -180.0],
    "lat": [59.3293, None, 90.0],
    "kind": [["Adult"], ["Child", "Person"], ["a`b:c", "d,e=f"]],
}
TIES = {"a": ["a", "a", "b"], "b": ["b", "b", "c"], "how": ["LIKES", "OWES `$`", "LIKES"]}


def places(folder: Path, rows: dict[str, list[Any]] = PLACES) -> Graph:
    """People with a place and labels of their own, tied in several ways."""
    graph = people(folder, rows, TIES, type="", type_column="how")
    hidden = {"kind": ColumnRule(skip=True)}
    at = (Point("place", ("lon", "lat"), "wgs-84"),)
    person = replace(graph.nodes[0], points=at, label_column="kind", columns=hidden)
    return Graph("places", (person,), graph.relationships)


@pytest.mark.neo4j
def test_points_labels_and_types_arrive(
    build_graph: Callable[[Graph], Path], neo4j: Neo4j, tmp_path: Path
) -> None:
    store = build_graph(places(tmp_path))

    with connected(neo4j, store / "data") as driver:
        nodes = driver.execute_query("MATCH (n) RETURN n.id, n.place, labels(n) ORDER BY n.id")
        ties = driver.execute_query(
            "MATCH (a)-[r]->(b) RETURN a.id + b.id AS ab, type(r) ORDER BY ab, type(r)"
        )

    assert [[*row[:2], sorted(row[2])] for row in nodes.records] == [
        ["a", WGS84Point((18.0686, 59.3293)), ["Adult", "Person"]],
        ["b", None, ["Child", "Person"]],
        ["c", WGS84Point((-180.0, 90.0)), ["Person", "a`b:c", "d,e=f"]],
    ]
    assert [tuple(row) for row in ties.records] == [
        ("ab", "LIKES"),
        ("ab", "OWES `$`"),
        ("bc", "LIKES"),
    ]


@pytest.mark.parametrize(
    ("column", "value", "check"),
    [
        ("lon", 190.0, "coordinate-out-of-range"),
        ("lat", -90.001, "coordinate-out-of-range"),
        ("lon", -0.0, "longitude-minus-zero"),
        ("lon", None, "half-a-point"),
        ("lat", float("nan"), "coordinate-not-finite"),
        ("lat", float("inf"), "coordinate-not-finite"),
        ("kind", ["x", ""], "empty-label"),
        ("kind", ["x", None], "empty-label"),
        ("kind", None, "empty-label"),
        ("kind", ["\x1f"], "array-delimiter-in-label"),
    ],
)
def test_points_and_labels_that_neo4j_would_change_are_refused(
    tmp_path: Path, column: str, value: object, check: str
) -> None:
    rows = {**PLACES, column: [value, *PLACES[column][1:]]}

    with pytest.raises(ValueRefusedError, match=rf"1 row with .* \[{check}\]"):
        export(places(tmp_path, rows), tmp_path / "build", quiet)


def test_a_row_without_a_type_is_refused(tmp_path: Path) -> None:
    graph = places(tmp_path)
    rows = pl.DataFrame({**TIES, "how": ["LIKES", None, ""]})
    rows.write_parquet(tmp_path / "knows.parquet")

    with pytest.raises(ValueRefusedError, match=r"knows\.how: 2 rows with no type, or an empty"):
        export(graph, tmp_path / "build", quiet)
