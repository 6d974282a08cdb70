"""Build directories in S3: uploaded after they are written here, or downloaded."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import files, locations, records, s3, sources, temporary
from kgimport.aws import ENVIRONMENT
from kgimport.builds import loads
from kgimport.errors import DestinationError
from kgimport.locations import S3Path
from kgimport.records import on_disk
from kgimport.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kgimport.aws import Session
    from kgimport.progress import Progress
    from kgimport.records import ExportRecord

# The object that marks an upload in progress, so that what a failed upload left may be replaced.
UNDER_WAY = f"{records.EXPORT_RECORD}.partial"


def published(record: ExportRecord, folder: Path, home: S3Path, progress: Progress) -> ExportRecord:
    """Upload a build directory to S3; the old record is removed first, the new one comes last."""
    manifest = folder / records.EXPORT_RECORD
    s3.upload(manifest, home / UNDER_WAY, files.sha256(manifest))
    s3.delete_objects([home / records.EXPORT_RECORD])
    ours = sorted(each for each in folder.rglob("*") if each.is_file() and each != manifest)
    for at, file in enumerate(ours):
        name = file.relative_to(folder).as_posix()
        progress(f"upload {name}", at / len(ours))
        s3.upload(file, home / name, files.sha256(file))
    sizes = {home / file.relative_to(folder).as_posix(): file.stat().st_size for file in ours}
    _remove_others(home, sizes)
    record = _seen_there(record)
    files.write_whole(manifest, records.dump(record))
    s3.upload(manifest, home / manifest.name, files.sha256(manifest))
    s3.delete_objects([home / UNDER_WAY])
    return record


def _remove_others(home: S3Path, ours: Mapping[S3Path, int]) -> None:
    """Delete the objects that do not belong to this build, except for the records of loads.

    Raises `DestinationError` if an object of this build is missing, or has another size.
    """
    there = {each.place: each.bytes for each in s3.below(home)}
    if any(there.get(place) != size for place, size in ours.items()):
        raise DestinationError(f"another export writes to {home}", "export again when it has ended")
    kept = {each for each in there if each.name_below(home).startswith(f"{loads.FOLDER}/")}
    s3.delete_objects(sorted(there.keys() - ours.keys() - kept - {home / UNDER_WAY}, key=str))


def _seen_there(record: ExportRecord) -> ExportRecord:
    """Return the record with the fingerprints that queried tables have in S3."""
    asked = {query.table for query in record.queries}
    prints = {
        t.name: sources.fingerprint(t) for t in record.declaration.tables if t.origin in asked
    }
    tables = (replace(t, fingerprint=prints.get(t.name, t.fingerprint)) for t in record.tables)
    return replace(record, tables=tuple(tables))


@contextmanager
def fetched(build: str, progress: Progress, session: Session = ENVIRONMENT) -> Iterator[Path]:
    """Provide a build directory as a local folder: itself, or for the block a copy of one in S3.

    Only the files that its record names are downloaded, under these names.
    """
    home = locations.folder(build, session)
    if not isinstance(home, S3Path):
        yield Path(build)
        return
    there = {each.place for each in s3.below(home)}
    if home / records.EXPORT_RECORD not in there:
        raise DestinationError(
            f"{home} is not a build directory: it has no {records.EXPORT_RECORD}",
            "run `kgimport export` with that --out first",
        )
    with temporary.folder() as place:
        folder = place / "build"
        folder.mkdir()
        s3.download(home / records.EXPORT_RECORD, folder / records.EXPORT_RECORD)
        record = on_disk.read_export(folder)
        companions = TARGETS[record.target].companions(record)
        wanted = [*companions, *(each.path for each in record.files)]
        for at, name in enumerate(wanted):
            progress(f"fetch {name}", at / len(wanted))
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if home / name in there:  # a missing file is reported later, with everything else
                s3.download(home / name, folder / name)
        yield folder
