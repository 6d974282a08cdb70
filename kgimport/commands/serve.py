"""`kgimport serve` and `kgimport verify`: a server on a published store."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from kgimport import temporary
from kgimport.neo4j.private import _OPEN, _ROOM_MB, linked_database, must_be_free
from kgimport.neo4j.runtime.config import READ_ONLY, configure, ending_within, within
from kgimport.neo4j.runtime.server import serving, set_initial_password

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.neo4j.runtime.server import Server
    from kgimport.options import ServeOptions

USER = "neo4j"


@contextmanager
def served(
    store: Path, neo4j: Neo4j, options: ServeOptions, on_line: Callable[[str], None]
) -> Iterator[Server]:
    """Serve a store on the loopback address, read-only unless it is to be writable."""
    # Whoever presses Ctrl-C waits for no query, unless it may be writing.
    reading = READ_ONLY | ending_within(0)
    settings = within(options.limits) | ({} if options.writable else reading)
    with ExitStack() as stack:
        if options.password is None:
            home, data = stack.enter_context(linked_database(store / "data"))
            settings |= _OPEN
        else:
            home = stack.enter_context(temporary.folder(_ROOM_MB))
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
                auth=(USER, options.password) if options.password else None,
                on_line=on_line,
            )
        )
