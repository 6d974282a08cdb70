"""Where a table's rows are: `scan(table) -> LazyFrame`, one small module per kind of place."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from kgimport import aws, s3, witness
from kgimport.errors import DestinationError, KgimportError, SourceError
from kgimport.sources import parquet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from kgimport.graph import Table


def scan(table: Table) -> tuple[pl.LazyFrame, pl.Schema]:
    """The rows of a table, unread, and their schema; `SourceError` where there are none to read."""
    with reading(table.name):
        scanned = s3.scan if s3.is_s3(table.location) else parquet.scan
        frame = scanned(table.location)
        return frame, frame.collect_schema()


def relation(made: DuckDBPyConnection, table: Table) -> str:
    """SQL for the same rows, in the same order, as DuckDB reads them; S3's by way of Arrow."""
    if s3.is_s3(table.location):
        raise NotImplementedError
    return witness.parquet(parquet.files(table.location))


def fingerprint(table: Table) -> str:
    """A digest that changes when a source file comes, goes, or is written again."""
    facts = _facts(table.location)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _facts(location: str) -> list[tuple[str, int, str]]:
    """Every source file: its name below the location, its bytes, and what changes with it."""
    if s3.is_s3(location):
        objects = s3.objects(location)
        return [(each.uri.removeprefix(location), each.bytes, each.etag) for each in objects]
    found = ((str(file).removeprefix(location), file.stat()) for file in parquet.files(location))
    return [(name, at.st_size, str(at.st_mtime_ns)) for name, at in found]


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turns whatever goes wrong while rows are read into a `SourceError` that names the table."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = str(error).strip().split("\n")[0]
        raise _meaning(name, str(error), reason) from error


def _meaning(name: str, text: str, reason: str) -> KgimportError:
    if "os error 28" in reason or "No space left" in reason:
        return DestinationError(
            f"the disk is full, while {name} was written", "free some space, and run again"
        )
    return aws.in_text(text, f"read the rows of table {name}") or SourceError(
        f"the rows of table {name} cannot be read: {reason}",
        "look at the table's Parquet files; all of them need the same columns and types",
    )
