"""A declaration becomes a graph, or says all that is wrong with it at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kgimport import declaration
from kgimport.checks.scan import scan
from kgimport.column_names import camel_case
from kgimport.declaration import Made
from kgimport.errors import DeclarationError, SourceError
from kgimport.features import Feature
from kgimport.graph import (
    ColumnRule,
    End,
    Graph,
    Index,
    NodeTable,
    RelationshipTable,
)
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


def test_a_table_is_nodes_or_relationships(tmp_path: Path) -> None:
    with pytest.raises(
        DeclarationError, match=r"tables\.odd: needs node:, relationship: or relati"
    ):
        declared(tmp_path, PEOPLE + "  odd:\n    location: odd.parquet\n")


def test_two_columns_cannot_become_one_property(tmp_path: Path) -> None:
    text = PEOPLE.replace("property: personId}", "property: name}\n      name: {}")

    with pytest.raises(DeclarationError, match="two columns become the property name"):
        declared(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        *("graph: [", "- a\n- b\n", "", "\x00", "graph: 2001-99-99", "graph: !!timestamp x"),
        *("graph: !!bool x", "graph: !!int x", "!!map x", "[" * 2_000, "? {a: b}\n: c", "a: *b"),
    ],
    ids=range(12),
)
def test_what_is_no_declaration_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DeclarationError):
        declared(tmp_path, text)


LONG = "n" * 500_000


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
    assert "(500,000 characters)" in lines[0]
    with pytest.raises(DeclarationError) as caught:
        declaration.check_properties(graph, {"person": [("a", LONG), (LONG, LONG)], "knows": []})
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
    assert lines == [
        f"tables.t{n}: needs node:, relationship: or relationships:" for n in range(15)
    ]


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

    made = [("nam", "nam"), ("b", "nam"), ("id", "personId")]
    with pytest.raises(DeclarationError) as caught:
        declaration.check_properties(graph, {"person": made, "knows": []})

    assert caught.value.message.split("\n  ")[1:] == [
        "person: two columns become the property nam: nam, b",
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


def test_the_json_schemas_that_ship_are_those_of_the_code() -> None:
    folder = Path(declaration.__file__).parent

    for name, schema in {
        "graph": declaration.json_schema(),
        "dbt": declaration.dbt_json_schema(),
    }.items():
        assert json.loads((folder / f"{name}.schema.json").read_text()) == schema


# Fewer words ------------------------------------------------------------------------------------


SCALARS = """
graph: people
tables:
  person:
    location: person.parquet
    node:
      labels: Person
      key: id
      unique: [email, [a, b]]
      indexes: [{kind: range, properties: a}]
  knows:
    location: knows.parquet
    relationship: {type: KNOWS, start: {node: person, key: a}, end: {node: person, key: b}, key: k}
"""


def test_one_text_stands_for_a_list_of_one(tmp_path: Path) -> None:
    lists = (
        SCALARS.replace("labels: Person", "labels: [Person]")
        .replace("key: id", "key: [id]")
        .replace("[email,", "[[email],")
        .replace("properties: a", "properties: [a]")
        .replace("key: a", "key: [a]")
        .replace("key: b", "key: [b]")
        .replace("key: k", "key: [k]")
    )

    assert declared(tmp_path, SCALARS) == declared(tmp_path, lists)
    assert declared(tmp_path, SCALARS).nodes[0].unique == (("email",), ("a", "b"))


DEFAULTS = """
graph: people
defaults: {decimal: double, timezone: Europe/Stockholm, naming: camelCase}
tables:
  person:
    location: person.parquet
    node: {labels: Person, key: id}
    defaults: {decimal: string, struct: json}
    columns:
      "*_amount": {decimal: double}
      paid_amount: {timezone: null, binary: hex}
      last_name: {property: surname}
"""


def test_the_most_specific_word_about_a_column_is_taken(tmp_path: Path) -> None:
    table = declared(tmp_path, DEFAULTS).nodes[0]

    of_all: dict[str, Any] = {"timezone": "Europe/Stockholm", "struct": "json"}
    assert table.rule("x") == ColumnRule(decimal="string", whole_as_integer=True, **of_all)
    assert table.rule("due_amount") == ColumnRule(decimal="double", **of_all)
    assert table.rule("paid_amount") == ColumnRule(decimal="double", struct="json", binary="hex")
    names = ["first_name", "firstName", "last_name", "paid_amount"]
    named = [table.property_name(each) for each in names]
    assert named == ["firstName", "firstName", "surname", "paidAmount"]


@pytest.mark.parametrize(
    ("name", "in_camel_case"),
    [
        *(("first_name", "firstName"), ("FIRST_NAME", "firstName"), ("firstName", "firstName")),
        *(("Book-Title", "bookTitle"), ("ISBN", "isbn"), ("User-ID", "userId"), ("a b", "aB")),
        *(("_dlt_load_id", "_dltLoadId"), ("x", "x"), ("__", "__"), ("a_1", "a1"), ("", "")),
        *(("FirstName", "firstName"), ("größe_älter", "größeÄlter"), ("a__b_", "aB")),
    ],
)
def test_names_in_camel_case(name: str, in_camel_case: str) -> None:
    assert camel_case(name) == in_camel_case
    assert camel_case(in_camel_case) == in_camel_case


def test_two_columns_that_meet_in_one_name_are_named(tmp_path: Path) -> None:
    graph = declared(tmp_path, DEFAULTS)
    for names in (
        {"id": [1], "a_b": [2], "aB": [3]},
        {"id": [1], "surname": [2], "last_name": [3]},
    ):
        rows = {**names, "last_name": ["x"], "paid_amount": [1], "due_amount": [1]}
        pl.DataFrame(rows).write_parquet(tmp_path / "person.parquet")

        with pytest.raises(DeclarationError, match=r"person: two .*: (a_b, aB|surname, last)"):
            scan(graph)


def test_decimals_without_a_fraction_stay_integers_by_default(tmp_path: Path) -> None:
    types = {"id": pl.Decimal(38, 0), "price": pl.Decimal(9, 2), "paid_amount": pl.Decimal(9, 0)}
    rows = {"id": [1], "price": ["0.50"], "paid_amount": [7], "due_amount": [1], "last_name": [""]}
    table = pl.DataFrame(rows).cast(types)  # type: ignore[arg-type]
    table.write_parquet(tmp_path / "person.parquet")

    fields = scan(declared(tmp_path, DEFAULTS))["person"].fields

    assert {field.name: field.carrier.cypher for field in fields} == {
        "id": "INTEGER",
        "price": "STRING",
        "paidAmount": "FLOAT",
        "dueAmount": "INTEGER",
        "surname": "STRING",
    }


@pytest.mark.parametrize("word", ["property: x", "skip: true", "type: long", "epoch: ms"])
def test_what_fits_only_one_column_is_not_a_default(tmp_path: Path, word: str) -> None:
    for place in ("defaults: {", "    defaults: {"):
        with pytest.raises(DeclarationError, match=r"defaults.*unknown key"):
            declared(tmp_path, DEFAULTS.replace(place, f"{place}{word}, ", 1))


GRAPH = {"graph": "lms", "defaults": {"decimal": "double"}}


def with_meta(model: dict[str, Any], **meta: Any) -> dict[str, Any]:
    declares = {**model["config"]["meta"]["kgimport"], **meta}
    return {**model, "config": {"materialized": "table", "meta": {"kgimport": declares}}}


def test_a_graph_in_dbt_has_defaults_in_an_exposure_or_next_to_its_name(tmp_path: Path) -> None:
    tables = LocalPath(str(tmp_path / "tables"))
    named = {"name": "lms", "defaults": {"decimal": "double"}}
    exposure = {"resource_type": "exposure", "config": {"meta": {"kgimport": GRAPH}}}
    by_exposure = artifacts(tmp_path, MODEL)
    content = json.loads((by_exposure / "manifest.json").read_text())
    content["exposures"] = {"exposure.shop.graph": exposure}
    (by_exposure / "manifest.json").write_text(json.dumps(content))

    one = tables_of(by_exposure, tables)
    other = tables_of(artifacts(tmp_path, with_meta(MODEL, graph=named)), tables)

    assert one == other
    assert one.nodes[0].rule("price").decimal == "double"


def test_a_graph_in_dbt_has_features_in_an_exposure_or_next_to_its_name(tmp_path: Path) -> None:
    tables = LocalPath(str(tmp_path / "tables"))
    features = [{"kind": "degree", "over": "SAME", "property": "same"}]
    end = {"node": MODEL["name"], "key": "id"}
    same = {"type": "SAME", "end": end}
    model = with_meta(MODEL, relationships=[same])
    exposure = {
        "resource_type": "exposure",
        "config": {"meta": {"kgimport": {"graph": "lms", "features": features}}},
    }
    by_exposure = artifacts(tmp_path, model)
    content = json.loads((by_exposure / "manifest.json").read_text())
    content["exposures"] = {"exposure.shop.graph": exposure}
    (by_exposure / "manifest.json").write_text(json.dumps(content))

    one = tables_of(by_exposure, tables)
    named = {"name": "lms", "features": features}
    other = tables_of(artifacts(tmp_path, with_meta(model, graph=named)), tables)

    assert one == other
    assert one.features == (Feature("degree", ("SAME",), "same"),)


def test_features_of_a_graph_in_dbt_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    stated: list[list[Any]] = [[], [{}]]
    one, other = (with_meta(MODEL, graph={"name": "lms", "features": each}) for each in stated)
    folder = artifacts(tmp_path, one, {**other, "name": "other"})

    with pytest.raises(DeclarationError, match=r"1: has another `features:` for the graph than 0"):
        tables_of(folder, LocalPath(str(tmp_path)))


def test_defaults_of_a_graph_in_dbt_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    one, other = (
        with_meta(MODEL, graph={"name": "lms", "defaults": {"decimal": word}})
        for word in ("double", "string")
    )
    folder = artifacts(tmp_path, one, {**other, "name": "other"})

    with pytest.raises(DeclarationError, match=r"1: has another `decimal:` for the graph than 0"):
        tables_of(folder, LocalPath(str(tmp_path)))


def test_the_defaults_of_a_table_in_dbt_are_those_of_its_model(tmp_path: Path) -> None:
    folder = artifacts(tmp_path, with_meta(MODEL, defaults={"decimal": "string"}))

    graph = tables_of(folder, LocalPath(str(tmp_path)))

    assert graph.nodes[0].rule("price").decimal == "string"


LISTED = """
graph: people
tables:
  person:
    location: person.parquet
    node: {labels: Person, key: id, points: {home: {x: x, y: y}}}
    properties: [name, "a_*"]
    columns:
      name: {property: title}
"""


def names_of(graph: Graph, rows: dict[str, Any], folder: Path) -> list[str]:
    """The properties that a table with these rows has."""
    pl.DataFrame(rows).write_parquet(folder / "person.parquet")
    return [field.name for field in scan(graph)["person"].fields]


def test_what_is_not_listed_is_no_property_and_keys_are_still_read(tmp_path: Path) -> None:
    rows = {"id": [1], "name": ["x"], "a_*": [1], "a_b": [2], "x": [1.0], "y": [2.0], "d": [b"d"]}

    assert names_of(declared(tmp_path, LISTED), rows, tmp_path) == ["title", "a_*", "home"]
    nothing = LISTED.replace('[name, "a_*"]', "[]").replace("      name: {property: title}", "")
    assert names_of(declared(tmp_path, nothing.replace("columns:", "")), rows, tmp_path) == ["home"]


@pytest.mark.parametrize(
    ("before", "after", "mistake"),
    [
        ("[name,", "[name, nam,", r"person\.properties: no column nam; did you mean name"),
        (
            "name: {property",
            "id: {property",
            r"columns\.id: has a rule, but `properties:` does not",
        ),
        (
            "{property: title}",
            "{skip: true}",
            r"columns\.name: is skipped, but `properties:` lists",
        ),
        ("name: {property: title}", "n*: {skip: true}", "name is skipped, but `properties:` lists"),
        (
            "name: {property: title}",
            "p*: {type: long}",
            r"no column matches p\* \(there is: id, na",
        ),
        (
            "name: {property: title}",
            "n*: {type: long}\n      '*e': {type: double}",
            r"n\* and \*e both match name, but differ in `type:`",
        ),
        (
            "name: {property: title}",
            "n*: {type: long}\n      '*e': {type: double}\n      name: {decimal: double}",
            r"n\* and \*e both match name, but differ in `type:`",
        ),
    ],
)
def test_lists_and_patterns_that_do_not_fit_are_refused(
    tmp_path: Path, before: str, after: str, mistake: str
) -> None:
    columns = ["id", "name", "a_*", "x", "y"]

    def both() -> None:
        graph = declared(tmp_path, LISTED.replace(before, after))
        declaration.check_columns(graph, {"person": columns})

    with pytest.raises(DeclarationError, match=mistake):
        both()


def test_a_word_of_a_column_decides_where_patterns_differ(tmp_path: Path) -> None:
    rules = "n*: {type: long}\n      '*e': {type: double}\n      name: {type: string}"
    graph = declared(tmp_path, LISTED.replace("name: {property: title}", rules))

    declaration.check_columns(graph, {"person": ["id", "name", "a_*", "x", "y"]})

    assert graph.nodes[0].rule("name") == ColumnRule(type="string")
    assert graph.nodes[0].rule("n1").type == "long"


def test_a_pattern_that_is_a_column_must_not_match_others(tmp_path: Path) -> None:
    graph = declared(
        tmp_path, PEOPLE.replace("person_id: {property: personId}", "c(*): {skip: true}")
    )
    columns = ["person_id", "c(*)"]

    declaration.check_columns(graph, {"person": columns, "knows": ["a", "b"]})

    with pytest.raises(
        DeclarationError, match=r"c\(\*\) is a column, but as a pattern also c\(x\)"
    ):
        declaration.check_columns(graph, {"person": [*columns, "c(x)"], "knows": ["a", "b"]})


def test_only_one_place_lists_the_properties_of_a_relationship(tmp_path: Path) -> None:
    one = PEOPLE.replace("on_missing: skip", "properties: since")
    other = PEOPLE + "    properties: [since]\n"

    assert declared(tmp_path, one).relationships[0].general.properties == ("since",)
    assert declared(tmp_path, other).relationships[0].general.properties == ("since",)
    with pytest.raises(DeclarationError, match="declares twice which columns become properties"):
        declared(tmp_path, one + "    properties: [since]\n")
