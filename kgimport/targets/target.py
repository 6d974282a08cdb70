"""The contract of a target: everything that differs between the stores a graph is written for.

A target is a value, made of functions and small values, in a package of its own. Everything that
the rest of kgimport knows about headers, spellings and files comes from it.
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
    from kgimport.graph import Graph, RelationshipTable, Table
    from kgimport.properties import PropertyType
    from kgimport.records import ExportRecord, SchemaItem
    from kgimport.values import Refusal, Rule, Value
    from kgimport.values.value import Transform

TableKind = Literal["node", "relationship"]


@dataclass(frozen=True, slots=True)
class Carrier:
    """How a target's files carry the values of one column."""

    of: Value
    # The type as a header cell names it, and as the store does.
    header: str
    cypher: str
    # From values to the texts of cells.
    spell: Transform
    # Polars' own writer gives the same result (and faster) …
    native: bool = True
    # … after this …
    write: Transform = same
    # … unless this is true of one of the values.
    native_unless: Transform | None = None
    # Whether the file itself states the type of native values, so the header cell need not.
    typed_by_file: bool = False
    # The rules of the value itself, and those of the target.
    rules: tuple[Rule, ...] = ()

    @property
    def type(self) -> PropertyType:
        """The type of the values."""
        return self.of.type

    @property
    def value(self) -> Transform:
        """The function from a column to the values that the store will hold."""
        return self.of.value


@dataclass(frozen=True, slots=True)
class Field:
    """A column that becomes a property."""

    column: str
    name: str
    carrier: Carrier
    # The name as the target's headers spell it; as it is, if empty.
    spelled: str = ""

    @property
    def header(self) -> str:
        """The header cell; it always has a type, so that a name may contain colons."""
        return f"{self.spelled or self.name}:{self.carrier.header}"

    def header_of(self, *, native: bool) -> str:
        """Return the header cell for native values, or for their texts."""
        return self.name if native and self.carrier.typed_by_file else self.header


@dataclass(frozen=True, slots=True)
class Cell:
    """A column of the files: its header cell, and the expression that fills it."""

    header: str
    values: pl.Expr


@dataclass(frozen=True, slots=True)
class Content:
    """What is really in a file: its rows (not the header), its SHA-256, line breaks in fields."""

    rows: int
    sha256: str
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class Files:
    """How files of rows are written, and how they are examined afterwards."""

    suffix: str
    # How a reader must read them.
    kind: Literal["csv", "parquet"]
    # Writes a frame to files by the partition; the number bounds the rows that are held at once.
    sink: Callable[[pl.LazyFrame, pl.PartitionBy, int], None]
    examine: Callable[[Path], Content]
    # Whether the columns of a frame are named after their header cells, or else by position.
    headed: bool = False


def _anything(_table: Table, _column: str, _name: str) -> None:
    """Accept every name."""


def _nothing(_: object) -> tuple[()]:
    """Return nothing: no rule, no line, no item."""
    return ()


def _no_files(_: ExportRecord) -> dict[str, str]:
    """Return no file."""
    return {}


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of files that a graph is written to, for one store."""

    # The store's name, for messages.
    store: str
    files: Files
    # Returns how a value is carried in a table of that kind, or why it cannot be.
    carry: Callable[[Value, TableKind], Carrier | Refusal]
    # Returns the cells before the properties: a node's id or both ends, then anything else.
    cells: Callable[[Table, pl.Schema, Graph, Ids], tuple[Cell, ...]]
    # Returns a table's labels or type if they are outside its files, else "".
    argument: Callable[[Table], str]
    # How files are written with gzip; None if the store does not read them.
    compressed: Files | None = None
    # Returns the content of a table's header file, given its header cells. None if each file of
    # rows begins with them.
    header: Callable[[Sequence[str]], str] | None = None
    # Returns the other files of a build directory, by name; they depend on the record alone.
    companions: Callable[[ExportRecord], Mapping[str, str]] = _no_files
    # Returns files for people, by name; they depend on the record alone, and kgimport reads none.
    extras: Callable[[ExportRecord], Mapping[str, str]] = _no_files
    # Returns constraints and indexes.
    schema: Callable[[Graph], tuple[SchemaItem, ...]] = _nothing
    # Returns why a column cannot become a property, given table, column and the property's name.
    misnamed: Callable[[Table, str, str], Refusal | None] = _anything
    # Returns a property's name as a header cell spells it.
    spelled_name: Callable[[str], str] = str
    # Returns a line for each declared label or type that cannot be written.
    unfit_names: Callable[[Table], Iterable[str]] = _nothing
    # Returns the rules for a column of names; the argument is "label" or "type".
    name_rules: Callable[[str], tuple[Rule, ...]] = _nothing
    # Returns the text whose hash is a relationship's id, given its table; null if a part of it is.
    # None if relationships have no ids.
    edge_text: Callable[[RelationshipTable, pl.Schema, Graph], pl.Expr] | None = None
    # The rules for the first cell of a file, if that is a key.
    first_cell_rules: tuple[Rule, ...] = ()
    # The target's own sentences for the rules of values, by name.
    sentences: Mapping[str, str] = field(default_factory=dict)
