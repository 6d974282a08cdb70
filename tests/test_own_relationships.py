"""A node table declares relationships by its foreign keys; one table may be both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from kgimport import declaration
from kgimport.commands.check import check
from kgimport.commands.export import export
from kgimport.commands.load_graph import load_graph
from kgimport.commands.serve import serve
from kgimport.commands.verify import verify
from kgimport.errors import DeclarationError, IntegrityError
from kgimport.graph import End
from kgimport.options import ExportOptions
from kgimport.records import on_disk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kgimport.graph import Graph
    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.records import ExportRecord

CUSTOMERS = {"customer_id": [1, 2], "name": ["Ann", "Bo"]}
ORDERS: dict[str, list[Any]] = {
    "order_id": [10, 11, 12],
    "customer_id": [1, 2, 1],
    "previous_id": [None, 10, 11],
    "amount": [5.0, 6.0, 7.0],
    "channel": ["web", "shop", "web"],
}
SHOP = """
graph: shop
tables:
  customers:
    location: customers.parquet
    node: {labels: Customer, key: customer_id}
  orders:
    location: orders.parquet
    node: {labels: Order, key: order_id}
    relationships:
      - {type: PLACED, start: {node: customers, key: customer_id}, properties: channel}
      - {type: FOLLOWS, end: {node: orders, key: previous_id}, on_null: skip}
"""


def shop(folder: Path, text: str = SHOP, **columns: Any) -> Graph:
    """The graph of customers and orders; `columns` take the place of columns of the orders."""
    pl.DataFrame(CUSTOMERS).write_parquet(folder / "customers.parquet")
    pl.DataFrame({**ORDERS, **columns}).write_parquet(folder / "orders.parquet")
    file = folder / "graph.yml"
    file.write_text(text, encoding="utf-8")
    return declaration.load_yaml(file)


def written(folder: Path, record: ExportRecord, table: str) -> list[str]:
    """The header and the rows of a table."""
    (one,) = (each for each in record.tables if each.name == table)
    files = tuple(file.path for file in one.all_files)
    return [line for each in files for line in (folder / "build" / each).read_text().splitlines()]


def test_foreign_keys_become_relationships_of_the_row(tmp_path: Path) -> None:
    record = export(shop(tmp_path), tmp_path / "build", options=ExportOptions(ids="keys"))

    assert [each.name for each in record.tables] == [
        *("customers", "orders", "orders.PLACED", "orders.FOLLOWS")
    ]
    assert written(tmp_path, record, "orders.PLACED") == [
        ":START_ID(Customer),:END_ID(Order),channel:string",
        *("1,10,web", "2,11,shop", "1,12,web"),
    ]
    assert written(tmp_path, record, "orders.FOLLOWS") == [
        ":START_ID(Order),:END_ID(Order)",
        *("11,10", "12,11"),
    ]


def test_a_foreign_key_is_a_property_of_the_node_only_if_it_is_named(tmp_path: Path) -> None:
    def properties(text: str) -> list[str]:
        record = export(shop(tmp_path, text), tmp_path / "build")
        return [field.property for field in record.tables[1].fields]

    named = SHOP + "    columns:\n      customer_id: {property: customer}\n"

    assert properties(SHOP) == ["order_id", "amount", "channel"]
    assert properties(named) == ["order_id", "customer", "amount", "channel"]


def test_null_foreign_keys_are_counted_or_refused_with_the_word_that_allows_them(
    tmp_path: Path,
) -> None:
    follows = export(shop(tmp_path), tmp_path / "build").tables[3]

    assert (follows.rows, follows.written, follows.rejected, follows.nulls) == (3, 2, 0, 1)
    assert not (tmp_path / "build" / "rejects").exists()
    with pytest.raises(
        IntegrityError, match=r"orders\.FOLLOWS\.previous_id: 1 row with a null"
    ) as no:
        check(shop(tmp_path, SHOP.replace(", on_null: skip", "")))
    assert "`on_null: skip`" in no.value.hint


def test_the_rows_that_make_no_relationship_are_in_every_summary(tmp_path: Path) -> None:
    proof = check(shop(tmp_path)).summary("")
    made = export(shop(tmp_path), tmp_path / "build").summary()

    assert (proof.heads[3], [row[3] for row in proof.rows]) == ("without an end", [0, 0, 0, 1])
    assert (made.heads[4], [row[4] for row in made.rows]) == ("without an end", [0, 0, 0, 1])
    without = export(shop(tmp_path, previous_id=[10, 10, 10]), tmp_path / "build").summary()
    assert without.heads == ("table", "becomes", "rows", "rejected", "properties", "MB")


def test_a_warehouse_is_queried_once_for_all_that_is_made_of_a_table(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as made:
        for name, rows in (("customers", CUSTOMERS), ("orders", ORDERS)):
            made.register("rows", pl.DataFrame(rows).to_arrow())
            made.execute(f"CREATE TABLE {name} AS FROM rows")
    (tmp_path / "graph.yml").write_text(
        SHOP.replace("location: ", "location: duckdb://shop.duckdb/main/").replace(".parquet", "")
    )
    graph = load_graph(tmp_path / "graph.yml")

    record = export(graph, tmp_path / "build")

    assert [each.table for each in record.queries] == ["customers", "orders"]
    assert [each.written for each in record.tables] == [2, 3, 3, 2]
    asked = load_graph(tmp_path / "graph.yml", select={"orders": "SELECT 1"})
    assert [str(each.location)[:7] for each in asked.tables] == ["duckdb:", *["select:"] * 3]


def test_a_null_key_is_not_a_missing_node(tmp_path: Path) -> None:
    both = SHOP.replace("on_null: skip", "on_null: skip, on_missing: skip")
    apart = SHOP.replace("on_null: skip", "on_null: error, on_missing: skip")
    columns: dict[str, Any] = {"previous_id": [None, 10, 99]}

    follows = export(shop(tmp_path, both, **columns), tmp_path / "build").tables[3]

    assert (follows.rows, follows.written, follows.rejected, follows.nulls) == (3, 1, 1, 1)
    rejects = pl.read_parquet(tmp_path / "build" / "rejects" / "orders-2e-FOLLOWS.parquet")
    assert rejects.get_column("previous_id").to_list() == [99]
    with pytest.raises(IntegrityError, match=r"\[dangling-end\]"):
        check(shop(tmp_path, **columns))
    with pytest.raises(IntegrityError, match=r"\[null-end\]") as refused:
        check(shop(tmp_path, apart, **columns))
    assert "dangling" not in refused.value.message


def test_a_table_is_a_node_and_a_relationship_of_others(tmp_path: Path) -> None:
    text = (
        SHOP.partition("    relationships:")[0]
        + """\
    relationship:
      type: INVITED
      start: {node: customers, key: customer_id}
      end: {node: customers, key: friend_id}
      properties: [amount]
"""
    )
    graph = shop(tmp_path, text, friend_id=[2, 1, 2])

    record = export(graph, tmp_path / "build", options=ExportOptions(ids="keys"))

    assert [field.property for field in record.tables[1].fields] == [
        *("order_id", "customer_id", "previous_id", "amount", "channel", "friend_id")
    ]
    assert written(tmp_path, record, "orders.INVITED")[:2] == [
        ":START_ID(Customer),:END_ID(Customer),amount:double",
        "1,2,5.0",
    ]


def test_relationships_of_one_type_are_called_after_their_columns(tmp_path: Path) -> None:
    text = SHOP.replace("type: FOLLOWS, end: {node: orders,", "type: PLACED, end: {node: orders,")

    names = [each.name for each in shop(tmp_path, text).relationships]

    assert names == ["orders.PLACED.customer_id", "orders.PLACED.previous_id"]


@pytest.mark.parametrize(
    ("before", "after", "mistake"),
    [
        (
            "start: {node: customers, key: customer_id}, ",
            "",
            r"orders\.relationships\.0: needs start: or end:; the other one is this row",
        ),
        ("type: PLACED, ", "", r"orders\.relationships\.0: needs either type: or type_column:"),
        ("{node: customers,", "{node: customer,", "did you mean customers"),
        ("key: previous_id", "key: [a, b]", "has 2 columns, but the key of orders has 1"),
        ("type: ", "name: X, type: ", r"several are called orders\.X;"),
        ("customers:\n", "orders.PLACED:\n", r"several are called orders\.PLACED;"),
        ("    node: {labels: Order, key: order_id}\n", "", "rows are not nodes here"),
        ("on_null: skip", "on_nul: skip", "did you mean on_null"),
    ],
)
def test_mistakes_in_relationships_of_a_table_are_reported(
    tmp_path: Path, before: str, after: str, mistake: str
) -> None:
    with pytest.raises(DeclarationError, match=mistake):
        shop(tmp_path, SHOP.replace(before, after))


def test_a_missing_column_is_reported_once(tmp_path: Path) -> None:
    wrong = SHOP.replace("key: previous_id", "key: previus_id").replace("key: order_id", "key: id")

    with pytest.raises(DeclarationError) as refused:
        check(shop(tmp_path, wrong))

    lines = [line.split(" (there is")[0] for line in refused.value.message.split("\n  ")]
    assert lines[1:] == [
        "orders.node.key: no column id",
        "orders.FOLLOWS.relationship.end.key: no column previus_id; did you mean previous_id?",
    ]


def test_a_table_of_facts_declares_relationships_without_being_nodes(tmp_path: Path) -> None:
    text = (
        SHOP
        + """\
  facts:
    location: orders.parquet
    relationships:
      - type: OF
        start: {node: orders, key: order_id}
        end: {node: customers, key: customer_id}
"""
    )
    graph = shop(tmp_path, text)

    assert graph.relationships[-1].name == "facts.OF"
    assert graph.relationships[-1].start == End("orders", ("order_id",))
    assert check(graph).sources["facts.OF"] == 3


def test_a_table_with_forty_foreign_keys_is_checked(tmp_path: Path) -> None:
    keys = {f"k{at}": [10, 11, None] for at in range(40)}
    many = "".join(
        f"      - {{type: R, end: {{node: orders, key: k{at}}}, on_null: skip}}\n"
        for at in range(40)
    )

    proof = check(shop(tmp_path, SHOP + many, **keys))

    assert sum(proof.nulls.values()) == 41


ODD = """
graph: odd
defaults: {naming: camelCase, decimal: string}
tables:
  "or.d:er's ü":
    location: orders.parquet
    node: {labels: Order, key: order_id, unique: order_id}
    properties: [order_id, amount]
    relationships:
      - {type: "FOLLOWS.é:`x`", end: {node: "or.d:er's ü", key: previous_id}, on_null: skip}
      - type: PLACED_BY
        end: {node: customers, key: customer_id}
        properties: [sales_channel, amount]
        on_missing: skip
  customers:
    location: customers.parquet
    node: {labels: Customer, key: customer_id}
    columns:
      "*e": {required: true}
"""


@pytest.mark.neo4j
def test_a_store_holds_what_a_table_declares_of_its_foreign_keys(
    tmp_path: Path, build_graph: Callable[[Graph], Path], neo4j: Neo4j
) -> None:
    customers = [1, 2, 99]
    graph = shop(tmp_path, ODD, customer_id=customers, sales_channel=["web", None, "shop"])

    store = build_graph(graph)

    record = on_disk.read_export(store)
    assert [each.name for each in record.tables][2:] == [
        *("or.d:er's ü.FOLLOWS.é:`x`", "or.d:er's ü.PLACED_BY")
    ]
    assert [(each.written, each.rejected, each.nulls) for each in record.tables] == [
        *((3, 0, 0), (2, 0, 0), (2, 0, 1), (2, 1, 0))
    ]
    assert verify(store, neo4j=neo4j, samples=10).changed == ()
    assert "REQUIRE e.`name` IS NOT NULL" in (store / "enterprise.cypher").read_text()
    with serve(store, neo4j=neo4j) as served:
        rows = served.driver.execute_query(
            "MATCH (o:Order)-[r]->(x) RETURN o.orderId AS o, properties(o) AS p, type(r) AS type, "
            "properties(r) AS r, coalesce(x.orderId, x.name) AS x ORDER BY o, type"
        ).records
    assert [row.values() for row in rows] == [
        [
            10,
            {"orderId": 10, "amount": 5.0},
            "PLACED_BY",
            {"salesChannel": "web", "amount": 5.0},
            "Ann",
        ],
        [11, {"orderId": 11, "amount": 6.0}, "FOLLOWS.é:`x`", {}, 10],
        [11, {"orderId": 11, "amount": 6.0}, "PLACED_BY", {"amount": 6.0}, "Bo"],
        [12, {"orderId": 12, "amount": 7.0}, "FOLLOWS.é:`x`", {}, 11],
    ]
