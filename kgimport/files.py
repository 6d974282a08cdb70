"""Files and folders on disk: written whole, hashed, named, measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.temporary import unique

if TYPE_CHECKING:
    from pathlib import Path


import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def folder_name(table: str) -> str:
    """Return a table's name as a folder: what is not plain ASCII is spelled by its code point.

    Neo4j's importer reads file names as regular expressions, so nothing else may stay.
    """
    return re.sub(r"[^A-Za-z0-9_]", lambda match: f"-{ord(match.group()):x}-", table)


def sha256(path: Path) -> str:
    """Return a file's SHA-256; "" where there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Write a file so that under its name there is either the old or the new content.

    A link stays a link. What is no file, such as a terminal, is written to.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8", newline="")
        return
    aside = path.with_name(f".{path.name}.{unique()}")
    try:
        aside.write_text(text, encoding="utf-8", newline="")
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def size(folder: Path) -> int:
    """Bytes on disk of all files below a folder (holes not counted)."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
