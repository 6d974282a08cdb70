"""Many readers through the balancer, in a process of their own: what they get, and how quickly.

    python -m tests.benchmarks.readers --uri bolt://127.0.0.1:7687 --sessions 128 --seconds 60

Each session asks the documented queries (docs/queries.md), one after the other: by `execute_read`,
which retries, by `session.run` or in transactions of its own (`--by`). `--lifetime-s` is the
driver's `max_connection_lifetime`. Ctrl-C ends it before its time. Prints one line of JSON: queries
per second, milliseconds at the median, the 95th and the 99th percentile, how often the driver
retried, and what failed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import logging
import os
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neo4j import READ_ACCESS, AsyncGraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from tests.test_queries import QUERIES

if TYPE_CHECKING:
    from neo4j import AsyncDriver, AsyncManagedTransaction, AsyncSession

Query = tuple[str, dict[str, Any]]
Way = Callable[["AsyncSession", Query, "Tally"], Awaitable[None]]
HEAVY_MS = 100  # a query that takes longer alone is asked once in ten times


@dataclass(slots=True)
class Tally:
    """What the readers met."""

    seconds: list[float] = field(default_factory=list)
    attempts: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    sessions: int = 0  # that had at least one answer
    wall_s: float = 0.0

    def summary(self, sessions: int) -> dict[str, Any]:
        """As JSON carries it."""
        cuts = statistics.quantiles(self.seconds, n=100) if len(self.seconds) > 1 else [0.0] * 99
        return {
            "sessions": sessions,
            "sessions answered": self.sessions,
            "seconds": round(self.wall_s, 1),
            "queries": len(self.seconds) + self.errors.total(),
            "per second": round(len(self.seconds) / self.wall_s, 1),
            **{f"p{at} ms": round(cuts[at - 1] * 1000, 1) for at in (50, 95, 99)},
            "retries": self.attempts - len(self.seconds) - self.errors.total(),
            "errors": self.errors.total(),
            "kinds of errors": dict(self.errors),
        }


async def read(
    uri: str,
    auth: tuple[str, str] | None,
    *,
    sessions: int,
    seconds: float,
    by: str = "execute_read",
    lifetime_s: float = 3600,
    stop: Callable[[], bool] = lambda: False,
    asked: Sequence[Query] = (),
) -> Tally:
    """Lets many sessions ask at the same time, until the time is over or `stop` says so.

    They ask the documented queries, unless others are given.
    """
    tally = Tally()
    async with AsyncGraphDatabase.driver(
        uri,
        auth=auth,
        max_connection_pool_size=sessions,
        connection_acquisition_timeout=120,
        max_connection_lifetime=lifetime_s,
    ) as driver:
        mix = list(asked) or await _mix(driver)
        began = time.monotonic()

        def over() -> bool:
            return stop() or time.monotonic() > began + seconds

        ask = WAYS[by]
        readers = (
            _reader(driver, ask, itertools.islice(itertools.cycle(mix), at, None), over, tally)
            for at in range(sessions)
        )
        await asyncio.gather(*readers)
        tally.wall_s = time.monotonic() - began
    return tally


async def _mix(driver: AsyncDriver) -> list[Query]:
    """The documented queries with their parameters: nine times the light ones, once the heavy."""
    light: list[Query] = []
    heavy: list[Query] = []
    for query in QUERIES.values():
        given = await driver.execute_query(f"RETURN {query.parameters} AS given")
        one = (query.cypher, dict(given.records[0]["given"]))
        began = time.monotonic()
        for _ in range(2):  # planned by the first
            began = time.monotonic()
            await driver.execute_query(*one)
        (light if (time.monotonic() - began) * 1000 < HEAVY_MS else heavy).append(one)
    return [*light * 9, *heavy] or heavy


async def _reader(
    driver: AsyncDriver, ask: Way, mix: Iterator[Query], over: Callable[[], bool], tally: Tally
) -> None:
    answered = 0
    async with driver.session(default_access_mode=READ_ACCESS) as session:
        for query in mix:
            if over():
                break
            began = time.monotonic()
            try:
                await ask(session, query, tally)
            except (DriverError, Neo4jError) as error:
                tally.errors[f"{type(error).__name__}: {error}"[:200]] += 1
            else:
                tally.seconds.append(time.monotonic() - began)
                answered += 1
    tally.sessions += bool(answered)


async def _by_execute_read(session: AsyncSession, query: Query, tally: Tally) -> None:
    async def ask(transaction: AsyncManagedTransaction) -> None:
        tally.attempts += 1
        await (await transaction.run(*query)).consume()

    await session.execute_read(ask)


async def _by_run(session: AsyncSession, query: Query, tally: Tally) -> None:
    tally.attempts += 1
    await (await session.run(*query)).consume()


async def _by_transaction(session: AsyncSession, query: Query, tally: Tally) -> None:
    tally.attempts += 1
    async with await session.begin_transaction() as transaction:
        await (await transaction.run(*query)).consume()
        await transaction.commit()


WAYS: dict[str, Way] = {
    "execute_read": _by_execute_read,
    "session.run": _by_run,
    "begin_transaction": _by_transaction,
}


def main() -> None:
    """Reads what to do from the command line and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uri", default="bolt://127.0.0.1:7687")
    parser.add_argument("--sessions", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--by", choices=WAYS, default="execute_read")
    parser.add_argument("--lifetime-s", type=float, default=3600)
    options = parser.parse_args()
    # The driver warns of each connection that it retries; the tally counts them.
    logging.getLogger("neo4j").setLevel(logging.CRITICAL)
    password = os.environ.get("KGIMPORT_PASSWORD")
    auth = ("neo4j", password) if password else None
    stopped = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stopped.set())
    reading = read(
        options.uri,
        auth,
        sessions=options.sessions,
        seconds=options.seconds,
        by=options.by,
        lifetime_s=options.lifetime_s,
        stop=stopped.is_set,
    )
    sys.stdout.write(json.dumps(asyncio.run(reading).summary(options.sessions)) + "\n")


if __name__ == "__main__":
    main()
