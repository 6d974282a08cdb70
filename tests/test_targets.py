"""The seam between the graph and its targets: a target is a value, and all else asks it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, cast, get_args

import polars as pl
import pytest

from kgimport.choices import Dialect, Format, TargetName, target_name
from kgimport.commands.export import export
from kgimport.errors import UsageError, ValueRefusedError
from kgimport.options import ExportOptions
from kgimport.properties import Kind
from kgimport.targets import TARGETS, neo4j
from kgimport.targets.neo4j import kinds
from kgimport.values import Refusal
from tests.graphs import people

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.targets import Carrier
    from kgimport.targets.target import TableKind
    from kgimport.values import Value


def test_every_format_and_every_dialect_is_a_row_of_the_registry() -> None:
    assert tuple(TARGETS) == get_args(TargetName)
    words = {target_name(*each) for each in product(get_args(Dialect), get_args(Format))}
    assert words == {*TARGETS}


@pytest.mark.parametrize("table", [kinds.CSV, kinds.PARQUET], ids=["csv", "parquet"])
def test_every_kind_of_values_is_a_row_of_each_table_of_neo4j(table: dict[Kind, object]) -> None:
    assert tuple(table) == get_args(Kind)


def _but_booleans(value: Value, kind: TableKind) -> Carrier | Refusal:
    """Carry what Neo4j's CSV carries, but no booleans."""
    if value.type.kind == "boolean":
        return Refusal(f"{{store}} has no booleans on a {kind}", "choose `skip: true`")
    return neo4j.CSV.carry(value, kind)


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> ExportOptions:
    """The choice of a target that is registered while the test lasts."""
    target = replace(
        neo4j.CSV,
        store="Other",
        carry=_but_booleans,
        header=" ".join,
        companions=lambda record: {"load.txt": record.graph},
        sentences={},
    )
    monkeypatch.setitem(TARGETS, cast("Format", "other"), target)
    return ExportOptions(format=cast("Format", "other"))


def test_a_target_that_is_registered_is_exported_to(other: ExportOptions, tmp_path: Path) -> None:
    export(people(tmp_path), tmp_path / "build", options=other)

    made = tmp_path / "build" / "other" / "person"
    assert (tmp_path / "build" / "load.txt").read_text() == "people"
    assert (made / "header.csv").read_text() == ":ID id:string name:string"
    assert (made / "part-00000.csv").read_text() == '0,a,Ann\n1,b,\n2,c,""\n'


def test_a_refusal_is_in_the_name_of_the_target(other: ExportOptions, tmp_path: Path) -> None:
    price = pl.Series(["1.50"]).cast(pl.Decimal(9, 2))
    ties = pl.DataFrame({"a": ["a"], "b": ["a"], "since": [True]})
    graph = people(tmp_path, pl.DataFrame({"id": ["a"], "price": price}), ties)

    with pytest.raises(ValueRefusedError) as refusal:
        export(graph, tmp_path / "build", options=other)

    lines = [line.partition(";")[0].strip() for line in refusal.value.message.split("\n")]
    assert [line for line in lines if "Other" in line] == [
        "person.price (Decimal(precision=9, scale=2)): Other has no decimal type",
        "knows.since (Boolean): Other has no booleans on a relationship",
    ]


def test_a_rule_of_values_has_words_without_a_target(other: ExportOptions, tmp_path: Path) -> None:
    lists = pl.DataFrame({"id": ["a", "b", "c"], "xs": [[1, None], [2], [3]]})

    with pytest.raises(ValueRefusedError, match=r"lists with a null element \[null-in-list\]"):
        export(people(tmp_path, lists), tmp_path / "build", options=other)
    with pytest.raises(ValueRefusedError, match="null element, which Neo4j cannot store"):
        export(people(tmp_path, lists), tmp_path / "build")


def test_a_dialect_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError, match="there is no dialect 'cypher'") as refusal:
        ExportOptions(dialect=cast("Dialect", "cypher"))

    assert "neptune-gremlin" in refusal.value.hint
