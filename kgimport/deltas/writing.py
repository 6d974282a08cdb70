"""The files of a delta: rows to load, ids to remove, and statements that remove them.

vertices/TABLE/part-00000.csv     rows to load first: vertices that are new or changed, whole
edges/TABLE/part-00000.csv        then the edges
removed/edges.csv                 ids; the .gremlin or .cypher next to it removes them
removed/vertices.csv
removed/vertex_properties.csv     id and name
removed/edge_properties.csv
"""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from typing import IO, TYPE_CHECKING, cast

from kgimport import files
from kgimport.deltas import batches
from kgimport.records.delta import DeltaFile
from kgimport.second_reader import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from kgimport.choices import Dialect
    from kgimport.deltas.batches import Subject
    from kgimport.deltas.tables import Table

# The temporary table behind each list, and its columns, in the order in which they are applied.
_LISTS: dict[Subject, tuple[str, str]] = {
    "edges": ("edge_drop", "id"),
    "vertices": ("vertex_drop", "id"),
    "vertex_properties": ("vertex_unset", "id, name"),
    "edge_properties": ("edge_unset", "id, name"),
}


def removals(made: DuckDBPyConnection, folder: Path, dialect: Dialect) -> Iterator[DeltaFile]:
    """Write what is to be removed, as lists and as statements; yield the files, in their order.

    A list is there even if it is empty; a file of statements is not.
    """
    (folder / "removed").mkdir()
    spoken = batches.language(dialect)
    for subject, (relation, columns) in _LISTS.items():
        rows = _count(made, relation)
        path = folder / "removed" / f"{subject}.csv"
        made.execute(
            f"COPY (SELECT {columns} FROM {relation} ORDER BY ALL) TO {text(str(path))} "  # noqa: S608
            f"(FORMAT csv, HEADER true, FORCE_QUOTE ({columns}))"
        )
        yield _described(folder, path, rows)
        if rows:
            yield _stated(made, folder, path.with_suffix(f".{spoken.suffix}"), subject, spoken)


def _stated(
    made: DuckDBPyConnection,
    folder: Path,
    path: Path,
    subject: Subject,
    spoken: batches.Language,
) -> DeltaFile:
    query = batches.sql(spoken, subject, _LISTS[subject][0])
    (rows,) = made.execute(
        f"COPY ({query}) TO {text(str(path))} "
        "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER e'\\x01')"
    ).fetchone() or (0,)
    return _described(folder, path, int(rows))


def rows_to_load(
    made: DuckDBPyConnection, folder: Path, kind: str, tables: Sequence[Table]
) -> Iterator[DeltaFile]:
    """Write the rows of `{kind}_load` as the new build has them, by id; yield the files."""
    found = made.execute(
        f"SELECT part, count(*) FROM {kind}_load GROUP BY part ORDER BY part"  # noqa: S608
    ).fetchall()
    for part, rows in found:
        table = tables[part]
        like = table.files[0]
        path = folder / like.parent.parent.name / like.parent.name / like.name
        path.parent.mkdir(parents=True)
        _write(made, table, path, f"SELECT id FROM {kind}_load WHERE part = {part}")  # noqa: S608
        yield _described(folder, path, rows)


def _write(made: DuckDBPyConnection, table: Table, path: Path, wanted: str) -> None:
    """Write a header and the rows with the wanted ids; texts are in quotes, which keep spaces."""
    body = path.with_name(".body")
    quoted = ", ".join(f"c{at}" for at, each in enumerate(table.columns) if each.is_text)
    made.execute(
        f"COPY (SELECT * FROM {table.rows(table.files)} "  # noqa: S608
        f"WHERE {table.at('id')} IN ({wanted}) ORDER BY {table.at('id')}) "
        f"TO {text(str(body))} (FORMAT csv, HEADER false, FORCE_QUOTE ({quoted}))"
    )
    # DuckDB would change one of two names that differ only in case.
    with _opened(path) as whole, body.open("rb") as rows:
        whole.write(_line([each.cell for each in table.columns]))
        shutil.copyfileobj(rows, whole, 1 << 20)
    body.unlink()


def _opened(path: Path) -> IO[bytes]:
    if path.suffix != ".gz":
        return path.open("wb")
    # Without a name and a time, equal rows give equal bytes.
    return cast("IO[bytes]", gzip.GzipFile(path, "wb", mtime=0))


def _line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()


def _count(made: DuckDBPyConnection, relation: str) -> int:
    ((rows,),) = made.execute(f"SELECT count(*) FROM {relation}").fetchall()  # noqa: S608
    return int(rows)


def _described(folder: Path, path: Path, rows: int) -> DeltaFile:
    name = path.relative_to(folder).as_posix()
    return DeltaFile(name, rows, path.stat().st_size, files.sha256(path))
