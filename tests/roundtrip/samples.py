"""Samples: small graphs as plain Python values, and the Parquet and declarations made of them.

A cell is what the column type holds physically: ticks for a temporal type, the unscaled integer
for a decimal. So what is expected of it needs no conversion by Polars.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Context, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from kgimport.graph import (
    EVERY_COLUMN,
    NO_RULE,
    ColumnRule,
    End,
    General,
    Graph,
    NodeTable,
    OnMissing,
    OnNull,
    Point,
    RelationshipTable,
)
from kgimport.locations import LocalPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Cells = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table with the rule that is declared for it."""

    name: str
    dtype: pl.DataType
    cells: Cells
    rule: ColumnRule = NO_RULE
    # Whether the table lists it as a property, if it lists any.
    listed: bool = True

    @property
    def property(self) -> str:
        """The name of the property that the column becomes."""
        return self.rule.property or self.name


@dataclass(frozen=True, slots=True)
class Nodes:
    """A node table."""

    name: str
    labels: tuple[str, ...]
    key: tuple[str, ...]
    id_space: str
    columns: tuple[Column, ...]
    label_column: str | None = None
    points: tuple[Point, ...] = ()
    # Whether only listed columns become properties.
    lists: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """A relationship table between two node tables of its sample, by their names."""

    name: str
    type: str
    start: tuple[str, tuple[str, ...]]
    end: tuple[str, tuple[str, ...]]
    columns: tuple[Column, ...]
    on_missing: OnMissing = "error"
    on_null: OnNull | None = None
    lists: bool = False
    # Instead of `type`, which is empty then.
    type_column: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One small graph: the unit that is refused, imported, compared and shrunk."""

    nodes: tuple[Nodes, ...]
    links: tuple[Links, ...] = ()

    @property
    def tables(self) -> tuple[Nodes | Links, ...]:
        """All tables, nodes first."""
        return (*self.nodes, *self.links)

    def table(self, name: str) -> Nodes:
        """The node table of that name."""
        return next(table for table in self.nodes if table.name == name)

    def __str__(self) -> str:
        return "\n".join(_described(table) for table in self.tables)


Table = TypeVar("Table", Nodes, Links)


def _described(table: Nodes | Links) -> str:
    facts = {name: getattr(table, name) for name in table.__slots__ if name != "columns"}
    lines = [" ".join(f"{name}={value!r}" for name, value in facts.items())]
    lines += [
        f"  {each.name!r}: {each.dtype} {_short(each.cells)} {_told(each.rule)}"
        for each in table.columns
    ]
    return "\n".join(lines)


def _short(cells: Cells) -> str:
    text = repr(cells)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"


_WIDTH = 400


def _told(rule: ColumnRule) -> str:
    told = {name: getattr(rule, name) for name in ColumnRule.__slots__}
    return repr({k: v for k, v in told.items() if v != getattr(NO_RULE, k)} or "")


def column(table: Nodes | Links, name: str) -> Column:
    """The column of that name."""
    return next(each for each in table.columns if each.name == name)


def rows(table: Nodes | Links) -> int:
    """How many rows a table has."""
    return len(table.columns[0].cells)


def only_rows(table: Table, keep: Iterable[int]) -> Table:
    """The table with the rows at these positions."""
    at = list(keep)
    columns = (replace(each, cells=tuple(each.cells[i] for i in at)) for each in table.columns)
    return replace(table, columns=tuple(columns))


def key_rows(table: Nodes | Links, columns: Sequence[str]) -> list[Cells]:
    """The cells of a key, row by row."""
    return list(zip(*(column(table, name).cells for name in columns), strict=True))


def frame(columns: Iterable[Column]) -> pl.DataFrame:
    """The columns as Polars has them."""
    # By name: Polars gives a series without one a name of its own.
    return pl.DataFrame({c.name: _series(c.name, c.dtype, c.cells) for c in columns})


def _series(name: str, dtype: pl.DataType, cells: Cells) -> pl.Series:
    if isinstance(dtype, pl.List | pl.Array):
        return _lists(name, dtype, cells)
    if isinstance(dtype, pl.Struct):
        return _structs(name, dtype, cells)
    if isinstance(dtype, pl.Decimal):
        unscaled = [None if cell is None else Decimal(cell) for cell in cells]
        exact = [None if cell is None else cell.scaleb(-dtype.scale, _WIDE) for cell in unscaled]
        return pl.Series(name, exact, dtype=dtype)
    physical = _PHYSICAL.get(dtype.base_type(), dtype)
    return pl.Series(name, list(cells), dtype=physical).cast(dtype)


_WIDE = Context(prec=60)
# Temporal types are built from their ticks; floats from the doubles that they widen to.
_PHYSICAL: dict[Any, pl.DataType] = {
    pl.Date: pl.Int32(),
    pl.Time: pl.Int64(),
    pl.Datetime: pl.Int64(),
    pl.Duration: pl.Int64(),
    pl.Float16: pl.Float64(),
    pl.Float32: pl.Float64(),
    pl.Categorical: pl.String(),
    pl.Enum: pl.String(),
}


def _lists(name: str, dtype: pl.List | pl.Array, cells: Cells) -> pl.Series:
    inner = inner_type(dtype)
    absent = pl.Series([None], dtype=pl.List(inner))
    made = [absent if cell is None else _series("", inner, tuple(cell)).implode() for cell in cells]
    nothing = pl.Series([], dtype=pl.List(inner))
    return pl.concat([nothing, *made]).cast(dtype).alias(name)


def inner_type(dtype: pl.List | pl.Array) -> pl.DataType:
    """The type of the elements: Polars' own attribute may be a class or one dimension short."""
    return pl.Schema({"": dtype.inner})[""]


def struct_parts(dtype: pl.Struct) -> list[tuple[str, pl.DataType]]:
    """The fields of a struct with their types."""
    return list(pl.Schema(dtype.to_schema()).items())


def _structs(name: str, dtype: pl.Struct, cells: Cells) -> pl.Series:
    parts = [
        _series(part, of, tuple(None if cell is None else cell[part] for cell in cells))
        for part, of in struct_parts(dtype)
    ]
    whole = pl.DataFrame([*parts]).to_struct(name)
    absent = pl.Series([cell is None for cell in cells], dtype=pl.Boolean)
    nothing = pl.Series(name, [None], dtype=dtype)
    return whole.zip_with(~absent, nothing) if len(cells) else whole.cast(dtype)


def write(sample: Sample, folder: Path) -> Graph:
    """Writes a sample's tables as Parquet and declares them."""
    folder.mkdir(parents=True)
    places = {table.name: folder / f"{at}.parquet" for at, table in enumerate(sample.tables)}
    for table in sample.tables:
        frame(table.columns).write_parquet(places[table.name])
    nodes = tuple(_node_table(table, places[table.name]) for table in sample.nodes)
    links = tuple(_relationship_table(table, places[table.name]) for table in sample.links)
    return Graph("roundtrip", nodes, links)


def joined(graphs: Iterable[Graph]) -> Graph:
    """All graphs as one."""
    parts = list(graphs)
    nodes = tuple(table for part in parts for table in part.nodes)
    links = tuple(table for part in parts for table in part.relationships)
    return Graph("roundtrip", nodes, links)


def _rules(table: Nodes | Links) -> dict[str, ColumnRule]:
    return {each.name: each.rule for each in table.columns if each.rule != NO_RULE}


def _general(table: Nodes | Links) -> General:
    listed = tuple(each.name for each in table.columns if each.listed)
    return General(properties=listed) if table.lists else EVERY_COLUMN


def _node_table(table: Nodes, place: Path) -> NodeTable:
    return NodeTable(
        name=table.name,
        location=LocalPath(str(place)),
        labels=table.labels,
        key=table.key,
        id_space=table.id_space,
        label_column=table.label_column,
        columns=_rules(table),
        points=table.points,
        general=_general(table),
    )


def _relationship_table(table: Links, place: Path) -> RelationshipTable:
    return RelationshipTable(
        name=table.name,
        location=LocalPath(str(place)),
        type=table.type,
        start=End(*table.start),
        end=End(*table.end),
        type_column=table.type_column,
        on_missing=table.on_missing,
        on_null=table.on_null,
        columns=_rules(table),
        general=_general(table),
    )
