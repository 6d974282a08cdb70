"""The ids of relationships, for stores in which relationships have ids of their own.

An id is a hash of the type, both ends and the declared key, so it stays the same when rows are
added or come in another order. Relationships that would share one are found here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport import findings, identity
from kgimport.checks import joins
from kgimport.checks.ends import exported_rows, rejected, without_relationship

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from kgimport.checks.joins import Workspace
    from kgimport.checks.scan import Scanned
    from kgimport.findings import Finding
    from kgimport.graph import Graph, RelationshipTable
    from kgimport.progress import Progress

    EdgeText = Callable[[RelationshipTable, pl.Schema, Graph], pl.Expr]

_KEYLESS = "the type and both ends of another relationship, and no key that distinguishes them"
_KEYED = "the type, both ends and the key of another relationship"


@dataclass(frozen=True, slots=True)
class WithIds:
    """The relationship tables with the ids of their rows in `identity.EDGE`, and shared ids."""

    tables: Mapping[str, Scanned]
    duplicates: tuple[Finding, ...]


def numbered(
    graph: Graph,
    tables: Mapping[str, Scanned],
    edge_text: EdgeText,
    place: Workspace,
    progress: Progress,
) -> WithIds:
    """Return the relationship tables with ids; the ends must have been looked up already.

    A row that is not exported has no id.
    """
    made, files = {}, {}
    for name, scanned in tables.items():
        progress(f"make the ids of {name}", None)
        files[name] = _hashed(graph, scanned, edge_text, place)
        ids = pl.scan_parquet(files[name], glob=False)
        made[name] = replace(scanned, frame=pl.concat([scanned.frame, ids], how="horizontal"))
    return WithIds(made, tuple(_duplicates(made, files, place)))


def _hashed(graph: Graph, scanned: Scanned, edge_text: EdgeText, place: Workspace) -> Path:
    table = scanned.table
    assert table.kind == "relationship"  # noqa: S101  (the caller has only these)
    text = edge_text(table, scanned.schema, graph)
    if table.leaves_out_rows:
        text = pl.when(~(without_relationship(table) | rejected(table))).then(text)
    texts = scanned.frame.with_columns(text.alias(joins.KEY)).select(joins.KEY)
    rows = scanned.read(lambda: joins.write_keys(place, texts))
    ids = joins.hashed(place, rows)
    rows.unlink()
    return ids


def _duplicates(
    tables: Mapping[str, Scanned], files: Mapping[str, Path], place: Workspace
) -> Iterator[Finding]:
    """Yield a finding for each table with rows that share their id with others, of any table."""
    for name, (count, first) in joins.shared(place, files).items() if files else ():
        scanned = tables[name]
        table = scanned.table
        names = [table.name_column] if table.name_column else []
        columns = tuple(dict.fromkeys([*names, *(c for key in table.keys for c in key)]))
        shown = dict.fromkeys([*columns, *table.key])
        rows = exported_rows(scanned).filter(pl.col(identity.EDGE).is_in(first))
        samples = scanned.collect(rows.select(list(shown)).head(findings.SAMPLES))
        yield findings.Finding(
            "duplicate-edge",
            "integrity",
            name,
            tuple(shown),
            _KEYED if table.key else _KEYLESS,
            count,
            findings.printable(samples),
        )
