"""What to count in files for a draft, and what the counts state about their tables: pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from kgimport.drafting import names
from kgimport.drafting.evidence import Evidence, Key, Layer, Reference, Table
from kgimport.drafting.links import WHOLE, likeness
from kgimport.drafting.types import family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
    """Whether the values of a column are among the keys of another table.

    `likeness` is how much the names say so, as a number.
    """

    table: str
    column: str
    to: str
    key: str
    likeness: int


def is_countable(kind: str) -> bool:
    """Whether columns of a type of DuckDB may be keys: integers, text, UUIDs; no lists."""
    return not kind.endswith("]") and family(kind) != ""


def likely_keys(columns: Sequence[str]) -> list[str]:
    """Return which of the columns that may be unique are worth an exact count.

    Those whose names say that they are keys, or else the first one.
    """
    return [each for each in columns if names.is_marked(each)] or list(columns[:1])


def questions(tables: Mapping[str, Counted]) -> Iterator[Asked]:
    """Yield which columns are called like the key of another table, the closest name first.

    Of keys that are called alike, that of the table about which the column is comes first:
    `user_id` is rather `user.id` than `legacy_user.user_id`.
    """
    for name, table in tables.items():
        for column in table.values:
            found = [
                Asked(name, column, to, key, min(likeness(column, key, names.thing(to)), WHOLE))
                for to, other in tables.items()
                for key in other.unique
                if (to, key) != (name, column)
                and family(table.columns[column]) == family(other.columns[key])
            ]
            for each in sorted(found, key=_rank):
                if each.likeness and not _is_own(name, column, table, each.to):
                    yield each


def _rank(asked: Asked) -> tuple[object, ...]:
    """Return what decides which key is asked for first; the smallest is."""
    stem, thing = names.stem(asked.column), names.thing(asked.to)
    is_about = f"_{stem}".endswith(f"_{thing}") or stem.replace("_", "") == thing.replace("_", "")
    return -asked.likeness, not is_about, asked.column != asked.key, asked.to, asked.key


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
    for at, asked in groupby(questions(tables), lambda each: (each.table, each.column)):
        table, column = at
        values = tables[table].values[column]
        if values and (fitting := _fitting(asked, values, missing)):
            found[at] = _reference(fitting, values)
    made = [
        _table(each, counted, places[each], [r for (table, _), r in found.items() if table == each])
        for each, counted in tables.items()
    ]
    empty = [each for each, counted in tables.items() if not counted.rows]
    notes = (f"no rows, so nothing is known about: {', '.join(empty)}",) if empty else ()
    return Evidence(names.graph_name(name), origin, tuple(made), notes=notes)


def _fitting(
    every: Iterable[Asked], values: int, missing: Callable[[Asked], int]
) -> list[tuple[Asked, int]]:
    """Return the keys that most values of a column are among, and how many values are.

    They are the first, and those whose names are as close.
    """
    found: list[tuple[Asked, int]] = []
    for asked in every:
        if found and asked.likeness < found[0][0].likeness:
            break
        there = values - missing(asked)
        if there >= _MOSTLY * values:
            found.append((asked, there))
    return found


def _reference(fitting: Sequence[tuple[Asked, int]], values: int) -> Reference:
    """Return the reference that counts show: the first of the keys that fit."""
    (asked, there), *others = fitting
    counts = f"{there:,} of {values:,}" if there < values else f"all {values:,}"
    rivals = [f"{each.to}.{each.key} ({count:,} of {values:,})" for each, count in others]
    also = f"; fits as well: {', '.join(rivals)}" if rivals else ""
    reason = f"{counts} are in {asked.to}.{asked.key}{also}"
    partial = "the others have no node" if there < values else ""
    return Reference((asked.column,), asked.to, (asked.key,), reason, partial)


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
