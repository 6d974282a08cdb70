"""Files and folders on disk: replaced in one step, hashed, named, measured."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kgimport.temporary import unique

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def folder_name(table: str) -> str:
    """Return a folder name for a table: letters, digits and `_` of ASCII, all else as code points.

    Neo4j's importer reads file names as regular expressions, so no other character is safe.
    """
    return re.sub(r"[^A-Za-z0-9_]", lambda match: f"-{ord(match.group()):x}-", table)


def sha256(path: Path) -> str:
    """Return a file's SHA-256, or "" if there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Provide a new name in the folder of `path`; what the block makes there takes its place.

    A file or a link is replaced in one step when the block ends well, so a reader finds either the
    old one or the new one. If the block fails, the new one is removed and the old one stays. A kill
    may leave the new one behind, as `.NAME-…`. Nothing is synced: after a power cut, the content
    may be lost; callers that must not lose it sync it themselves.
    """
    aside = path.with_name(f".{path.name}-{unique()}")
    try:
        yield aside
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step, see `replacing`.

    If `path` is a link, the file that it leads to is replaced and the link stays. A terminal, a
    pipe or a device is written to.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8", newline="")
        return
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8", newline="")


def size(folder: Path) -> int:
    """Return the bytes on disk of all files below a folder, without holes."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
