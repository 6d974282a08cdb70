"""Build directories in S3 that Neptune's loader reads there: whole, unchanged, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport import records, s3
from kgimport.errors import DestinationError, UsageError, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kgimport.locations import S3Path
    from kgimport.records import ExportRecord
    from kgimport.s3 import S3Object

# The folders of a build directory that the loader reads, in that order.
PREFIXES = {"node": "vertices", "relationship": "edges"}
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Loadable:
    """A build directory in S3: its record, and the tags of its objects, which change with them."""

    home: S3Path
    record: ExportRecord
    tags: Mapping[S3Path, str]

    def has(self, kind: str) -> bool:
        """Whether there are files of tables of a kind, "node" or "relationship"."""
        return any(table.files for table in self.record.tables if table.kind == kind)

    def tables(self) -> dict[str, str]:
        """Return the table of each file, by its address."""
        every = ((file.path, table.name) for table in self.record.tables for file in table.files)
        return {str(self.home / path): name for path, name in every}


def admit(home: S3Path) -> Loadable:
    """Return a build directory in S3 for Neptune that is as its export left it.

    Every object must have the size and the SHA-256 of the record, and there must be no other where
    the loader reads. Raises `DestinationError`, or `UsageError` if the files are for Neo4j.
    """
    there = {each.place: each for each in s3.below(home)}
    record = _record(home, there)
    if record.dialect == "neo4j":
        raise UsageError(
            f"{home} is a build directory for Neo4j, whose files Neptune's loader does not read",
            "export with --dialect neptune-gremlin to another --out",
        )
    if touched := _unlike_the_record(home, record, there):
        names = listed(touched, _SHOWN)
        raise DestinationError(f"{home} is not as its export left it: {names}", "export again")
    return Loadable(home, record, _tags(home, record, there))


def still(build: Loadable) -> None:
    """Refuse a build directory that has changed since it was admitted."""
    there = {each.place: each for each in s3.below(build.home)}
    now = _tags(build.home, build.record, there)
    if touched := [place for place, tag in build.tags.items() if now[place] != tag]:
        raise DestinationError(
            f"{build.home} changed while it was loaded: {listed(touched, _SHOWN)}",
            "load again when nothing else writes there",
        )


def _record(home: S3Path, there: Mapping[S3Path, S3Object]) -> ExportRecord:
    place = home / records.EXPORT_RECORD
    if place not in there or (text := s3.read(place)) is None:
        raise DestinationError(
            f"{home} is not a build directory: it has no {records.EXPORT_RECORD}",
            "run `kgimport export` with that --out first",
        )
    return records.parse(records.ExportRecord, text.decode(errors="replace"), str(place))


def _unlike_the_record(
    home: S3Path, record: ExportRecord, there: Mapping[S3Path, S3Object]
) -> list[str]:
    """Return the files that are missing, changed, or too many."""
    wanted = {home / file.path: file.sha256 for file in record.files}
    folders = tuple(f"{folder}/" for folder in PREFIXES.values())
    read = [each for each in there if each.name_below(home).startswith(folders)]
    present = [each for each in wanted if each in there]
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(present, pool.map(s3.digest, present), strict=True))
    sizes = {home / file.path: file.bytes for table in record.tables for file in table.files}
    unlike = [p for p, digest in wanted.items() if found.get(p) != (sizes[p], digest)]
    return [place.name_below(home) for place in (*unlike, *(p for p in read if p not in wanted))]


def _tags(
    home: S3Path, record: ExportRecord, there: Mapping[S3Path, S3Object]
) -> dict[S3Path, str]:
    places = (home / name for name in (records.EXPORT_RECORD, *(f.path for f in record.files)))
    return {place: there[place].etag if place in there else "" for place in places}
