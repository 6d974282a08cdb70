"""Java's cache of Neo4j's classes, with which its programs start in about half the time.

Java 25 and later record which classes a program loads, and save them, parsed and linked, when it
ends (JEP 483, 514). A cache fits one Java and one class path: Java compares both, and the cache's
checksum, and ignores the cache if anything differs.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, get_args

from kgimport.errors import RuntimeMissingError
from kgimport.temporary import unique

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kgimport.neo4j.runtime.jvm import Java

Program = Literal["admin", "server"]

_FIRST_JAVA = 25
_STALE_S = 24 * 60 * 60
# Profiles recorded on three rows mislead Java's compiler on ten million: with them, the importer
# takes a tenth more processor time there than without any cache.
_CLASSES_ONLY = ("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTRecordTraining")


def place(version: str, java: Java, jars: Sequence[Path], cache: Path) -> Path | None:
    """Return the folder for the caches of one Neo4j on one Java; None for a Java without caches.

    Its name covers everything that Java compares, so its content fits: another Java, or jars that
    were fetched again, give another name.
    """
    if java.major < _FIRST_JAVA:
        return None
    known = hashlib.sha256(f"{java.program} {java.version}".encode())
    for jar in jars:
        about = jar.stat()
        known.update(f"\n{jar} {about.st_size} {int(about.st_mtime)}".encode())
    return cache.absolute() / "classes" / f"{version}-{known.hexdigest()[:12]}"


def flags(folder: Path | None, program: Program, *, record: bool) -> tuple[str, ...]:
    """Return Java's options to write the program's cache or to use it; none without a cache."""
    if folder is None:
        return ()
    cache = _cache(folder, program)
    if record:
        return (f"-XX:AOTCacheOutput={cache}", *_CLASSES_ONLY)
    if not cache.is_file():
        return ()
    # Java ignores a cache that does not fit, and must not report it among Neo4j's messages.
    return (f"-XX:AOTCache={cache}", "-XX:+VerifySharedSpaces", "-Xlog:aot*=off,cds*=off")


@contextmanager
def recording(folder: Path) -> Iterator[Path]:
    """Provide a folder for the programs to write to, which becomes `folder` if the block ends well.

    Caches of the same Neo4j for another Java, or for jars that were fetched again, are removed:
    each takes 200 MB. Raises RuntimeMissingError if nothing can be written there, or if Java has
    not written a cache for every program.
    """
    _sweep(folder)
    aside = folder.with_name(f".{folder.name}-{unique()}")
    try:
        aside.mkdir(parents=True)
    except OSError as error:
        raise RuntimeMissingError(
            f"the cache {folder.parent} cannot be written: {error.strerror}",
            "set KGIMPORT_CACHE to a directory that can",
        ) from error
    try:
        yield aside
        _must_be_whole(aside)
        for other in folder.parent.glob(f"{folder.name.rpartition('-')[0]}-*"):
            shutil.rmtree(other, ignore_errors=True)
        # Not `files.replacing`, which replaces files: a folder needs its name to be free.
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what killed recordings left behind, but not what may still be in progress."""
    for left in folder.parent.glob(f".{folder.name.rpartition('-')[0]}-*"):
        if left.stat().st_mtime < time.time() - _STALE_S:
            shutil.rmtree(left, ignore_errors=True)


def _must_be_whole(folder: Path) -> None:
    if missing := [name for name in get_args(Program) if not _cache(folder, name).is_file()]:
        raise RuntimeMissingError(
            f"Java has not kept the classes of Neo4j's {' and '.join(missing)}",
            "free some disk, or go without: builds work as before, but start more slowly",
        )


def _cache(folder: Path, program: Program) -> Path:
    return folder / f"{program}.aot"


def size(folder: Path) -> int:
    """Return how many bytes the caches in a folder take; 0 if there are none."""
    return sum(cache.stat().st_size for cache in folder.glob("*.aot"))
