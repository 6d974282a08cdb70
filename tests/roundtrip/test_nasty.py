"""The nasty list is what happens: refused by these checks, or equal on both Neo4j lines."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import polars as pl
import pytest
from polars._typing import TimeUnit

from kgimport.graph import ColumnRule, Crs
from kgimport.values import types
from kgimport.values.scalars import FLOATS, SCALARS
from tests.roundtrip import expected, harness
from tests.roundtrip.lanes import KEYS_CSV, LANES
from tests.roundtrip.nasty import NASTY
from tests.roundtrip.samples import inner_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.roundtrip.harness import Compared
    from tests.roundtrip.lanes import Lane
    from tests.roundtrip.nasty import Nasty
    from tests.roundtrip.samples import Column

Told = dict[tuple[str, str, str], str]
in_both_lanes = pytest.mark.parametrize("lane", LANES, ids=str)
ZONE = "Europe/Stockholm"


def _taken(lane: Lane) -> dict[int, Nasty]:
    """What is not refused, by its place in the list."""
    refused = (each.outcome(lane).startswith("refused") for each in NASTY)
    return {at: NASTY[at] for at, no in enumerate(refused) if not no}


def _columns(lane: Lane) -> list[Column]:
    taken = _taken(lane).values()
    return [c for each in taken for table in each.sample.tables for c in table.columns]


def _listed(some: Iterable[Nasty], lane: Lane) -> Told:
    return {(each.group, each.what, each.type): each.outcome(lane) for each in some}


def test_the_nasty_list_names_each_thing_once() -> None:
    assert len(_listed(NASTY, KEYS_CSV)) == len(NASTY) > 40


@in_both_lanes
def test_what_the_nasty_list_calls_refused_is_refused(lane: Lane) -> None:
    refused = [each for at, each in enumerate(NASTY) if at not in _taken(lane)]

    found = {
        (each.group, each.what, each.type): _refused(harness.kept(each.sample, lane).refusals)
        for each in refused
    }

    assert found == _listed(refused, lane)


def _refused(checks: dict[str, int]) -> str:
    names = sorted("type" if check == "column" else check for check in checks)
    return f"refused: {', '.join(names)}"


@in_both_lanes
def test_every_type_of_the_table_of_types_comes_back_alone_and_in_a_list(lane: Lane) -> None:
    columns = _columns(lane)
    lists = [each.dtype for each in columns if isinstance(each.dtype, pl.List | pl.Array)]

    assert {each.dtype.base_type() for each in columns} == set(types.TYPES)
    # No list of dates or times comes back from Parquet, but an empty one (of instants).
    never = {pl.Null, pl.Date, pl.Time} if lane.format == "parquet" else {pl.Null}
    assert {inner_type(each).base_type() for each in lists} == {*SCALARS, pl.Struct} - never


@in_both_lanes
def test_every_unit_of_time_comes_back_with_and_without_a_zone(lane: Lane) -> None:
    columns = _columns(lane)
    moments = {
        (each.dtype.time_unit, each.dtype.time_zone, each.rule.timezone)
        for each in columns
        if isinstance(each.dtype, pl.Datetime)
    }
    spans = {each.dtype.time_unit for each in columns if isinstance(each.dtype, pl.Duration)}
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


@in_both_lanes
def test_every_policy_has_values_that_come_back(lane: Lane) -> None:
    columns = _columns(lane)
    taken = {(name, getattr(each.rule, name)) for each in columns for name in _CHOICES}

    assert taken >= {(name, choice) for name, chosen in _CHOICES.items() for choice in chosen}
    assert all(any(getattr(each.rule, name) for each in columns) for name in ("property", "skip"))
    assert {rule.name for rule in fields(ColumnRule)} - {*_CHOICES} == {
        *("property", "skip", "timezone"),
        *("required", "whole_as_integer"),  # they change no value: see test_declaration.py
    }


@in_both_lanes
def test_every_cast_has_values_that_come_back(lane: Lane) -> None:
    allowed = {(to, of) for to, many in types.CASTABLE.items() for of in many}
    # How Polars spells a float is no part of the contract.
    allowed -= {("string", of) for of in FLOATS}

    cast = {(each.rule.type, each.dtype.base_type()) for each in _columns(lane) if each.rule.type}
    assert cast == allowed


@in_both_lanes
def test_every_coordinate_system_has_points_that_come_back(lane: Lane) -> None:
    nodes = [node for each in _taken(lane).values() for node in each.sample.nodes]
    points = [point for node in nodes for point in node.points]

    assert {point.crs for point in points} == set(get_args(Crs))


@pytest.mark.neo4j
@in_both_lanes
def test_what_the_nasty_list_calls_equal_comes_back(
    lane: Lane, compared: Callable[[Lane], Compared]
) -> None:
    taken, different = _taken(lane), compared(lane).differences

    found = {
        (each.group, each.what, each.type): different.get(at) or _types(each, lane)
        for at, each in taken.items()
    }

    assert found == _listed(taken.values(), lane)


def _types(nasty: Nasty, lane: Lane) -> str:
    """The Cypher types of the properties beside the key; the harness has compared them."""
    if nasty.outcome(lane) == "equal":
        return "equal"
    table = nasty.sample.nodes[0]
    held = {
        name: cypher.replace("JSON", "STRING")
        for _, properties in expected.nodes(table, lane)
        for name, cypher, _ in sorted(properties, key=lambda each: each[0])
        if name not in table.key
    }
    return ", ".join(dict.fromkeys(held.values())) or "no property"
