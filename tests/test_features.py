"""Features become properties of nodes: the same whatever the order, in every form, and proved."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from kgimport import records
from kgimport.cli import console
from kgimport.commands.check import check
from kgimport.commands.export import export
from kgimport.commands.serve import serve
from kgimport.commands.show import show
from kgimport.commands.verify import verify
from kgimport.declaration import load_yaml
from kgimport.errors import (
    DeclarationError,
    ReconciliationError,
    SourceError,
    UsageError,
    ValueRefusedError,
)
from kgimport.neo4j.private import private_driver
from kgimport.options import ExportOptions
from kgimport.records import ComponentRecord, ExportRecord
from tests.read_back import differences

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.graph import Graph
    from kgimport.neo4j.runtime.programs import Neo4j

USERS = ["zoe", "anna", "bob", "cy", "dan", "eve"]
DEVICES = [10, 2, 3]
# bob and cy share a device and an address; zoe and anna a device; dan has one of his own.
USES = [("zoe", 10), ("anna", 10), ("bob", 2), ("cy", 2), ("bob", 2), ("dan", 3)]
EMAILS = [("bob", "b@x"), ("cy", "b@x"), ("anna", "a@x")]
GRAPH = """
graph: people
tables:
  device: {location: device.parquet, node: {labels: Device, key: id}}
  user: {location: user.parquet, node: {labels: User, key: id}}
  email: {location: email.parquet, node: {labels: Email, key: id, id_space: E-mail}}
  uses:
    location: uses.parquet
    relationship:
      type: USES
      start: {node: user, key: a}
      end: {node: device, key: b}
  has:
    location: has.parquet
    relationship: {type: HAS, start: {node: user, key: a}, end: {node: email, key: b}}
features:
"""
PERSON = "  - {kind: component, over: [USES, HAS], property: person}\n"
NUMBERS = """\
  - {kind: degree, over: [USES, HAS], property: degree}
  - {kind: pagerank, over: USES, property: rank, nodes: [user]}
"""


def write(folder: Path, draw: random.Random | None = None, **tables: Any) -> None:
    """The tables, whose rows are in another order if there is one who draws it."""
    rows: dict[str, Any] = {
        "user": {"id": USERS},
        "device": {"id": DEVICES},
        "email": {"id": ["a@x", "b@x"]},
        "uses": pl.DataFrame(USES, schema=["a", "b"], orient="row"),
        "has": pl.DataFrame(EMAILS, schema=["a", "b"], orient="row"),
        **tables,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, each in rows.items():
        frame = pl.DataFrame(each)
        if draw:
            frame = frame[draw.sample(range(frame.height), frame.height)]
        frame.write_parquet(folder / f"{name}.parquet")


def graph(folder: Path, features: str, text: str = GRAPH, **tables: Any) -> Graph:
    write(folder, **tables)
    (folder / "graph.yml").write_text(text + features)
    return load_yaml(folder / "graph.yml")


def values(build: Path, record: ExportRecord, name: str) -> dict[tuple[str, str], str]:
    """A property's cells by table and key, from a build directory of CSV with keys."""
    found = {}
    for table in record.tables:
        assert table.header
        header = (build / table.header.path).read_text().strip().split(",")
        at = [column for column, cell in enumerate(header) if cell.startswith(f"{name}:")]
        for file in table.files if at else ():
            for line in (build / file.path).read_text().splitlines():
                cells = line.split(",")
                found[table.name, cells[0].strip('"')] = cells[at[0]].strip('"')
    return found


def exported(folder: Path, features: str, **tables: Any) -> tuple[Path, ExportRecord]:
    made, build = graph(folder, features, **tables), folder / "build"
    return build, export(made, build, options=ExportOptions(ids="keys"))


def test_connected_nodes_get_the_smallest_key_of_them_all(tmp_path: Path) -> None:
    build, record = exported(tmp_path, PERSON)

    assert values(build, record, "person") == {
        ("device", "10"): "Device:10",
        ("user", "zoe"): "Device:10",
        ("user", "anna"): "Device:10",
        ("email", "a@x"): "Device:10",
        ("device", "2"): "Device:2",
        ("user", "bob"): "Device:2",
        ("user", "cy"): "Device:2",
        ("email", "b@x"): "Device:2",
        ("device", "3"): "Device:3",
        ("user", "dan"): "Device:3",
        ("user", "eve"): "User:eve",
    }
    (feature,) = record.features
    assert (feature.nodes, feature.relationships) == (("device", "user", "email"), 9)
    assert feature.components
    assert (feature.components.count, feature.components.sizes) == (4, {"1": 1, "2": 1, "3-5": 2})
    assert feature.components.largest == (
        ComponentRecord("Device:10", 4),
        ComponentRecord("Device:2", 4),
        ComponentRecord("Device:3", 2),
    )


def test_a_table_may_name_components_and_only_some_may_get_them(tmp_path: Path) -> None:
    words = "kind: component, over: [USES, HAS], property: person"
    build, record = exported(
        tmp_path,
        f"  - {{{words}, named_by: user, nodes: [user, email]}}\n",
        email={"id": ["a@x", "b@x", "c@x"]},
    )

    found = values(build, record, "person")

    assert {table for table, _ in found} == {"user", "email"}
    assert {key: found["user", key] for key in USERS} == {
        "zoe": "User:anna",
        "anna": "User:anna",
        "bob": "User:bob",
        "cy": "User:bob",
        "dan": "User:dan",
        "eve": "User:eve",
    }
    # A component without a node of that table is named by any; the id space is spelled safely.
    assert found["email", "c@x"] == "E-2d-mail:c@x"
    assert record.features[0].components
    # The sizes count the nodes that get the property, so dan's device is not among them.
    assert record.features[0].components.sizes == {"1": 3, "3-5": 2}


def test_a_component_keeps_its_name_when_others_grow(tmp_path: Path) -> None:
    build, record = exported(tmp_path / "one", PERSON)
    before = values(build, record, "person")
    more = pl.DataFrame([("abe", 3), *USES], schema=["a", "b"], orient="row")
    build, record = exported(
        tmp_path / "two",
        PERSON,
        user={"id": ["abe", *USERS]},
        uses=more,
        device={"id": [3, 1, 2, 10]},
    )
    after = values(build, record, "person")

    assert {key: after[key] for key in before} == before
    assert after["user", "abe"] == "Device:3"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_rows_changes_no_value(tmp_path: Path, seed: int) -> None:
    features = PERSON + NUMBERS
    build, record = exported(tmp_path / "plain", features)
    made = graph(tmp_path / "mixed", features)
    write(tmp_path / "mixed", random.Random(seed))
    other = tmp_path / "mixed" / "build"
    shuffled = export(made, other, options=ExportOptions(ids="keys"))

    for name in ("person", "degree", "rank"):
        assert values(other, shuffled, name) == values(build, record, name)
    assert [each.components for each in shuffled.features] == [
        each.components for each in record.features
    ]


def test_degrees_and_ranks_are_computed_over_their_types_alone(tmp_path: Path) -> None:
    build, record = exported(tmp_path, NUMBERS)

    degrees = {key: int(each) for key, each in values(build, record, "degree").items()}
    assert degrees == {
        **{("user", key): sum(key == a for a, _ in USES + EMAILS) for key in USERS},
        **{("device", str(key)): sum(key == b for _, b in USES) for key in DEVICES},
        **{("email", key): sum(key == b for _, b in EMAILS) for key in ("a@x", "b@x")},
    }
    ranks = {key: float(each) for key, each in values(build, record, "rank").items()}
    # Nothing leads to a user, so each has the same rank; users and devices have 1 together.
    assert {table for table, _ in ranks} == {"user"}
    assert len(set(ranks.values())) == 1
    assert 0 < ranks["user", "eve"] < 1 / (len(USERS) + len(DEVICES))
    assert record.features[1].relationships == len(USES)


@pytest.mark.parametrize(
    ("limit", "left_out", "together"),
    [
        ("1", {"USES": 5, "HAS": 2}, set()),
        ("2", {"USES": 0, "HAS": 0}, {("anna", "zoe"), ("bob", "cy")}),
        ("{USES: 1}", {"USES": 5}, {("bob", "cy")}),
        ("{HAS: 1}", {"HAS": 2}, {("anna", "zoe"), ("bob", "cy")}),
    ],
)
def test_ends_with_too_many_neighbours_join_nothing(
    tmp_path: Path, limit: str, left_out: dict[str, int], together: set[tuple[str, str]]
) -> None:
    features = PERSON.replace("person}", f"person, max_degree: {limit}}}")
    build, record = exported(tmp_path, features)

    groups = defaultdict(list)
    for (table, key), name in values(build, record, "person").items():
        if table == "user":
            groups[name].append(key)
    assert {tuple(sorted(each)) for each in groups.values() if len(each) > 1} == together
    assert record.features[0].components
    assert record.features[0].components.left_out == left_out


ALL = PERSON + NUMBERS


@pytest.mark.parametrize(
    "options",
    [
        ExportOptions(),
        ExportOptions(ids="keys"),
        ExportOptions(format="parquet"),
        ExportOptions(ids="keys", format="parquet"),
        ExportOptions(dialect="neptune-gremlin"),
        ExportOptions(dialect="neptune-opencypher"),
    ],
    ids=["dense", "keys", "parquet", "parquet with keys", "Gremlin", "openCypher"],
)
def test_what_is_computed_is_read_twice_and_read_back(
    tmp_path: Path, options: ExportOptions
) -> None:
    once = pl.DataFrame(USES, schema=["a", "b"], orient="row").unique()
    record = export(graph(tmp_path, ALL, uses=once), tmp_path / "build", options=options)

    readers = {
        (table.name, cell.property): cell.read_by
        for table in record.tables
        for cell in table.cells
        if cell.property in {"person", "degree", "rank"}
    }
    assert Counter(readers.values()) == {"duckdb": 7}
    assert differences(tmp_path / "build", record) == []
    assert records.parse(ExportRecord, records.dump(record), "export.json") == record


def test_the_second_reader_finds_what_the_first_one_misreads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, read = graph(tmp_path, PERSON), pl.scan_parquet

    def misread(path: Any, **options: Any) -> pl.LazyFrame:
        frame = read(path, **options)
        names = frame.collect_schema().names()
        return frame.with_columns(pl.col(n).str.to_uppercase() for n in names if "person" in n)

    monkeypatch.setattr(pl, "scan_parquet", misread)
    with pytest.raises(SourceError, match=r"two readers of table device .*\n  person: Polars"):
        export(made, tmp_path / "build")


BY_COLUMN = GRAPH.replace("type: HAS,", "type_column: kind,")
KINDS = {"a": ["bob", "cy", "zoe", None], "b": ["b@x", "b@x", "b@x", "a@x"]}


def test_types_may_be_in_a_column_and_rows_without_an_end_join_nothing(tmp_path: Path) -> None:
    text = BY_COLUMN.replace(
        "start: {node: user, key: a}, end: {node: email",
        "on_null: skip, start: {node: user, key: a}, end: {node: email",
    )
    has = {**KINDS, "kind": ["HAS", "HAS", "HAD", "HAS"]}
    features = "  - {kind: component, over: HAS, property: person, nodes: user}\n"
    made = graph(tmp_path, features, text, has=has)
    record = export(made, tmp_path / "build", options=ExportOptions(ids="keys"))

    found = values(tmp_path / "build", record, "person")

    assert found["user", "bob"] == found["user", "cy"] == "E-2d-mail:b@x"
    assert found["user", "zoe"] == "User:zoe"
    assert record.features[0].relationships == 2


def test_a_type_that_no_row_has_is_refused(tmp_path: Path) -> None:
    features = "  - {kind: degree, over: ABLE, property: degree}\n"
    has = {"a": ["bob"], "b": ["b@x"], "kind": ["HAS"]}

    with pytest.raises(SourceError, match="no relationship has the type ABLE") as refused:
        export(graph(tmp_path, features, BY_COLUMN, has=has), tmp_path / "build")
    assert "there is: HAS" in refused.value.hint


@pytest.mark.parametrize(
    ("features", "mistake"),
    [
        (
            "{kind: degree, over: USE, property: p}",
            r"features\.0\.over: no .* USE; did you mean USES",
        ),
        ("{kind: degree, over: [], property: p}", r"features\.0\.over: .*at least 1 item"),
        ("{kind: degree, over: [USES, USES], property: p}", "a type occurs twice"),
        ("{kind: degre, over: USES, property: p}", r"features\.0\.kind: input should be"),
        ("{kind: degree, over: USES}", r"features\.0\.property: field required"),
        ("{kind: degree, over: USES, property: p, node: user}", "unknown key; did you mean nodes"),
        (
            "{kind: degree, over: USES, property: p, nodes: usr}",
            "joins nodes of usr; did you mean user",
        ),
        ("{kind: degree, over: USES, property: p, nodes: email}", "joins nodes of email"),
        ("{kind: degree, over: USES, property: p, max_degree: 3}", "max_degree: is for components"),
        (
            "{kind: pagerank, over: USES, property: p, named_by: user}",
            "named_by: is for components",
        ),
        ("{kind: component, over: USES, property: p, named_by: email}", r"named_by: no such"),
        ("{kind: component, over: USES, property: p, max_degree: {HAS: 2}}", "HAS is not among"),
        ("{kind: component, over: USES, property: p, max_degree: 0}", "max_degree"),
        ("{kind: component, over: USES, property: p, max_degree: true}", "max_degree"),
    ],
)
def test_mistakes_in_a_feature_are_reported(tmp_path: Path, features: str, mistake: str) -> None:
    with pytest.raises(DeclarationError, match=mistake):
        graph(tmp_path, f"  - {features}\n")


def test_two_features_do_not_become_one_property(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="2 of them become the property person of device"):
        graph(tmp_path, PERSON + PERSON.replace("component", "degree"))


def test_a_feature_does_not_replace_a_column(tmp_path: Path) -> None:
    made = graph(tmp_path, PERSON.replace("property: person", "property: id"))

    with pytest.raises(DeclarationError, match=r"device: two columns become the property id"):
        check(made)


def test_a_name_that_a_target_refuses_is_refused(tmp_path: Path) -> None:
    made = graph(tmp_path, PERSON.replace("property: person", 'property: "a:b"'))

    with pytest.raises(ValueRefusedError, match=r"device\.a:b \(component\): "):
        check(made, options=ExportOptions(format="parquet"))


def test_a_column_of_kgimports_own_name_is_refused(tmp_path: Path) -> None:
    user = {"id": USERS, "__feature_x__": USERS}

    with pytest.raises(ValueRefusedError, match="kgimport reserves the column's name"):
        check(graph(tmp_path, PERSON, user=user))


def test_a_check_computes_features_and_a_picture_shows_them(tmp_path: Path) -> None:
    index = "node: {labels: User, key: id, indexes: [{kind: range, properties: person}]}"
    text = GRAPH.replace("node: {labels: User, key: id}", index)
    made = graph(tmp_path, ALL, text)

    assert check(made).profiles["user"].properties == 4 * len(USERS)
    show(made, tmp_path / "graph.svg")
    assert "person" in (tmp_path / "graph.svg").read_text()


def test_a_check_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kgimport.checks.computed", None)

    with pytest.raises(UsageError, match="missing, which computes features") as refused:
        check(graph(tmp_path, PERSON))
    assert refused.value.hint == "pip install 'kgimport[features]'"


def test_a_graph_without_features_needs_nothing_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kgimport.checks.computed", None)

    assert check(graph(tmp_path, "", GRAPH.replace("features:\n", ""))).sources["user"] == 6


def test_people_are_told_what_was_computed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    features = PERSON.replace("person}", "person, max_degree: {HAS: 1}}") + NUMBERS
    record = export(graph(tmp_path, features), tmp_path / "build")

    console.export_summary(record, "build")

    shown = capsys.readouterr().err
    assert "person: component of device, user, email over 9 relationships (USES, HAS), " in shown
    assert "by their number of nodes: 1: " in shown
    assert "the largest: Device:10 (4 nodes), Device:2 (3 nodes)" in shown
    assert "left out, because an end has too many neighbours: 2 of type HAS" in shown
    assert "degree: degree of device, user, email over 9 relationships (USES, HAS), " in shown


@pytest.mark.neo4j
def test_a_store_holds_what_was_computed(
    tmp_path: Path, build_graph: Callable[[Graph], Path], neo4j: Neo4j
) -> None:
    store = build_graph(graph(tmp_path, ALL))

    assert verify(store, neo4j=neo4j, samples=10).changed == ()
    with serve(store, neo4j=neo4j) as served:
        query = served.driver.execute_query
        degrees = query("MATCH (n) RETURN n.degree AS d, COUNT { (n)-[:USES|HAS]-() } AS c").records
        apart = query("MATCH (a)-[:USES|HAS]-(b) WHERE a.person <> b.person RETURN a, b").records
        names = query("MATCH (n) RETURN count(DISTINCT n.person) AS names").records
        ranks = query("MATCH (n:User) RETURN toStringList(collect(n.rank)) AS ranks").records
    assert [row["d"] for row in degrees] == [row["c"] for row in degrees]
    assert (len(degrees), apart, names[0]["names"]) == (11, [], 4)
    assert len(ranks[0]["ranks"]) == len(USERS)
    with private_driver(neo4j, store / "data") as driver:
        driver.execute_query("MATCH (n:User {id: 'eve'}) SET n.person = 'User:another'")
    with pytest.raises(ReconciliationError, match="person"):
        verify(store, neo4j=neo4j, samples=10)
