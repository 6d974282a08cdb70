"""A shape: a table that somebody else wrote, and what must become of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from kgimport.graph import ColumnRule, NodeTable
from kgimport.locations import LocalPath

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pyarrow as pa

    from kgimport.targets import Format

    # Writes the files below a folder, and says what is in them.
    Make = Callable[[Path], pa.Table]

Writer = Literal["DuckDB", "pyarrow", "fastparquet", "pandas", "parquet-java"]
ROWS = "rows.parquet"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the refusal says, by what the rows are to travel in; nothing where all is equal."""

    csv: tuple[str, ...] = ()
    parquet: tuple[str, ...] = ()


EQUAL = Outcome()


def refused(*words: str) -> Outcome:
    """The refusal, whatever the rows are to travel in."""
    return Outcome(words, words)


def not_in_parquet(*words: str) -> Outcome:
    """CSV carries the table; with Parquet the importer would lose something."""
    return Outcome(parquet=words)


def not_in_csv(*words: str) -> Outcome:
    """Parquet carries the table; CSV cannot spell something."""
    return Outcome(csv=words)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A table of nodes: `make` writes it, `at` is its location within its folder."""

    writer: Writer
    name: str
    make: Make
    outcome: Outcome = EQUAL
    rules: Mapping[str, ColumnRule] = field(default_factory=dict)
    at: str = ROWS
    key: str = "id"

    @property
    def label(self) -> str:
        """The table's name, and the label of its nodes."""
        return f"{self.writer} {self.name}"

    def __str__(self) -> str:
        return self.label.replace(" ", "-")

    def words(self, form: Format) -> tuple[str, ...]:
        """What a refusal must say, or nothing if all is equal; `.name` is a column."""
        words = self.outcome.csv if form == "csv" else self.outcome.parquet
        return tuple(f"{self.label}{word}" if word.startswith(".") else word for word in words)

    def declared(self, folder: Path) -> NodeTable:
        """The table as a user would declare it."""
        return NodeTable(
            name=self.label,
            location=LocalPath(str(folder / self.at)),
            labels=(self.label,),
            key=(self.key,),
            id_space=self.label,
            columns=self.rules,
        )
