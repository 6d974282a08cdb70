"""Markdown of the generated pages: paragraphs, tables, headings."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written by `make docs` from the code: change the code, not this page. -->"


def page(title: str, *parts: str) -> str:
    """Return a page of parts, with a blank line between them."""
    return "\n\n".join((GENERATED, f"# {title}", *(part for part in parts if part))) + "\n"


def paragraphs(text: str) -> str:
    """Return text with its paragraphs filled to the width of our pages."""
    return "\n\n".join(
        textwrap.fill(" ".join(each.split()), 100, break_long_words=False, break_on_hyphens=False)
        for each in text.split("\n\n")
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a column without any cell is left out."""
    cells = [[_cell(each) for each in row] for row in rows]
    kept = [at for at in range(len(heads)) if any(row[at] for row in cells)]
    lines = [[heads[at] for at in kept], ["---"] * len(kept)]
    lines += [[row[at] for at in kept] for row in cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if cells else ""


def code(text: object) -> str:
    """Return a word as code."""
    return f"`{text}`"


def words(texts: Iterable[object]) -> str:
    """Return words as code, separated by commas."""
    return ", ".join(map(code, texts))


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
