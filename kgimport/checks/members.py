"""The nodes and relationships that a feature is computed from, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from kgimport.checks import joins
from kgimport.errors import SourceError, listed
from kgimport.identity import END, START
from kgimport.networks import Edges
from kgimport.values.columns import as_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kgimport.checks.ids import Resolved
    from kgimport.features import Feature
    from kgimport.graph import Graph, RelationshipTable
    from kgimport.records import ComponentsRecord

# Relationships take half the memory if their nodes have numbers of 32 bits.
_NARROW = 2**31


@dataclass(frozen=True, slots=True)
class Members:
    """The nodes of some tables, numbered from 0 in the order of their dense ids."""

    ids: Mapping[str, range]  # the dense ids of each table's rows, in ascending order

    @property
    def count(self) -> int:
        """How many nodes there are."""
        return sum(map(len, self.ids.values()))

    @property
    def numbers(self) -> dict[str, slice]:
        """The numbers of each table's rows."""
        found, first = {}, 0
        for name, ids in self.ids.items():
            found[name] = slice(first, first := first + len(ids))
        return found

    def number(self, ids: pl.Expr) -> pl.Expr:
        """Return the numbers of nodes whose dense ids these are; all of them must be members."""
        dtype = pl.Int32 if self.count < _NARROW else pl.Int64
        of_tables = zip(self.numbers.values(), self.ids.values(), strict=True)
        shifts = [(each.start, each.start - numbers.start) for numbers, each in of_tables]
        wide = ids.cast(pl.Int64)
        found = wide
        for first, shift in shifts:
            found = pl.when(wide >= first).then(wide - shift).otherwise(found)
        return found.cast(dtype)


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a feature: files by node table, in the order of the rows.

    `relationships` counts those that they were computed from.
    """

    files: Mapping[str, Path]
    relationships: int
    components: ComponentsRecord | None = None


def members(graph: Graph, there: Resolved, feature: Feature) -> Members:
    """Return the nodes of all tables that the relationships of a feature may join."""
    return Members({each.name: there.nodes[each.name].ids for each in graph.ends_of(feature)})


def relationships(graph: Graph, there: Resolved, kind: str, nodes: Members) -> Edges:
    """Return all relationships of a type that have both ends.

    Raises `SourceError` if only tables with a column of types could have the type, and none has.
    """
    parts = list(_rows(graph, there, kind))
    ends = (nodes.number(pl.col(side)).alias(side) for side in (START, END))
    found = pl.concat(parts).drop_nulls().select(*ends).collect(engine="streaming")
    if found.is_empty() and all(each.type != kind for each in graph.relationships):
        raise _unknown(graph, there, kind)
    return Edges(found.get_column(START).to_numpy(), found.get_column(END).to_numpy())


def _rows(graph: Graph, there: Resolved, kind: str) -> Iterator[pl.LazyFrame]:
    """Yield both ends' ids of the rows of each table that have a type."""
    for table in graph.relationships:
        if table.type == kind:
            yield joins.read_ends(there.ends[table.name])
        elif table.type_column:
            scanned = there.tables[table.name]
            rows = scanned.frame.filter(_types(there, table) == kind)
            yield rows.select(START, END)


def _types(there: Resolved, table: RelationshipTable) -> pl.Expr:
    column = table.type_column or ""
    return as_names(column, there.tables[table.name].schema[column])


def _unknown(graph: Graph, there: Resolved, kind: str) -> SourceError:
    known: list[str] = []
    for table in graph.relationships:
        if table.type_column:
            scanned = there.tables[table.name]
            types = scanned.collect(
                scanned.frame.select(_types(there, table).alias("type")).unique()
            )
            known += sorted(types.get_column("type").drop_nulls())
    return SourceError(
        f"no relationship has the type {kind}, which a feature is computed over",
        f"name other types under `features:` (there is: {listed(known) or 'nothing'})",
    )
