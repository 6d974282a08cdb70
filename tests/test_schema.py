"""Constraints and indexes: the statements that a declaration means, and that all of them work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from neo4j.exceptions import ClientError, Neo4jError

from kgimport.commands.build_db import build_db
from kgimport.commands.export import export
from kgimport.errors import DeclarationError, ImportFailedError
from kgimport.graph import ColumnRule, End, Graph, Index, NodeTable, RelationshipTable
from kgimport.locations import LocalPath
from kgimport.neo4j import indexes
from kgimport.records import SchemaItem
from kgimport.targets.neo4j import schema
from tests.graphs import people
from tests.pretended import Answer, Pretended

if TYPE_CHECKING:
    from pathlib import Path

    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j

PERSON = NodeTable("person", LocalPath("p.parquet"), ("Person", "Human"), ("id",), "Person")
CITY = NodeTable("city", LocalPath("c.parquet"), ("City",), ("code",), "City")
KNOWS = RelationshipTable(
    "knows", LocalPath("k.parquet"), "KNOWS", End("person", ("a",)), End("person", ("b",))
)
LIKES = replace(KNOWS, name="likes", type="LIKES")


def statements(*tables: NodeTable | RelationshipTable) -> list[str]:
    """The Cypher of a graph of these tables."""
    nodes = tuple(each for each in tables if isinstance(each, NodeTable))
    relationships = tuple(each for each in tables if isinstance(each, RelationshipTable))
    return [item.cypher for item in schema.items(Graph("g", nodes, relationships))]


def indexed(table: Any, *indexes: Index) -> Any:
    return replace(table, indexes=indexes)


def test_each_kind_of_constraint_and_index_has_its_statement() -> None:
    person = replace(
        indexed(PERSON, Index("text", ("name",)), Index("range", ("name", "age"), "by name")),
        unique=(("id",), ("first", "last")),
        columns={"first": ColumnRule(property="given`name")},
    )

    assert statements(person, indexed(KNOWS, Index("point", ("where",)))) == [
        (
            "CREATE CONSTRAINT `Person_id_unique` IF NOT EXISTS "
            "FOR (n:`Person`) REQUIRE (n.`id`) IS UNIQUE"
        ),
        (
            "CREATE CONSTRAINT `Person_givenx60name_last_unique` IF NOT EXISTS "
            "FOR (n:`Person`) REQUIRE (n.`given``name`, n.`last`) IS UNIQUE"
        ),
        "CREATE TEXT INDEX `Person_name_text` IF NOT EXISTS FOR (e:`Person`) ON (e.`name`)",
        "CREATE RANGE INDEX `by name` IF NOT EXISTS FOR (e:`Person`) ON (e.`name`, e.`age`)",
        "CREATE POINT INDEX `KNOWS_where_point` IF NOT EXISTS FOR ()-[e:`KNOWS`]-() ON (e.`where`)",
    ]


def test_a_full_text_index_spans_the_tables_that_name_it() -> None:
    one, other = Index("fulltext", ("name", "text"), "all"), Index("fulltext", ("text",), "all")

    assert statements(indexed(PERSON, one), indexed(CITY, other)) == [
        (
            "CREATE FULLTEXT INDEX `all` IF NOT EXISTS "
            "FOR (e:`Person`|`City`) ON EACH [e.`name`, e.`text`]"
        )
    ]
    assert statements(PERSON, indexed(KNOWS, other), indexed(LIKES, one)) == [
        (
            "CREATE FULLTEXT INDEX `all` IF NOT EXISTS "
            "FOR ()-[e:`KNOWS`|`LIKES`]-() ON EACH [e.`text`, e.`name`]"
        )
    ]


def test_full_text_indexes_without_a_name_stay_apart() -> None:
    index = Index("fulltext", ("text",))

    assert statements(indexed(PERSON, index), indexed(CITY, index)) == [
        (
            "CREATE FULLTEXT INDEX `Person_text_fulltext` IF NOT EXISTS "
            "FOR (e:`Person`) ON EACH [e.`text`]"
        ),
        (
            "CREATE FULLTEXT INDEX `City_text_fulltext` IF NOT EXISTS "
            "FOR (e:`City`) ON EACH [e.`text`]"
        ),
    ]


NAMED = Index("range", ("a",), "one")
CLASHES = {
    "kinds": (indexed(PERSON, NAMED, Index("text", ("a",), "one")),),
    "properties": (indexed(PERSON, NAMED, Index("range", ("b",), "one")),),
    "tables": (indexed(PERSON, NAMED), indexed(CITY, NAMED)),
    "a constraint": (
        replace(indexed(CITY, Index("range", ("a",), "City_a_unique")), unique=(("a",),)),
    ),
    "nodes and relationships": (
        indexed(PERSON, Index("fulltext", ("a",), "one")),
        indexed(KNOWS, Index("fulltext", ("a",), "one")),
    ),
    "a full-text index": (indexed(PERSON, NAMED), indexed(CITY, Index("fulltext", ("a",), "one"))),
}


@pytest.mark.parametrize("what", CLASHES)
def test_two_indexes_of_one_name_are_refused(what: str) -> None:
    with pytest.raises(DeclarationError, match=r"two indexes are named (one|City_a_unique)"):
        statements(*CLASHES[what])


def test_the_same_index_said_twice_is_one() -> None:
    assert statements(indexed(PERSON, NAMED, NAMED), indexed(PERSON, NAMED)) == [
        "CREATE RANGE INDEX `one` IF NOT EXISTS FOR (e:`Person`) ON (e.`a`)"
    ]


def test_the_script_is_every_statement_in_its_order() -> None:
    items = (SchemaItem("a", "CREATE A"), SchemaItem("b", "CREATE B"))

    assert schema.script(items) == "CREATE A;\nCREATE B;\n"


class Refusing(Pretended):
    """A server that breaks off where a query begins so."""

    def __init__(self, start: str, error: Neo4jError, **indexes: str) -> None:
        super().__init__(indexes=indexes)
        self.start, self.error = start, error

    def execute_query(self, query: str, **parameters: object) -> Answer:
        if query.startswith(self.start):
            raise self.error
        return super().execute_query(query, **parameters)


def as_driver(server: Pretended) -> Driver:
    return cast("Driver", server)


def test_indexes_that_are_online_are_no_news() -> None:
    server = Pretended()

    indexes.await_online(as_driver(server))

    assert [query.split("(")[0] for query in server.asked] == [
        "CALL db.awaitIndexes",
        "SHOW INDEXES YIELD name, state WHERE state <> 'ONLINE'",
    ]


def test_an_index_that_is_not_online_is_named() -> None:
    server = Pretended(indexes={"by_name": "FAILED", "by_age": "POPULATING"})

    with pytest.raises(
        ImportFailedError, match=r"not online: by_name \(FAILED\), by_age \(POPULATING\)\n"
    ):
        indexes.await_online(as_driver(server))


def test_a_server_that_gives_up_waiting_is_understood() -> None:
    server = Refusing("CALL db.awaitIndexes", ClientError("no"), by_name="FAILED")
    silent = Refusing("CALL db.awaitIndexes", ClientError("no"))

    with pytest.raises(ImportFailedError, match=r"not online: by_name \(FAILED\)\n"):
        indexes.await_online(as_driver(server))
    with pytest.raises(ImportFailedError, match="not online: "):
        indexes.await_online(as_driver(silent))


def test_a_statement_that_fails_is_told() -> None:
    server = Refusing("CREATE B", ClientError("no"))
    items = [SchemaItem(name, f"CREATE {name}") for name in "ABC"]

    with pytest.raises(ImportFailedError, match="CREATE B failed: "):
        indexes.create(as_driver(server), items)

    assert server.asked == ["CREATE A"]


@pytest.mark.neo4j
def test_a_value_too_long_for_its_index_stops_the_build(neo4j: Neo4j, tmp_path: Path) -> None:
    graph = people(tmp_path, {"id": ["a", "b", "c"], "name": ["x" * 40_000, "y", "z"]})
    person = replace(graph.nodes[0], indexes=(Index("range", ("name",), "by_name"),))
    export(replace(graph, nodes=(person,)), tmp_path / "build")

    with pytest.raises(ImportFailedError, match=r"not online: by_name \(FAILED\)"):
        build_db(tmp_path / "build", tmp_path / "stores", neo4j=neo4j)

    assert not list((tmp_path / "stores" / "people").glob("[!.]*"))
