"""Whether a build directory is what its export left: before hours go into it, and after them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import sources
from kgimport.neo4j import stores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.graph import Table
    from kgimport.records import ExportRecord


from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from kgimport import files, records
from kgimport.errors import DestinationError, SourceError
from kgimport.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kgimport.records import ExportRecord

    # The size of each file, and when it was written; None where it is missing.
    Facts = Mapping[str, tuple[int, int] | None]


def admit(build: Path, record: ExportRecord) -> Facts:
    """Refuses a build directory that is not what its export left; gives what `still` asks for.

    Every file is hashed. What follows from the record alone (the importer's arguments, the schema)
    is made again and compared, so that a record is believed no more than what it declares. Raises
    `DestinationError`, and `SourceError` where tables have changed since.
    """
    facts = _facts(build, record)
    if touched := [*_unlike_the_record(build, record), *_unlike_their_digests(build, record)]:
        raise DestinationError(
            f"{build} is not what its export left: {', '.join(touched[:_SHOWN])}", "export again"
        )
    if tables := list(changed_tables(record)):
        raise SourceError(
            f"these tables changed since the export: {', '.join(tables)}",
            "export again, so that the store can be compared with what it is made of",
        )
    return facts


_SHOWN = 5


def still(build: Path, record: ExportRecord, facts: Facts) -> None:
    """Refuses a build directory, or tables, that have changed since they were admitted."""
    now = _facts(build, record)
    touched = [name for name, fact in facts.items() if now[name] != fact]
    if touched or stores.read_export(build) != record:
        names = ", ".join(touched[:_SHOWN]) or records.EXPORT_RECORD
        raise DestinationError(
            f"{build} changed while the store was built: {names}",
            "build again when nothing writes there",
        )
    if tables := list(changed_tables(record)):
        raise SourceError(
            f"these tables changed while the store was built: {', '.join(tables)}",
            "export again when nothing writes to them",
        )


def _facts(build: Path, record: ExportRecord) -> Facts:
    names = [records.EXPORT_RECORD, *TARGETS[record.format].companions(record)]
    return {name: _fact(build / name) for name in (*names, *(each.path for each in record.files))}


def _fact(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _unlike_the_record(build: Path, record: ExportRecord) -> Iterator[str]:
    """Yield what does not follow from the record, or is not in it as it follows from the
    declaration.
    """
    target = TARGETS[record.format]
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


def _unlike_their_digests(build: Path, record: ExportRecord) -> Iterator[str]:
    def digest(path: str) -> str:
        try:
            return files.sha256(build / path)
        except OSError:
            return ""

    with ThreadPoolExecutor() as pool:  # hashing lets other threads run
        digests = pool.map(digest, (file.path for file in record.files))
        pairs = zip(record.files, digests, strict=True)
        yield from (file.path for file, found in pairs if found != file.sha256)


def changed_tables(record: ExportRecord) -> Iterator[str]:
    """Yield the tables whose Parquet has changed, or is gone, since it was exported."""
    prints = {table.name: table.fingerprint for table in record.tables}
    for table in record.declaration.tables:
        if _fingerprint(table) != prints[table.name]:
            yield table.name


def _fingerprint(table: Table) -> str:
    try:
        return sources.fingerprint(table)
    except (OSError, ValueError):  # no place that a file system knows: the record is damaged
        return ""
