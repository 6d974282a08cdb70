"""Features: from their declaration to values, and the mistakes in them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kgimport.declaration.validation import instead
from kgimport.errors import listed
from kgimport.features import Feature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.declaration.spec import FeatureSpec, GraphSpec
    from kgimport.graph import Graph


def declared(spec: GraphSpec) -> tuple[Feature, ...]:
    """Return the features of a declaration."""
    return tuple(map(_feature, spec.features))


def _feature(spec: FeatureSpec) -> Feature:
    limits = spec.max_degree
    return Feature(
        kind=spec.kind,
        over=tuple(spec.over),
        property=spec.property,
        nodes=tuple(spec.nodes),
        max_degree=dict.fromkeys(spec.over, limits) if isinstance(limits, int) else limits or {},
        named_by=spec.named_by,
    )


def mistakes(graph: Graph) -> Iterator[str]:
    """Yield types and tables that are not there, and words that do not fit a feature's kind."""
    for at, feature in enumerate(graph.features):
        found = (*_of_types(graph, feature), *_of_tables(graph, feature), *_of_kind(feature))
        yield from (f"features.{at}{line}" for line in found)
    given = Counter(
        (table.name, each.property) for each in graph.features for table in graph.with_feature(each)
    )
    for (table, name), count in given.items():
        if count > 1:
            yield f"features: {count} of them become the property {name} of {table}"


def _of_types(graph: Graph, feature: Feature) -> Iterator[str]:
    known = list(dict.fromkeys(each.type for each in graph.relationships if each.type))
    in_columns = any(each.type_column for each in graph.relationships)
    for name in feature.over:
        if name not in known and not in_columns:
            yield f".over: no relationship has the type {name}{instead(name, known)}"
    for name in feature.max_degree:
        if name not in feature.over:
            yield f".max_degree: {name} is not among its types{instead(name, feature.over)}"
    if len(set(feature.over)) < len(feature.over):
        yield f".over: a type occurs twice ({listed(feature.over)})"


def _of_tables(graph: Graph, feature: Feature) -> Iterator[str]:
    joined = [table.name for table in graph.ends_of(feature)]
    for place, names in (("nodes", feature.nodes), ("named_by", (feature.named_by,))):
        for name in names:
            if name is not None and joined and name not in joined:
                yield f".{place}: no such relationship joins nodes of {name}{instead(name, joined)}"


def _of_kind(feature: Feature) -> Iterator[str]:
    words = {"max_degree": feature.max_degree, "named_by": feature.named_by}
    for word, value in words.items():
        if value and feature.kind != "component":
            yield f".{word}: is for components, not for a {feature.kind}"
