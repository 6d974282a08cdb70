"""A table's rows, as they are compared with a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from kgimport.targets import Field


@dataclass(frozen=True, slots=True)
class Rows:
    """A table's rows (not yet read), its schema, and the columns that become properties.

    `first` is the record id of a node table's first row; None if ids are keys. `computed` names the
    properties that are not in the table: only their sums are compared.
    """

    frame: pl.LazyFrame
    schema: pl.Schema
    fields: tuple[Field, ...]
    first: int | None = None
    computed: frozenset[str] = frozenset()
