"""The nasty list is what happens: refused by these checks, or equal on both Neo4j lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.roundtrip import expected, harness
from tests.roundtrip.nasty import NASTY

if TYPE_CHECKING:
    from tests.roundtrip.harness import Compared
    from tests.roundtrip.nasty import Nasty

Told = dict[tuple[str, str, str], str]
_TAKEN = [each for each in NASTY if not each.outcome.startswith("refused")]


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
