"""`kgimport serve`: run a server on a published store for as long as a `with` block lasts."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import temporary
from kgimport.neo4j import stores
from kgimport.neo4j.private import OPEN, ROOM_MB, linked_database, must_be_free
from kgimport.neo4j.runtime.choice import chosen
from kgimport.neo4j.runtime.config import READ_ONLY, configure, within
from kgimport.neo4j.runtime.server import serving, set_initial_password
from kgimport.options import SERVE_DEFAULTS
from kgimport.progress import silent, unread
from kgimport.records import on_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.neo4j.runtime.server import Server
    from kgimport.options import ServeOptions
    from kgimport.progress import Progress

USER = "neo4j"


@dataclass(frozen=True, slots=True)
class Served:
    """A store that a server serves: the server's addresses, and a driver connected to it."""

    store: Path
    uri: str  # of Bolt
    http_uri: str | None  # Neo4j Browser is at <http_uri>/browser/
    driver: Driver
    wait: Callable[[], int]  # blocks until the server ends by itself; returns its exit code


@contextmanager
def serve(
    store: str | Path,
    *,
    neo4j: Neo4j | str | None = None,
    options: ServeOptions = SERVE_DEFAULTS,
    progress: Progress = silent,
    on_line: Callable[[str], None] = unread,
) -> Iterator[Served]:
    """Serve a store on the loopback address until the block ends, read-only by default.

    `store` is a store, or the folder of a graph's stores, which stands for the current one.
    `neo4j` runs it: by default the embedded one of the store's own version. `on_line` gets the
    server's log, line by line, from another thread. Raises `ServerError` if the server does not
    start, if its port is taken, or if another server uses the store.
    """
    from neo4j import GraphDatabase  # noqa: PLC0415  (slow to import)

    place = stores.find(Path(store))
    program = chosen(neo4j or on_disk.read_store(place).neo4j, progress)
    auth = (USER, options.password) if options.password else None
    progress("start Neo4j", None)
    with (
        _server(place, program, options, auth, on_line) as server,
        GraphDatabase.driver(server.bolt_uri, auth=auth) as driver,
    ):
        yield Served(place, server.bolt_uri, server.http_uri, driver, server.wait)


@contextmanager
def _server(
    store: Path,
    neo4j: Neo4j,
    options: ServeOptions,
    auth: tuple[str, str] | None,
    on_line: Callable[[str], None],
) -> Iterator[Server]:
    settings = within(options.limits) | ({} if options.writable else READ_ONLY)
    with ExitStack() as stack:
        if options.password is None:
            home, data = stack.enter_context(linked_database(store / "data"))
            settings |= OPEN
        else:
            home = stack.enter_context(temporary.folder(ROOM_MB))
            data = store / "data"
            must_be_free(data)
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
                auth=auth,
                on_line=on_line,
            )
        )
