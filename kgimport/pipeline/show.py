"""`kgimport show`: the declared graph as a picture, with what its tables hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport import drawing, sources, store
from kgimport.errors import DestinationError
from kgimport.pipeline.proof import exported, scan

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.graph import Graph
    from kgimport.pipeline.proof import Scanned


def show(graph: Graph, out: Path) -> None:
    """Writes the picture as SVG; reads the tables' schemas and row counts, nothing else."""
    drawn = {name: _drawn(scanned) for name, scanned in scan(graph).items()}
    try:
        store.write_whole(out, drawing.draw(graph, drawn))
    except OSError as error:
        raise DestinationError(
            f"{out} cannot be written: {error.strerror}", "choose another --out"
        ) from error


def _drawn(scanned: Scanned) -> drawing.Drawn:
    with sources.reading(scanned.table.name):
        rows = exported(scanned).select(pl.len()).collect(engine="streaming").item()
    properties = ((field.name, field.carrier.cypher) for field in scanned.fields)
    return drawing.Drawn(int(rows), tuple(properties))
