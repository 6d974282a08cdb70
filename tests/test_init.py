"""`kgimport init`: what a dbt project states, or Parquet holds, becomes a drafted graph.yml."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from kgimport import dbt
from kgimport.cli import app
from kgimport.commands import init
from kgimport.drafting import compose, names, statements, yaml_text
from kgimport.drafting.artifacts import Node
from kgimport.drafting.draft import Draft, Entry, Line
from kgimport.drafting.evidence import Evidence, Key, Layer, Reference, Table
from kgimport.errors import DestinationError, SourceError
from tests.conftest import environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kgimport.graph import Graph

SHOP = Path(__file__).parent / "drafted"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project of a corner shop, built."""
    project = tmp_path_factory.mktemp("shop") / "project"
    shutil.copytree(SHOP, project)
    with environment({"KGIMPORT_WAREHOUSE": str(project / "shop.duckdb")}):
        dbt.build(project)
    return project


@pytest.fixture(scope="module")
def shop_text(shop: Path) -> str:
    """The draft of the shop's graph, in the project's own folder."""
    with environment({"KGIMPORT_WAREHOUSE": str(shop / "shop.duckdb")}):
        return init.from_dbt(shop, shop).text


@pytest.fixture(scope="module")
def shop_draft(shop_text: str) -> dict[str, Any]:
    """The same as YAML reads it."""
    found = yaml.safe_load(shop_text)
    assert isinstance(found, dict)
    return found


def relationships(draft: Mapping[str, Any], table: str) -> dict[str, Any]:
    """Return a node table's relationships by type."""
    return {each["type"]: each for each in draft["tables"][table].get("relationships", ())}


@pytest.mark.dbt
def test_a_tested_key_is_a_node_and_a_tested_foreign_key_a_relationship(
    shop_draft: dict[str, Any],
) -> None:
    assert shop_draft["tables"]["customers"]["node"] == {"labels": "Customer", "key": "customer_id"}
    assert relationships(shop_draft, "order_lines") == {
        "HAS_ORDER": {"type": "HAS_ORDER", "end": {"node": "orders", "key": "order_id"}}
    }
    assert shop_draft["graph"] == "corner_shop"
    assert shop_draft["dbt"] == "."


@pytest.mark.dbt
def test_a_mart_stands_for_its_staging_table_and_for_the_ends_that_name_it(
    shop_draft: dict[str, Any], shop_text: str
) -> None:
    assert not [name for name in shop_draft["tables"] if name.startswith(("stg_", "raw_"))]
    assert relationships(shop_draft, "orders")["HAS_CUSTOMER"]["end"]["node"] == "customers"
    assert "to stg_shop__customers, of which customers is made" in shop_text
    # Only the staging table of stores is tested.
    assert shop_draft["tables"]["stores"]["node"] == {"labels": "Store", "key": "store_id"}


@pytest.mark.dbt
def test_a_test_that_does_not_hold_for_all_rows_never_becomes_an_error(
    shop_draft: dict[str, Any],
) -> None:
    found = relationships(shop_draft, "orders")
    assert found["HAS_COUPON"]["on_missing"] == "skip"  # severity: warn
    assert "on_missing" not in found["HAS_CUSTOMER"]
    # Leaving out nulls is no condition, because such a test does not look at them anyway.
    assert "on_missing" not in found["HAS_REPLACES_ORDER"]


@pytest.mark.dbt
def test_a_test_of_some_rows_only_is_a_comment(shop_draft: dict[str, Any], shop_text: str) -> None:
    assert "HAS_STORE" not in relationships(shop_draft, "orders")
    (line,) = (each for each in shop_text.splitlines() if "key: store_id}}  #" in each)
    assert line.strip().startswith("# - {type: HAS_STORE")
    assert line.endswith("# tested relationship, but only where status <> 'draft'")


@pytest.mark.dbt
def test_nulls_are_skipped_unless_a_test_rules_them_out(shop_draft: dict[str, Any]) -> None:
    found = relationships(shop_draft, "orders")
    skipping = {name for name, each in found.items() if each.get("on_null") == "skip"}
    assert skipping == {"HAS_COUPON", "HAS_REPLACES_ORDER"}


@pytest.mark.dbt
def test_a_table_between_two_others_becomes_relationships(shop_draft: dict[str, Any]) -> None:
    assert shop_draft["tables"]["bridge_customer_store"] == {
        "relationship": {
            "type": "HAS_STORE",
            "start": {"node": "customers", "key": "customer_id"},
            "end": {"node": "stores", "key": "store_id"},
        }
    }


@pytest.mark.dbt
def test_columns_that_are_unique_together_are_a_key(shop_draft: dict[str, Any]) -> None:
    assert shop_draft["tables"]["order_lines"]["node"]["key"] == ["order_id", "line"]


@pytest.mark.dbt
def test_what_is_not_certain_stands_as_a_comment_with_its_reason(shop_text: str) -> None:
    comments = [line.strip() for line in shop_text.splitlines() if line.strip().startswith("#")]
    assert "# also unique: email (tested unique and not_null)" in comments
    (payments,) = (line for line in comments if line.startswith("# stg_shop__payments:"))
    assert "HAS_ORDER" in payments
    assert payments.endswith("a table of the staging layer")
    (visits,) = (line for line in comments if line.startswith("# visits:"))
    assert visits.endswith("visit_id: tested only where visit_id > 0")
    assert any("by name only: like customers.customer_id" in line for line in comments)


@pytest.mark.dbt
def test_models_without_a_table_are_not_drafted(shop_draft: dict[str, Any], shop_text: str) -> None:
    assert not {"tallies", "former_orders"} & shop_draft["tables"].keys()
    assert "ephemeral, so without a table: tallies" in shop_text


@pytest.mark.dbt
def test_names_that_yaml_reads_as_something_else_are_quoted(shop_draft: dict[str, Any]) -> None:
    assert shop_draft["tables"]["no"]["node"] == {"labels": "No", "key": "on"}


@pytest.mark.dbt
def test_decimals_get_the_word_without_which_they_would_be_refused(
    shop_draft: dict[str, Any],
) -> None:
    assert shop_draft["defaults"] == {"decimal": "double"}


@pytest.mark.dbt
def test_a_draft_is_the_same_each_time(shop: Path, shop_text: str) -> None:
    with environment({"KGIMPORT_WAREHOUSE": str(shop / "shop.duckdb")}):
        assert init.from_dbt(shop, shop).text == shop_text


@pytest.mark.dbt
def test_the_command_writes_to_stdout_and_reports_on_stderr(
    shop: Path, shop_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)
    monkeypatch.setenv("KGIMPORT_WAREHOUSE", str(shop / "shop.duckdb"))
    found = CliRunner().invoke(app, ["init"])
    assert found.exit_code == 0
    assert found.stdout == shop_text
    assert "drafted 6 node tables and 5 relationships" in found.stderr
    assert "check --graph graph.yml" in found.stderr


@pytest.mark.dbt
def test_a_draft_in_a_file_names_the_project_from_there_and_replaces_nothing(
    shop: Path, tmp_path: Path
) -> None:
    out = tmp_path / "graph.yml"
    called = ["init", "--dbt", str(shop), "--out", str(out), "--name", "corner"]
    assert CliRunner().invoke(app, called).exit_code == 0
    before = out.read_text()
    written = yaml.safe_load(before)
    assert written["graph"] == "corner"
    assert (tmp_path / written["dbt"]).resolve() == shop.resolve()
    again = CliRunner().invoke(app, called)
    assert again.exit_code == DestinationError.exit_code
    assert out.read_text() == before


@pytest.mark.dbt
def test_the_draft_of_our_own_project_has_what_a_person_declared(
    lms_settings: Mapping[str, str], lms_graph: Graph
) -> None:
    root = Path(__file__).parents[1]
    with environment(lms_settings):
        draft = init.from_dbt(root / "dbt", root).draft
    nodes = {each.table: each.node for each in draft.entries if each.node}
    assert {name: (node["labels"], node["key"]) for name, node in nodes.items()} == {
        node.name: (node.labels[0], node.key[0]) for node in lms_graph.nodes
    }
    drawn = {
        each.table: (each.relationship["start"], each.relationship["end"])
        for each in draft.entries
        if each.relationship
    }
    assert drawn == {
        each.name: tuple({"node": end.node, "key": end.key[0]} for _, end in each.ends)
        for each in lms_graph.relationships
    }


def test_a_folder_without_a_project_is_refused_with_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(app, ["init"])
    assert found.exit_code == 2
    assert "--dbt" in found.stderr
    assert "--parquet" in found.stderr


def test_a_project_that_was_never_parsed_names_the_command_for_it(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: new\n")
    with pytest.raises(SourceError, match="dbt parse"):
        init.from_dbt(tmp_path, tmp_path)


@pytest.mark.parametrize("name", ["7", "a b", "", "é"])
def test_a_name_that_no_graph_may_have_is_refused(name: str, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["init", "--name", name]).exit_code == 2


# Statements that the shop does not contain.


def _node(**more: Any) -> Node:
    return Node.model_validate(
        {"unique_id": "model.p.orders", "name": "orders", "resource_type": "model", **more}
    )


def test_constraints_state_keys_and_references() -> None:
    node = _node(
        constraints=[
            {"type": "primary_key", "columns": ["order_id", "line"]},
            {
                "type": "foreign_key",
                "columns": ["a", "b"],
                "to": "ref('lines')",
                "to_columns": ["c", "d"],
            },
        ],
        columns={
            "shop_id": {
                "name": "shop_id",
                "constraints": [{"type": "foreign_key", "expression": "main.shops (id)"}],
            }
        },
    )
    ids = {"lines": "model.p.lines", "main.shops": "model.p.shops"}
    primary, composite, single = statements.of_constraints(node, lambda to: ids.get(to, ""))
    assert isinstance(primary, statements.Stated)
    assert primary.key.columns == ("order_id", "line")
    assert isinstance(composite, statements.Refers)
    assert composite.reference.columns == ("a", "b")
    assert (composite.reference.to, composite.reference.key) == ("model.p.lines", ("c", "d"))
    assert isinstance(single, statements.Refers)
    assert (single.reference.to, single.reference.key) == ("model.p.shops", ("id",))


def test_a_disabled_test_states_the_same_and_its_table_is_found_by_name() -> None:
    test = _node(
        unique_id="test.p.t",
        resource_type="test",
        config={"enabled": False},
        attached_node="model.p.orders",
        column_name="shop_id",
        test_metadata={
            "name": "relationships",
            "kwargs": {"to": "ref('shops', v=2)", "field": "id", "column_name": "shop_id"},
        },
    )
    (found,) = statements.of_tests([test], {"shops": "model.p.shops"}.__getitem__)
    assert isinstance(found, statements.Refers)
    assert found.reference.to == "model.p.shops"
    assert "disabled" in found.reference.reason


def _relationship_test(**config: str) -> Node:
    more = {"from_condition": config.pop("from_condition")} if "from_condition" in config else {}
    return _node(
        unique_id="test.p.t",
        resource_type="test",
        config=config,
        attached_node="model.p.orders",
        test_metadata={
            "name": "relationships_where",
            "kwargs": {"to": "ref('shops')", "field": "id", "column_name": "shop_id", **more},
        },
    )


@pytest.mark.parametrize(
    ("config", "doubt"),
    [
        ({}, ""),
        ({"where": "(SHOP_ID is not null)"}, ""),
        ({"severity": "warn"}, ""),
        ({"from_condition": "1=1"}, ""),
        ({"where": "kind = 'shop'"}, "only where kind = 'shop'"),
        ({"where": "shop_id is not null", "from_condition": "kind = 1"}, "only where kind = 1"),
    ],
)
def test_a_condition_on_the_rows_with_the_foreign_key_puts_it_in_doubt(
    config: dict[str, str], doubt: str
) -> None:
    (found,) = statements.of_tests([_relationship_test(**config)], lambda to: to)
    assert isinstance(found, statements.Refers)
    assert found.reference.doubt == doubt


def _table(name: str, *keys: str, layer: Layer = Layer.MART, **more: Any) -> Table:
    sound = tuple(Key((key,), "tested") for key in keys)
    return Table(name, name, layer, dict.fromkeys(keys, ""), sound, **more)


def _composed(*tables: Table) -> Draft:
    return compose.compose(Evidence("g", "a test", tables))


def test_a_staging_table_is_drafted_where_there_are_no_marts_or_one_refers_to_it() -> None:
    staging = _table("stg_towns", "town_id", layer=Layer.STAGING)
    assert [each.table for each in _composed(staging).entries] == ["stg_towns"]
    refers = Reference(("town_id",), "stg_towns", ("town_id",), "tested")
    other = _table("stg_unused", "unused_id", layer=Layer.STAGING)
    draft = _composed(staging, other, _table("shops", "shop_id", references=(refers,)))
    assert [each.table for each in draft.entries] == ["shops", "stg_towns"]
    assert [each.table for each in draft.offered] == ["stg_unused"]


def _refers(to: str, column: str, doubt: str = "") -> Reference:
    return Reference((column,), to, (f"{to.removeprefix('stg_')}_id",), "tested", doubt=doubt)


def test_a_column_that_refers_to_several_things_makes_no_relationship() -> None:
    """A supplier's number that is a customer's as well would make a false one."""
    ends = _table("customer", "customer_id"), _table("supplier", "supplier_id")
    for doubts in (("only where a", "only where b"), ("", "only where b"), ("", "")):
        one, two = map(_refers, ("customer", "supplier"), ("party_id",) * 2, doubts)
        draft = _composed(*ends, _table("orders", "order_id", references=(one, two)))
        assert draft.relationships == 0
        (orders,) = (each for each in draft.entries if each.table == "orders")
        found = {line.value["end"]["node"]: line.reason for line in orders.relationships}
        assert "also refers to supplier" in found["customer"]
        assert "also refers to customer" in found["supplier"]
        assert all(map(str.__contains__, (found["customer"], found["supplier"]), doubts))


def test_a_test_of_all_rows_outweighs_one_of_some_rows_to_the_same_thing() -> None:
    staging = _table("stg_customer", "customer_id", layer=Layer.STAGING)
    mart = _table("customer", "customer_id", made_from=frozenset({"stg_customer"}))
    some, every = (
        _refers("customer", "buyer_id", "only where a"),
        _refers("stg_customer", "buyer_id"),
    )
    draft = _composed(staging, mart, _table("orders", "order_id", references=(some, every)))
    assert (draft.relationships, draft.candidates) == (1, 0)
    others = some, replace(some, doubt="only where b")
    draft = _composed(staging, mart, _table("orders", "order_id", references=others))
    assert (draft.relationships, draft.candidates) == (0, 2)


def test_a_table_and_what_it_is_made_from_are_not_several_things() -> None:
    raw = Table("raw_customer", "raw_customer", Layer.SOURCE, {})
    mart = _table("customer", "customer_id", made_from=frozenset({"raw_customer"}))
    refers = _refers("customer", "buyer_id"), _refers("raw_customer", "buyer_id")
    draft = _composed(raw, mart, _table("orders", "order_id", references=refers))
    assert (draft.relationships, draft.candidates) == (1, 0)


def test_a_table_between_two_others_needs_tests_of_all_rows() -> None:
    ends = _table("customer", "customer_id"), _table("shop", "shop_id")
    one, two = _refers("customer", "customer_id"), _refers("shop", "shop_id", "only where a")
    draft = _composed(*ends, _table("visits", references=(one, two)))
    assert draft.relationships == 0
    (visits,) = draft.offered
    assert any("only where a" in each for each in visits.reasons)


def test_a_table_whose_key_refers_to_another_only_for_some_rows_stays_a_node() -> None:
    ends = _table("order", "order_id"), _table("shop", "shop_id")
    refers = _refers("order", "order_id", "only where a"), _refers("shop", "shop_id")
    draft = _composed(*ends, _table("refunds", "order_id", references=refers))
    assert (draft.nodes, draft.relationships, draft.candidates) == (3, 1, 1)


def test_what_is_known_of_a_staging_table_s_column_puts_the_mart_s_in_doubt() -> None:
    ends = _table("customer", "customer_id"), _table("supplier", "supplier_id")
    upstream = _table(
        "stg_orders",
        "order_id",
        layer=Layer.STAGING,
        references=(_refers("supplier", "party_id", "only where b"),),
    )
    key, columns = (Key(("order_id",), "tested"),), {"order_id": "", "party_id": ""}
    above = frozenset({"stg_orders"})
    refers = (_refers("customer", "party_id"),)
    orders = Table("orders", "orders", Layer.MART, columns, key, refers, made_from=above)
    draft = _composed(*ends, upstream, orders)
    assert (draft.relationships, draft.candidates) == (0, 2)


def test_references_in_doubt_of_a_table_that_is_not_drafted_are_named_at_the_end() -> None:
    things = _table("things", references=(_refers("shop", "shop_id", "only where a"),))
    draft = _composed(_table("shop", "shop_id"), things)
    assert (
        "references of tables that are not drafted (only where a): things.shop_id to shop"
    ) in draft.notes


def test_tables_about_things_of_one_name_get_labels_of_their_own() -> None:
    names_of = ["int__shop__users", "int__forum__users", "users"]
    made = compose.labelled([_table(name, "user_id") for name in names_of])
    assert len(set(made.values())) == 3
    assert made["int__shop__users"] == "ShopUser"


def test_a_reference_to_a_column_that_is_not_the_key_is_a_comment() -> None:
    refers = Reference(("mail",), "people", ("mail",), "tested")
    people = _table("people", "person_id", "mail")
    many = Reference(("person_id",), "people", ("person_id",), "tested")
    draft = _composed(
        people,
        _table("letters", "letter_id", references=(refers, many)),
        _table("calls", "call_id", references=(many,)),
    )
    letters = next(each for each in draft.entries if each.table == "letters")
    (mail,) = (line for line in letters.relationships if line.value["end"]["key"] == "mail")
    assert not mail.active
    assert "the key of people is person_id" in mail.reason


def test_keys_of_different_types_are_not_compared() -> None:
    refers = Reference(("shop_id",), "shops", ("shop_id",), "tested")
    shops = Table("shops", "shops", Layer.MART, {"shop_id": "VARCHAR"}, (Key(("shop_id",), "t"),))
    sales = Table(
        "sales",
        "sales",
        Layer.MART,
        {"sale_id": "BIGINT", "shop_id": "BIGINT"},
        (Key(("sale_id",), "t"),),
        (refers,),
    )
    (entry,) = (each for each in _composed(shops, sales).entries if each.table == "sales")
    assert [line.active for line in entry.relationships] == [False]
    assert "BIGINT" in entry.relationships[0].reason


def test_a_project_that_says_nothing_gives_an_empty_draft_that_is_yaml() -> None:
    text = yaml_text.text(_composed(_table("things")))
    assert yaml.safe_load(text) == {"graph": "g", "tables": {}}


@pytest.mark.parametrize(
    ("table", "label"),
    [
        ("orders", "Order"),
        ("stg_shop__order_items", "OrderItem"),
        ("fct_status", "Status"),
        ("dim_categories", "Category"),
        ("dim_address", "Address"),
        ("people", "Person"),
        ("int__users_dim", "User"),
        ("DimCustomers", "Customer"),
        ("orders_v2", "Order"),
        ("städte", "Städte"),
        ("2024 sales", "T2024Sale"),
        ("___", "Table"),
    ],
)
def test_labels_are_the_singular_of_what_a_table_is_about(table: str, label: str) -> None:
    assert names.label(table) == label


@pytest.mark.parametrize(
    ("columns", "to", "kind"),
    [
        (("customer_id",), "customers", "HAS_CUSTOMER"),
        (("billing_address_key",), "dim_addresses", "HAS_BILLING_ADDRESS"),
        (("id",), "dim_addresses", "HAS_ADDRESS"),
        (("a", "b"), "fct_order_lines", "HAS_ORDER_LINE"),
    ],
)
def test_types_name_the_role_of_a_foreign_key(columns: tuple[str, ...], to: str, kind: str) -> None:
    assert names.foreign_type(columns, to) == kind


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("rel_takes", "TAKES"),
        ("enrollments", "ENROLLMENT"),
        ("bridge_user_course", "HAS_COURSE"),
        ("users_x_courses", "HAS_COURSE"),
    ],
)
def test_the_type_of_a_table_is_its_own_name_unless_that_only_repeats_its_ends(
    table: str, kind: str
) -> None:
    assert names.table_type(table, "dim_users", "dim_courses") == kind


_TEXT = st.text(min_size=1, max_size=12) | st.sampled_from(
    [
        "on",
        "no",
        "007",
        "a: b",
        "# x",
        "'",
        '"',
        "{",
        "- a",
        "null",
        "~",
        "1_000",
        "12:30",
        "=",
        "é",
    ]
)


@settings(deadline=None)
@given(_TEXT, _TEXT, _TEXT, st.lists(_TEXT, max_size=3))
def test_any_names_and_reasons_read_back_as_they_are(
    table: str, column: str, reason: str, more: list[str]
) -> None:
    value = {"type": "HAS", "end": {"node": table, "key": [column, *more]}}
    entry = Entry(
        table,
        (reason,),
        location=column,
        node={"labels": table, "key": column},
        relationships=(Line(value, reason), Line(value, reason, active=False)),
        columns=(Line({column: {"skip": True}}, reason),),
    )
    draft = Draft("g", reason, (entry,), (entry,), (reason,), dbt=column)
    assert yaml.safe_load(yaml_text.text(draft)) == {
        "graph": "g",
        "dbt": column,
        "tables": {
            table: {
                "location": column,
                "node": {"labels": table, "key": column},
                "relationships": [value],
                "columns": {column: {"skip": True}},
            }
        },
    }


# From files.


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A folder of Parquet: people, their towns, their visits, and a table without rows."""
    place = tmp_path / "lake"
    (place / "visits").mkdir(parents=True)
    queries = {
        "towns.parquet": "SELECT i AS town_id, 'town ' || i // 2 AS name FROM range(20) t(i)",
        "people.parquet": "SELECT i AS person_id, i % 20 AS town_id, "
        "CASE WHEN i % 3 = 0 THEN i - i % 7 END AS parent_person_id, "
        "'p' || i AS nickname, CAST(i AS DECIMAL(9, 2)) AS height FROM range(1000) t(i)",
        "visits/a.parquet": "SELECT i % 1000 AS person_id, i % 20 AS town_id FROM range(3000) t(i)",
        "visits/b.parquet": "SELECT 5000 + i AS person_id, 1 AS town_id FROM range(90) t(i)",
        "nothing.parquet": "SELECT 1 AS nothing_id WHERE false",
    }
    with duckdb.connect() as made:
        for name, query in queries.items():
            made.execute(f"COPY ({query}) TO '{place / name}' (FORMAT parquet)")
    (place / "_SUCCESS").write_text("")
    (place / "notes.txt").write_text("")
    return place


def test_files_are_drafted_by_what_they_hold(lake: Path, tmp_path: Path) -> None:
    text = init.from_parquet(lake, tmp_path).text
    draft = yaml.safe_load(text)
    tables = draft["tables"]
    assert draft["graph"] == "lake"
    assert tables["people"]["location"] == "lake/people.parquet"
    assert tables["towns"]["node"] == {"labels": "Town", "key": "town_id"}
    assert tables["people"]["node"] == {"labels": "Person", "key": "person_id"}
    found = relationships(draft, "people")
    assert found["HAS_TOWN"] == {"type": "HAS_TOWN", "end": {"node": "towns", "key": "town_id"}}
    assert found["HAS_PARENT_PERSON"]["on_null"] == "skip"
    assert "all 334 are in people.person_id" in text
    assert tables["visits"] == {
        "location": "lake/visits",
        "relationship": {
            "type": "VISIT",
            "start": {"node": "people", "key": "person_id"},
            "end": {"node": "towns", "key": "town_id"},
            "on_missing": "skip",
        },
    }
    assert "3,000 of 3,090 are in people.person_id" in text
    assert "no rows, so nothing is known about: nothing" in text


def test_a_table_of_the_column_s_own_name_comes_first_and_what_fits_as_well_is_named(
    tmp_path: Path,
) -> None:
    queries = {
        "legacy_user": "SELECT i AS user_id FROM range(100) t(i)",
        "user": "SELECT i AS id FROM range(49) t(i)",
        "old_user": "SELECT i AS user_id FROM range(40) t(i)",
        "post": "SELECT i AS id, i % 50 AS user_id, i % 50 AS parent_user_id FROM range(100) t(i)",
    }
    with duckdb.connect() as made:
        for name, query in queries.items():
            made.execute(f"COPY ({query}) TO '{tmp_path / name}.parquet' (FORMAT parquet)")
    text = init.from_parquet(tmp_path, tmp_path).text
    found = relationships(yaml.safe_load(text), "post")
    assert {each["end"]["node"] for each in found.values()} == {"user"}
    reason = "98 of 100 are in user.id; fits as well: legacy_user.user_id (100 of 100)"
    lines = [line for line in text.splitlines() if f"# {reason}" in line]
    assert ["HAS_USER," in line for line in lines] == [True, False]  # the other: HAS_PARENT_USER
    assert "old_user.user_id" not in text


def test_a_drafted_key_is_counted_and_not_only_estimated(tmp_path: Path) -> None:
    with duckdb.connect() as made:
        made.execute(
            "COPY (SELECT greatest(i, 1) AS person_id FROM range(100000) t(i)) "
            f"TO '{tmp_path / 'people.parquet'}' (FORMAT parquet)"
        )
    assert init.from_parquet(tmp_path, tmp_path).draft.nodes == 0


def test_a_folder_without_parquet_and_names_that_meet_are_refused(
    lake: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no Parquet"):
        init.from_parquet(tmp_path / "empty", tmp_path)
    with pytest.raises(SourceError, match="cannot be read"):
        init.from_parquet(tmp_path / "absent", tmp_path)
    shutil.copytree(lake / "visits", lake / "people")
    with pytest.raises(SourceError, match="people is twice"):
        init.from_parquet(lake, tmp_path)


def test_a_file_that_is_not_parquet_is_named(lake: Path, tmp_path: Path) -> None:
    (lake / "broken.parquet").write_text("not Parquet")
    with pytest.raises(SourceError, match="broken"):
        init.from_parquet(lake, tmp_path)
