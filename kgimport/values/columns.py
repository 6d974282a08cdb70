"""Columns: which ones can be read by name, and which ones hold labels or types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from kgimport.values.scalars import is_text
from kgimport.values.value import Refusal

if TYPE_CHECKING:
    from kgimport.graph import Table

# Polars reads these names as patterns.
_PATTERN = re.compile(r"\*|\^.*\$", re.DOTALL)
# The columns that kgimport adds to a table: ids, points, features, and the missing ends of a
# rejected row.
_OURS = re.compile(r"__(id|start|end|edge|missing|point_.*|feature_.*)__", re.DOTALL)
_LABELS = Refusal("labels must be text, or lists of text", "cast the column to text in SQL")
_TYPES = Refusal("types must be text", "cast the column to text in SQL")


def unreadable(column: str) -> Refusal | None:
    """Return why a column of that name cannot be read; None if it can."""
    if _PATTERN.fullmatch(column):
        return Refusal("Polars reads the column's name as a pattern", "rename it in SQL")
    if _OURS.fullmatch(column):
        return Refusal("kgimport reserves the column's name", "rename it in SQL")
    return None


def is_left_out(table: Table, column: str) -> bool:
    """Whether a column is left out: it cannot be read, is skipped, and has no other use."""
    return not is_used(table, column) and unreadable(column) is not None


def is_used(table: Table, column: str) -> bool:
    """Whether a column of a table is part of the graph."""
    return table.is_property(column) or column in _needed(table)


def _needed(table: Table) -> set[str | None]:
    """Return the columns that are needed even if they do not become properties."""
    axes = {column for point in table.points for column in point.columns}
    return {table.name_column, *axes, *table.key_columns}


def unfit_name_column(table: Table, schema: pl.Schema) -> tuple[str, Refusal] | None:
    """Return the column of labels or types, and why it is refused; None if nothing is refused."""
    is_node, column = table.kind == "node", table.name_column
    if column is None or _holds_names(schema[column], listed=is_node):
        return None
    return column, _LABELS if is_node else _TYPES


def _holds_names(dtype: pl.DataType, *, listed: bool) -> bool:
    """Whether a column can hold labels or types; rows of one of type Null are refused later."""
    if listed and isinstance(dtype, pl.List | pl.Array):
        return _holds_names(pl.Schema({"": dtype.inner})[""], listed=False)
    return is_text(dtype) or dtype == pl.Null


def are_listed(dtype: pl.DataType) -> bool:
    """Whether a column of labels gives each row a list of them."""
    return isinstance(dtype, pl.List | pl.Array)


def as_names(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column of labels or types as text, or as lists of text."""
    return pl.col(column).cast(pl.List(pl.String()) if are_listed(dtype) else pl.String())


def joined_names(table: Table, schema: pl.Schema, delimiter: str) -> pl.Expr:
    """Return each row's labels or type as one text: first the declared ones, then the row's own."""
    declared = pl.lit(delimiter.join(table.names))
    if (column := table.name_column) is None:
        return declared
    more = as_names(column, schema[column])
    if are_listed(schema[column]):
        more = more.list.join(delimiter)
    return pl.concat_str(declared, more, separator=delimiter) if table.names else more
