"""`kgimport land`: upload the customers' Parquet to the lake, or load CSV into Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport import files, lake, locations, raw_csv, raw_tables
from kgimport.aws import ENVIRONMENT

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.aws import Session
    from kgimport.lake import Landed
    from kgimport.progress import Progress
    from kgimport.raw_csv import RawCsv


def land(
    data: Path,
    to: str,
    prefix: str | None,
    progress: Progress,
    *,
    delete: bool = False,
    session: Session = ENVIRONMENT,
) -> list[Landed]:
    """Upload every table to S3 and register it in Glue; a second run does what is left to do.

    The databases are named `<prefix><customer>`; without a prefix (None), Glue is not used.
    """
    home = locations.s3_folder(to, session)
    landed = []
    tables = raw_tables.tables(data)
    if prefix is not None:
        for table in tables:  # all of them, before anything is uploaded
            lake.columns_of(table)
    for at, table in enumerate(tables):
        progress(f"land {table.customer}/{table.name}", at / len(tables))
        landed.append(lake.land(table, home, files.sha256, delete=delete))
        if prefix is not None:
            lake.register(table, home, f"{prefix}{table.customer}")
    return landed


def load(data: Path, to: str, prefix: str, progress: Progress) -> list[tuple[RawCsv, int]]:
    """Load every CSV file into Postgres, all in one transaction; return the tables and their rows.

    `to` is `postgres://` or `postgres://DATABASE`; libpq states who and where.
    """
    tables = raw_csv.tables(data, prefix)
    loaded = []
    with raw_csv.connected(to.removeprefix(raw_csv.SCHEME)) as cursor:
        for at, table in enumerate(tables):
            progress(f"load {table.schema}.{table.table}", at / len(tables))
            loaded.append((table, raw_csv.load(table, cursor)))
    return loaded
