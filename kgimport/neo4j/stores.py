"""The stores of a graph on disk: built aside, published by rename; the last few are kept.

    stores/lms/
      current -> 3fa1c09b77d2-2026.08.1     switched last, atomically
      3fa1c09b77d2-2026.08.1/               build id and Neo4j version
        data/  export.json  store.json
      .building-…/                          half-built; removed after a failure or by the next run

A reader follows `current`; a build that fails or is killed leaves that link as it was.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kgimport import files
from kgimport.errors import DestinationError
from kgimport.records import EXPORT_RECORD, STORE_RECORD, ExportRecord, StoreRecord
from kgimport.records.on_disk import read_export, read_store
from kgimport.temporary import unique

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CURRENT = "current"
_BUILDING = ".building-"
_SWITCHING = f".{CURRENT}-"  # as `files.replacing` names a new link
_BLOCK = 1 << 16


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Keep other builds out of a graph's stores; `DestinationError` if one is running."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / ".lock").open("w")
    except OSError as error:
        raise _unwritable(root, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DestinationError(
                f"another build is writing to {root}", "wait for it, or choose another --stores"
            ) from error
        _must_be_ours(root / CURRENT)
        yield


def _must_be_ours(current: Path) -> None:
    """Refuse now a `current` that could not be switched in the end."""
    if current.exists() and not current.is_symlink():
        raise DestinationError(
            f"{current} is not a link to a store, and kgimport does not replace it",
            "move it away, or choose another --stores",
        )


@contextmanager
def building(root: Path) -> Iterator[Path]:
    """Provide a folder in which a store is built; it is removed unless the store is published.

    The caller holds the lock, so anything half-done by earlier builds is removed first.
    """
    for left in root.glob(f"{_BUILDING}*"):
        shutil.rmtree(left, ignore_errors=True)
    for link in root.glob(f"{_SWITCHING}*"):
        link.unlink(missing_ok=True)
    try:
        folder = root / f"{_BUILDING}{unique()}"
        folder.mkdir()
    except OSError as error:
        raise _unwritable(root, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unwritable(path: Path, error: OSError) -> DestinationError:
    return DestinationError(
        f"{path} cannot be written: {error.strerror}", "choose a folder that can be"
    )


def publish(built: Path, root: Path, name: str) -> Path:
    """Move a finished store to its name, then switch `current` to it.

    Each step is synced to disk before the next one, so a power cut leaves the same as a kill. If a
    step fails, `current` stays as it was, and the store goes back to where it was made. A published
    store never replaces another one, so this is a plain rename.
    """
    target = _free(root, name)
    _settle(built)
    built.rename(target)
    try:
        _sync(root)
        switch(root, target)
    except OSError:
        with suppress(OSError):
            target.rename(built)
        raise
    _sync(root)
    return target


def _settle(folder: Path) -> None:
    """Sync a folder and everything below it to disk."""
    for place in (*folder.rglob("*"), folder):
        if not place.is_symlink():
            _sync(place)


def _sync(place: Path) -> None:
    """Sync a file, or the names in a folder, to disk."""
    opened = os.open(place, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot sync folders
            raise
    finally:
        os.close(opened)


def _free(root: Path, name: str) -> Path:
    # A store of that name may be served right now, so it is never touched.
    names = (name, *(f"{name}.{again}" for again in range(2, 1_000)))
    return next(root / each for each in names if not (root / each).exists())


def switch(root: Path, target: Path) -> None:
    """Point `current` to a store of the same folder, in one step."""
    with files.replacing(root / CURRENT) as aside:
        aside.symlink_to(target.name, target_is_directory=True)


def retire(root: Path, keep: int) -> tuple[Path, ...]:
    """Remove all but the newest `keep` stores, but never the current one or one that is served."""
    current = (root / CURRENT).resolve()
    stores = [at.parent for at in root.glob(f"*/{STORE_RECORD}") if not at.parent.is_symlink()]
    stores.sort(key=lambda store: (store == current, store.stat().st_mtime_ns), reverse=True)
    gone = tuple(store for store in stores[max(keep, 1) :] if not is_served(store))
    for store in gone:
        shutil.rmtree(store, ignore_errors=True)
    return gone


def is_served(store: Path) -> bool:
    """Return whether a Neo4j holds the lock of a database in the store (as a POSIX lock)."""
    return any(_is_held(lock) for lock in store.glob("data/databases/*/database_lock"))


def _is_held(lock: Path) -> bool:
    with lock.open("r+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def make_sparse(data: Path) -> None:
    """Make long runs of zeros in transaction logs take no disk, without changing a byte.

    Neo4j 5.26's importer preallocates 256 MiB of them, regardless of its settings.
    """
    for log in data.glob("transactions/*/neostore.transaction.db.*"):
        with files.replacing(log) as aside, log.open("rb") as old, aside.open("wb") as new:
            while block := old.read(_BLOCK):
                if block.count(0) == len(block):
                    new.seek(len(block), os.SEEK_CUR)
                else:
                    new.write(block)
            new.truncate(old.tell())


def find(path: Path) -> Path:
    """Return the store at a path: the path itself, or the `current` one of a graph's stores."""
    for candidate in (path, path / CURRENT):
        if (candidate / STORE_RECORD).is_file():
            return candidate.resolve()
    raise DestinationError(
        f"there is no store at {path}", "build one with `kgimport build-db`, or name its folder"
    )


def read(folder: Path) -> tuple[StoreRecord, ExportRecord]:
    """Return both records of a store; `DestinationError` if they are not of the same build."""
    record, export = read_store(folder), read_export(folder)
    if (record.graph, record.build_id) != (export.graph, export.build_id):
        raise DestinationError(
            f"{folder} is damaged: its {STORE_RECORD} and its {EXPORT_RECORD} are of two builds",
            "build it again with `kgimport build-db`",
        )
    return record, export
