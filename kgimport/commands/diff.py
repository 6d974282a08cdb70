"""`kgimport diff`: what differs between two builds of a graph, and a delta for Neptune."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import deltas, files, locations, records, second_reader, temporary
from kgimport.aws import ENVIRONMENT
from kgimport.builds import folders, intact
from kgimport.builds.remote import fetched
from kgimport.clock import Clock
from kgimport.errors import UsageError
from kgimport.locations import S3Path
from kgimport.progress import silent
from kgimport.records import DELTA_RECORD, DeltaRecord, on_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kgimport.aws import Session
    from kgimport.deltas import Table
    from kgimport.progress import Progress
    from kgimport.records import DeltaFile, ExportRecord


def diff(
    old: str | Path,
    new: str | Path,
    *,
    out: str | Path | None = None,
    memory_mb: int = 1024,
    session: Session = ENVIRONMENT,
    progress: Progress = silent,
) -> DeltaRecord:
    """Compare two build directories of a graph, and write the delta for Neptune to a folder.

    Both are local, or in S3; the folder `out` is local. Without it, the differences are only
    counted. What the comparison holds beyond `memory_mb` MiB goes to disk. Raises `UsageError` if
    the builds cannot be compared.
    """
    if out is not None and isinstance(locations.folder(str(out), session), S3Path):
        raise UsageError("a delta is written to a folder", "copy it to S3 from there")
    with ExitStack() as held:
        before, after = (held.enter_context(_opened(p, progress, session)) for p in (old, new))
        _must_be_comparable(before.record, after.record)
        if after.record.dialect == "neo4j":
            _must_be_countable(before.record, after.record, out)
        folder = None
        if out is not None:
            whole = folders.fresh(Path(out), progress, record=DELTA_RECORD, what="a delta")
            folder = held.enter_context(whole)
        return _compared(before, after, folder, memory_mb, progress)


@dataclass(frozen=True, slots=True)
class _Build:
    """A build directory as a local folder, and its record."""

    folder: Path
    record: ExportRecord


@contextmanager
def _opened(build: str | Path, progress: Progress, session: Session) -> Iterator[_Build]:
    """Provide a build directory that no export replaces meanwhile."""
    with fetched(str(build), progress, session) as folder, folders.reading(folder):
        yield _Build(folder, on_disk.read_export(folder))


def _must_be_comparable(old: ExportRecord, new: ExportRecord) -> None:
    if old.graph != new.graph:
        raise UsageError(
            f"these are builds of two graphs, {old.graph} and {new.graph}",
            "name two builds of one graph",
        )
    if old.dialect != new.dialect:
        raise UsageError(
            f"one build is for {old.dialect}, the other for {new.dialect}",
            "export both with the same --dialect",
        )


def _must_be_countable(old: ExportRecord, new: ExportRecord, out: str | Path | None) -> None:
    """Refuse builds for Neo4j that have no keys to compare, and a delta of any."""
    if {(each.ids, each.format) for each in (old, new)} != {("keys", "csv")}:
        raise UsageError(
            "builds for Neo4j are compared by keys, which only CSV with keys for ids has",
            "export both with --ids keys --format csv",
        )
    if out is not None:
        raise UsageError(
            "no delta is written for Neo4j: its stores are built from scratch",
            "leave out --out, to count; or export both with --dialect neptune-gremlin",
        )


def _compared(
    old: _Build, new: _Build, folder: Path | None, memory_mb: int, progress: Progress
) -> DeltaRecord:
    """Return the record of the delta, which is written if there is a folder for it."""
    clock = Clock(progress)
    with clock.stage("check"):
        both = deltas.pairs(_admitted(old, new.record), _admitted(new, old.record))
    with temporary.folder() as spill, second_reader.database(memory_mb, spill=spill) as made:
        with clock.stage("compare"):
            labels, types = (deltas.counted(made, pair, progress) for pair in both)
        written: tuple[DeltaFile, ...] = ()
        if folder is not None:
            with clock.stage("write"):
                written = tuple(deltas.write(made, both, folder, new.record.dialect, progress))
    record = DeltaRecord(
        graph=new.record.graph,
        dialect=new.record.dialect,
        old=old.record.build_id,
        new=new.record.build_id,
        kgimport=version("kgimport"),
        labels=labels,
        types=types,
        files=written,
        seconds=clock.seconds,
    )
    if folder is not None:
        files.write_whole(folder / DELTA_RECORD, records.dump(record))
    return record


def _admitted(build: _Build, other: ExportRecord) -> Sequence[Table]:
    """Return the tables of a build, after a check that its files are as the export left them."""
    found = deltas.tables_of(build.folder, build.record, deltas.identities(other))
    read = {file.relative_to(build.folder).as_posix() for each in found for file in each.fresh}
    intact.admit_files(build.folder, build.record, read)
    return found
