"""A server for ourselves alone, on a store whose own system database stays untouched."""

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


DATABASE = "neo4j"  # the one user database that Community serves without being told


# What a server writes beside a store are one or two; one that has no room for them stands still.
ROOM_MB = 16


OPEN = {"dbms.security.auth_enabled": "false"}


@contextmanager
def linked_database(data: Path) -> Iterator[tuple[Path, Path]]:
    """Provide a home and a data directory whose user database is the one in `data`, by links.

    What a server makes beside that database (the system database, its id) is gone with the block,
    so that the first real start of the store takes the user's password.
    """
    must_be_free(data)
    with temporary.folder(ROOM_MB) as place:
        home, own = place / "home", place / "data"
        for part in ("databases", "transactions"):
            (own / part).mkdir(parents=True)
            (own / part / DATABASE).symlink_to((data / part / DATABASE).absolute())
        yield home, own


def must_be_free(data: Path) -> None:
    """Raise `ServerError` where another Neo4j serves the store of that data directory."""
    if stores.is_served(data.parent):
        raise ServerError(
            f"the store {data.parent} is in use: another Neo4j serves it",
            "stop that one first, or use it: its address was printed when it began",
        )


@contextmanager
def private_driver(neo4j: Neo4j, data: Path) -> Iterator[Driver]:
    """Provide a driver to a server for ourselves alone.

    A free loopback port, no HTTP, no password.
    """
    from neo4j import GraphDatabase  # noqa: PLC0415  (slow to import)

    with (
        linked_database(data) as (home, own),
        serving(neo4j, home=home, data=own, settings=OPEN) as server,
        GraphDatabase.driver(server.bolt_uri, auth=None, **_QUIET) as driver,
    ):
        yield driver


# `id()` is deprecated, and there is no other name for a record id.
_QUIET: dict[str, Any] = {"notifications_min_severity": "OFF"}


def tuned_for(neo4j: Neo4j, record: ExportRecord) -> Neo4j:
    """Return the Neo4j as it is quickest for a graph of that size."""
    small = record.nodes + record.relationships < _SMALL
    return with_fast_start(neo4j) if small else neo4j


_SMALL = 1_000_000
