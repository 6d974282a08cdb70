"""`kgimport show`: draw the declared graph, with the properties and counts of its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport import drawing, files, identity
from kgimport.checks.scan import scan
from kgimport.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from kgimport.checks.scan import Scanned
    from kgimport.graph import Graph


def show(graph: Graph, out: Path) -> None:
    """Write the picture as SVG; only the tables' schemas and row counts are read."""
    tables = scan(graph)
    drawn = {name: _drawn(each, _kept(graph, tables, each)) for name, each in tables.items()}
    try:
        files.write_whole(out, drawing.draw(graph, drawn))
    except OSError as error:
        raise DestinationError(
            f"{out} cannot be written: {error.strerror}", "choose another --out"
        ) from error


def _kept(graph: Graph, tables: Mapping[str, Scanned], scanned: Scanned) -> pl.LazyFrame:
    """Return the rows that an export writes: all of them, or those with both ends."""
    table = scanned.table
    if table.kind == "node" or not table.leaves_out_rows:
        return scanned.frame
    nodes = {node.name: tables[node.name].frame for node in graph.nodes}
    return identity.with_existing_ends(scanned.frame, table, graph, nodes)


def _drawn(scanned: Scanned, frame: pl.LazyFrame) -> drawing.Drawn:
    fields = (*scanned.fields, *scanned.computed)
    properties = ((field.name, field.carrier.cypher) for field in fields)
    return drawing.Drawn(scanned.count(frame), tuple(properties))
