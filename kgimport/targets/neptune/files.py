"""CSV files as Neptune's loader reads them: each with its header row, every text quoted."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import polars as pl

from kgimport.files import sha256
from kgimport.targets.files import BATCH_ROWS, examine_csv
from kgimport.targets.neptune.carry import MOMENT_FORMAT
from kgimport.targets.target import Files

if TYPE_CHECKING:
    from io import BufferedIOBase
    from pathlib import Path

    from kgimport.targets.target import Content

_QUOTE = '"'


def _sink(
    frame: pl.LazyFrame,
    parts: pl.PartitionBy,
    _: int,
    compression: Literal["uncompressed", "gzip"] = "uncompressed",
) -> None:
    schema = frame.collect_schema()
    texts = (name for name, dtype in schema.items() if dtype == pl.String)
    frame.with_columns(_quoted(pl.col(name)).alias(name) for name in texts).sink_csv(
        parts,
        compression=compression,
        quote_style="never",
        null_value="",
        datetime_format=MOMENT_FORMAT,
        batch_size=BATCH_ROWS,
        maintain_order=True,
        engine="streaming",
    )


def _quoted(texts: pl.Expr) -> pl.Expr:
    """Return texts in quotes, which keep blanks around them.

    Polars' own style for that also quotes the header, and it is not documented that the loader
    reads `"~id"`.
    """
    doubled = texts.str.replace_all(_QUOTE, _QUOTE * 2, literal=True)
    return pl.concat_str(pl.lit(_QUOTE), doubled, pl.lit(_QUOTE))


def _examine(part: Path) -> Content:
    """Return what is in a file; its first line is not a row."""
    return examine_csv(part, headers=1)


def _sink_gzip(frame: pl.LazyFrame, parts: pl.PartitionBy, rows: int) -> None:
    _sink(frame, parts, rows, "gzip")


def _unpacked(part: Path) -> BufferedIOBase:
    return gzip.GzipFile(part)


def _examine_gzip(part: Path) -> Content:
    """Return what is in a file, and the hash of the file as it is."""
    found = examine_csv(part, headers=1, opened=_unpacked)
    return replace(found, sha256=sha256(part))


CSV = Files("csv", "csv", _sink, _examine, headed=True)
GZIP = Files("csv.gz", "csv", _sink_gzip, _examine_gzip, headed=True)
