"""What is told of a file is what is in it, wherever the chunks end in which it is read."""

from __future__ import annotations

import csv
import hashlib
import io
from itertools import product
from typing import TYPE_CHECKING

import polars as pl
import pytest

from kgimport.targets import files
from kgimport.targets.target import Content

if TYPE_CHECKING:
    from pathlib import Path

# Every text of up to three of what matters to CSV: quotes, line breaks, the delimiter, a letter.
TEXTS = ["".join(each) for size in range(4) for each in product('"\n\r,a', repeat=size)]


def spelled(text: str) -> str:
    """Rows with the text in their first cell, their last and both, as an export spells them."""
    rows = pl.DataFrame({"first": [text, "b", text, "b"], "last": ["b", text, text, None]})
    return rows.write_csv(include_header=False, quote_style="necessary", null_value="")


def told(file: str) -> Content:
    """What Python's own reader finds in a file."""
    rows = list(csv.reader(io.StringIO(file, newline="")))
    content = file.encode()
    multiline = any("\n" in cell or "\r" in cell for row in rows for cell in row)
    return Content(len(rows), hashlib.sha256(content).hexdigest(), multiline)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 11, 1 << 20])
def test_quoted_fields_are_told_apart_across_the_borders_of_chunks(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK", size)
    part = tmp_path / "part.csv"
    found = {}
    for text in TEXTS:
        part.write_text(spelled(text), encoding="utf-8", newline="")
        found[text] = files.examine_csv(part)

    assert found == {text: told(spelled(text)) for text in TEXTS}
