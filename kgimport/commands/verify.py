"""`kgimport verify`: does a store hold what the tables of its export hold?"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.builds import folders
from kgimport.builds.intact import changed_tables
from kgimport.locations import LocalPath
from kgimport.neo4j import reconcile as verification
from kgimport.neo4j import stores
from kgimport.neo4j.private import private_driver, tuned_for
from kgimport.neo4j.reconcile.compare import compare
from kgimport.records import EXPORT_RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.records import ExportRecord, Progress, StoreRecord


@dataclass(frozen=True, slots=True)
class Verified:
    """What differs between a store and its source, and how much was compared."""

    record: StoreRecord
    compared: int
    differences: tuple[str, ...]
    # Tables whose Parquet has changed since the export: their rows cannot be compared.
    changed: tuple[str, ...]


def verify(store: Path, neo4j: Neo4j, *, samples: int, progress: Progress) -> Verified:
    """Reconciles a store's counts, and compares sampled rows with the Parquet of its export."""
    record, export = stores.read(store)
    progress("start", None)
    with _queried_held(export), private_driver(tuned_for(neo4j, export), store / "data") as driver:
        progress("verify", None)
        found = verification.actual(driver)
        unequal = list(verification.count_differences(verification.expected(export), found))
        unequal += verification.total_differences(driver, export)
        changed = tuple(changed_tables(export))
        compared = verification.Samples(0, ()) if changed else compare(driver, export, samples)
    return Verified(record, compared.compared, (*unequal, *compared.differences), changed)


@contextmanager
def _queried_held(record: ExportRecord) -> Iterator[None]:
    """Hold the build directories here in which rows lie that were queried for their export."""
    asked = {query.table for query in record.queries}
    tables = (table for table in record.declaration.tables if table.name in asked)
    with ExitStack() as held:
        here = (t.location.path for t in tables if isinstance(t.location, LocalPath))
        for place in {Path(path).parent.parent for path in here}:
            if (place / EXPORT_RECORD).is_file():
                held.enter_context(folders.reading(place))
        yield
