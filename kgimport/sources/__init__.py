"""Where a table's rows are: `scan(table) -> LazyFrame`, one small module per kind of place."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from kgimport.errors import DestinationError, SourceError
from kgimport.sources import parquet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.graph import Table


def scan(table: Table) -> tuple[pl.LazyFrame, pl.Schema]:
    """The rows of a table, unread, and their schema; `SourceError` where there are none to read."""
    with reading(table.name):
        frame = parquet.scan(table.location)
        return frame, frame.collect_schema()


def fingerprint(table: Table) -> str:
    """A digest that changes when a source file comes, goes, or is written again."""
    files = parquet.files(table.location)
    facts = [(str(file), (at := file.stat()).st_size, at.st_mtime_ns) for file in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turns whatever goes wrong while rows are read into a `SourceError` that names the table."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = str(error).strip().split("\n")[0]
        if "os error 28" in reason or "No space left" in reason:
            raise DestinationError(
                f"the disk is full, while {name} was written", "free some space, and run again"
            ) from error
        raise SourceError(
            f"the rows of table {name} cannot be read: {reason}",
            "look at the table's Parquet files; all of them need the same columns and types",
        ) from error
