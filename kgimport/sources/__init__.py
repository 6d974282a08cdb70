"""Read the rows of a table whose location is files: scan, check and fingerprint them."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import duckdb
import polars as pl
import pyarrow as pa

from kgimport import aws, second_reader
from kgimport.errors import DestinationError, KgimportError, SourceError, short
from kgimport.locations import LocalPath
from kgimport.sources import listing, parquet, unseen
from kgimport.values.columns import is_used

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from duckdb import DuckDBPyConnection

    from kgimport.findings import Finding
    from kgimport.graph import Graph, Table

Result = TypeVar("Result")
More = ParamSpec("More")

_REASON = 500  # characters of a library's message
_UNREADABLE = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    pa.ArrowException,
    duckdb.Error,
    OSError,
)


def read(name: str, action: Callable[[], Result]) -> Result:
    """Call a function that reads the rows of a table; its errors become ones that name the table.

    Errors of Polars, Arrow, DuckDB and the file system become a `SourceError` (a `DestinationError`
    if the disk is full), errors of AWS what `aws.meaning` makes of them.
    """
    with _reading(name):
        return action()


def _named(
    function: Callable[Concatenate[Table, More], Result],
) -> Callable[Concatenate[Table, More], Result]:
    """Decorate a function so that its errors name its first argument, the table that it reads."""

    @wraps(function)
    def named(table: Table, /, *args: More.args, **options: More.kwargs) -> Result:
        return read(table.name, lambda: function(table, *args, **options))

    return named


@_named
def scan(table: Table) -> tuple[pl.LazyFrame, pl.Schema]:
    """Return a lazy frame of a table's rows, and their schema.

    Raises `SourceError` if there are no files, and `ValueRefusedError` for columns whose values
    Polars would change.
    """
    found = listing.some(table.location)
    frame = parquet.scan(table.name, found, lambda column: is_used(table, column))
    return frame, frame.collect_schema()


@_named
def findings(table: Table, others: Sequence[Table] = ()) -> list[Finding]:
    """Return findings about what Polars silently ignores in a table's files; read each file once.

    `others` are tables that are made of the same files. Raises `SourceError` if a page differs from
    its checksum.
    """
    found = listing.some(table.location)

    def is_property(column: str) -> bool:
        return any(each.is_property(column) for each in (table, *others))

    return list(unseen.findings(table.name, found, is_property))


@_named
def relation(table: Table, made: DuckDBPyConnection) -> str:
    """Return SQL with which DuckDB reads the same rows in the same order.

    Arrow reads for DuckDB what is in S3, and files with types that DuckDB does not know.
    """
    found = listing.some(table.location)
    here = [each.place.path for each in found if isinstance(each.place, LocalPath)]
    if not here:
        return second_reader.registered(made, table.name, [each.opened() for each in found])
    own = second_reader.parquet(here)
    if second_reader.reads(made, own):
        return own
    return second_reader.registered(made, table.name, here)


@_named
def names(table: Table) -> tuple[str, ...]:
    """Return the names of a table's files, relative to its location."""
    return tuple(file.name for file in listing.of(table.location))


@_named
def fingerprint(table: Table) -> str:
    """Return a digest that changes when a source file is added, removed or rewritten."""
    found = [(file.name, file.size, file.tag) for file in listing.of(table.location)]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def fingerprints(graph: Graph) -> dict[str, str]:
    """Return the fingerprint of every table of a graph."""
    return {table.name: fingerprint(table) for table in graph.tables}


def changed(tables: Sequence[str]) -> SourceError:
    """Return the error for tables that changed between the reads of one export."""
    return SourceError(
        f"these tables changed while they were exported: {', '.join(tables)}",
        "export again when nothing writes to them",
    )


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn what libraries raise while rows are read into an error that names the table."""
    try:
        with aws.talking(f"read the rows of table {name}"):
            yield
    except duckdb.OutOfMemoryException:
        raise  # it says nothing of the files
    except _UNREADABLE as error:
        reason = short(str(error).strip().split("\n")[0], _REASON)
        raise _meaning(name, str(error), reason) from error


def _meaning(name: str, text: str, reason: str) -> KgimportError:
    if "os error 28" in reason or "No space left" in reason:
        return DestinationError(
            f"the disk became full while {name} was written", "free some space, and run again"
        )
    return aws.in_text(text, f"read the rows of table {name}") or SourceError(
        f"the rows of table {name} cannot be read: {reason}",
        "check the table's Parquet files; all of them need the same columns and types",
    )
