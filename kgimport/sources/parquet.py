"""Scan Parquet on the local disk or in S3 without changing a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport import aws
from kgimport.errors import SourceError
from kgimport.locations import S3Path
from kgimport.sources import folders, footers, layout, moments
from kgimport.sources.nested import in_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kgimport.aws import Session
    from kgimport.sources.folders import Spelled
    from kgimport.sources.listing import File

# Casts that lose nothing: numbers to wider ones, and INT96, for which Arrow may state another unit,
# to the unit that holds all of its values.
_WIDENED = pl.ScanCastOptions(
    integer_cast="upcast",
    float_cast="upcast",
    datetime_cast=["millisecond-upcast", "microsecond-upcast", "nanosecond-downcast"],
)
_PATH = "__file__"


def scan(table: str, files: Sequence[File], is_used: Callable[[str], bool]) -> pl.LazyFrame:
    """Return a lazy frame of the rows of a table's files, in the order of the files.

    The columns in folders' names follow those of the files, as text. Raises `SourceError` if the
    files do not make up one table, `ValueRefusedError` if a column in use has values that Polars
    would change.
    """
    spelled = folders.told(table, [file.name for file in files])
    how = layout.unified(table, footers.shapes(table, files), is_used)
    _must_not_clash(table, how.schema, spelled)
    units = moments.units(table, files, [name for name in how.int96 if is_used(name)])
    moment = {name: in_unit(how.schema[name], unit) for name, unit in units.items()}
    places = [str(file.place) for file in files]
    session = _session(files)
    frame = pl.scan_parquet(
        places,
        schema=pl.Schema({**how.schema, **moment}),
        cast_options=_WIDENED,
        hive_partitioning=False,
        glob=False,
        include_file_paths=_PATH if spelled else None,
        storage_options=aws.storage_options(session) if session else None,
        credential_provider=aws.credentials(session) if session else None,
    )
    carried = (carry(pl.col(name)).alias(name) for name, carry in how.carried.items())
    return _with_folders(frame.with_columns(*carried), places, spelled)


def _session(files: Sequence[File]) -> Session | None:
    """Return the session for reading files in S3; None if the files are local."""
    place = files[0].place
    return place.session if isinstance(place, S3Path) else None


def columns(table: str, files: Sequence[File]) -> list[tuple[str, ...]]:
    """Return the names of the columns in each shape of the files, those of the folders last."""
    spelled = folders.told(table, [file.name for file in files])
    return [(*shape.columns, *spelled) for shape in footers.shapes(table, files)]


def _must_not_clash(table: str, schema: pl.Schema, spelled: Spelled) -> None:
    if both := [name for name in spelled if name in schema]:
        raise SourceError(
            f"both the folders and the files of table {table} have the columns {', '.join(both)}",
            "write the files without these columns, or into folders that do not name them",
        )


def _with_folders(frame: pl.LazyFrame, places: Sequence[str], spelled: Spelled) -> pl.LazyFrame:
    if not spelled:
        return frame
    path = pl.col(_PATH)
    added = (folders.column(path, places, each).alias(name) for name, each in spelled.items())
    return frame.with_columns(*added).drop(_PATH)
