"""The online way: `UNWIND … CREATE` over Bolt into an empty store; prints its seconds as JSON.

python -m tests.benchmarks.peers.bolt_load SOURCE OUT NEO4J_VERSION
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from neo4j import GraphDatabase

from kgimport.neo4j.runtime.programs import embedded
from kgimport.neo4j.runtime.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neo4j import Driver

BATCH = 10_000
CONSTRAINT = "CREATE CONSTRAINT FOR (p:Person) REQUIRE p.user_id IS UNIQUE"
NODES = "UNWIND $rows AS row CREATE (p:Person) SET p = row"
RELATIONSHIPS = """
UNWIND $rows AS row
MATCH (a:Person {user_id: row.src}), (b:Person {user_id: row.dst})
CREATE (a)-[:KNOWS {weight: row.weight, since: row.since}]->(b)
"""
COUNT = "MATCH (n) WITH count(n) AS nodes MATCH ()-[r]->() RETURN nodes, count(r) AS relationships"
SETTINGS = {"dbms.security.auth_enabled": "false"}


def main(source: Path, out: Path, version: str) -> None:
    """Loads both tables, batch after batch, each in a transaction of its own."""
    seconds: dict[str, float] = {}
    neo4j = embedded(version)
    with (
        serving(neo4j, home=out / "home", data=out / "data", settings=SETTINGS) as server,
        GraphDatabase.driver(server.bolt_uri, auth=None) as driver,
    ):
        driver.execute_query(CONSTRAINT)
        with timed(seconds, "nodes"):
            load(driver, NODES, source / "person.parquet")
        with timed(seconds, "relationships"):
            load(driver, RELATIONSHIPS, source / "knows.parquet")
        record = driver.execute_query(COUNT).records[0]
    sys.stdout.write(json.dumps({"seconds": seconds, "stored": dict(record)}))


def load(driver: Driver, statement: str, path: Path) -> None:
    """Sends a table's rows."""
    for batch in pl.scan_parquet(path).collect_batches(chunk_size=BATCH, maintain_order=True):
        for part in batch.iter_slices(BATCH):
            driver.execute_query(statement, rows=part.to_dicts())


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Notes how long the block takes."""
    began = time.monotonic()
    yield
    seconds[name] = round(time.monotonic() - began, 3)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
