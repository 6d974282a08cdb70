"""`kgimport serve` and `kgimport verify`: a server on a published store."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgimport import sources, temporary
from kgimport.builds import folders
from kgimport.checks.scan import scan
from kgimport.errors import ServerError
from kgimport.neo4j import reconcile as verification
from kgimport.neo4j import stores
from kgimport.neo4j.runtime.config import READ_ONLY, Limits, configure, ending_within, within
from kgimport.neo4j.runtime.programs import quick_to_start
from kgimport.neo4j.runtime.server import serving, set_initial_password
from kgimport.records import EXPORT_RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from neo4j import Driver

    from kgimport.graph import Table
    from kgimport.neo4j.reconcile import Samples
    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.neo4j.runtime.server import Server
    from kgimport.records import ExportRecord, Progress, StoreRecord

DATABASE = "neo4j"  # the one user database that Community serves without being told
USER = "neo4j"
# What a server writes beside a store are one or two; one that has no room for them stands still.
_ROOM_MB = 16
_OPEN = {"dbms.security.auth_enabled": "false"}


@contextmanager
def borrowed(data: Path) -> Iterator[tuple[Path, Path]]:
    """A home and a data directory whose user database is the one in `data`, by links.

    What a server makes beside that database (the system database, its id) is gone with the block,
    so that the first real start of the store takes the user's password.
    """
    _must_be_free(data)
    with temporary.folder(_ROOM_MB) as place:
        home, own = place / "home", place / "data"
        for part in ("databases", "transactions"):
            (own / part).mkdir(parents=True)
            (own / part / DATABASE).symlink_to((data / part / DATABASE).absolute())
        yield home, own


def _must_be_free(data: Path) -> None:
    if stores.is_served(data.parent):
        raise ServerError(
            f"the store {data.parent} is in use: another Neo4j serves it",
            "stop that one first, or use it: its address was printed when it began",
        )


@contextmanager
def connected(neo4j: Neo4j, data: Path) -> Iterator[Driver]:
    """A driver to a server for ourselves alone: a free loopback port, no HTTP, no password."""
    from neo4j import GraphDatabase  # noqa: PLC0415  (slow to import)

    with (
        borrowed(data) as (home, own),
        serving(neo4j, home=home, data=own, settings=_OPEN) as server,
        GraphDatabase.driver(server.bolt_uri, auth=None, **_QUIET) as driver,
    ):
        yield driver


# `id()` is deprecated, and there is no other name for a record id.
_QUIET: dict[str, Any] = {"notifications_min_severity": "OFF"}


def suited(neo4j: Neo4j, record: ExportRecord) -> Neo4j:
    """The Neo4j as it is quickest for a graph of that size."""
    small = record.nodes + record.relationships < _SMALL
    return quick_to_start(neo4j) if small else neo4j


_SMALL = 1_000_000


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What a user may choose for `serve`; without a password, anyone on this machine may read."""

    bolt_port: int = 7687
    http_port: int = 7474
    writable: bool = False
    password: str | None = None
    limits: Limits = field(default_factory=Limits)
    heap_mb: int | None = None
    pagecache_mb: int | None = None


@contextmanager
def served(
    store: Path, neo4j: Neo4j, options: ServeOptions, on_line: Callable[[str], None]
) -> Iterator[Server]:
    """Serves a store on the loopback address, read-only unless it is to be writable."""
    # Whoever presses Ctrl-C waits for no query, unless it may be writing.
    reading = READ_ONLY | ending_within(0)
    settings = within(options.limits) | ({} if options.writable else reading)
    with ExitStack() as stack:
        if options.password is None:
            home, data = stack.enter_context(borrowed(store / "data"))
            settings |= _OPEN
        else:
            home = stack.enter_context(temporary.folder(_ROOM_MB))
            data = store / "data"
            _must_be_free(data)
            configure(neo4j, home=home, data=data, settings={})
            set_initial_password(neo4j, home=home, password=options.password)
        yield stack.enter_context(
            serving(
                neo4j,
                home=home,
                data=data,
                settings=settings,
                bolt_port=options.bolt_port,
                http_port=options.http_port,
                heap_mb=options.heap_mb,
                pagecache_mb=options.pagecache_mb,
                auth=(USER, options.password) if options.password else None,
                on_line=on_line,
            )
        )


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
    with _queried_held(export), connected(suited(neo4j, export), store / "data") as driver:
        progress("verify", None)
        found = verification.actual(driver)
        unequal = list(verification.count_differences(verification.expected(export), found))
        unequal += verification.total_differences(driver, export)
        changed = tuple(changed_tables(export))
        compared = verification.Samples(0, ()) if changed else compare(driver, export, samples)
    return Verified(record, compared.compared, (*unequal, *compared.differences), changed)


@contextmanager
def _queried_held(record: ExportRecord) -> Iterator[None]:
    """Holds the build directories here in which rows lie that were queried for their export."""
    asked = {query.table for query in record.queries}
    tables = (table for table in record.declaration.tables if table.name in asked)
    with ExitStack() as held:
        for place in {Path(table.location).parent.parent for table in tables}:
            if (place / EXPORT_RECORD).is_file():
                held.enter_context(folders.reading(place))
        yield


def compare(driver: Driver, record: ExportRecord, size: int) -> Samples:
    """Compares sampled rows of every table, drawn by the build id, with what a server holds."""
    graph = record.declaration
    firsts = dict(_firsts(record)) if record.ids == "dense" else {}
    rows = {
        name: verification.Rows(each.frame, each.schema, each.fields, firsts.get(name))
        for name, each in scan(graph, record.format).items()
    }
    return verification.samples(driver, graph, rows, seed=record.build_id, size=size)


def _firsts(record: ExportRecord) -> Iterator[tuple[str, int]]:
    """The record id of each node table's first row."""
    nodes = [table for table in record.tables if table.kind == "node"]
    starts = accumulate((table.written for table in nodes), initial=0)
    return zip((table.name for table in nodes), starts, strict=False)


def changed_tables(record: ExportRecord) -> Iterator[str]:
    """The tables whose Parquet has changed, or is gone, since it was exported."""
    prints = {table.name: table.fingerprint for table in record.tables}
    for table in record.declaration.tables:
        if _fingerprint(table) != prints[table.name]:
            yield table.name


def _fingerprint(table: Table) -> str:
    try:
        return sources.fingerprint(table)
    except (OSError, ValueError):  # no place that a file system knows: the record is damaged
        return ""
