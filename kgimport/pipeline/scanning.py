"""A graph's tables, opened but unread, and what their schemas alone can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport import declaration, dialect, identity, points, sources
from kgimport.errors import ValueRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from kgimport.dialect import Field, Format
    from kgimport.graph import Graph, Table


@dataclass(frozen=True, slots=True)
class Scanned:
    """A table with its rows, unread, and the columns that become properties.

    `schema` is the table's own; `frame` may have more columns (points, ids).
    """

    table: Table
    schema: pl.Schema
    frame: pl.LazyFrame
    fields: tuple[Field, ...]


def scan(graph: Graph, form: Format = "csv") -> dict[str, Scanned]:
    """All tables of a graph, opened but unread; refuses what their schemas cannot bear.

    The values are to travel in files of that format.
    """
    opened = {table.name: sources.scan(table) for table in graph.tables}
    schemas = {name: schema for name, (_, schema) in opened.items()}
    declaration.check_columns(graph, schemas)
    identity.check_key_types(graph, schemas)
    fields = _all_fields(graph, schemas, form)
    names = {name: [field.name for field in each] for name, each in fields.items()}
    declaration.check_properties(graph, names)
    return {
        table.name: Scanned(
            table,
            schemas[table.name],
            points.attach(opened[table.name][0], table),
            fields[table.name],
        )
        for table in graph.tables
    }


def _all_fields(
    graph: Graph, schemas: Mapping[str, pl.Schema], form: Format
) -> dict[str, tuple[Field, ...]]:
    made: dict[str, tuple[Field, ...]] = {}
    refused: list[ValueRefusedError] = []
    for table in graph.tables:
        try:
            fields = dialect.fields(table, schemas[table.name], form)
        except ValueRefusedError as error:
            refused.append(error)
        else:
            both = (*fields, *points.fields(table))
            made[table.name] = tuple(map(dialect.in_parquet, both)) if form == "parquet" else both
    if refused:
        raise ValueRefusedError("\n".join(each.message for each in refused), refused[0].hint)
    return made
