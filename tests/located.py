"""Tables of a warehouse, read by the way that every command takes: located, then scanned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kgimport import sources
from kgimport.errors import KgimportError, ValueRefusedError
from kgimport.graph import ColumnRule, Graph, NodeTable
from kgimport.progress import silent
from kgimport.sources.locate import locate

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from kgimport.locations import Query, Relation


def node(location: Relation | Query, name: str = "t", **columns: ColumnRule) -> NodeTable:
    """A table of nodes whose rows are there."""
    return NodeTable(name, location, ("T",), ("id",), "T", columns=columns)


def read(folder: Path, *tables: NodeTable) -> list[pl.DataFrame]:
    """The rows of some tables, which are queried into a folder in one go."""
    located = locate(Graph("g", tables), folder, silent)
    assert [query.table for query in located.queries] == [table.name for table in tables]
    return [sources.scan(table)[0].collect() for table in located.graph.tables]


def refused(folder: Path, table: NodeTable) -> KgimportError:
    """The error for a table that cannot be read."""
    with pytest.raises(KgimportError) as caught:
        read(folder, table)
    assert caught.value.hint
    return caught.value


def found(folder: Path, table: NodeTable) -> list[tuple[Any, ...]]:
    """What is found in a table that is refused: check, column, rows, and the first sample."""
    error = refused(folder, table)
    assert isinstance(error, ValueRefusedError)
    assert all(str(each) in error.message for each in error.findings)
    return [(each.check, *each.columns, each.count, each.samples[0]) for each in error.findings]


def manifest(adapter: str, database: str, **config: str) -> dict[str, Any]:
    """What dbt writes of two models, person and knows, that are declared as a graph."""
    ends = {"start": {"node": "person", "key": ["a"]}, "end": {"node": "person", "key": ["b"]}}
    declared: dict[str, Any] = {
        "person": {"node": {"labels": ["Person"], "key": ["id"]}},
        "knows": {"relationship": {"type": "KNOWS", **ends}},
    }
    return {
        "metadata": {"adapter_type": adapter, "invocation_id": "0"},
        "nodes": {
            f"model.people.{name}": {
                "name": name,
                "alias": name,
                "database": database,
                "schema": "public",
                "resource_type": "model",
                "columns": {},
                "config": {
                    "materialized": "table",
                    "meta": {"kgimport": {"graph": "people", **meta}},
                    **config,
                },
            }
            for name, meta in declared.items()
        },
    }
