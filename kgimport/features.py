"""Declared features: properties of nodes that are computed from the graph's relationships."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (records are read back by annotation)
from dataclasses import dataclass, field
from typing import Literal

# Which connected component a node is in; how many relationships it has; its PageRank.
FeatureKind = Literal["component", "degree", "pagerank"]


@dataclass(frozen=True, slots=True)
class Feature:
    """A property of nodes that is computed from all relationships of some types.

    `nodes` names the tables whose nodes get the property; if it is empty, all do whose nodes may be
    ends of these relationships. The last two are for components.
    """

    kind: FeatureKind
    over: tuple[str, ...]
    property: str
    nodes: tuple[str, ...] = ()
    # By type: relationships of it do not join what they connect, if one of their ends has more
    # neighbours than this.
    max_degree: Mapping[str, int] = field(default_factory=dict)
    # The node table whose smallest key names a component, if the component has a node of it.
    named_by: str | None = None


def column_of(feature: Feature) -> str:
    """Return the column that holds a feature while it is computed."""
    return f"__feature_{feature.property}__"
