"""The ends of relationships: find the id of each end's node among the nodes' keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport import identity
from kgimport.checks import joins

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kgimport.checks.joins import Workspace
    from kgimport.checks.scan import Scanned
    from kgimport.graph import Graph, RelationshipTable


def with_ends(
    graph: Graph,
    scanned: Scanned,
    keys: Mapping[str, Mapping[str, Path]],
    integers: Mapping[str, bool],
    place: Workspace,
) -> tuple[Scanned, tuple[Path, Path]]:
    """Return a relationship table with both ends' ids in each row, and the files of these ids."""
    table = scanned.table
    assert table.kind == "relationship"  # noqa: S101  (the caller has only these)
    spaces = [graph.node(end.node).id_space for _, end in table.ends]
    start, end = (
        identity.join_key(end.key, scanned.schema, integers=integers[space])
        for space, (_, end) in zip(spaces, table.ends, strict=True)
    )
    starts, ends = (list(keys[space].values()) for space in spaces)
    frame = scanned.frame.select(start.alias(identity.START), end.alias(identity.END))
    rows = scanned.read(lambda: joins.write_keys(place, frame))
    files = scanned.read(lambda: joins.look_up_ends(place, rows, starts, ends))
    # If the table has grown or shrunk in the meantime, Polars refuses to put the two together.
    both = pl.concat([scanned.frame, joins.read_ends(files)], how="horizontal")
    return replace(scanned, frame=both), files


def exported_rows(scanned: Scanned) -> pl.LazyFrame:
    """Return the rows that are exported: all that are neither rejected nor without a relationship.

    Those that have to be refused are among them.
    """
    table = scanned.table
    if table.kind == "node" or not table.leaves_out_rows:
        return scanned.frame
    return scanned.frame.filter(~(without_relationship(table) | rejected(table)))


def without_relationship(table: RelationshipTable) -> pl.Expr:
    """Return whether a row makes no relationship because the key of an end is null."""
    return identity.null_ends(table.end_columns) & (table.on_null == "skip")


def rejected(table: RelationshipTable) -> pl.Expr:
    """Return whether a row is set aside because it lacks an end."""
    of_null = identity.null_ends(table.end_columns) & (table.on_null is not None)
    return identity.missing() & ~of_null & (table.on_missing == "skip")
