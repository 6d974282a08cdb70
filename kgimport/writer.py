"""Frames to CSV or Parquet: a header file and numbered parts per table, in bounded memory.

The same rows give the same bytes. Nothing stands under its final name until the whole build
directory does: the pipeline writes into a folder aside and renames it.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from kgimport.files import folder_name, sha256
from kgimport.identity import END, ID, START, key_text
from kgimport.records import DataFile, HeaderFile
from kgimport.targets import neo4j as dialect
from kgimport.targets.neo4j import is_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from polars.io.partition import FileProviderArgs

    from kgimport.choices import Ids
    from kgimport.graph import End, Graph, NodeTable, RelationshipTable, Table
    from kgimport.targets.neo4j import Field, Format

ROWS_PER_PART = 2_000_000
_CHUNK = 1 << 20
_BATCH_ROWS = 8_192
ROWS_PER_GROUP = 500_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A column of the files: its header cell, and the expression that fills it."""

    header: str
    values: pl.Expr


def node_cells(table: NodeTable, schema: pl.Schema, ids: Ids) -> tuple[Cell, ...]:
    """Return what stands before a node's properties.

    Its id, and labels that no argument can carry.
    """
    cell = Cell(dialect.ID_HEADER, pl.col(ID))
    if ids == "keys":
        space = folder_name(table.id_space)
        cell = Cell(dialect.in_space(dialect.ID_HEADER, space), key_text(table.key, schema))
    if argument(table):
        return (cell,)
    labels = pl.lit(dialect.ARRAY_DELIMITER.join(table.labels))
    if table.label_column is not None:
        dtype = schema[table.label_column]
        more = dialect.as_names(table.label_column, dtype)
        text = more.list.join(dialect.ARRAY_DELIMITER) if dialect.are_listed(dtype) else more
        labels = pl.concat_str(labels, text, separator=dialect.ARRAY_DELIMITER)
    return cell, Cell(":LABEL", labels)


def argument(table: Table) -> str:
    """Return the labels or the type as an argument of the importer, or "" where a column carries
    them.
    """
    plain = table.name_column is None and all(map(is_plain, table.names))
    return ":".join(table.names) if plain else ""


def relationship_cells(
    table: RelationshipTable, schema: pl.Schema, graph: Graph, ids: Ids
) -> tuple[Cell, ...]:
    """Return what stands before a relationship's properties: both ends, and a type likewise."""
    cells: tuple[Cell, ...] = (
        Cell(dialect.START_HEADER, pl.col(START)),
        Cell(dialect.END_HEADER, pl.col(END)),
    )
    if ids == "keys":
        pairs = zip(cells, table.ends, strict=True)
        cells = tuple(_key_cell(cell.header, end, schema, graph) for cell, (_, end) in pairs)
    if argument(table):
        return cells
    column = table.type_column
    types = pl.lit(table.type) if column is None else dialect.as_names(column, schema[column])
    return *cells, Cell(":TYPE", types)


def _key_cell(header: str, end: End, schema: pl.Schema, graph: Graph) -> Cell:
    space = folder_name(graph.node(end.node).id_space)
    return Cell(dialect.in_space(header, space), key_text(end.key, schema))


@dataclass(frozen=True, slots=True)
class Written:
    """The files of one table, as paths within the build directory."""

    header: HeaderFile
    files: tuple[DataFile, ...]

    @property
    def rows(self) -> int:
        """How many rows all parts hold."""
        return sum(file.rows for file in self.files)


def write(
    root: Path,
    table: str,
    frame: pl.LazyFrame,
    cells: tuple[Cell, ...],
    fields: tuple[Field, ...],
    *,
    form: Format = "csv",
    unspelled: frozenset[str] = frozenset(),
    rows_per_part: int = ROWS_PER_PART,
    rows_per_group: int = ROWS_PER_GROUP,
) -> Written:
    """Write one table below `root/<form>/<table>/`.

    `cells` come first, then a cell for each of `fields`; `unspelled` names those with values
    that Polars' own writer does not spell as the importer reads them. A row group of Parquet is in
    memory as a whole while it is written.
    """
    folder = root / form / folder_name(table)
    folder.mkdir(parents=True)
    cells = (*cells, *_cells(fields, unspelled))
    columns = [cell.values.alias(str(at)) for at, cell in enumerate(cells)]
    rows = [[cell.header for cell in cells]]
    if form == "parquet":
        # Under each header cell, the column of the file that it is for.
        rows.append([str(at) for at in range(len(cells))])
    header = folder / "header.csv"
    header.write_text("".join(map(dialect.header_row, rows)), encoding="utf-8", newline="")
    how = _FORMS[form]
    parts = _parts(folder, f"part-{{:05d}}.{form}", rows_per_part)
    how.sink(frame.select(columns), parts, rows_per_group)
    with ThreadPoolExecutor() as pool:  # hashing lets go of the interpreter's lock
        files = tuple(pool.map(partial(how.examine, root), sorted(folder.glob("part-*"))))
    path = header.relative_to(root).as_posix()
    return Written(HeaderFile(path, sha256(header)), files)


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


def _sink_csv(frame: pl.LazyFrame, parts: pl.PartitionBy, _: int) -> None:
    frame.sink_csv(
        parts,
        include_header=False,
        separator=dialect.DELIMITER,
        quote_style="necessary",
        null_value="",
        datetime_format=dialect.datetime_format(_fraction_digits(frame.collect_schema())),
        time_format=dialect.TIME_FORMAT,
        batch_size=_BATCH_ROWS,
        maintain_order=True,
        engine="streaming",
    )


def _sink_parquet(frame: pl.LazyFrame, parts: pl.PartitionBy, rows_per_group: int) -> None:
    frame.sink_parquet(
        parts,
        compression="snappy",
        statistics=False,
        row_group_size=rows_per_group,
        maintain_order=True,
        engine="streaming",
    )


def _fraction_digits(schema: pl.Schema) -> int:
    # One spelling serves all timestamps of a file, so it is that of the finest.
    digits = {"ms": 3, "us": 6, "ns": 9}
    units = (dtype.time_unit for dtype in schema.values() if isinstance(dtype, pl.Datetime))
    return max((digits[unit] for unit in units), default=6)


def _examine_csv(root: Path, part: Path) -> DataFile:
    """Count and hashes what is really in a file, whatever its writer meant to write."""
    digest, rows, multiline, inside = hashlib.sha256(), 0, False, 0
    with part.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            if not inside and b'"' not in chunk:
                rows += _line_breaks(chunk)
                continue
            # Pieces between quotes are by turns outside and inside a quoted field; a doubled
            # quote makes an empty piece and keeps the turn.
            pieces = chunk.split(b'"')
            rows += b"".join(pieces[inside::2]).count(b"\n")
            quoted = b"".join(pieces[1 - inside :: 2])
            multiline = multiline or b"\n" in quoted or b"\r" in quoted
            inside ^= (len(pieces) - 1) & 1
    path = part.relative_to(root).as_posix()
    return DataFile(path, rows, part.stat().st_size, digest.hexdigest(), multiline)


def _line_breaks(chunk: bytes) -> int:
    """How many there are, counted without Python's lock, so that files can be read side by side."""
    letters = pa.Array.from_buffers(pa.uint8(), len(chunk), [None, pa.py_buffer(chunk)])
    return int((pl.Series(letters) == _LINE_BREAK).sum())


_LINE_BREAK = ord("\n")


def _examine_parquet(root: Path, part: Path) -> DataFile:
    rows = int(pl.scan_parquet(part, glob=False).select(pl.len()).collect().item())
    path = part.relative_to(root).as_posix()
    return DataFile(path, rows, part.stat().st_size, sha256(part), multiline=False)


@dataclass(frozen=True, slots=True)
class _Form:
    """How one format is written, and looked at afterwards."""

    sink: Callable[[pl.LazyFrame, pl.PartitionBy, int], None]
    examine: Callable[[Path, Path], DataFile]


_FORMS: dict[Format, _Form] = {
    "csv": _Form(_sink_csv, _examine_csv),
    "parquet": _Form(_sink_parquet, _examine_parquet),
}
