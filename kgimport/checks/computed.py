"""Compute a feature from the ids of nodes and of the ends of relationships."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import polars as pl

from kgimport import networks
from kgimport.checks import joins
from kgimport.checks.components import components
from kgimport.checks.features import Computed
from kgimport.checks.members import Values, members, relationships
from kgimport.features import column_of
from kgimport.records import FeatureRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.checks.ids import Resolved
    from kgimport.checks.joins import Workspace
    from kgimport.checks.members import Members
    from kgimport.features import Feature, FeatureKind
    from kgimport.graph import Graph
    from kgimport.networks import Edges, Floats, Integers

_NUMBERS: dict[FeatureKind, Callable[[Edges, int], Integers | Floats]] = {
    "degree": networks.degrees,
    "pagerank": networks.pagerank,
}


def computed(graph: Graph, there: Resolved, feature: Feature, place: Workspace) -> Computed:
    """Return the values of a feature, and what there is to say of it.

    Raises `SourceError` for a type that no relationship has.
    """
    began, nodes = time.monotonic(), members(graph, there, feature)
    find = components if feature.kind == "component" else _numbers
    found = find(graph, there, feature, nodes, place)
    record = FeatureRecord(
        kind=feature.kind,
        property=feature.property,
        over=feature.over,
        nodes=tuple(found.files),
        relationships=found.relationships,
        components=found.components,
        seconds=round(time.monotonic() - began, 3),
    )
    return Computed(found.files, record)


def _numbers(
    graph: Graph, there: Resolved, feature: Feature, nodes: Members, place: Workspace
) -> Values:
    """Return the values of a feature that are numbers."""
    parts = [relationships(graph, there, kind, nodes) for kind in feature.over]
    edges = networks.joined(parts)
    values = _NUMBERS[feature.kind](edges, nodes.count)
    column, numbers = column_of(feature), nodes.numbers
    files = {
        table.name: joins.write_keys(place, pl.LazyFrame({column: values[numbers[table.name]]}))
        for table in graph.with_feature(feature)
    }
    return Values(files, len(edges))
