"""Compare sampled rows of every table of an export with what a server holds."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from kgimport.checks.scan import scan
from kgimport.neo4j import reconcile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neo4j import Driver

    from kgimport.neo4j.reconcile import Samples
    from kgimport.records import ExportRecord


def compare(driver: Driver, record: ExportRecord, size: int) -> Samples:
    """Compare sampled rows of every table, drawn by the build id, with what a server holds."""
    graph = record.declaration
    firsts = dict(_firsts(record)) if record.ids == "dense" else {}
    rows = {
        name: reconcile.Rows(
            each.frame,
            each.schema,
            each.fields,
            firsts.get(name),
            frozenset(feature.name for feature in each.computed),
        )
        for name, each in scan(graph, record.target).items()
    }
    return reconcile.samples(driver, graph, rows, seed=record.build_id, size=size)


def _firsts(record: ExportRecord) -> Iterator[tuple[str, int]]:
    """Return an iterator of each node table's name and the record id of its first row."""
    nodes = [table for table in record.tables if table.kind == "node"]
    starts = accumulate((table.written for table in nodes), initial=0)
    return zip((table.name for table in nodes), starts, strict=False)
