"""Build directories on disk: made aside, put in place by a rename, locked while they are read.

    build/
      lms/                the result of the last export
      .lms.partial-…/     an export in progress; if it was killed, the next one removes it
      .lms.old-…/         the result of the previous export, until the new one has its name
      .lms.exporting      locked by an export from its beginning to its end
      .lms.lock           locked by all readers of lms, and by an export that replaces it

The locks are next to the directory, not in it, because the directory is replaced. The last process
to release a lock removes its file.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kgimport.errors import DestinationError
from kgimport.records import EXPORT_RECORD
from kgimport.temporary import unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kgimport.progress import Progress

# How long an export waits for readers of the directory to replace: the import of a large graph.
READERS_S = 3600.0
# How long a reader waits for an export, which holds the lock for two renames.
_RENAMES_S = 60.0
_POLL_S = 0.1


@contextmanager
def fresh(
    out: Path, progress: Progress, *, record: str = EXPORT_RECORD, what: str = "a build directory"
) -> Iterator[Path]:
    """Provide a folder that replaces `out` when the block ends well.

    Only a folder that has the file `record` is replaced: a message calls that `what`.

    This is more than `files.replacing` does: a folder cannot replace another in one step, so locks
    keep readers out for two renames, and the next export repairs what a kill left between them.

    Raises `DestinationError` if another export uses `out`, or if `out` is still being read
    `READERS_S` seconds after the block has ended; `out` then stays as it was.
    """
    if out.exists() and not (out / record).is_file() and _holds_anything(out):
        raise DestinationError(f"{out} holds something other than {what}", "choose another --out")
    try:
        # A link stays, and the folder that it leads to is replaced.
        place = Path(os.path.realpath(out))
        _must_be_replaceable(place, out)
        aside = _sibling(place, f"partial-{unique()}")
        if not place.parent.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
        with _alone(place, out):
            try:
                _sweep(place)
                aside.mkdir()
                yield aside
                _take_place(place, aside, out, progress)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise DestinationError(
            f"{error.filename or out} cannot be written: {error.strerror}", "choose another --out"
        ) from error


def _holds_anything(path: Path) -> bool:
    return not path.is_dir() or any(path.iterdir())


def _must_be_replaceable(place: Path, out: Path) -> None:
    """Refuse now what could not, or should not, be renamed in the end."""
    here = Path.cwd()
    if here == place or place in here.parents:
        raise DestinationError(
            f"{out} is the folder that kgimport runs in, or one above it, and an export would "
            "replace it",
            "choose a folder within it, such as --out build",
        )
    if os.path.ismount(place):
        raise DestinationError(
            f"{out} is a mount point, which cannot be replaced with another folder",
            f"choose a folder within it, such as --out {place / 'build'}",
        )


def _sibling(place: Path, what: str) -> Path:
    return place.with_name(f".{place.name}.{what}")


@contextmanager
def reading(build: Path) -> Iterator[None]:
    """Keep exports from replacing a build directory; wait for one that is doing so."""
    place = build.resolve()
    wanted = _Lock(
        _sibling(place, "lock"),
        fcntl.LOCK_SH,
        DestinationError(f"an export is replacing {build}", "try again when it has ended"),
    )
    with ExitStack() as held:
        # A folder that cannot be written has no lock; `build-db` checks it again afterwards.
        with suppress(OSError):
            held.enter_context(_held(wanted, _RENAMES_S))
        yield


@contextmanager
def _alone(place: Path, out: Path) -> Iterator[None]:
    busy = DestinationError(
        f"another export is writing to {out}", "wait for it, or choose another --out"
    )
    with _held(_Lock(_sibling(place, "exporting"), fcntl.LOCK_EX, busy), 0):
        yield


def _sweep(place: Path) -> None:
    """Remove what killed exports left; the caller holds the lock, so no other export is running."""
    pattern = re.compile(rf"\.{re.escape(place.name)}\.(partial|old)-[0-9a-f]+")
    for left in sorted(place.parent.iterdir()):
        found = pattern.fullmatch(left.name)
        if found and found[1] == "old" and not place.exists():
            left.rename(place)  # killed between the two renames
        elif found:
            shutil.rmtree(left, ignore_errors=True)


def _take_place(place: Path, aside: Path, out: Path, progress: Progress) -> None:
    old = _sibling(place, f"old-{unique()}")
    busy = DestinationError(
        f"{out} was still being read after {READERS_S:.0f} seconds",
        "export again when that build-db or verify has ended, or choose another --out",
    )

    def report() -> None:
        progress(f"wait for readers of {out}", None)

    with _held(_Lock(_sibling(place, "lock"), fcntl.LOCK_EX, busy), READERS_S, report):
        try:
            if place.exists():
                place.rename(old)
            aside.rename(place)
        except BaseException:
            if old.exists() and not place.exists():
                old.rename(place)
            raise
    shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Lock:
    """A lock file, its kind (LOCK_SH or LOCK_EX), and the error if another process has it."""

    file: Path
    kind: int
    busy: DestinationError


@contextmanager
def _held(lock: _Lock, wait_s: float, report: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock while the block lasts; wait for it up to `wait_s` seconds, calling `report`."""
    end = time.monotonic() + wait_s
    while (file := _taken(lock)) is None:
        if time.monotonic() >= end:
            raise DestinationError(f"{lock.busy.message}{_by(lock.file)}", lock.busy.hint)
        report()
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        _let_go(file, lock.file)


def _taken(lock: _Lock) -> IO[str] | None:
    """Return the lock's file with our name in it; None if another process has it."""
    file = lock.file.open("a+", encoding="utf-8")
    if not (_locked(file, lock.kind) and _is_there(file, lock.file)):
        file.close()
        return None
    file.truncate(0)
    file.write(f"process {os.getpid()} on {platform.node()}")
    file.flush()
    return file


def _locked(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _is_there(file: IO[str], path: Path) -> bool:
    """Return whether the file at that path is still the one that was opened."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _let_go(file: IO[str], path: Path) -> None:
    """Remove the lock's file, unless other processes hold it too.

    A process that has opened it meanwhile, and gets the lock now, sees that the file is gone and
    opens a new one.
    """
    with file, suppress(OSError):
        if _locked(file, fcntl.LOCK_EX) and _is_there(file, path):
            path.unlink()


def _by(path: Path) -> str:
    """Return who took a lock last, if its file names it."""
    with suppress(OSError):
        if holder := path.read_text(encoding="utf-8", errors="replace"):
            return f" (by {holder[:100]})"
    return ""
