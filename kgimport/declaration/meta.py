"""The defaults and features of a graph in dbt, where each model declares only its own table.

They stand once, next to the graph's name: `graph: {name: shop, defaults: {…}, features: […]}` in
the meta of a model, or `graph: shop`, `defaults: {…}` and `features: […]` in that of an exposure,
which is not a table. Several places may state the same.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from kgimport.errors import short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kgimport.declaration.artifacts import Becoming

_FEATURES = "features"


def tables(chosen: Mapping[str, Becoming]) -> dict[str, Becoming]:
    """Return what declares a table, by unique id."""
    return {each: becomes for each, becomes in chosen.items() if not _is_of_graph(each, becomes)}


def _is_of_graph(unique_id: str, becomes: Becoming) -> bool:
    return unique_id.startswith("exposure.") and becomes.more.keys() <= {"defaults", _FEATURES}


def defaults(chosen: Mapping[str, Becoming]) -> dict[str, Any]:
    """Return the defaults of the graph; of contradicting ones, any."""
    return {word: value for _, word, value in _defaults(chosen)}


def features(chosen: Mapping[str, Becoming]) -> Any:
    """Return the features of the graph, as they were declared; of contradicting ones, any."""
    return next((value for _, _, value in _features(chosen)), [])


def contradictions(chosen: Mapping[str, Becoming]) -> Iterator[str]:
    """Yield a line for each default that two places state differently, and for features."""
    found: dict[str, tuple[str, Any]] = {}
    for place, word, value in chain(_defaults(chosen), _features(chosen)):
        first, before = found.setdefault(word, (place, value))
        if value != before:
            yield f"{place}: has another `{short(word)}:` for the graph than {first}"


def _defaults(chosen: Mapping[str, Becoming]) -> Iterator[tuple[str, str, Any]]:
    for unique_id, becomes in chosen.items():
        stated = becomes.more.get("defaults") if _is_of_graph(unique_id, becomes) else None
        for each in (stated if isinstance(stated, dict) else {}, becomes.declared.defaults):
            yield from ((unique_id, word, value) for word, value in each.items())


def _features(chosen: Mapping[str, Becoming]) -> Iterator[tuple[str, str, Any]]:
    for unique_id, becomes in chosen.items():
        own = becomes.more.get(_FEATURES) if _is_of_graph(unique_id, becomes) else None
        for stated in (own, becomes.declared.features):
            if stated is not None:
                yield unique_id, _FEATURES, stated
