"""Checks that a build directory is as its export left it, before and after a build of hours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from kgimport import files, records, sources
from kgimport.errors import DestinationError, SourceError
from kgimport.records import on_disk
from kgimport.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from kgimport.graph import Table
    from kgimport.records import DataFile, ExportRecord, HeaderFile

    # The size and modification time of each file; None if it is missing.
    Facts = Mapping[str, tuple[int, int] | None]

_SHOWN = 5


def admit(build: Path, record: ExportRecord) -> Facts:
    """Refuse a build directory that is not as its export left it; return the facts for `still`.

    Every file is hashed. What follows from the record alone (the importer's arguments, the schema)
    is made again and compared, so that a record is trusted only for what it declares. Raises
    `DestinationError`, or `SourceError` if tables have changed since.
    """
    facts = _facts(build, record)
    _must_be_whole(
        build, [*_unlike_the_record(build, record), *_unlike_their_digests(build, record.files)]
    )
    if tables := list(changed_tables(record)):
        raise SourceError(
            f"these tables changed since the export: {', '.join(tables)}",
            "export again, so that the store can be compared with its source",
        )
    return facts


def admit_files(build: Path, record: ExportRecord, read: Collection[str]) -> None:
    """Refuse a build directory in which a file of rows differs from the record.

    Those at the paths `read` are hashed, as headers are; of the others, the size is compared.
    """
    rows = [file for table in record.tables for file in table.files]
    sizes = (file.path for file in rows if _size(build / file.path) != file.bytes)
    hashed = [file for file in record.files if file.path in read or file not in rows]
    _must_be_whole(build, [*sizes, *_unlike_their_digests(build, hashed)])


def _size(path: Path) -> int | None:
    fact = _fact(path)
    return fact[0] if fact else None


def _must_be_whole(build: Path, touched: Sequence[str]) -> None:
    if touched:
        raise DestinationError(
            f"{build} is not as its export left it: {', '.join(touched[:_SHOWN])}", "export again"
        )


def still(build: Path, record: ExportRecord, facts: Facts) -> None:
    """Refuse a build directory, or tables, that have changed since they were admitted."""
    now = _facts(build, record)
    touched = [name for name, fact in facts.items() if now[name] != fact]
    if touched or on_disk.read_export(build) != record:
        names = ", ".join(touched[:_SHOWN]) or records.EXPORT_RECORD
        raise DestinationError(
            f"{build} changed while the store was built: {names}",
            "build again when nothing else writes there",
        )
    if tables := list(changed_tables(record)):
        raise SourceError(
            f"these tables changed while the store was built: {', '.join(tables)}",
            "export again when nothing else writes to them",
        )


def _facts(build: Path, record: ExportRecord) -> Facts:
    names = [records.EXPORT_RECORD, *TARGETS[record.target].companions(record)]
    return {name: _fact(build / name) for name in (*names, *(each.path for each in record.files))}


def _fact(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _unlike_the_record(build: Path, record: ExportRecord) -> Iterator[str]:
    """Yield the files that differ from what the record or its declaration implies."""
    target = TARGETS[record.target]
    fixed = [target.argument(table) for table in record.declaration.tables]
    if (
        record.schema != target.schema(record.declaration)
        or [table.argument for table in record.tables] != fixed
    ):
        yield records.EXPORT_RECORD
    for name, text in target.companions(record).items():
        if _content(build / name) != text.encode():
            yield name


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _unlike_their_digests(build: Path, recorded: Sequence[HeaderFile | DataFile]) -> Iterator[str]:
    def digest(path: str) -> str:
        try:
            return files.sha256(build / path)
        except OSError:
            return ""

    with ThreadPoolExecutor() as pool:  # hashing lets other threads run
        digests = pool.map(digest, (file.path for file in recorded))
        pairs = zip(recorded, digests, strict=True)
        yield from (file.path for file, found in pairs if found != file.sha256)


def changed_tables(record: ExportRecord) -> Iterator[str]:
    """Yield the tables whose Parquet has changed or disappeared since it was exported."""
    prints = {table.name: table.fingerprint for table in record.tables}
    for table in record.declaration.tables:
        if _fingerprint(table) != prints[table.name]:
            yield table.name


def _fingerprint(table: Table) -> str:
    try:
        return sources.fingerprint(table)
    except (OSError, ValueError):  # not a path of a file system: the record is damaged
        return ""
