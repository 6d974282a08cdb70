"""Where a table's rows are: `scan(table) -> LazyFrame`, for Parquet here, in S3 and of Athena."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pyarrow as pa

from kgimport import aws, s3, second_reader
from kgimport.errors import DestinationError, KgimportError, SourceError, short
from kgimport.sources import listing, parquet, unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

    from kgimport.findings import Finding
    from kgimport.graph import Graph, Table


def scan(table: Table) -> tuple[pl.LazyFrame, pl.Schema]:
    """Return the rows of a table, unread, and their schema.

    `SourceError` where there are none to read.

    Raises `ValueRefusedError` for columns whose values Polars would read as others.
    """
    with reading(table.name):
        found = listing.some(table.location)
        frame = parquet.scan(table.name, found, lambda column: _is_used(table, column))
        return frame, frame.collect_schema()


def _is_used(table: Table, column: str) -> bool:
    return table.is_property(column) or column in table.key_columns


def findings(table: Table) -> list[Finding]:
    """Return what reading a table's rows would pass over in silence; each file is looked at once.

    Raises `SourceError` where a page differs from its checksum.
    """
    with reading(table.name):
        found = listing.some(table.location)
        return list(unseen.findings(table.name, found, table.is_property))


def relation(made: DuckDBPyConnection, table: Table) -> str:
    """Return SQL for the same rows, in the same order, as DuckDB reads them.

    S3's go by way of Arrow, and so do files that have what DuckDB does not read.
    """
    with reading(table.name):
        found = listing.some(table.location)
        if s3.is_s3(table.location):
            return second_reader.registered(made, table.name, [file.opened() for file in found])
        places = [file.place for file in found]
        own = second_reader.parquet(places)
        return (
            own
            if second_reader.reads(made, own)
            else second_reader.registered(made, table.name, places)
        )


def names(table: Table) -> tuple[str, ...]:
    """Return the files that a table is made of, by their names below its location."""
    with reading(table.name):
        return tuple(file.name for file in listing.of(table.location))


def fingerprint(table: Table) -> str:
    """Return a digest that changes when a source file comes, goes, or is written again."""
    with reading(table.name):
        found = [(file.name, file.size, file.tag) for file in listing.of(table.location)]
        return hashlib.sha256(repr(found).encode()).hexdigest()


def fingerprints(graph: Graph) -> dict[str, str]:
    """Return the fingerprint of every table of a graph."""
    return {table.name: fingerprint(table) for table in graph.tables}


def changed(tables: Sequence[str]) -> SourceError:
    """Return a table is read more than once: what was checked has to be what was written."""
    return SourceError(
        f"these tables changed while they were exported: {', '.join(tables)}",
        "export again when nothing writes to them",
    )


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn whatever goes wrong while rows are read into a `SourceError` that names the table."""
    try:
        with aws.talking(f"read the rows of table {name}"):
            yield
    except _UNREADABLE as error:
        reason = short(str(error).strip().split("\n")[0], _REASON)
        raise _meaning(name, str(error), reason) from error


_REASON = 500
_UNREADABLE = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    pa.ArrowException,
    duckdb.Error,
    OSError,
)


def _meaning(name: str, text: str, reason: str) -> KgimportError:
    if "os error 28" in reason or "No space left" in reason:
        return DestinationError(
            f"the disk is full, while {name} was written", "free some space, and run again"
        )
    return aws.in_text(text, f"read the rows of table {name}") or SourceError(
        f"the rows of table {name} cannot be read: {reason}",
        "look at the table's Parquet files; all of them need the same columns and types",
    )
