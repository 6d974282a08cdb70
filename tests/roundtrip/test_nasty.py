"""The nasty list is what happens: refused by these checks, or equal on both Neo4j lines."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import polars as pl
import pytest
from polars._typing import TimeUnit

from kgimport.dialect import types
from kgimport.dialect.scalars import FLOATS, SCALARS
from kgimport.graph import ColumnRule, Crs
from tests.roundtrip import expected, harness
from tests.roundtrip.nasty import NASTY
from tests.roundtrip.samples import inner_type

if TYPE_CHECKING:
    from tests.roundtrip.harness import Compared
    from tests.roundtrip.nasty import Nasty

Told = dict[tuple[str, str, str], str]
_TAKEN = [each for each in NASTY if not each.outcome.startswith("refused")]
_COLUMNS = [c for each in _TAKEN for table in each.sample.tables for c in table.columns]
ZONE = "Europe/Stockholm"


def _listed(some: list[Nasty]) -> Told:
    return {(each.group, each.what, each.type): each.outcome for each in some}


def test_the_nasty_list_names_each_thing_once() -> None:
    assert len(_listed(list(NASTY))) == len(NASTY) > 40


def test_what_the_nasty_list_calls_refused_is_refused() -> None:
    refused = [each for each in NASTY if each not in _TAKEN]

    found = {
        (each.group, each.what, each.type): _refused(harness.kept(each.sample).refusals)
        for each in refused
    }

    assert found == _listed(refused)


def _refused(checks: dict[str, int]) -> str:
    names = sorted("type" if check == "column" else check for check in checks)
    return f"refused: {', '.join(names)}"


def test_every_type_of_the_table_of_types_comes_back_alone_and_in_a_list() -> None:
    lists = [each.dtype for each in _COLUMNS if isinstance(each.dtype, pl.List | pl.Array)]

    assert {each.dtype.base_type() for each in _COLUMNS} == set(types._CARRIERS)
    assert {inner_type(each).base_type() for each in lists} == {*SCALARS, pl.Struct} - {pl.Null}


def test_every_unit_of_time_comes_back_with_and_without_a_zone() -> None:
    moments = {
        (each.dtype.time_unit, each.dtype.time_zone, each.rule.timezone)
        for each in _COLUMNS
        if isinstance(each.dtype, pl.Datetime)
    }
    spans = {each.dtype.time_unit for each in _COLUMNS if isinstance(each.dtype, pl.Duration)}
    zones = [(None, None), (None, "UTC"), (None, ZONE), ("UTC", None), (ZONE, None)]

    assert moments >= {(unit, *zone) for unit in get_args(TimeUnit) for zone in zones}
    assert spans == set(get_args(TimeUnit))


def _choices(hint: Any) -> set[str]:
    """What an annotation lets one choose between."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return set().union(*map(_choices, get_args(hint)))


_CHOICES = {
    name: found for name, hint in get_type_hints(ColumnRule).items() if (found := _choices(hint))
}


def test_every_policy_has_values_that_come_back() -> None:
    taken = {(name, getattr(each.rule, name)) for each in _COLUMNS for name in _CHOICES}

    assert taken >= {(name, choice) for name, chosen in _CHOICES.items() for choice in chosen}
    assert all(any(getattr(each.rule, name) for each in _COLUMNS) for name in ("property", "skip"))
    assert {rule.name for rule in fields(ColumnRule)} - {*_CHOICES} == {
        *("property", "skip", "timezone")
    }


def test_every_cast_has_values_that_come_back() -> None:
    allowed = {(to, of) for to, many in types._CASTABLE.items() for of in many}
    # How Polars spells a float is no part of the contract.
    allowed -= {("string", of) for of in FLOATS}

    assert {(each.rule.type, each.dtype.base_type()) for each in _COLUMNS if each.rule.type} == (
        allowed
    )


def test_every_coordinate_system_has_points_that_come_back() -> None:
    points = [point for each in _TAKEN for node in each.sample.nodes for point in node.points]

    assert {point.crs for point in points} == set(get_args(Crs))


@pytest.mark.neo4j
def test_what_the_nasty_list_calls_equal_comes_back(
    compared: list[Compared],
) -> None:
    different = compared[0].differences

    found = {
        (each.group, each.what, each.type): different.get(at) or _types(each)
        for at, each in enumerate(_TAKEN)
    }

    assert found == _listed(_TAKEN)


def _types(nasty: Nasty) -> str:
    """The Cypher types of the properties beside the key; the harness has compared them."""
    if nasty.outcome == "equal":
        return "equal"
    table = nasty.sample.nodes[0]
    held = {
        name: cypher.replace("JSON", "STRING")
        for _, properties in expected.nodes(table)
        for name, cypher, _ in sorted(properties, key=lambda each: each[0])
        if name not in table.key
    }
    return ", ".join(dict.fromkeys(held.values())) or "no property"
