"""Names: which columns can be read, and what properties, labels and types may be called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from kgimport.targets.neo4j.carrier import Refusal
from kgimport.targets.neo4j.cells import ARRAY_DELIMITER, is_spellable
from kgimport.targets.neo4j.parquet import BLANKS
from kgimport.targets.neo4j.scalars import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.choices import Format
    from kgimport.graph import Table

# Neo4j can store it in a label or a type, but no Cypher can name one that has it.
NUL = "\x00"

# Polars takes these names for patterns of names.
_PATTERN = re.compile(r"\*|\^.*\$", re.DOTALL)
# The columns that are set beside a table's own: ids, points, and what a rejected row misses.
_OURS = re.compile(r"__(id|start|end|missing|point_.*)__", re.DOTALL)
_NAMELESS = Refusal("a property needs a name", "choose one by `property:`, or in SQL")
_UNSPELLABLE: dict[Format, Refusal] = {
    "csv": Refusal(
        "Neo4j's headers can hold no `(`, `{` or line break in a property's name",
        "choose another by `property:`",
    ),
    "parquet": Refusal(
        "in Neo4j's headers for Parquet a property's name is made of letters, digits, _ and dots "
        "between them, and is not ID, LABEL, START_ID, END_ID or TYPE",
        "choose another by `property:`, or --format csv",
    ),
}


def told(table: Table, name: str, kind: str, how: Refusal) -> str:
    """Return the line about something of a table that is refused.

    Its name is spelled to be seen.
    """
    seen = "".join(each if each.isprintable() else repr(each)[1:-1] for each in name)
    return f"{table.name}.{seen or repr(name)} ({kind}): {how.reason}; {how.remedy}"


def unspellable(name: str, form: Format) -> Refusal | None:
    """Why no header cell can hold a property's name, if none can."""
    if not name:
        return _NAMELESS
    return None if is_spellable(name, form) else _UNSPELLABLE[form]


def misnamed(table: Table, column: str, name: str, form: Format) -> Refusal | None:
    """Why a column cannot become the property of that name, if it cannot."""
    if NUL in name and table.kind == "node" and column in table.key:
        # Neo4j keeps any other such property, though only `properties(n)` tells it.
        return Refusal(
            "no Cypher can name U+0000, so no node could be asked for by its key",
            "choose another name by `property:`",
        )
    return unspellable(name, form)


def unreadable(column: str) -> Refusal | None:
    """Why no column of that name can be read, if none can."""
    if _PATTERN.fullmatch(column):
        return Refusal("Polars takes the column's name for a pattern", "rename it in SQL")
    if _OURS.fullmatch(column):
        return Refusal("the column's name is one of kgimport's own", "rename it in SQL")
    return None


def is_left_out(table: Table, column: str) -> bool:
    """Whether a column that cannot be read need not be: it is skipped, and of no other use."""
    skipped = table.rule(column).skip and column not in _used(table)
    return skipped and unreadable(column) is not None


def _used(table: Table) -> set[str | None]:
    """Return the columns that a row needs, whatever becomes a property."""
    axes = {column for point in table.points for column in point.columns}
    return {table.name_column, *axes}.union(*table.keys)


def unfit_names(table: Table, form: Format) -> Iterator[str]:
    """Yield the labels or the type that the importer would make others of, or that no one could
    ask.
    """
    for name in table.names:
        what = f"{table.name}: the {table.word} {name!r}"
        if table.kind == "node" and ARRAY_DELIMITER in name:
            yield f"{what} holds U+001F, which parts labels"
        if NUL in name:
            yield f"{what} holds U+0000, which no Cypher can name"
        if form == "parquet" and name != name.strip(BLANKS):
            yield f"{what} has blanks around it, which --format parquet loses"


_LABELS = Refusal("labels are text, or lists of text", "cast the column to text in SQL")
_TYPES = Refusal("types are text", "cast the column to text in SQL")


def unfit_name_column(table: Table, schema: pl.Schema) -> Iterator[str]:
    """Yield the column of labels or types, where that is no text."""
    is_node, column = table.kind == "node", table.name_column
    if column is not None and not _holds_names(schema[column], listed=is_node):
        yield told(table, column, str(schema[column]), _LABELS if is_node else _TYPES)


def _holds_names(dtype: pl.DataType, *, listed: bool) -> bool:
    """Whether a column can be one of labels or types; one of type Null is refused by its rows."""
    if listed and isinstance(dtype, pl.List | pl.Array):
        return _holds_names(pl.Schema({"": dtype.inner})[""], listed=False)
    return is_text(dtype) or dtype == pl.Null


def are_listed(dtype: pl.DataType) -> bool:
    """Whether a column of labels gives each row a list of them."""
    return isinstance(dtype, pl.List | pl.Array)


def as_names(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column of labels or types as text, or as lists of text."""
    return pl.col(column).cast(pl.List(pl.String()) if are_listed(dtype) else pl.String())
