"""Keys to dense node ids, by joins on disk.

DuckDB does them, because it stays within its memory limit whatever the size and spills the rest.
Polars writes the keys to Parquet first, so that they may come from anywhere. At 10 M ends over
1 M keys the joins cost what they cost in Polars; at five times that size a third.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from kgimport.identity import END, ID, START

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


KEY = "__key__"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder of intermediate Parquet, and the database that joins it."""

    folder: Path
    database: duckdb.DuckDBPyConnection
    _names: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def path(self) -> Path:
        """A file's path that was never given before."""
        return self.folder / f"{next(self._names)}.parquet"


@contextmanager
def workspace(folder: Path, memory_mb: int) -> Iterator[Workspace]:
    """Joins within so much memory, in MiB; what does not fit goes to `folder` for a while."""
    with duckdb.connect() as database:
        # Two settings of a connection, as DuckDB has them; the folder is made when it spills.
        database.execute("SET memory_limit = ?", [f"{memory_mb}MiB"])
        database.execute("SET temp_directory = ?", [str(folder / "spilled")])
        yield Workspace(folder, database)


def note(place: Workspace, frame: pl.LazyFrame) -> Path:
    """Streams a few columns of a table to a file of the workspace."""
    path = place.path()
    frame.sink_parquet(path, compression="uncompressed", statistics=False, engine="streaming")
    return path


def duplicates(place: Workspace, members: Mapping[str, Path]) -> tuple[int, pl.DataFrame]:
    """How many rows of an id space share their key with others, and the first such keys.

    `members` gives each table's file of `KEY` and `ID`; the keys come as `key`, with how many
    `rows` have it, and in which `tables`.
    """
    tables = " UNION ALL ".join(
        f"SELECT {KEY} AS key, {_text(name)} AS name FROM {_file(path)}"  # noqa: S608  (quoted)
        for name, path in members.items()
    )
    # The keys first and their tables for the few that are shown: names are dear to aggregate.
    place.database.execute(f"""
        CREATE OR REPLACE TEMP TABLE duplicates AS
        SELECT key, count(*) AS rows FROM ({tables})
        WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1
    """)  # noqa: S608
    total = "SELECT coalesce(sum(rows), 0)::BIGINT FROM duplicates"
    ((count,),) = place.database.execute(total).fetchall()
    first = place.database.execute(f"""
        SELECT key, any_value(rows), string_agg(DISTINCT name, ', ' ORDER BY name)
        FROM ({tables}) JOIN (FROM duplicates ORDER BY key LIMIT 5) USING (key)
        GROUP BY key ORDER BY key
    """).fetchall()  # noqa: S608
    return count, pl.DataFrame(first, schema=["key", "rows", "tables"], orient="row")


def distinct(place: Workspace, members: Sequence[Path]) -> Path:
    """One file of `KEY` and `ID` in which each key stands once, with the smallest id."""
    path = place.path()
    place.database.execute(f"""
        COPY (SELECT {KEY}, min({ID}) AS {ID} FROM {_file(*members)} GROUP BY {KEY})
        TO {_text(str(path))} (FORMAT parquet)
    """)  # noqa: S608
    return path


def ends(place: Workspace, rows: Path, starts: Sequence[Path], ends: Sequence[Path]) -> Path:
    """Writes the ids of every row's ends, in the order of the rows, null where there is no node.

    `rows` holds the keys in `START` and `END`; the others hold `KEY` and `ID`, each key once.
    """
    path = place.path()
    # DuckDB 2.0 promises to keep the order of insertion, but not through joins on two threads.
    place.database.execute(f"""
        COPY (
            SELECT s.{ID} AS {START}, e.{ID} AS {END}
            FROM read_parquet([{_name(rows)}], file_row_number = true) r
            LEFT JOIN {_file(*starts)} s ON r.{START} = s.{KEY}
            LEFT JOIN {_file(*ends)} e ON r.{END} = e.{KEY}
            ORDER BY r.file_row_number
        ) TO {_text(str(path))} (FORMAT parquet, COMPRESSION snappy)
    """)  # noqa: S608
    return path


def _file(*paths: Path) -> str:
    return f"read_parquet([{', '.join(map(_name, paths))}])"


def _name(path: Path) -> str:
    """A path for a reader that takes some characters for patterns."""
    return _text(re.sub(r"([\[*?])", r"[\1]", str(path)))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
