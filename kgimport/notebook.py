"""How values are shown in a notebook, as HTML.

The code that draws a value may belong to a higher layer of the package, as the picture of a graph
does. So the value calls `html`, and the drawing code registers there: no module imports a higher
layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@singledispatch
def html(_: object) -> str | None:
    """Return a value as HTML; None if nothing draws it, and then a notebook shows its text."""
    return None


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts as a table: the command line prints it, and a notebook shows it as HTML."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]

    def _repr_html_(self) -> str:
        return as_html(self)


def as_html(table: Summary) -> str:
    """Return a table as HTML with everything escaped; numbers are aligned to the right."""
    head = "".join(f"<th>{escape(each)}</th>" for each in table.heads)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return (
        f"<table><caption>{escape(table.title)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def summary(title: str, heads: Sequence[str], rows: Iterable[Iterable[object]]) -> Summary:
    """Return a table with a title, a head for each column, and rows."""
    return Summary(title, tuple(heads), tuple(map(tuple, rows)))


def text(value: object) -> str:
    """Return a cell of a table as text; numbers have commas between thousands."""
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _cell(value: object) -> str:
    right = ' style="text-align: right"' if isinstance(value, int | float) else ""
    return f"<td{right}>{escape(text(value))}</td>"
