"""Constraints and indexes: create them, and wait until each is online."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.errors import ImportFailedError
from kgimport.targets.neo4j.cypher import statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neo4j import Driver

    from kgimport.records import SchemaItem


def create(driver: Driver, schema: Iterable[SchemaItem]) -> None:
    """Create every constraint and index.

    Constraints are in force when this returns; Neo4j keeps filling the other indexes. Raises
    `ImportFailedError` with the statement that failed.
    """
    from neo4j.exceptions import Neo4jError  # noqa: PLC0415  (the driver is slow to import)

    for item in schema:
        try:
            driver.execute_query(statement(item.cypher))
        except Neo4jError as error:
            raise ImportFailedError(
                f"{item.cypher} failed: {error.message}", "fix the declaration's constraints"
            ) from error


def await_online(driver: Driver, *, timeout_s: int = 6 * 3600) -> None:
    """Wait until all indexes are online; `ImportFailedError` names those that are not."""
    from neo4j.exceptions import Neo4jError  # noqa: PLC0415  (the driver is slow to import)

    try:
        driver.execute_query("CALL db.awaitIndexes($timeout)", timeout=timeout_s)
    except Neo4jError as error:
        raise _not_online(", ".join(_offline(driver)) or error.message) from error
    if offline := _offline(driver):
        raise _not_online(", ".join(offline))


def _not_online(what: str | None) -> ImportFailedError:
    return ImportFailedError(
        f"these indexes are not online: {what}", "look at the server's debug.log"
    )


def _offline(driver: Driver) -> list[str]:
    rows = driver.execute_query("SHOW INDEXES YIELD name, state WHERE state <> 'ONLINE'").records
    return [f"{row['name']} ({row['state']})" for row in rows]
