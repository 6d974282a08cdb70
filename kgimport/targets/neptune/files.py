"""CSV files as Neptune's loader reads them: each with its header row, every text quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kgimport.targets.files import BATCH_ROWS, examine_csv
from kgimport.targets.neptune.carry import MOMENT_FORMAT
from kgimport.targets.target import Files

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.targets.target import Content

_QUOTE = '"'


def _sink(frame: pl.LazyFrame, parts: pl.PartitionBy, _: int) -> None:
    schema = frame.collect_schema()
    texts = (name for name, dtype in schema.items() if dtype == pl.String)
    frame.with_columns(_quoted(pl.col(name)).alias(name) for name in texts).sink_csv(
        parts,
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


CSV = Files("csv", "csv", _sink, _examine, headed=True)
