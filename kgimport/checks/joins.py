"""From keys to dense node ids, by joins on disk.

DuckDB runs the joins, because it stays within its memory limit at any size and spills the rest to
disk. Polars writes the keys to Parquet first, so they may come from anywhere. With 10 M ends and
1 M keys the joins take as long as in Polars; at five times that size, a third as long.
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
from kgimport.identity import EDGE, END, ID, START

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

KEY = "__key__"
# The columns of a group of nodes, and of its name.
GROUP, NAME = "__group__", "__name__"
_ROW = "__row__"
_DIGITS = 32  # of an id that is a hash


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder for intermediate files, and how much memory the joins may take, in MiB.

    DuckDB spills to the folder what does not fit into memory.
    """

    folder: Path
    memory_mb: int
    _names: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def path(self) -> Path:
        """Return a new path in the folder."""
        return self.folder / str(next(self._names))


@contextmanager
def _database(place: Workspace, share: int = 1) -> Iterator[duckdb.DuckDBPyConnection]:
    """Provide a database with one thread; more would not keep the order of rows (DuckDB 2.0).

    Raises `DestinationError` if its memory, or the disk that it spills to, is not enough.
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
            "allow more with --memory, or free disk space to spill to",
        ) from error
    except duckdb.IOException as error:
        raise DestinationError(
            f"the keys cannot be written or read back: {_first_line(error)}",
            "free disk space, and run again",
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def write_keys(place: Workspace, frame: pl.LazyFrame) -> Path:
    """Stream some columns of a table to a file of the workspace; return its path."""
    path = place.path()
    frame.sink_parquet(path, compression="uncompressed", statistics=False, engine="streaming")
    return path


def duplicates(place: Workspace, members: Mapping[str, Path]) -> tuple[int, pl.DataFrame]:
    """Return how many rows of an id space share their key with others, and the first such keys.

    `members` holds each table's file of `KEY` and `ID`. The frame has a `key`, how many `rows` have
    it, and in which `tables`.
    """
    tables = " UNION ALL ".join(
        f"SELECT {KEY} AS key, {_text(name)} AS name FROM {_file(path)}"  # noqa: S608  (quoted)
        for name, path in members.items()
    )
    # Find the keys first, and the tables only of those that are shown: names are expensive to
    # aggregate.
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
    """Return a file of `KEY` and `ID` that has each key once, with its smallest id."""
    path = place.path()
    with _database(place) as database:
        database.execute(f"""
            COPY (SELECT {KEY}, min({ID}) AS {ID} FROM {_file(*members)} GROUP BY {KEY})
            TO {_text(str(path))} (FORMAT parquet)
        """)  # noqa: S608
    return path


def hashed(place: Workspace, rows: Path) -> Path:
    """Return a file of the ids that are hashes of texts, in the order of the rows.

    `rows` is a file of texts in `KEY`; the file has an `EDGE` for each, null for null. An id is the
    first 32 hexadecimal digits of the text's SHA-256, which are 128 bits.
    """
    path = place.path()
    with _database(place) as database:
        database.execute(f"""
            COPY (SELECT substr(sha256({KEY}), 1, {_DIGITS}) AS {EDGE} FROM {_file(rows)})
            TO {_text(str(path))} (FORMAT parquet, COMPRESSION snappy)
        """)  # noqa: S608
    return path


def shared(place: Workspace, members: Mapping[str, Path]) -> dict[str, tuple[int, list[str]]]:
    """Return, for each table with ids that others have too, how many, and the first five.

    `members` holds each table's file of `EDGE`.
    """
    tables = " UNION ALL ".join(
        f"SELECT {EDGE} AS id, {_text(name)} AS name FROM {_file(path)}"  # noqa: S608  (quoted)
        for name, path in members.items()
    )
    files = _file(*members.values())
    with _database(place) as database:
        database.execute(f"""
            CREATE TEMP TABLE shared AS
            SELECT {EDGE} AS id FROM {files}
            WHERE {EDGE} IS NOT NULL GROUP BY {EDGE} HAVING count(*) > 1
        """)  # noqa: S608
        found = database.execute(f"""
            SELECT name, count(*), list(DISTINCT id ORDER BY id)[:5]
            FROM ({tables}) JOIN shared USING (id) GROUP BY name
        """).fetchall()  # noqa: S608
    return {name: (count, first) for name, count, first in found}


def look_up_ends(
    place: Workspace, rows: Path, starts: Sequence[Path], ends: Sequence[Path]
) -> tuple[Path, Path]:
    """Return a file of every row's `START` and one of its `END`, in the order of the rows.

    An id is null if no node has the key. `rows` is a file of the keys, in columns of these names;
    `starts` and `ends` are files of `KEY` and `ID` that have each key once. Both ends are looked up
    in parallel.
    """
    join = partial(_looked_up, place, rows)
    with ThreadPoolExecutor(2) as pool:
        start, end = pool.map(join, (START, END), (starts, ends))
    return start, end


def read_ends(files: tuple[Path, Path]) -> pl.LazyFrame:
    """Return the ids in the two files of `look_up_ends`, as two columns."""
    sides = zip(files, (START, END), strict=True)
    scanned = [pl.scan_parquet(path, glob=False).select(side) for path, side in sides]
    return pl.concat(scanned, how="horizontal")


@dataclass(frozen=True, slots=True)
class Named:
    """A table whose nodes may name the groups that they are in, by a text and their key.

    `groups` is a file of `GROUP`, `keys` one of `KEY`, both in the order of the table's rows. The
    tables that are `first` name each group that has a node of theirs.
    """

    groups: Path
    keys: Path
    before: str
    first: bool


def least_names(place: Workspace, members: Sequence[Named]) -> Path:
    """Return a file of `GROUP` and `NAME`: each group's first name in the order of code points."""
    rows = " UNION ALL ".join(
        f"SELECT g.{GROUP}, {_text(each.before)} || k.{KEY}::VARCHAR AS name, "  # noqa: S608
        f"{each.first} AS first FROM {_file(each.groups)} g POSITIONAL JOIN {_file(each.keys)} k"
        for each in members
    )
    path = place.path()
    with _database(place) as database:
        database.execute(f"""
            COPY (
                SELECT {GROUP}, coalesce(min(name) FILTER (WHERE first), min(name)) AS {NAME}
                FROM ({rows}) GROUP BY {GROUP}
            ) TO {_text(str(path))} (FORMAT parquet)
        """)  # noqa: S608
    return path


def look_up_names(place: Workspace, groups: Path, names: Path) -> Path:
    """Return a file of the `NAME` of each row's group, in the order of the rows.

    `groups` is a file of `GROUP`, `names` one that `least_names` made.
    """
    return _looked_up(place, groups, GROUP, [names], (GROUP, NAME))


def _looked_up(
    place: Workspace,
    rows: Path,
    side: str,
    nodes: Sequence[Path],
    pair: tuple[str, str] = (KEY, ID),
) -> Path:
    """Return a file of what each row's `side` leads to; `pair` names two columns of `nodes`."""
    key, found = pair
    path, ordered = place.path(), place.path()
    with _database(place, share=2) as database:
        # The hash table is always built of the nodes, so the rows stream past it in their order.
        database.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        database.execute(f"""
            COPY (
                SELECT r.file_row_number AS {_ROW}, n.{found} AS {side}
                FROM read_parquet({_name(rows)}, file_row_number = true) r
                LEFT JOIN {_file(*nodes)} n ON r.{side} = n.{key}
            ) TO {_text(str(path))} (FORMAT parquet, COMPRESSION snappy)
        """)  # noqa: S608
        if not _is_ordered(path):
            # The join has spilled. Sorting every time would take longer than the join.
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
    """Return a path, quoted and with the characters escaped that a reader takes for patterns."""
    return _text(re.sub(r"([\[*?])", r"[\1]", str(path)))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
