"""The second reader: what DuckDB finds in files that Polars has read or written.

kgimport does not rely on what one library alone has read. DuckDB reads the same columns as the
same canonical values (`kgimport.readings`) and computes their sums and extremes (`kgimport.sums`).
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import duckdb
import pyarrow as pa
from pyarrow import dataset, fs

from kgimport.errors import DestinationError
from kgimport.records import Facts
from kgimport.sums import Extent, extent_sql, extents, sums

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from kgimport.properties import PropertyType


# Enough for a few row groups of wide rows, or a few buffers of CSV.
LEAST_MB = 256
# Each thread has some buffers of 2,048 values for each column of a query, so hundreds of columns
# would take more memory than there is.
AT_ONCE = 128
# DuckDB's words for what it cannot read.
_LIMIT = re.compile(r"unsupported|not (yet )?(supported|implemented)|only supported", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column to read: its type, and the SQL for its canonical values."""

    type: PropertyType
    sql: str


@contextmanager
def database(
    memory_mb: int, threads: int | None = None, spill: Path | None = None
) -> Iterator[DuckDBPyConnection]:
    """Provide a database that reads files.

    Its memory limit is `memory_mb`, but at least `LEAST_MB`; what does not fit goes to the folder
    `spill`.

    Raises `DestinationError` if that is not enough.
    """
    config: dict[str, Any] = {"memory_limit": f"{max(memory_mb, LEAST_MB)}MiB"}
    if threads is not None:
        config["threads"] = threads
    if spill is not None:
        config["temp_directory"] = str(spill)
    try:
        with duckdb.connect(config=config) as made:
            made.execute("SET TimeZone = 'UTC'")
            yield made
    except duckdb.OutOfMemoryException as error:
        raise DestinationError(
            f"{memory_mb} MiB are not enough for the second reader: {first_line(error)}",
            "allow more with --memory",
        ) from error


def first_line(error: Exception) -> str:
    """Return the first line of an error's text; the others show the SQL."""
    return str(error).strip().split("\n")[0]


def maker(made: DuckDBPyConnection) -> str:
    """Return a text that identifies how this DuckDB computes digests.

    Digests of the same values are equal if these texts are.
    """
    probe = "SELECT hash('kgimport')::VARCHAR || hash(7::BIGINT)::VARCHAR || hash(0.5::DOUBLE)"
    ((found,),) = made.execute(f"{probe} || hash(['a', NULL])::VARCHAR || hash(true)").fetchall()
    return str(found)


def parquet(files: Sequence[Path | str], more: str = "") -> str:
    """Return SQL for the rows of Parquet files, in their order."""
    names = ", ".join(text(escaped(str(file))) for file in files)
    union = ", union_by_name = true" if len(files) > 1 else ""
    return f"read_parquet([{names}], hive_partitioning = false{union}{more})"


def registered(made: DuckDBPyConnection, table: str, files: Sequence[BinaryIO | str]) -> str:
    """Return SQL for the rows of Parquet files (paths or streams) that Arrow reads for DuckDB."""
    read = dataset.ParquetReadOptions(coerce_int96_timestamp_unit="us")
    form = dataset.ParquetFileFormat(read_options=read)
    here = fs.LocalFileSystem()
    parts = [form.make_fragment(f, here if isinstance(f, str) else None) for f in files]
    schemas = [part.physical_schema for part in parts]
    schema = pa.unify_schemas(schemas, promote_options="permissive")
    made.register(f"source {table}", dataset.FileSystemDataset(parts, schema, form))
    return name(f"source {table}")


def csv(
    files: Sequence[Path],
    types: Mapping[str, str],
    longest_row: int,
    *,
    parallel: bool,
    headed: bool = False,
) -> str:
    """Return SQL for the rows of CSV files in the importer's form; `types` has a type per column.

    Files whose cells have line breaks must not be read from the middle, so not in parallel. The
    first line of each file is a header if they are `headed`.
    """
    names = ", ".join(text(escaped(str(file))) for file in files)
    columns = ", ".join(f"{text(name)}: {text(typed)}" for name, typed in types.items())
    line = max(2 * longest_row, 2**21)
    return (
        f"read_csv([{names}], columns = {{{columns}}}, auto_detect = false, "
        f"header = {str(headed).lower()}, "
        "delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, "
        f"max_line_size = {line}, buffer_size = {max(16 * 2**20, 4 * line)}, new_line = '\\n', "
        f"parallel = {str(parallel).lower()})"
    )


def escaped(path: str) -> str:
    """Return a path with the characters of glob patterns escaped."""
    return re.sub(r"([\[*?])", r"[\1]", path)


def text(value: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


def name(column: str) -> str:
    """Return a column's name as a quoted identifier of SQL."""
    return '"' + column.replace('"', '""') + '"'


def types(made: DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Return DuckDB's names and types of a relation's columns."""
    found = made.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()  # noqa: S608
    return {str(row[0]): str(row[1]) for row in found}


def reads(made: DuckDBPyConnection, relation: str) -> bool:
    """Return whether DuckDB can read all types in a relation's files."""
    try:
        types(made, relation)
    except duckdb.Error as error:
        if is_limit(error):
            return False
        raise
    return True


def is_limit(error: Exception) -> bool:
    """Return whether an error is a limit of the reader, and not a fault of the file."""
    return _LIMIT.search(str(error)) is not None


def facts(
    made: DuckDBPyConnection, relation: str, columns: Sequence[Column]
) -> list[tuple[Facts, Extent]]:
    """Return the facts and the extent of each column, from one pass per `AT_ONCE` columns."""
    starts = range(0, len(columns), AT_ONCE)
    return [each for at in starts for each in _facts(made, relation, columns[at : at + AT_ONCE])]


def _facts(
    made: DuckDBPyConnection, relation: str, columns: Sequence[Column]
) -> list[tuple[Facts, Extent]]:
    asked = [each for at, column in enumerate(columns) for each in _asked(f"c{at}", column)]
    values = ", ".join(f"{column.sql} AS c{at}" for at, column in enumerate(columns))
    query = f"SELECT {', '.join(asked)} FROM (SELECT {values} FROM {relation})"  # noqa: S608
    (row,) = made.execute(query).fetchall()
    return list(_answered(columns, row))


def _asked(value: str, column: Column) -> Iterator[str]:
    yield from extent_sql(column.type, value)
    yield f"coalesce(sum((hash({value}) & 4294967295)::BIGINT), 0)"
    if column.type.kind == "float" and not column.type.is_list:
        # The digest is the same for -0.0 and 0.0.
        yield f"count(*) FILTER (WHERE signbit({value}) AND NOT isnan({value}))"
    else:
        yield "0"
    for each in sums(column.type):
        yield f"coalesce(sum(({each.sql(value)})::BIGINT), 0)"


def _answered(columns: Sequence[Column], row: Sequence[Any]) -> Iterator[tuple[Facts, Extent]]:
    at = 0
    for column in columns:
        kinds = sums(column.type)
        (extent,) = extents(row[at : at + 4])
        digest, signs = int(row[at + 4]), int(row[at + 5])
        numbers = (int(each) for each in row[at + 6 : at + 6 + len(kinds)])
        named = dict(zip((each.name for each in kinds), numbers, strict=True))
        yield Facts(extent.values, digest, signs, named), extent
        at += 6 + len(kinds)
