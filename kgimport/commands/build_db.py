"""`kgimport build-db`: turn a build directory into a published store that is proved to hold it."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import files, records, second_reader
from kgimport.builds import folders, intact, readback
from kgimport.builds.remote import fetched
from kgimport.clock import Clock
from kgimport.errors import DestinationError, KgimportError, ReconciliationError
from kgimport.neo4j import importer, indexes, reconcile, stores
from kgimport.neo4j.private import DATABASE, private_driver, tuned_for
from kgimport.neo4j.reconcile.compare import compare
from kgimport.neo4j.runtime.choice import chosen
from kgimport.neo4j.runtime.config import configure
from kgimport.neo4j.runtime.programs import (
    explaining_missing_files,
    with_bulk_collector,
    with_parquet,
)
from kgimport.notebook import as_html
from kgimport.options import BUILD_DEFAULTS
from kgimport.progress import silent
from kgimport.records import on_disk
from kgimport.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kgimport.aws import Session
    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.options import BuildOptions
    from kgimport.progress import Progress
    from kgimport.records import ExportRecord, StoreRecord


_READ_BACK_MB = 1024
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Built:
    """A published store, and whether this run built it."""

    path: Path
    record: StoreRecord
    fresh: bool

    def _repr_html_(self) -> str:
        return as_html(self.record.summary())


def build_db(
    build: str | Path,
    root: str | Path,
    *,
    neo4j: Neo4j | str | None = None,
    options: BuildOptions = BUILD_DEFAULTS,
    progress: Progress = silent,
) -> Built:
    """Import a build directory into a fresh store below the folder `root`, prove and publish it.

    `build` is what `export` wrote, a folder or an s3:// address; it is locked against exports
    meanwhile. `neo4j` imports it and proves the store: a version, a line such as "5", or the result
    of `find_neo4j`; by default the embedded one.

    After an error, `current` is as it was, and the half-built store is removed. Raises
    `ImportFailedError` if Neo4j refuses the data, `ReconciliationError` if the store does not hold
    what the tables hold.
    """
    program = chosen(neo4j, progress)
    with fetched(str(build), progress, options.session) as folder:
        return _build_and_publish(folder, Path(root), program, options, progress)


def _build_and_publish(
    build: Path, root: Path, neo4j: Neo4j, options: BuildOptions, progress: Progress
) -> Built:
    build = build.resolve()
    with folders.reading(build):
        record = _asked_as(on_disk.read_export(build), options.session)
        _must_be_for_neo4j(build, record)
        facts = intact.admit(build, record)
        home = root.absolute() / record.graph
        with stores.locked(home):
            name = f"{record.build_id}-{neo4j.version}"
            if options.if_changed and (same := _unchanged(home, record, neo4j)):
                return same
            clock = Clock(progress)
            with explaining_missing_files(neo4j), stores.building(home) as folder:
                try:
                    made = _build(build, folder, record, neo4j, options=options, clock=clock)
                finally:  # if it was changed meanwhile, that is the reason of any other error
                    intact.still(build, record, facts)
                _leave_store(folder, record, made)
                published = stores.publish(folder, home, name)
            stores.retire(home, options.keep)
            return Built(published, made, fresh=True)


def _must_be_for_neo4j(build: Path, record: ExportRecord) -> None:
    if record.dialect != "neo4j":
        raise DestinationError(
            f"{build} was exported for Amazon Neptune (--dialect {record.dialect})",
            "export again without --dialect, or to S3, and load that with `kgimport load-neptune`",
        )


def _asked_as(record: ExportRecord, session: Session) -> ExportRecord:
    """Return a record whose tables in S3 use a session, which the stored record does not hold."""
    return replace(record, declaration=record.declaration.asked_as(session))


def _unchanged(home: Path, record: ExportRecord, neo4j: Neo4j) -> Built | None:
    try:
        current = stores.find(home)
        have = on_disk.read_store(current)
    except KgimportError:
        return None
    if (have.build_id, have.neo4j) != (record.build_id, neo4j.version):
        return None
    return Built(current, have, fresh=False)


def _build(
    build: Path,
    folder: Path,
    record: ExportRecord,
    neo4j: Neo4j,
    *,
    options: BuildOptions,
    clock: Clock,
) -> StoreRecord:
    neo4j = tuned_for(neo4j, record)
    data, home = folder / "data", folder / "home"
    configure(neo4j, home=home, data=data, settings={})
    with clock.stage("import"), _read_back(build, record):
        imported = importer.import_full(
            with_bulk_collector(_importer_of(neo4j, record, clock.progress)),
            build,
            home,
            database=DATABASE,
            options=(f"--report-file={home / 'logs' / 'import.report'}",),
            heap_mb=options.heap_mb or _heap_mb(),
            progress=clock.progress,
        )
    _reconcile(_import_differences(record, imported))
    shutil.rmtree(home)
    with clock.stage("start"), private_driver(neo4j, data) as driver:
        with clock.stage("schema"):
            indexes.create(driver, record.schema)
        with clock.stage("verify"):  # while the indexes are filled
            found = reconcile.actual(driver)
            _reconcile(reconcile.count_differences(reconcile.expected(record), found))
            _reconcile(reconcile.total_differences(driver, record))
            compared = compare(driver, record, options.samples)
            _reconcile(compared.differences)
        with clock.stage("index"):
            indexes.await_online(driver)
    stores.make_sparse(data)
    return records.StoreRecord(
        graph=record.graph,
        build_id=record.build_id,
        kgimport=record.kgimport,
        neo4j=neo4j.version,
        database=DATABASE,
        labels=found.labels,
        types=found.types,
        schema=tuple(item.name for item in record.schema),
        compared=compared.compared,
        bytes=files.size(data),
        seconds=_without_overlap(clock.seconds),
    )


@contextmanager
def _read_back(build: Path, record: ExportRecord) -> Iterator[None]:
    """Read the build directory back during the block, and raise `ReconciliationError` if it is off.

    It needs one processor for a tenth of an import's time.
    """
    with ThreadPoolExecutor(1) as pool, second_reader.database(_READ_BACK_MB, threads=1) as made:
        found = pool.submit(lambda: list(readback.differences(made, build, record)))
        try:
            yield
        except BaseException:
            while not found.done():  # nobody needs the result any longer
                made.interrupt()
                wait([found], timeout=_POLL_S)
            raise
        _reconcile(found.result())


def _importer_of(neo4j: Neo4j, record: ExportRecord, progress: Progress) -> Neo4j:
    """Return a Neo4j whose importer can read the build directory, with more jars if needed."""
    if TARGETS[record.target].files.kind == "csv":
        return neo4j
    importer.check_reads_parquet(neo4j)
    return with_parquet(neo4j, progress)


def _without_overlap(seconds: Mapping[str, float]) -> dict[str, float]:
    # The server's stage includes the stages that need it.
    inner = {name: seconds[name] for name in ("schema", "verify", "index")}
    start = round(seconds["start"] - sum(inner.values()), 3)
    return {"import": seconds["import"], "start": start, **inner}


def _heap_mb() -> int:
    """Return a quarter of the machine's memory in MiB, between half a gibibyte and four."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(512, min(4096, total // 4))


def _import_differences(record: ExportRecord, imported: Mapping[str, int]) -> Iterator[str]:
    wanted = {
        "nodes": record.nodes,
        "relationships": record.relationships,
        "properties": sum(table.properties for table in record.tables),
    }
    for name, count in wanted.items():
        if imported.get(name) != count:
            yield f"{name}: {count:,} were written, the importer reports {imported.get(name)}"


def _reconcile(differences: Sequence[str] | Iterator[str]) -> None:
    found = list(differences)
    if found:
        raise ReconciliationError(
            "the store does not hold what the source holds:\n  " + "\n  ".join(found),
            "export again when nothing writes to the tables; if it fails again, please report it",
        )


def _leave_store(folder: Path, export: ExportRecord, record: StoreRecord) -> None:
    # The record that was read, regardless of what the build directory holds by now.
    for name, content in TARGETS[export.target].extras(export).items():
        files.write_whole(folder / name, content)
    files.write_whole(folder / records.EXPORT_RECORD, records.dump(export))
    files.write_whole(folder / records.STORE_RECORD, records.dump(record))
