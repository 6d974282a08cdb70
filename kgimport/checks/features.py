"""Features: compute them before the checks, and add them to the node tables as columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport.errors import UsageError
from kgimport.features import column_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kgimport.checks.ids import Resolved
    from kgimport.checks.joins import Workspace
    from kgimport.checks.scan import Scanned
    from kgimport.graph import Graph
    from kgimport.progress import Progress
    from kgimport.records import FeatureRecord


@dataclass(frozen=True, slots=True)
class Computed:
    """The files of a feature's values by the names of node tables, in the order of their rows.

    Each has the column `features.column_of`.
    """

    files: Mapping[str, Path]
    record: FeatureRecord


def with_features(
    graph: Graph, there: Resolved, place: Workspace, progress: Progress
) -> tuple[Resolved, tuple[FeatureRecord, ...]]:
    """Return the tables with all features of the graph, and what there is to say of each.

    Raises `UsageError` if the extra `features` is not installed, and `SourceError` for a type that
    no relationship has.
    """
    if not graph.features:
        return there, ()
    try:
        # It is an extra, and takes half a second to import.
        from kgimport.checks.computed import computed  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{error.name} is missing, which computes features",
            "pip install 'kgimport[features]'",
        ) from error
    tables, found = dict(there.tables), []
    for feature in graph.features:
        progress(f"compute {feature.property}", None)
        made = computed(graph, there, feature, place)
        found.append(made.record)
        for name, path in made.files.items():
            tables[name] = _with_column(tables[name], feature.property, path, column_of(feature))
    return replace(there, tables=tables), tuple(found)


def _with_column(scanned: Scanned, name: str, path: Path, column: str) -> Scanned:
    """Return a node table with a feature as a further column and property."""
    values = pl.scan_parquet(path, glob=False).select(column)
    field = next(each for each in scanned.computed if each.name == name)
    return replace(
        scanned,
        # If the table has grown or shrunk in the meantime, Polars refuses to put the two together.
        frame=pl.concat([scanned.frame, values], how="horizontal"),
        fields=(*scanned.fields, field),
        apart={**scanned.apart, name: path},
    )
