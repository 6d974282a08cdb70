"""A private server on a store, which leaves the store's own system database untouched."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kgimport import temporary
from kgimport.errors import ServerError
from kgimport.neo4j import stores
from kgimport.neo4j.runtime.programs import with_fast_start
from kgimport.neo4j.runtime.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.records import ExportRecord


DATABASE = "neo4j"  # the one user database that Community serves by default

# A server writes one or two MiB next to a store, and hangs without room for them.
ROOM_MB = 16
OPEN = {"dbms.security.auth_enabled": "false"}
# `id()` is deprecated, but there is no other name for a record id.
_QUIET: dict[str, Any] = {"notifications_min_severity": "OFF"}
_SMALL = 1_000_000  # nodes and relationships


@contextmanager
def linked_database(data: Path) -> Iterator[tuple[Path, Path]]:
    """Provide a home and a data directory that links to the user database in `data`.

    What a server creates next to that database (the system database, its id) is removed with the
    block, so that the store still accepts an initial password at its first real start.
    """
    must_be_free(data)
    with temporary.folder(ROOM_MB) as place:
        home, own = place / "home", place / "data"
        for part in ("databases", "transactions"):
            (own / part).mkdir(parents=True)
            (own / part / DATABASE).symlink_to((data / part / DATABASE).absolute())
        yield home, own


def must_be_free(data: Path) -> None:
    """Raise `ServerError` if another Neo4j serves the store of that data directory."""
    if stores.is_served(data.parent):
        raise ServerError(
            f"the store {data.parent} is in use: another Neo4j serves it",
            "stop that one first, or use it: its address was printed when it began",
        )


@contextmanager
def private_driver(neo4j: Neo4j, data: Path) -> Iterator[Driver]:
    """Provide a driver to a private server: on a free loopback port, without HTTP or password."""
    from neo4j import GraphDatabase  # noqa: PLC0415  (slow to import)

    with (
        linked_database(data) as (home, own),
        serving(neo4j, home=home, data=own, settings=OPEN) as server,
        GraphDatabase.driver(server.bolt_uri, auth=None, **_QUIET) as driver,
    ):
        yield driver


def tuned_for(neo4j: Neo4j, record: ExportRecord) -> Neo4j:
    """Return the Neo4j with the options that are fastest for a graph of that size."""
    small = record.nodes + record.relationships < _SMALL
    return with_fast_start(neo4j) if small else neo4j
