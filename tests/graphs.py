"""Small graphs that several tests use, as declarations over Parquet that they write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.graph import End, Graph, NodeTable, RelationshipTable
from kgimport.locations import LocalPath

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.records import ExportRecord

Rows = dict[str, list[Any]] | pl.DataFrame
PERSONS: dict[str, list[Any]] = {"id": ["a", "b", "c"], "name": ["Ann", None, ""]}
KNOWS: dict[str, list[Any]] = {"a": ["a", "b"], "b": ["b", "c"], "since": [2001, 2002]}


def people(
    folder: Path,
    persons: Rows = PERSONS,
    knows: Rows = KNOWS,
    **knows_options: Any,
) -> Graph:
    """(:Person)-[:KNOWS]->(:Person), its two tables written below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("person", persons), ("knows", knows)):
        pl.DataFrame(rows).write_parquet(folder / f"{name}.parquet")
    person = NodeTable(
        name="person",
        location=LocalPath(str(folder / "person.parquet")),
        labels=("Person",),
        key=("id",),
        id_space="Person",
        unique=(("id",),),
    )
    usual = {"type": "KNOWS", "start": End("person", ("a",)), "end": End("person", ("b",))}
    edge = RelationshipTable(
        name="knows",
        location=LocalPath(str(folder / "knows.parquet")),
        **{**usual, **knows_options},
    )
    return Graph("people", (person,), (edge,))


def cells(build: Path, record: ExportRecord) -> dict[str, list[str]]:
    """The lines of every table of a build directory with `--ids keys`, in an order of their own."""
    return {
        table.name: sorted(
            line
            for file in table.files
            for line in (build / file.path).read_text(encoding="utf-8").splitlines()
        )
        for table in record.tables
    }
