"""How long-running work reports its progress."""

from __future__ import annotations

from collections.abc import Callable

# Called with the stage, and how much of it is done (0 to 1), or None if that is not known.
Progress = Callable[[str, float | None], None]


def silent(_stage: str, _done: float | None) -> None:
    """Report nothing: the default of everything that reports progress."""


def unread(_line: str) -> None:
    """Drop a line of another program's output: the default of everything that passes it on."""
