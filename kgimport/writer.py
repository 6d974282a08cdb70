"""Write frames to the files of a target: a header file and numbered parts, in bounded memory.

The same rows give the same bytes. No file has its final path before the whole build directory is
complete: an export writes to another folder and renames it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from kgimport.files import sha256
from kgimport.records import DataFile, HeaderFile
from kgimport.targets import TARGETS, Cell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from polars.io.partition import FileProviderArgs

    from kgimport.choices import Compression
    from kgimport.targets import Field, Target, TargetName
    from kgimport.targets.target import Files

ROWS_PER_PART = 2_000_000
ROWS_PER_GROUP = 500_000


@dataclass(frozen=True, slots=True)
class Written:
    """The files of a table, as paths within the build directory.

    Without a header of its own if each file has one.
    """

    header: HeaderFile | None
    files: tuple[DataFile, ...]

    @property
    def rows(self) -> int:
        """The number of rows in all parts."""
        return sum(file.rows for file in self.files)


def write(
    root: Path,
    place: str,
    frame: pl.LazyFrame,
    cells: tuple[Cell, ...],
    fields: tuple[Field, ...],
    *,
    form: TargetName = "csv",
    compress: Compression = "none",
    unspelled: frozenset[str] = frozenset(),
    rows_per_part: int = ROWS_PER_PART,
    rows_per_group: int = ROWS_PER_GROUP,
) -> Written:
    """Write a table to the folder `place` below `root`.

    `cells` come first, then a cell for each of `fields`. `unspelled` names the fields with values
    that Polars' own writer does not write in the way that the importer reads them. A row group of
    Parquet is in memory as a whole while it is written.
    """
    folder, target = root / place, TARGETS[form]
    folder.mkdir(parents=True)
    cells = (*cells, *_cells(fields, unspelled))
    header = _header(root, folder, target, cells)
    how = target.files if compress == "none" else target.compressed or target.files
    parts = _parts(folder, f"part-{{:05d}}.{how.suffix}", rows_per_part)
    how.sink(frame.select(_columns(target, cells)), parts, rows_per_group)
    with ThreadPoolExecutor() as pool:  # hashing releases the interpreter's lock
        files = tuple(pool.map(partial(_examined, root, how), sorted(folder.glob("part-*"))))
    return Written(header, files)


def _header(root: Path, folder: Path, target: Target, cells: tuple[Cell, ...]) -> HeaderFile | None:
    """Write the header file, if the target has one."""
    if target.header is None:
        return None
    file = folder / "header.csv"
    content = target.header([cell.header for cell in cells])
    file.write_text(content, encoding="utf-8", newline="")
    return HeaderFile(file.relative_to(root).as_posix(), sha256(file))


def _columns(target: Target, cells: tuple[Cell, ...]) -> Iterator[pl.Expr]:
    for at, cell in enumerate(cells):
        yield cell.values.alias(cell.header if target.files.headed else str(at))


def _examined(root: Path, how: Files, part: Path) -> DataFile:
    """Return the facts of a file as they are read from it after it was written."""
    found = how.examine(part)
    path = part.relative_to(root).as_posix()
    return DataFile(path, found.rows, part.stat().st_size, found.sha256, found.multiline)


def _cells(fields: tuple[Field, ...], unspelled: frozenset[str]) -> Iterator[Cell]:
    for field in fields:
        how = field.carrier
        values = how.value(pl.col(field.column))
        native = how.native and field.name not in unspelled
        header = field.header_of(native=native)
        yield Cell(header, how.write(values) if native else how.spell(values))


def _parts(folder: Path, name: str, rows_per_part: int) -> pl.PartitionBy:
    def path(part: FileProviderArgs) -> str:
        return name.format(part.index_in_partition)

    return pl.PartitionBy(
        folder,
        file_path_provider=path,
        max_rows_per_file=rows_per_part,
        approximate_bytes_per_file=None,
    )
