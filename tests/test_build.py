"""`build-db` takes only what an export has left, and compares every row of a small table."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from neo4j.time import Date

from kgimport import store
from kgimport.errors import DestinationError, ReconciliationError, SourceError
from kgimport.graph import End, Graph
from kgimport.pipeline.build import BuildOptions, build_db
from kgimport.pipeline.export import export
from kgimport.pipeline.proof import DEFAULTS, ExportOptions
from kgimport.pipeline.serve import connected
from tests.conftest import quiet
from tests.graphs import KNOWS, PERSONS, people

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.runtime.programs import Neo4j

pytestmark = pytest.mark.neo4j


@pytest.mark.parametrize("file", ["csv/person/part-00000.csv", "import.args"])
def test_a_build_directory_that_was_touched_is_refused(
    neo4j: Neo4j, tmp_path: Path, file: str
) -> None:
    export(people(tmp_path), tmp_path / "build", quiet)
    touched = tmp_path / "build" / file
    if file.endswith(".csv"):
        touched.write_text(touched.read_text().replace("Ann", "Eve"))
    else:
        touched.unlink()

    with pytest.raises(DestinationError, match=f"is not what its export left: {file}"):
        build_db(tmp_path / "build", tmp_path / "stores", neo4j, BuildOptions(), quiet)


def test_tables_that_changed_since_the_export_are_told_before_the_import(
    neo4j: Neo4j, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build", quiet)
    pl.DataFrame({**KNOWS, "since": [1, 2]}).write_parquet(tmp_path / "knows.parquet")

    with pytest.raises(SourceError, match="changed since the export: knows"):
        build_db(tmp_path / "build", tmp_path / "stores", neo4j, BuildOptions(), quiet)


def test_parquet_becomes_a_store_that_holds_the_same(neo4j: Neo4j, tmp_path: Path) -> None:
    graph = people(tmp_path, {**PERSONS, "name": ["Ann", None, " "]})
    export(graph, tmp_path / "build", quiet, PARQUET)

    built = build_db(tmp_path / "build", tmp_path / "stores", neo4j, BuildOptions(), quiet)

    assert (built.record.labels, built.record.types) == ({"Person": 3}, {"KNOWS": 2})
    with connected(neo4j, built.path / "data") as driver:
        found = driver.execute_query(
            "MATCH (a)-[k:KNOWS]->(b) RETURN a.id, a.name, k.since, b.id, b.name ORDER BY a.id"
        )
    assert [tuple(row) for row in found.records] == [
        ("a", "Ann", 2001, "b", None),
        ("b", None, 2002, "c", " "),
    ]


PARQUET = ExportOptions(format="parquet")


@pytest.mark.parametrize("options", [PARQUET, DEFAULTS], ids=["parquet", "csv"])
def test_tables_of_one_label_and_one_type_keep_their_own_properties(
    neo4j: Neo4j, tmp_path: Path, options: ExportOptions
) -> None:
    one = people(tmp_path / "1", {"id": ["a", "b", "c"], "age": [1, 2, 3]})
    other = people(
        tmp_path / "2",
        {"id": ["d", "e"], "born": [date(1969, 12, 31), None]},
        {"a": ["d"], "b": ["e"], "how": ["well"]},
    )
    graph = Graph(
        "both",
        (*one.nodes, replace(other.nodes[0], name="more", id_space="More", unique=())),
        (
            *one.relationships,
            replace(
                other.relationships[0],
                name="more_knows",
                start=End("more", ("a",)),
                end=End("more", ("b",)),
            ),
        ),
    )
    export(graph, tmp_path / "build", quiet, options)

    built = build_db(tmp_path / "build", tmp_path / "stores", neo4j, BuildOptions(), quiet)

    with connected(neo4j, built.path / "data") as driver:
        nodes = driver.execute_query("MATCH (n:Person) RETURN properties(n) AS p ORDER BY p.id")
        links = driver.execute_query(
            "MATCH (a)-[k:KNOWS]->() RETURN properties(k) AS p ORDER BY a.id"
        )
    assert [row["p"] for row in nodes.records] == [
        {"id": "a", "age": 1},
        {"id": "b", "age": 2},
        {"id": "c", "age": 3},
        {"id": "d", "born": Date(1969, 12, 31)},
        {"id": "e"},
    ]
    assert [row["p"] for row in links.records] == [
        {"since": 2001},
        {"since": 2002},
        {"how": "well"},
    ]


def test_one_wrong_cell_in_a_small_table_is_found(neo4j: Neo4j, tmp_path: Path) -> None:
    record = export(people(tmp_path), tmp_path / "build", quiet)
    part = tmp_path / "build" / "csv" / "knows" / "part-00000.csv"
    good = part.read_bytes()
    part.write_bytes(good.replace(b"2002", b"2003"))
    text = (tmp_path / "build" / "export.json").read_text()
    # As if the writer itself had been wrong: the record agrees with the file.

    digest = hashlib.sha256(part.read_bytes()).hexdigest()
    forged = text.replace(record.tables[1].files[0].sha256, digest)
    (tmp_path / "build" / "export.json").write_text(forged)

    with pytest.raises(ReconciliationError, match="knows 'b', 'c' differs in since"):
        build_db(tmp_path / "build", tmp_path / "stores", neo4j, BuildOptions(), quiet)

    with pytest.raises(DestinationError):
        store.find(tmp_path / "stores" / "people")
