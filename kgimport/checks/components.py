"""The connected components of nodes: what joins them, what they are called, how large they are."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from kgimport import networks
from kgimport.checks import joins
from kgimport.checks.members import Values, relationships
from kgimport.features import column_of
from kgimport.files import folder_name
from kgimport.records import ComponentRecord, ComponentsRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from kgimport.checks.ids import Resolved
    from kgimport.checks.joins import Workspace
    from kgimport.checks.members import Members
    from kgimport.features import Feature
    from kgimport.graph import Graph
    from kgimport.networks import Edges, Integers

_LARGEST = 10
# The least sizes of the groups in which components are counted; the last one is open.
_SIZES = (1, 2, 3, 6, 11, 51, 101, 1_001)


def components(
    graph: Graph, there: Resolved, feature: Feature, nodes: Members, place: Workspace
) -> Values:
    """Return the components that a feature's relationships make, except those beyond its limit."""
    parts, left_out, total = [], {}, 0
    for kind in feature.over:
        edges = relationships(graph, there, kind, nodes)
        parts.append(_within(edges, nodes, feature.max_degree.get(kind)))
        total += len(edges)
        if kind in feature.max_degree:
            left_out[kind] = len(edges) - len(parts[-1])
    groups = networks.components(networks.joined(parts), nodes.count)
    files = _group_files(groups, nodes, place)
    names = _names(graph, there, feature, files, place)
    tables = [table.name for table in graph.with_feature(feature)]
    column = column_of(feature)
    return Values(
        {name: _named(files[name], names, column, place) for name in tables},
        total,
        _record(groups, [nodes.numbers[name] for name in tables], names, left_out),
    )


def _within(edges: Edges, nodes: Members, most: int | None) -> Edges:
    if most is None:
        return edges
    return edges.only(networks.within(edges, nodes.count, most))


def _group_files(groups: Integers, nodes: Members, place: Workspace) -> dict[str, Path]:
    """Write the number of each node's component to a file for each table; return them by table."""
    return {
        name: joins.write_keys(place, pl.LazyFrame({joins.GROUP: groups[numbers]}))
        for name, numbers in nodes.numbers.items()
    }


def _names(
    graph: Graph, there: Resolved, feature: Feature, files: Mapping[str, Path], place: Workspace
) -> Path:
    """Return a file of each component's number in `GROUP`, and of its name in `NAME`."""
    members = [
        joins.Named(
            groups=path,
            keys=there.nodes[name].keys,
            before=f"{folder_name(graph.node(name).id_space)}:",
            first=name == feature.named_by,
        )
        for name, path in files.items()
    ]
    return joins.least_names(place, members)


def _named(groups: Path, names: Path, column: str, place: Workspace) -> Path:
    """Return a file of the names of components, in the order of the rows."""
    found = joins.look_up_names(place, groups, names)
    renamed = pl.scan_parquet(found, glob=False).select(pl.col(joins.GROUP).alias(column))
    return joins.write_keys(place, renamed)


def _record(
    groups: Integers, numbers: Iterable[slice], names: Path, left_out: Mapping[str, int]
) -> ComponentsRecord:
    """Return what there is to say of the components that have nodes among `numbers`."""
    sizes = np.bincount(np.concatenate([groups[each] for each in numbers]))
    present = np.flatnonzero(sizes)
    counts = sizes[present]
    of_sizes = np.bincount(np.searchsorted(_SIZES, counts, side="right") - 1, minlength=len(_SIZES))
    return ComponentsRecord(
        count=len(present),
        sizes={word: int(n) for word, n in zip(_words(), of_sizes, strict=True) if n},
        largest=_largest(present, counts, names),
        left_out=left_out,
    )


def _words() -> list[str]:
    """Return the names of the groups of sizes: 1, 2, 3-5 and so on."""
    closed = [f"{a}" if b == a + 1 else f"{a}-{b - 1}" for a, b in pairwise(_SIZES)]
    return [*closed, f"{_SIZES[-1]} or more"]


def _largest(present: Integers, counts: Integers, names: Path) -> tuple[ComponentRecord, ...]:
    """Return the largest components of more than one node; of equal ones, the first by name."""
    at = min(_LARGEST, len(counts))
    least = max(2, int(np.partition(counts, -at)[-at])) if at else 2
    large = counts >= least
    rows = pl.LazyFrame({joins.GROUP: present[large], "nodes": counts[large]})
    named = pl.scan_parquet(names, glob=False).with_columns(pl.col(joins.GROUP).cast(pl.Int64))
    sized = named.join(rows, on=joins.GROUP)
    first = sized.sort(["nodes", joins.NAME], descending=[True, False]).head(_LARGEST)
    found = first.select(joins.NAME, "nodes").collect(engine="streaming")
    return tuple(ComponentRecord(name, nodes) for name, nodes in found.rows())
