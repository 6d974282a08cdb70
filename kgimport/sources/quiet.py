"""Hide the lines that Rust writes to stderr at a panic, in addition to the exception."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def without_panics() -> Iterator[None]:
    """Hold back what is written to stderr during the block, and drop it if Polars panics.

    Only for short blocks: what other threads write appears late, and is lost after a panic.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), 2)
            try:
                yield
            except pl.exceptions.PanicException:
                held.truncate(0)
                raise
            finally:
                sys.stderr.flush()
                os.dup2(stderr, 2)
                _pass_on(held.fileno())
    finally:
        os.close(stderr)


def _pass_on(held: int) -> None:
    os.lseek(held, 0, os.SEEK_SET)
    while some := os.read(held, 1 << 16):
        os.write(2, some)
