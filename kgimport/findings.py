"""What the checks found in the rows: in which table and columns, how many, and a few samples."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (records are read back by annotation)
from dataclasses import dataclass
from typing import Literal

import polars as pl

Kind = Literal["integrity", "value"]
# The most sample rows that a finding has.
SAMPLES = 5
_WIDTH = 60  # the most characters of a sample's value
_PYTHON_DAYS = 999_999_999  # of Python's longest timedelta


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that found something: the number of rows, and up to five of them."""

    check: str  # its name
    kind: Kind  # of keys and ends, or of values
    table: str  # as declared
    columns: tuple[str, ...]  # of the source
    sentence: str  # what the rows have in common
    count: int  # of rows
    samples: tuple[Mapping[str, str], ...] = ()  # rows: texts by column

    def __str__(self) -> str:
        rows = "1 row" if self.count == 1 else f"{self.count:,} rows"
        head = f"{self.table}.{', '.join(self.columns)}: {rows} with {self.sentence} [{self.check}]"
        return "\n".join([head, *(f"    {_row(sample)}" for sample in self.samples)])


def _row(sample: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={text}" for name, text in sample.items())


def printable(rows: pl.DataFrame) -> tuple[dict[str, str], ...]:
    """Return a few rows as texts, short enough for a line and fit for a JSON record."""
    shown = rows.with_columns(
        each.to_physical() for each in rows.iter_columns() if _is_beyond_python(each)
    )
    return tuple({name: _short(value) for name, value in row.items()} for row in shown.to_dicts())


def _is_beyond_python(values: pl.Series) -> bool:
    """Whether Python cannot hold some date, instant or duration; Polars panics on these."""
    dtype = values.dtype
    if isinstance(dtype, pl.List | pl.Array):
        return _is_beyond_python(values.explode())
    if isinstance(dtype, pl.Struct):
        return any(map(_is_beyond_python, values.struct.unnest().iter_columns()))
    if dtype.base_type() in {pl.Date, pl.Datetime}:
        # A year less at both ends, because a zone may shift the date.
        known = values.dt.year().is_between(2, 9998).fill_null(value=False)
    elif dtype == pl.Duration:
        known = values.dt.total_days().abs() < _PYTHON_DAYS
    else:
        return False
    return bool((values.is_not_null() & ~known).any())


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
