"""RFC 4180, to the letter, with what the csv module does not show: which cells are quoted."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CELL = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\Z)')


class UnreadableError(Exception):
    """Neptune's loader would refuse this, or would load something else."""


class Cell(NamedTuple):
    """One field: its text without quotes, and whether it had some."""

    text: str
    quoted: bool

    @property
    def blank(self) -> bool:
        """Whether it states nothing."""
        return not self.quoted and not self.text


def records(path: Path) -> Iterator[tuple[Cell, ...]]:
    """The records of a file, all as long as the first; `.gz` is unpacked."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", "strict")
    if text.startswith("\ufeff") or "\x00" in text:
        raise UnreadableError(f"{path.name}: U+FEFF or U+0000 is not supported")
    lengths = set()
    for record in split(text):
        lengths.add(len(record))
        if len(lengths) > 1:
            raise UnreadableError(f"{path.name}: {record} has another number of fields")
        yield record


def split(text: str) -> Iterator[tuple[Cell, ...]]:
    """Cut a text into records of cells."""
    cells: list[Cell] = []
    at = 0
    while at < len(text) or cells:
        found = _CELL.match(text, at)
        if found is None:
            raise UnreadableError(f"not RFC 4180: {text[at : at + 80]!r}")
        quoted, bare, end = found.groups()
        # Spaces around a delimiter are dropped; those in quotes are data.
        cells.append(
            Cell(bare.strip(" "), quoted=False)
            if quoted is None
            else Cell(quoted.replace('""', '"'), quoted=True)
        )
        at = found.end()
        if end != ",":
            yield tuple(cells)
            cells = []
