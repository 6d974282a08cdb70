"""How long work reports that it is alive."""

from __future__ import annotations

from collections.abc import Callable

# Called with the stage, and how much of it is done (0 to 1), or None where that is not known.
Progress = Callable[[str, float | None], None]


def silent(_stage: str, _done: float | None) -> None:
    """Report nothing: the default of everything that reports its progress."""


def unread(_line: str) -> None:
    """Drop a line that another program printed: the default of everything that passes them on."""
