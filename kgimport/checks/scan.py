"""A graph's tables, opened but not yet read, and what their schemas alone show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from kgimport import declaration, identity, sources, targets
from kgimport.errors import ValueRefusedError
from kgimport.targets.fields import computed_field, fields, point_fields
from kgimport.values import points
from kgimport.values.columns import is_left_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from kgimport.graph import Graph, Table
    from kgimport.targets import Field, Target, TargetName

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Scanned:
    """A table, its rows (not yet read) and the columns that become properties.

    `schema` is the table's own; `frame` may have more columns (points, ids, features).
    """

    table: Table
    schema: pl.Schema
    frame: pl.LazyFrame
    fields: tuple[Field, ...]
    # The features that become properties once they are computed.
    computed: tuple[Field, ...] = ()
    # The files of properties that are not in the source, in the order of the rows.
    apart: Mapping[str, Path] = field(default_factory=dict)

    def read(self, action: Callable[[], Result]) -> Result:
        """Run an action that reads the table's rows; its errors name the table."""
        return sources.read(self.table.name, action)

    def collect(self, rows: pl.LazyFrame) -> pl.DataFrame:
        """Return the result of a query over the table's rows, which are streamed."""
        return self.read(lambda: rows.collect(engine="streaming"))

    def count(self, rows: pl.LazyFrame | None = None) -> int:
        """Return the number of rows: of the table, or of a query over it."""
        frame = self.frame if rows is None else rows
        return int(self.collect(frame.select(pl.len())).item())


def scan(graph: Graph, target: TargetName = "csv") -> dict[str, Scanned]:
    """Open all tables of a graph without reading them; return them by name.

    Refuses a declaration that does not fit the tables' schemas, and types that the files of that
    target cannot carry.
    """
    opened = {table.name: sources.scan(table) for table in graph.tables}
    declaration.check_columns(graph, {name: schema for name, (_, schema) in opened.items()})
    opened = {table.name: _readable(table, *opened[table.name]) for table in graph.tables}
    schemas = {name: schema for name, (_, schema) in opened.items()}
    identity.check_key_types(graph, schemas)
    made = _all_fields(targets.find(target), graph, schemas)
    computed = _all_computed(targets.find(target), graph)
    pairs = {name: _named((*each, *computed.get(name, ()))) for name, each in made.items()}
    declaration.check_properties(graph, pairs)
    return {
        table.name: Scanned(
            table,
            schemas[table.name],
            points.attach(opened[table.name][0], table),
            made[table.name],
            computed.get(table.name, ()),
        )
        for table in graph.tables
    }


def _named(fields: Iterable[Field]) -> list[tuple[str, str]]:
    return [(each.column, each.name) for each in fields]


def _all_computed(target: Target, graph: Graph) -> dict[str, tuple[Field, ...]]:
    """Return the features of each node table that has any."""
    made: dict[str, tuple[Field, ...]] = {}
    for feature in graph.features:
        for table in graph.with_feature(feature):
            made[table.name] = (*made.get(table.name, ()), computed_field(target, table, feature))
    return made


def _readable(
    table: Table, frame: pl.LazyFrame, schema: pl.Schema
) -> tuple[pl.LazyFrame, pl.Schema]:
    """Return the rows and their schema without the skipped columns that Polars cannot name."""
    kept = [at for at, name in enumerate(schema) if not is_left_out(table, name)]
    if len(kept) == len(schema):
        return frame, schema
    columns = list(schema.items())
    return frame.select(pl.nth(*kept)), pl.Schema([columns[at] for at in kept])


def _all_fields(
    target: Target, graph: Graph, schemas: Mapping[str, pl.Schema]
) -> dict[str, tuple[Field, ...]]:
    made: dict[str, tuple[Field, ...]] = {}
    refused: list[ValueRefusedError] = []
    for table in graph.tables:
        found: list[Field] = []
        for all_of in (fields, point_fields):
            try:
                found += all_of(target, table, schemas[table.name])
            except ValueRefusedError as error:
                refused.append(error)
        made[table.name] = tuple(found)
    if refused:
        raise ValueRefusedError("\n".join(each.message for each in refused), refused[0].hint)
    return made
