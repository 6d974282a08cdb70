"""Keys to dense node ids, by joins on disk.

DuckDB does them, because it stays within its memory limit whatever the size and spills the rest.
Polars writes the keys to Parquet first, so that they may come from anywhere. At 10 M ends over
1 M keys the joins cost what they cost in Polars; at five times that size a third.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from kgimport.errors import DestinationError
from kgimport.identity import END, ID, START

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

KEY = "__key__"
_ROW = "__row__"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder of intermediate Parquet, and how much memory joins may take, in MiB.

    What does not fit goes to the folder for a while.
    """

    folder: Path
    memory_mb: int
    _names: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def path(self) -> Path:
        """Return a path that was never given before."""
        return self.folder / str(next(self._names))


@contextmanager
def _database(place: Workspace, share: int = 1) -> Iterator[duckdb.DuckDBPyConnection]:
    """Provide a database of one thread: several lose the order of the rows in a join (DuckDB 2.0).

    Raises `DestinationError` where its memory, or the disk that it spills to, is not enough.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": f"{max(place.memory_mb // share, 32)}MiB",
        "temp_directory": str(place.path()),
    }
    try:
        with duckdb.connect(config=config) as database:
            yield database
    except duckdb.OutOfMemoryException as error:
        raise DestinationError(
            f"{place.memory_mb} MiB are not enough to resolve the ends: {_first_line(error)}",
            "give more with --memory, or free some disk to spill to",
        ) from error
    except duckdb.IOException as error:
        raise DestinationError(
            f"the keys cannot be written or read again: {_first_line(error)}",
            "free some disk, and run again",
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def write_keys(place: Workspace, frame: pl.LazyFrame) -> Path:
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
    with _database(place) as database:
        database.execute(f"""
            CREATE TEMP TABLE duplicates AS
            SELECT key, count(*) AS rows FROM ({tables})
            WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1
        """)  # noqa: S608
        total = "SELECT coalesce(sum(rows), 0)::BIGINT FROM duplicates"
        ((count,),) = database.execute(total).fetchall()
        first = database.execute(f"""
            SELECT key, any_value(rows), string_agg(DISTINCT name, ', ' ORDER BY name)
            FROM ({tables}) JOIN (FROM duplicates ORDER BY key LIMIT 5) USING (key)
            GROUP BY key ORDER BY key
        """).fetchall()  # noqa: S608
    return count, pl.DataFrame(first, schema=["key", "rows", "tables"], orient="row")


def distinct(place: Workspace, members: Sequence[Path]) -> Path:
    """Return a file of `KEY` and `ID` in which each key stands once, with the smallest id."""
    path = place.path()
    with _database(place) as database:
        database.execute(f"""
            COPY (SELECT {KEY}, min({ID}) AS {ID} FROM {_file(*members)} GROUP BY {KEY})
            TO {_text(str(path))} (FORMAT parquet)
        """)  # noqa: S608
    return path


def look_up_ends(
    place: Workspace, rows: Path, starts: Sequence[Path], ends: Sequence[Path]
) -> tuple[Path, Path]:
    """Files of every row's `START` and `END`, in the order of the rows, null where there is none.

    `rows` holds the keys in columns of these names; the others hold `KEY` and `ID`, each key once.
    Both ends are looked up side by side.
    """
    join = partial(_looked_up, place, rows)
    with ThreadPoolExecutor(2) as pool:
        start, end = pool.map(join, (START, END), (starts, ends))
    return start, end


def read_ends(files: tuple[Path, Path]) -> pl.LazyFrame:
    """Return the ids in the two files that `ends` has made, side by side."""
    sides = zip(files, (START, END), strict=True)
    scanned = [pl.scan_parquet(path, glob=False).select(side) for path, side in sides]
    return pl.concat(scanned, how="horizontal")


def _looked_up(place: Workspace, rows: Path, side: str, nodes: Sequence[Path]) -> Path:
    path, ordered = place.path(), place.path()
    with _database(place, share=2) as database:
        # The nodes are what is hashed, however few rows there are: those pass by in their order.
        database.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        database.execute(f"""
            COPY (
                SELECT r.file_row_number AS {_ROW}, n.{ID} AS {side}
                FROM read_parquet({_name(rows)}, file_row_number = true) r
                LEFT JOIN {_file(*nodes)} n ON r.{side} = n.{KEY}
            ) TO {_text(str(path))} (FORMAT parquet, COMPRESSION snappy)
        """)  # noqa: S608
        if not _is_ordered(path):
            # The join has spilled. To sort always would take longer than to join.
            database.execute(f"""
                COPY (FROM {_file(path)} ORDER BY {_ROW})
                TO {_text(str(ordered))} (FORMAT parquet, COMPRESSION snappy)
            """)
            path.unlink()
            path = ordered
    return path


def _is_ordered(path: Path) -> bool:
    numbered = pl.scan_parquet(path, glob=False).select(_ROW).with_row_index("at")
    right = numbered.select((pl.col("at") == pl.col(_ROW)).all())
    return bool(right.collect(engine="streaming").item())


def _file(*paths: Path) -> str:
    return f"read_parquet([{', '.join(map(_name, paths))}])"


def _name(path: Path) -> str:
    """Return a path for a reader that takes some characters for patterns."""
    return _text(re.sub(r"([\[*?])", r"[\1]", str(path)))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
