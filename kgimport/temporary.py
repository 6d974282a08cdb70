"""Temporary folders in TMPDIR: removed with their block, and swept after a run that was killed.

A folder belongs to a run as long as that run holds the lock on a file in it. A lock ends with its
process, however that ends, and is visible from other containers that share the disk, where process
numbers mean nothing. Only folders that contain that file are ever removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING
from uuid import uuid4

from kgimport.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "kgimport-"
_OWNED = ".kgimport-owned"
_MIB = 2**20


def unique() -> str:
    """Return a part of a name that no other run uses, even in containers (all are process 1)."""
    return uuid4().hex[:12]


@contextmanager
def folder(least_mb: int = 0) -> Iterator[Path]:
    """Provide a private folder, mode 0700, on a disk with at least `least_mb` MiB free.

    First removes what killed runs left there. Raises `DestinationError` if there is no room.
    """
    root = _root()
    _sweep(root)
    _must_have(root, least_mb)
    try:
        place, lock = _owned(root)
    except OSError as error:
        raise DestinationError(
            f"{root} cannot be written: {error.strerror}", "set TMPDIR to a folder that can"
        ) from error
    try:
        with lock:
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _root() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except OSError as error:
        raise DestinationError(
            "no folder for temporary files can be written and has free space",
            "free some disk, or set TMPDIR to a folder elsewhere",
        ) from error


def _must_have(root: Path, least_mb: int) -> None:
    free = shutil.disk_usage(root).free // _MIB
    if free < least_mb:
        raise DestinationError(
            f"{root} has {free} MiB left for temporary files, but {least_mb} are needed",
            "free some disk, or set TMPDIR to a folder elsewhere",
        )


def _owned(root: Path) -> tuple[Path, IO[str]]:
    """Return a new folder, and the file in it whose lock this process holds."""
    while True:
        place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        lock = (place / _OWNED).open("w", encoding="utf-8")
        if _is_ours(lock) and (place / _OWNED).exists():
            return place, lock
        lock.close()  # swept before it was locked


def _is_ours(lock: IO[str]) -> bool:
    """Take the lock; False if another process has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _sweep(root: Path) -> None:
    """Remove the folders of dead owners; a folder that cannot be opened belongs to another user."""
    for file in root.glob(f"{PREFIX}*/{_OWNED}"):
        with suppress(OSError):
            if _is_left(file):
                shutil.rmtree(file.parent, ignore_errors=True)


def _is_left(file: Path) -> bool:
    """Return whether a folder is this user's and nobody holds its lock."""
    about = file.parent.lstat()
    if about.st_uid != os.geteuid() or file.parent.is_symlink():
        return False
    with file.open("r+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True
