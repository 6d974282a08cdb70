"""List the files of a table, on the local disk or in S3: those that Hive and Athena read, too.

Every file below a folder belongs to the table, regardless of its suffix, unless its name, or the
name of a folder above it, begins with `_` or `.`: those are markers, logs and the leftovers of
failed jobs.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kgimport import s3
from kgimport.errors import SourceError
from kgimport.locations import LocalPath, S3Path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kgimport.locations import Location


_WILD = re.compile(r"[*?\[]")
_EVERYTHING = ["**", "*"]
# If a table's folder contains one of these, not all of its files are the table's current ones.
_LOGS = {"_delta_log": "Delta Lake", ".hoodie": "Hudi"}


@dataclass(frozen=True, slots=True)
class File:
    """A file of a table: its name relative to the table's location, and its place.

    `tag` changes when the content does: it is the time of the last change, or S3's ETag.
    """

    name: str
    place: LocalPath | S3Path
    size: int
    tag: str

    def part(self, start: int, length: int) -> bytes:
        """Return `length` bytes from `start`, or fewer at the end of the file."""
        if isinstance(self.place, S3Path):
            return s3.part(self.place, start, min(length, self.size - start))
        with Path(self.place.path).open("rb") as stream:
            stream.seek(start)
            return stream.read(length)

    def opened(self) -> BinaryIO:
        """Open it as a seekable stream."""
        if isinstance(self.place, S3Path):
            return s3.opened(self.place, self.size)
        return Path(self.place.path).open("rb")


def of(location: Location) -> list[File]:
    """Return the files of a location (a file, a folder or a glob), sorted by name; maybe none.

    A relation or a query has no files before its source has located them. The order of the files is
    the order of the rows, so that the same input gives the same rows.
    """
    match location:
        case LocalPath():
            found = _here(location.path)
        case S3Path():
            found = _in_s3(location)
        case _:
            return []
    return sorted(found, key=lambda each: each.name)


def some(location: Location) -> list[File]:
    """Return the files of a location; raise `SourceError` if there are none."""
    if found := of(location):
        return found
    raise SourceError(
        f"no Parquet file at {location}",
        "correct the table's location, or the folder of --tables",
    )


def _steps(path: str) -> tuple[list[str], int | None]:
    """Return the parts of a path, and the index of the first that has a pattern, if any."""
    steps = path.rstrip("/").split("/")
    return steps, next((at for at, step in enumerate(steps) if _WILD.search(step)), None)


def _here(path: str) -> Iterator[File]:
    steps, wild = _steps(path)
    if wild is None or Path(path).exists():
        return _on_disk(Path(path), _EVERYTHING)
    base = "/".join(steps[:wild]) or "/" * path.startswith("/")
    return _on_disk(Path(base), steps[wild:])


def _on_disk(base: Path, steps: list[str]) -> Iterator[File]:
    if base.is_file():
        yield _local(base, base.name)
    elif base.is_dir():
        if steps == _EVERYTHING:
            _must_be_plain(str(base), (log for log in _LOGS if (base / log).exists()))
        yield from _below(base, (), steps)


def _must_be_plain(location: str, found: Iterable[str]) -> None:
    for log in found:
        raise SourceError(
            f"{location} is a {_LOGS[log]} table, and only its {log} states which files count",
            "write it as plain Parquet, or have Athena read it",
        )


def _must_not_hide_a_partition(location: str, folders: Sequence[str]) -> None:
    """Refuse a hidden partition such as `_year=2026`, which Spark reads and Hive ignores."""
    hidden = next(filter(_is_hidden, folders), "")
    if hidden.startswith("_") and "=" in hidden:
        raise SourceError(
            f"{location} has a folder {hidden}, which some engines read and others ignore",
            "give the column another name, or begin the folder's name with a dot",
        )


def _below(folder: Path, above: tuple[str, ...], steps: list[str]) -> Iterator[File]:
    """Yield the files below a folder that match the steps of a glob; `above` names its parents.

    Links are followed. A folder that cannot be listed is an error.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            names = (*above, entry.name)
            if entry.is_dir():
                if steps == _EVERYTHING:
                    _must_not_hide_a_partition(str(folder), names)
                if _leads(names, steps):
                    yield from _below(Path(entry.path), names, steps)
            elif _fits(names, steps):
                yield _local(Path(entry.path), "/".join(names))


def _local(path: Path, name: str) -> File:
    about = path.stat()
    return File(name, LocalPath(str(path)), about.st_size, str(about.st_mtime_ns))


def _in_s3(location: S3Path) -> Iterator[File]:
    """Yield the objects that match, without empty ones, which are markers of folders."""
    steps, wild = _steps(location.key)
    base = "/".join(steps[:wild])
    below = f"{base}/" if base else ""
    stem = base if wild is None else f"{below}{_WILD.split(steps[wild])[0]}"
    meant = _EVERYTHING if wild is None else steps[wild:]
    for each in s3.listed(replace(location, key=stem)):
        if wild is None and each.place.key == base and each.bytes:
            yield File(steps[-1], each.place, each.bytes, each.etag)
        if not each.place.key.startswith(below):
            continue
        name = each.place.key.removeprefix(below)
        if meant == _EVERYTHING:
            _must_be_plain(str(location), _LOGS.keys() & {name.split("/")[0]})
            _must_not_hide_a_partition(str(location), name.split("/")[:-1])
        if each.bytes and _fits(name.split("/"), meant):
            yield File(name, each.place, each.bytes, each.etag)


def _fits(names: tuple[str, ...] | list[str], steps: list[str]) -> bool:
    """Return whether a file's path matches a glob, step by step; `**` is any number of folders."""
    if not steps or not names:
        return len(steps) == len(names)
    if steps[0] == "**":
        deeper = not _is_hidden(names[0]) and _fits(names[1:], steps)
        return deeper or _fits(names, steps[1:])
    return _is_step(names[0], steps[0]) and _fits(names[1:], steps[1:])


def _leads(names: tuple[str, ...], steps: list[str]) -> bool:
    """Return whether files below a folder may match a glob."""
    if not steps or not names:
        return bool(steps)
    if steps[0] == "**":
        deeper = not _is_hidden(names[0]) and _leads(names[1:], steps)
        return deeper or _leads(names, steps[1:])
    return _is_step(names[0], steps[0]) and _leads(names[1:], steps[1:])


def _is_step(name: str, step: str) -> bool:
    return fnmatchcase(name, step) and (_is_hidden(step) or not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    return name.startswith(("_", "."))
