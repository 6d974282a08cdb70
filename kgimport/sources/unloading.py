"""Where a query's rows are unloaded in S3, and that nothing of them stays there."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from kgimport import s3
from kgimport.errors import KgimportError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.locations import S3Path


@contextmanager
def prefix(results: S3Path) -> Iterator[S3Path]:
    """Provide a new prefix below the results' location, and delete its objects afterwards."""
    made = results / "unload" / uuid4().hex
    try:
        yield made
    except KgimportError as error:
        _delete_after(error, made)
        raise
    except BaseException:
        s3.delete(made)
        raise
    s3.delete(made)


def _delete_after(error: KgimportError, made: S3Path) -> None:
    """Delete what a failed query left; if that fails, too, name what is left in the first error."""
    try:
        s3.delete(made)
    except KgimportError:
        left = f"{error.message}; what the query wrote may be left below {made}/"
        raise type(error)(left, error.hint) from error
