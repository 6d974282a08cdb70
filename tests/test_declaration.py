"""A declaration becomes a graph, or says all that is wrong with it at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kgimport import declaration
from kgimport.declaration import Made
from kgimport.errors import DeclarationError, SourceError
from kgimport.graph import ColumnRule, End, Graph, Index, NodeTable, RelationshipTable
from kgimport.locations import LocalPath

PEOPLE = """
graph: people
tables:
  person:
    location: person.parquet
    node:
      labels: [Person, Human]
      key: [person_id]
      unique: [[person_id]]
      indexes: [{kind: fulltext, properties: [name], name: names}]
    columns:
      person_id: {property: personId}
  knows:
    location: /lake/knows/*.parquet
    relationship:
      type: KNOWS
      start: {node: person, key: [a]}
      end: {node: person, key: [b]}
      on_missing: skip
"""


def declared(tmp_path: Path, text: str) -> Graph:
    file = tmp_path / "graph.yml"
    file.write_text(text, encoding="utf-8")
    return declaration.load_yaml(file)


def test_a_graph_yml_becomes_a_graph(tmp_path: Path) -> None:
    person = NodeTable(
        name="person",
        location=LocalPath(str(tmp_path / "person.parquet")),
        labels=("Person", "Human"),
        key=("person_id",),
        id_space="Person",
        columns={"person_id": ColumnRule(property="personId")},
        unique=(("person_id",),),
        indexes=(Index("fulltext", ("name",), "names"),),
    )
    knows = RelationshipTable(
        name="knows",
        location=LocalPath("/lake/knows/*.parquet"),
        type="KNOWS",
        start=End("person", ("a",)),
        end=End("person", ("b",)),
        on_missing="skip",
    )

    assert declared(tmp_path, PEOPLE) == Graph("people", (person,), (knows,))


def test_a_relationship_may_have_a_key(tmp_path: Path) -> None:
    keyed = declared(tmp_path, PEOPLE.replace("type: KNOWS", "type: KNOWS\n      key: [a, since]"))

    assert keyed.relationships[0].key == ("a", "since")
    with pytest.raises(DeclarationError, match=r"knows\.relationship\.key: no column since"):
        declaration.check_columns(keyed, {"person": ["person_id"], "knows": ["a", "b"]})
    with pytest.raises(
        DeclarationError, match=r"tables\.knows\.relationship\.key: list should have"
    ):
        declared(tmp_path, PEOPLE.replace("type: KNOWS", "type: KNOWS\n      key: []"))


def test_all_mistakes_are_told_in_one_go_with_their_places(tmp_path: Path) -> None:
    text = (
        PEOPLE.replace("labels: [Person, Human]", "lables: [Person]")
        .replace("on_missing: skip", "on_missing: ignore")
        .replace("kind: fulltext", "kind: btree")
    )

    with pytest.raises(DeclarationError) as caught:
        declared(tmp_path, text)

    lines = caught.value.message.split("\n  ")[1:]
    assert [line.split(": ")[0] for line in lines] == [
        "tables.person.node.labels",
        "tables.person.node.indexes.0.kind",
        "tables.person.node.lables",
        "tables.knows.relationship.on_missing",
    ]
    assert "did you mean labels?" in lines[2]


def test_an_unknown_node_table_is_told_with_the_name_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no node table persno; did you mean person") as all_:
        declared(
            tmp_path, PEOPLE.replace("{node: person, key: [b]}", "{node: persno, key: [b, c]}")
        )

    assert all_.value.message.count("\n") == 1


def test_an_end_needs_as_many_columns_as_the_key_that_it_points_to(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"end\.key: has 2 columns, but the key of person"):
        declared(tmp_path, PEOPLE.replace("key: [b]", "key: [b, c]"))


def test_a_table_is_either_nodes_or_relationships(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"tables\.odd: needs either node: or relationship:"):
        declared(tmp_path, PEOPLE + "  odd:\n    location: odd.parquet\n")


def test_two_columns_cannot_become_one_property(tmp_path: Path) -> None:
    text = PEOPLE.replace("property: personId}", "property: name}\n      name: {}")

    with pytest.raises(DeclarationError, match="two columns become the property name"):
        declared(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        *("graph: [", "- a\n- b\n", "", "\x00", "graph: 2001-99-99", "graph: !!timestamp x"),
        *("graph: !!bool x", "graph: !!int x", "!!map x", "[" * 10_000, "? {a: b}\n: c", "a: *b"),
    ],
    ids=range(12),
)
def test_what_is_no_declaration_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DeclarationError):
        declared(tmp_path, text)


LONG = "n" * 5_000_000


@pytest.mark.parametrize(
    "text",
    [
        f"graph: {LONG}",
        f"{LONG}: 1",
        f"graph: !{LONG} x",
        f"a: 1\n{LONG}: 1\n{LONG}: 1",
        PEOPLE.replace("node: person, key: [a]", f"node: {LONG}, key: [a]"),
        PEOPLE.replace("key: [b]", f"key: [{', '.join(f'c{n}' for n in range(9_999))}]"),
        PEOPLE.replace("knows:", f"{LONG}:").replace("type: KNOWS", "type_colum: KNOWS"),
        PEOPLE.replace("columns:", f"columns:\n      {LONG}: {{property: personId}}"),
        PEOPLE.replace("labels:", f"{LONG}: 1\n      labels:"),
        PEOPLE + "".join(f"  t{n}: {{location: x}}\n" for n in range(5_000)),
        PEOPLE.replace("{node: person, key: [a]}", "{node: p, key: [a]}")
        + "".join(
            f"  t{n}: {{location: x, node: {{labels: [A], key: [a]}}}}\n" for n in range(999)
        ),
    ],
    ids=range(11),
)
def test_a_message_stays_short_whatever_is_in_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        declared(tmp_path, text)

    assert len(str(caught.value)) < 7_000


def test_columns_of_long_names_and_many_of_them_are_told_shortly(tmp_path: Path) -> None:
    graph = declared(tmp_path, PEOPLE)
    many = [LONG, *(f"column_{n}" for n in range(4_332))]

    with pytest.raises(DeclarationError) as caught:
        declaration.check_columns(graph, {"person": many, "knows": ["a", "b"]})

    lines = caught.value.message.split("\n  ")[1:]
    assert len(lines) == 2
    assert lines[0].endswith("column_9, column_10 … and 4,321 more)")
    assert "(5,000,000 characters)" in lines[0]
    with pytest.raises(DeclarationError) as caught:
        declaration.check_properties(graph, {"person": [LONG, LONG], "knows": []})
    assert len(str(caught.value)) < 7_000


@pytest.mark.parametrize(("letters", "guessed"), [(200, True), (201, False)])
def test_what_was_meant_is_guessed_among_names_that_somebody_could_mean(
    tmp_path: Path, letters: int, *, guessed: bool
) -> None:
    name = "person_id".ljust(letters, "x")
    text = PEOPLE.replace("key: [person_id]", f"key: [{name[:-1]}]")

    with pytest.raises(DeclarationError) as caught:
        declaration.check_columns(
            declared(tmp_path, text), {"person": [name, "person_id"], "knows": ["a", "b"]}
        )

    assert ("did you mean person_idxx" in caught.value.message) is guessed


def test_of_many_mistakes_the_first_are_told(tmp_path: Path) -> None:
    text = PEOPLE + "".join(f"  t{n}: {{location: x}}\n" for n in range(1_000))

    with pytest.raises(DeclarationError) as caught:
        declared(tmp_path, text)

    first, *lines = caught.value.message.split("\n  ")
    assert first.endswith("graph.yml has more than 15 mistakes, of which these are the first:")
    assert lines == [f"tables.t{n}: needs either node: or relationship:" for n in range(15)]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        declaration.load_yaml(tmp_path / "none.yml")


def test_columns_that_no_table_has_are_told_together(tmp_path: Path) -> None:
    graph = declared(tmp_path, PEOPLE)

    with pytest.raises(DeclarationError) as caught:
        declaration.check_columns(graph, {"person": ["person_ids", "nam"], "knows": ["a", "b"]})

    there = "(there is: person_ids, nam)"
    assert caught.value.message.split("\n  ")[1:] == [
        f"person.node.key: no column person_id; did you mean person_ids? {there}",
        f"person.columns: no column person_id; did you mean person_ids? {there}",
    ]


def test_properties_that_no_table_has_are_told_together(tmp_path: Path) -> None:
    graph = declared(tmp_path, PEOPLE)

    with pytest.raises(DeclarationError) as caught:
        declaration.check_properties(graph, {"person": ["nam", "nam", "personId"], "knows": []})

    assert caught.value.message.split("\n  ")[1:] == [
        "person: two columns become the property nam",
        "person: no property name to index; did you mean nam? (there is: nam, nam, personId)",
    ]


MODEL: dict[str, Any] = {
    "resource_type": "model",
    "name": "node_user",
    "alias": "node_user",
    "config": {
        "materialized": "table",
        "meta": {"kgimport": {"graph": "lms", "node": {"labels": ["User"], "key": ["user_key"]}}},
    },
    "columns": {
        "user_key": {"config": {"meta": {"kgimport": {"property": "userKey"}}}},
        "role": {"meta": {}},
    },
}


def artifacts(tmp_path: Path, *models: dict[str, Any]) -> Path:
    """A folder with the manifest of these models."""
    nodes = {str(at): model for at, model in enumerate(models)}
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    return tmp_path


def tables_of(artifacts: Path, tables: LocalPath, name: str | None = None) -> Graph:
    """The graph of a manifest whose tables are in a folder."""
    return declaration.load_dbt(Made(artifacts, declaration.in_folder(tables)), name)


def test_a_dbt_manifest_becomes_a_graph(tmp_path: Path) -> None:
    graph = tables_of(artifacts(tmp_path, MODEL), LocalPath(str(tmp_path / "tables")))

    user = NodeTable(
        name="node_user",
        location=LocalPath(str(tmp_path / "tables" / "node_user.parquet")),
        labels=("User",),
        key=("user_key",),
        id_space="User",
        columns={"user_key": ColumnRule(property="userKey")},
    )
    assert graph == Graph("lms", (user,))


def test_one_of_several_graphs_has_to_be_chosen(tmp_path: Path) -> None:
    meta = {"kgimport": {"graph": "books", "node": {"labels": ["Book"], "key": ["id"]}}}
    config = {"materialized": "table", "meta": meta}
    folder = artifacts(tmp_path, MODEL, {**MODEL, "name": "book", "config": config})

    with pytest.raises(DeclarationError, match="several graphs: books, lms"):
        tables_of(folder, LocalPath(str(tmp_path)))
    assert tables_of(folder, LocalPath(str(tmp_path)), "books").name == "books"
    with pytest.raises(DeclarationError, match="no graph boks; did you mean books"):
        tables_of(folder, LocalPath(str(tmp_path)), "boks")


def test_a_project_without_a_graph_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"no model in .* declares a graph"):
        tables_of(artifacts(tmp_path), LocalPath(str(tmp_path)))


def test_the_json_schema_that_ships_is_the_one_of_the_code() -> None:
    shipped = Path(declaration.__file__).with_name("graph.schema.json")

    assert json.loads(shipped.read_text()) == declaration.json_schema()
