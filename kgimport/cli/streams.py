"""Make the standard streams reliable, which may be closed, full, or without a reader."""

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
    """Replace the three streams by ones on which all other code can rely.

    A closed stream gets /dev/null: otherwise the next opened file would get its number, and with it
    the output of Java or of a panic. A reader that has gone away is not an error. Output that
    cannot be written to stdout is a `DestinationError`, once; messages to stderr are lost.
    Characters that the terminal's encoding lacks are shown by their numbers.
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
    """A stream by its number; after a failure, it drops all output."""

    def __init__(self, number: int, name: str | None) -> None:
        """Open a stream; only the failure of one with a name is an error."""
        super().__init__(number, "w", closefd=False)
        self.called, self.lost = name, False

    def write(self, data: Any, /) -> int:
        """Write data, or drop it after a failure."""
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
                    "send the output elsewhere; the command itself has done its work",
                ) from error
        return memoryview(data).nbytes
