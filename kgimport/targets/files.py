"""CSV and Parquet: write frames to files, and examine what is really in a file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from kgimport.files import sha256
from kgimport.targets.target import Content, Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedIOBase
    from pathlib import Path

CHUNK = 1 << 20
BATCH_ROWS = 8_192
_LINE_BREAK = ord("\n")


def _sink_parquet(frame: pl.LazyFrame, parts: pl.PartitionBy, rows_per_group: int) -> None:
    frame.sink_parquet(
        parts,
        compression="snappy",
        statistics=False,
        row_group_size=rows_per_group,
        maintain_order=True,
        engine="streaming",
    )


def open_bytes(part: Path) -> BufferedIOBase:
    """Return a file that is not compressed, opened to be read."""
    return part.open("rb")


def examine_csv(
    part: Path, headers: int = 0, opened: Callable[[Path], BufferedIOBase] = open_bytes
) -> Content:
    """Return the rows, the hash and the line breaks that a CSV file really has.

    Its first lines, as many as there are `headers`, are not rows.
    """
    digest, rows, multiline, inside = hashlib.sha256(), 0, False, 0
    with opened(part) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            if not inside and b'"' not in chunk:
                rows += _line_breaks(chunk)
                continue
            # Pieces between quotes are alternately outside and inside a quoted field. A doubled
            # quote adds an empty piece, so the order is kept.
            pieces = chunk.split(b'"')
            rows += b"".join(pieces[inside::2]).count(b"\n")
            quoted = b"".join(pieces[1 - inside :: 2])
            multiline = multiline or b"\n" in quoted or b"\r" in quoted
            inside ^= (len(pieces) - 1) & 1
    return Content(rows - headers, digest.hexdigest(), multiline)


def _line_breaks(chunk: bytes) -> int:
    """Return how many there are, counted without Python's lock, so threads can read in parallel."""
    letters = pa.Array.from_buffers(pa.uint8(), len(chunk), [None, pa.py_buffer(chunk)])
    return int((pl.Series(letters) == _LINE_BREAK).sum())


def _examine_parquet(part: Path) -> Content:
    rows = int(pl.scan_parquet(part, glob=False).select(pl.len()).collect().item())
    return Content(rows, sha256(part))


PARQUET_FILES = Files("parquet", "parquet", _sink_parquet, _examine_parquet)
