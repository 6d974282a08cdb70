"""The streams that kgimport was started with: closed, full, or with nobody who reads them."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import TYPE_CHECKING, Any

from kgimport.errors import DestinationError

if TYPE_CHECKING:
    from typing import TextIO


def settle() -> None:
    """Make the three streams such that every other part may rely on them.

    One that is closed leads nowhere: else its number would be the next file's, into which the
    words of Java, or of a panic, would be written. A reader that has gone away changes nothing.
    What cannot be written to stdout is a `DestinationError`, once; what is only talk is lost. A
    character that the terminal's encoding does not have is shown by its number.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = _text(_Raw(1, "stdout"), sys.stdout)
    sys.stderr = _text(_Raw(2, None), sys.stderr)


def _text(raw: _Raw, like: TextIO | None) -> io.TextIOWrapper:
    encoding = like.encoding if like else "utf-8"
    buffer = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, encoding, errors="backslashreplace", line_buffering=True)


class _Raw(io.FileIO):
    """A stream by its number; one that has failed takes whatever comes and drops it."""

    def __init__(self, number: int, name: str | None) -> None:
        """Named are those whose failure matters."""
        super().__init__(number, "w", closefd=False)
        self.called, self.lost = name, False

    def write(self, data: Any, /) -> int:
        """Write, as far as there is somewhere to write to."""
        try:
            while not self.lost:
                if (written := super().write(data)) is not None:
                    return written
                select.select((), (self,), ())  # a pipe that is full, and does not block
        except OSError as error:
            self.lost = True
            if self.called and not isinstance(error, BrokenPipeError):
                raise DestinationError(
                    f"{self.called} cannot be written: {error.strerror}",
                    "send it elsewhere; what it was to tell of is done",
                ) from error
        return memoryview(data).nbytes
