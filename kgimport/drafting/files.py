"""What to count in files for a draft, and what the counts state about their tables: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.drafting import names
from kgimport.drafting.evidence import Evidence, Key, Layer, Reference, Table
from kgimport.drafting.links import likeness
from kgimport.drafting.types import family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_MOSTLY = 0.9  # if fewer values are keys of another table, the name means something else


@dataclass(frozen=True, slots=True)
class Counted:
    """A table's columns with their types, its rows, the values of each column, unique columns."""

    columns: Mapping[str, str]
    rows: int
    values: Mapping[str, int]
    unique: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Whether the values of a column are among the keys of another table."""

    table: str
    column: str
    to: str
    key: str


def is_countable(kind: str) -> bool:
    """Whether columns of a type of DuckDB may be keys: integers, text, UUIDs; no lists."""
    return not kind.endswith("]") and family(kind) != ""


def likely_keys(columns: Sequence[str]) -> list[str]:
    """Return which of the columns that may be unique are worth an exact count.

    Those whose names say that they are keys, or else the first one.
    """
    return [each for each in columns if names.is_marked(each)] or list(columns[:1])


def questions(tables: Mapping[str, Counted]) -> Iterator[Asked]:
    """Yield which columns are called like the key of another table, the closest name first."""
    for name, table in tables.items():
        for column in table.values:
            found = [
                (likeness(column, key, names.thing(to)), to, key)
                for to, other in tables.items()
                for key in other.unique
                if (to, key) != (name, column)
                and family(table.columns[column]) == family(other.columns[key])
            ]
            for score, to, key in sorted(found, key=lambda each: (-each[0], each[1:])):
                if score and not _is_own(name, column, table, to):
                    yield Asked(name, column, to, key)


def _is_own(name: str, column: str, table: Counted, to: str) -> bool:
    """Whether a table's unique column is its own key rather than that of another thing."""
    stem = names.stem(column)
    return column in table.unique and (stem != names.thing(to) or stem == names.thing(name))


def evidence(
    name: str,
    origin: str,
    tables: Mapping[str, Counted],
    places: Mapping[str, str],
    missing: Callable[[Asked], int],
) -> Evidence:
    """Return what counts state about tables whose files are at `places`.

    `missing` counts the rows whose value is not among the keys of the other table.
    """
    found: dict[tuple[str, str], Reference] = {}
    for asked in questions(tables):
        if (asked.table, asked.column) not in found:
            values = tables[asked.table].values[asked.column]
            if values and (reference := _reference(asked, values, missing(asked))):
                found[asked.table, asked.column] = reference
    made = [
        _table(each, counted, places[each], [r for (table, _), r in found.items() if table == each])
        for each, counted in tables.items()
    ]
    empty = [each for each, counted in tables.items() if not counted.rows]
    notes = (f"no rows, so nothing is known about: {', '.join(empty)}",) if empty else ()
    return Evidence(names.graph_name(name), origin, tuple(made), notes=notes)


def _reference(asked: Asked, values: int, missing: int) -> Reference | None:
    """Return the reference that counts show; None unless most values are keys of the other."""
    if values - missing < _MOSTLY * values:
        return None
    where = f"{asked.to}.{asked.key}"
    if missing == 0:
        return Reference((asked.column,), asked.to, (asked.key,), f"all {values:,} are in {where}")
    reason = f"{values - missing:,} of {values:,} are in {where}"
    return Reference((asked.column,), asked.to, (asked.key,), reason, "the others have no node")


def _table(name: str, counted: Counted, place: str, references: Sequence[Reference]) -> Table:
    full = [column for column, values in counted.values.items() if values == counted.rows]
    return Table(
        name,
        name,
        Layer.MART,
        dict(counted.columns),
        tuple(_keys(name, counted)),
        tuple(references),
        frozenset(full if counted.rows else ()),
        location=place,
    )


def _keys(name: str, counted: Counted) -> Iterator[Key]:
    for column in counted.unique:
        nulls = counted.rows - counted.values[column]
        likely = names.is_marked(column) or names.stem(column) == names.thing(name)
        doubt = f"{nulls:,} of {counted.rows:,} are null" if nulls else ""
        if not likely and not doubt and column != next(iter(counted.columns)):
            doubt = "unique in these rows, but its name does not say that it is a key"
        yield Key((column,), f"unique in all {counted.rows:,} rows", doubt)
