"""What a target is: all that differs between the kinds of files that a graph is written in.

A target is a value, made of functions and small values, in a package of its own. Everything else
asks it, and knows no header, no spelling and no file of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from kgimport.values import same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from kgimport.choices import Ids
    from kgimport.graph import Graph, Table
    from kgimport.properties import PropertyType
    from kgimport.records import ExportRecord
    from kgimport.values import Refusal, Rule, Value
    from kgimport.values.value import Transform

TableKind = Literal["node", "relationship"]


@dataclass(frozen=True, slots=True)
class Carrier:
    """How one column's values travel in a target's files."""

    of: Value
    # The type as a header cell names it, and as the store does.
    header: str
    cypher: str
    # The values -> the text of a cell.
    spell: Transform
    # Polars' own writer of the files writes the values just so (and faster) …
    native: bool = True
    # … after this …
    write: Transform = same
    # … unless one of them is like this.
    native_unless: Transform | None = None
    # Whether the file itself gives the type of native values, so that the header cell need not.
    typed_by_file: bool = False
    # Of the value itself, and of the target.
    rules: tuple[Rule, ...] = ()

    @property
    def type(self) -> PropertyType:
        """What the values are."""
        return self.of.type

    @property
    def value(self) -> Transform:
        """Column -> the values that the store will hold."""
        return self.of.value


@dataclass(frozen=True, slots=True)
class Field:
    """A column that becomes a property."""

    column: str
    name: str
    carrier: Carrier

    @property
    def header(self) -> str:
        """The header cell; the type is explicit, so that a name may hold colons."""
        return f"{self.name}:{self.carrier.header}"

    def header_of(self, *, native: bool) -> str:
        """Return the header cell over values as they are (or else over their texts)."""
        return self.name if native and self.carrier.typed_by_file else self.header


@dataclass(frozen=True, slots=True)
class Cell:
    """A column of the files: its header cell, and the expression that fills it."""

    header: str
    values: pl.Expr


@dataclass(frozen=True, slots=True)
class SchemaItem:
    """A constraint or an index: its name and the Cypher that makes it."""

    name: str
    cypher: str


@dataclass(frozen=True, slots=True)
class Content:
    """What is really in a file: rows (a header is none), its SHA-256, line breaks within fields."""

    rows: int
    sha256: str
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class Files:
    """How the files of rows are written, and examined afterwards."""

    suffix: str
    # By what a reader takes them.
    kind: Literal["csv", "parquet"]
    # A frame -> files by the partition; the number bounds the rows that are held at once.
    sink: Callable[[pl.LazyFrame, pl.PartitionBy, int], None]
    examine: Callable[[Path], Content]
    # Whether the columns of a frame are to be named by their header cells; else by their position.
    headed: bool = False


def _anything(_table: Table, _column: str, _name: str) -> None:
    """Any name will do."""


def _nothing(_: object) -> tuple[()]:
    """Nothing is refused, or there is nothing."""
    return ()


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of files that a graph is written in, for one store."""

    # Who messages say cannot hold something.
    store: str
    files: Files
    # How a value travels in a table of that kind, or why it does not.
    carry: Callable[[Value, TableKind], Carrier | Refusal]
    # The cells before the properties: a node's id or both ends come first, then anything else.
    cells: Callable[[Table, pl.Schema, Graph, Ids], tuple[Cell, ...]]
    # The content of a table's header file, by its header cells.
    header: Callable[[Sequence[str]], str]
    # The labels or the type of a table where they stand outside its files; "" where they do not.
    argument: Callable[[Table], str]
    # What else stands in a build directory, by its name: it follows from the record alone.
    companions: Callable[[ExportRecord], Mapping[str, str]]
    # Constraints and indexes.
    schema: Callable[[Graph], tuple[SchemaItem, ...]] = _nothing
    # Why a column cannot become the property of a name, by table, column and name.
    misnamed: Callable[[Table, str, str], Refusal | None] = _anything
    # The declared labels or types that cannot be written, one line each.
    unfit_names: Callable[[Table], Iterable[str]] = _nothing
    # Which names in a column of labels or types cannot be written, by what they are called.
    name_rules: Callable[[str], tuple[Rule, ...]] = _nothing
    # Which texts cannot come first in a file, as a key that is an id does.
    first_cell_rules: tuple[Rule, ...] = ()
    # The target's own sentences about the rules of values, by their names.
    sentences: Mapping[str, str] = field(default_factory=dict)
