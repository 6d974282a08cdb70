"""Rust tells of each panic on stderr, beside the exception: lines that help no user."""

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
    """Hold back what is written to stderr, and drops it where Polars panicked.

    For a moment's work only: other threads' words come late, and are lost after a panic.
    """
    sys.stderr.flush()
    told = os.dup(2)
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
                os.dup2(told, 2)
                _pass_on(held.fileno())
    finally:
        os.close(told)


def _pass_on(held: int) -> None:
    os.lseek(held, 0, os.SEEK_SET)
    while some := os.read(held, 1 << 16):
        os.write(2, some)
