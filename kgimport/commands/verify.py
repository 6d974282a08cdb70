"""`kgimport verify`: prove that a store holds what the tables of its export hold."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.builds import folders
from kgimport.builds.intact import changed_tables
from kgimport.errors import ReconciliationError
from kgimport.locations import LocalPath
from kgimport.neo4j import reconcile, stores
from kgimport.neo4j.private import private_driver, tuned_for
from kgimport.neo4j.reconcile.compare import compare
from kgimport.neo4j.runtime.choice import chosen
from kgimport.notebook import as_html
from kgimport.options import SAMPLED_ROWS
from kgimport.progress import silent
from kgimport.records import EXPORT_RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.progress import Progress
    from kgimport.records import ExportRecord, StoreRecord


@dataclass(frozen=True, slots=True)
class Verified:
    """A store that holds its source, and how many of its rows were compared."""

    path: Path
    record: StoreRecord
    compared: int
    # Tables whose Parquet has changed since the export, so that their rows cannot be compared.
    changed: tuple[str, ...]

    def _repr_html_(self) -> str:
        return as_html(self.record.summary())


def verify(
    store: str | Path,
    *,
    neo4j: Neo4j | str | None = None,
    samples: int = SAMPLED_ROWS,
    progress: Progress = silent,
) -> Verified:
    """Reconcile a store's counts, and compare sampled rows with the Parquet of its export.

    `store` is a store, or the folder of a graph's stores, which stands for the current one.
    `neo4j` runs it: by default the embedded one of the store's own version. `samples` is how many
    rows of each table are compared. Raises `ReconciliationError` if anything differs.
    """
    place = stores.find(Path(store))
    record, export = stores.read(place)
    program = chosen(neo4j or record.neo4j, progress)
    progress("start", None)
    with (
        _queried_held(export),
        private_driver(tuned_for(program, export), place / "data") as driver,
    ):
        progress("verify", None)
        found = reconcile.actual(driver)
        unequal = list(reconcile.count_differences(reconcile.expected(export), found))
        unequal += reconcile.total_differences(driver, export)
        changed = tuple(changed_tables(export))
        compared = reconcile.Samples(0, ()) if changed else compare(driver, export, samples)
    _must_be_equal(place, (*unequal, *compared.differences))
    return Verified(place, record, compared.compared, changed)


def _must_be_equal(store: Path, differences: tuple[str, ...]) -> None:
    if differences:
        raise ReconciliationError(
            f"{store} does not hold its source:\n  " + "\n  ".join(differences),
            "build it again with `kgimport build-db`",
        )


@contextmanager
def _queried_held(record: ExportRecord) -> Iterator[None]:
    """Lock the local build directories that hold rows which a query gave for their export."""
    asked = {query.table for query in record.queries}
    tables = (table for table in record.declaration.tables if table.name in asked)
    with ExitStack() as held:
        here = (t.location.path for t in tables if isinstance(t.location, LocalPath))
        for place in {Path(path).parent.parent for path in here}:
            if (place / EXPORT_RECORD).is_file():
                held.enter_context(folders.reading(place))
        yield
