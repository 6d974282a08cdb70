"""CSV files as Neo4j's importer reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport.targets.files import BATCH_ROWS, examine_csv
from kgimport.targets.neo4j.spelling import DELIMITER, TIME_FORMAT, datetime_format
from kgimport.targets.target import Files

if TYPE_CHECKING:
    from kgimport.properties import Unit


def _sink_csv(frame: pl.LazyFrame, parts: pl.PartitionBy, _: int) -> None:
    frame.sink_csv(
        parts,
        include_header=False,
        separator=DELIMITER,
        quote_style="necessary",
        null_value="",
        datetime_format=datetime_format(_finest(frame.collect_schema())),
        time_format=TIME_FORMAT,
        batch_size=BATCH_ROWS,
        maintain_order=True,
        engine="streaming",
    )


def _finest(schema: pl.Schema) -> Unit:
    """Return the finest unit of all timestamps, because one format serves a whole file."""
    units = {dtype.time_unit for dtype in schema.values() if isinstance(dtype, pl.Datetime)}
    order: tuple[Unit, ...] = ("ns", "us", "ms")
    return next((unit for unit in order if unit in units), "us")


CSV = Files("csv", "csv", _sink_csv, examine_csv)
