"""What DuckDB counts in tables, as evidence for a draft: types, unique columns, inclusion.

Counts of different values are estimated first; only columns that may be unique are counted exactly.
DuckDB keeps within a memory limit and spills to disk.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from kgimport import second_reader, sources, temporary
from kgimport.drafting.files import Asked, Counted, is_countable
from kgimport.errors import SourceError, short
from kgimport.locations import LocalPath
from kgimport.sources import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection

_PARQUET = (".parquet", ".pq", ".parq")
_NEARLY = 0.8  # the estimate of a column of different values is rarely below this part of them
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A table of a folder: its name, its file or folder, and all of its files."""

    name: str
    place: Path
    files: tuple[Path, ...]


def tables(folder: Path) -> list[Found]:
    """Return the tables of a folder: each Parquet file, and each folder that holds some.

    Raises `SourceError` if there are none, or two of one name.
    """
    try:
        inside = sorted(each for each in folder.iterdir() if not each.name.startswith(("_", ".")))
    except OSError as error:
        raise SourceError(f"{folder} cannot be read: {error.strerror}", "name a folder") from error
    found = [table for each in inside if (table := _table(each))]
    if not found:
        raise SourceError(
            f"there is no Parquet file in {folder}, nor a folder of some",
            "name a folder with a file or a folder per table",
        )
    for name, same in groupby(found, key=lambda each: each.name):
        places = [each.place.name for each in same]
        if len(places) > 1:
            raise SourceError(
                f"table {short(name)} is twice in {folder}: {', '.join(map(short, places))}",
                "remove one of them",
            )
    return found


def _table(place: Path) -> Found | None:
    if place.is_dir():
        files = [
            Path(each.place.path)
            for each in listing.of(LocalPath(str(place)))
            if isinstance(each.place, LocalPath) and each.place.path.endswith(_PARQUET)
        ]
        return Found(place.name, place, tuple(files)) if files else None
    return Found(place.stem, place, (place,)) if place.suffix in _PARQUET else None


@contextmanager
def survey(found: Iterable[Found], memory_mb: int) -> Iterator[Survey]:
    """Provide a survey of tables; its errors name the table."""
    with temporary.folder() as spill, second_reader.database(memory_mb, _THREADS) as made:
        made.execute(f"SET temp_directory = {second_reader.text(str(spill))}")
        yield Survey(made, {each.name: second_reader.parquet(each.files) for each in found})


@dataclass(frozen=True, slots=True)
class Survey:
    """Tables that can be asked about their rows, with the SQL of each."""

    made: DuckDBPyConnection
    relations: Mapping[str, str]

    def count(self, table: str, wanted: Callable[[Sequence[str]], Sequence[str]]) -> Counted:
        """Return what a table's columns hold.

        `wanted` chooses, of the columns that may be unique, those that are counted exactly.
        """
        return sources.read(table, lambda: self._counted(self.relations[table], wanted))

    def _counted(self, relation: str, wanted: Callable[[Sequence[str]], Sequence[str]]) -> Counted:
        kinds = second_reader.types(self.made, relation)
        names = [name for name, kind in kinds.items() if is_countable(kind)]
        columns = [second_reader.name(name) for name in names]
        parts = [f"count({each}), approx_count_distinct({each})" for each in columns]
        asked = ", ".join(["count(*)", *parts])
        (row,) = self.made.execute(f"SELECT {asked} FROM {relation}").fetchall()  # noqa: S608
        rows, values, about = row[0], row[1::2], row[2::2]
        filled = dict(zip(names, values, strict=True))
        likely = [
            name
            for name, different in zip(names, about, strict=True)
            if filled[name] and different >= _NEARLY * filled[name]
        ]
        unique = [name for name in wanted(likely) if self._is_unique(relation, name, filled[name])]
        return Counted(kinds, rows, filled, tuple(unique))

    def _is_unique(self, relation: str, name: str, values: int) -> bool:
        column = second_reader.name(name)
        groups = f"SELECT {column} FROM {relation} WHERE {column} IS NOT NULL GROUP BY ALL"  # noqa: S608
        ((different,),) = self.made.execute(f"SELECT count(*) FROM ({groups})").fetchall()  # noqa: S608
        return bool(different == values)

    def missing(self, asked: Asked) -> int:
        """Return how many rows have a value that is not among the keys of another table."""
        column, key = second_reader.name(asked.column), second_reader.name(asked.key)
        one, two = self.relations[asked.table], self.relations[asked.to]
        values = f"SELECT {column} AS value FROM {one} WHERE {column} IS NOT NULL"  # noqa: S608
        keys = f"SELECT {key} AS value FROM {two}"  # noqa: S608
        query = f"SELECT count(*) FROM ({values}) ANTI JOIN ({keys}) USING (value)"  # noqa: S608
        (row,) = sources.read(asked.table, lambda: self.made.execute(query).fetchall())
        return int(row[0])


def in_duckdb(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Return the types of the columns of each table of a DuckDB file, by schema and name.

    Raises `SourceError` if the file cannot be read.
    """
    query = (
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE NOT internal ORDER BY schema_name, table_name, column_index"
    )
    try:
        with duckdb.connect(str(path), read_only=True) as made:
            rows = made.execute(query).fetchall()
    except duckdb.Error as error:
        reason = short(second_reader.first_line(error), 300)
        raise SourceError(f"{path} cannot be read: {reason}", "close it elsewhere") from error
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in rows:
        found.setdefault((schema, table), {})[column] = kind
    return found
