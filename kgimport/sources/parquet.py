"""Parquet in files, folders and globs, with hive partitions as columns."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgimport.errors import SourceError


def scan(location: str) -> pl.LazyFrame:
    """Scans one file, all `*.parquet` below a folder, or a glob; files in the order of their names.

    Partition values come out as the columns that the folder names spell (`event_month=2026-01`).
    """
    found = files(location)
    if not found:
        raise SourceError(
            f"no Parquet file at {location}",
            "build the tables first (`dbt build`), or correct the table's location",
        )
    return pl.scan_parquet(found, hive_partitioning=_is_partitioned(found), glob=False)


def files(location: str) -> list[Path]:
    """The Parquet files of a location, sorted, so that the same input gives the same rows."""
    path = Path(location)
    if path.is_file():
        return [path]
    if path.is_dir():
        return sorted(file for file in path.rglob("*.parquet") if file.is_file())
    anchor = Path(path.anchor) if path.is_absolute() else Path()
    pattern = str(path.relative_to(path.anchor) if path.is_absolute() else path)
    return sorted(file for file in anchor.glob(pattern) if file.is_file())


def _is_partitioned(found: list[Path]) -> bool:
    return any("=" in part for part in found[0].parent.parts)
