"""The compose project: replicas behind one address, exchanged while somebody reads."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from kgimport.commands.rollout import Rollout, rollout
from kgimport.docker.compose import replicas
from kgimport.errors import ServerError, UsageError
from kgimport.neo4j.runtime import docker
from tests.benchmarks.readers import Tally, read
from tests.docker.conftest import composed, docker_lines, free_address, images
from tests.docker.standin import make

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.docker.image import Baked

pytestmark = pytest.mark.slow
READY_S = 300


@pytest.fixture(scope="module")
def address() -> str:
    return free_address()


@pytest.fixture(scope="module")
def project(baked: Baked, compose_program: tuple[str, ...], address: str) -> Iterator[str]:
    """One replica behind the balancer, at `address`."""
    with composed(compose_program, baked.tag, 1, address) as name:
        until_it_answers(f"bolt://{address}")
        yield name


@pytest.fixture(scope="module")
def other(baked: Baked) -> Iterator[str]:
    """Another name of the image."""
    name = f"{baked.tag}-other"
    docker_lines("tag", baked.tag, name)
    yield name
    docker.ask("rmi", name)


def until_it_answers(uri: str) -> None:
    end = time.monotonic() + READY_S
    while True:
        try:
            with GraphDatabase.driver(uri, auth=None) as driver:
                driver.execute_query("MATCH (n) RETURN count(n)")
                return
        except (DriverError, Neo4jError):
            assert time.monotonic() < end
            time.sleep(0.5)


def test_replicas_that_do_not_start_change_nothing(project: str, base: str) -> None:
    before = replicas(project)

    with pytest.raises(ServerError, match="a new replica ended"):
        rollout(Rollout(project, make.haproxy(), ready_s=READY_S))

    assert replicas(project) == before


def test_no_query_fails_while_the_replicas_are_exchanged(
    project: str, address: str, other: str
) -> None:
    tallies: list[Tally] = []
    reading = threading.Thread(
        target=lambda: tallies.extend(asyncio.run(until(f"bolt://{address}", stop, begun)))
    )
    stop, begun = threading.Event(), (threading.Event(), threading.Event())
    before = replicas(project)

    reading.start()
    for each in begun:  # to choose the queries takes a minute where the machine is busy
        assert each.wait(READY_S)
    exchanged = rollout(Rollout(project, other, drain_s=15, ready_s=READY_S))
    time.sleep(3)
    stop.set()
    reading.join()

    after = replicas(project)
    assert (exchanged, images(project), {*before} & {*after}) == ((1, 1), [other], set())
    for tally in tallies:
        assert dict(tally.errors) == {}
        assert tally.attempts > len(tally.seconds) - 1 > 0


async def until(
    uri: str, stop: threading.Event, begun: tuple[threading.Event, threading.Event]
) -> tuple[Tally, ...]:
    """Reads by a driver that retries, and by one that gives up its connections in time.

    That one asks what is answered at once, however busy the machine is: a query that lasts longer
    than the drain fails.
    """

    def over(begins: threading.Event) -> bool:
        begins.set()  # it is asked before each query
        return stop.is_set()

    retrying, in_time = begun
    long_enough = partial(read, uri, None, sessions=4, seconds=READY_S)
    light = [("MATCH (n) RETURN count(n)", dict[str, Any]())]
    return await asyncio.gather(
        long_enough(stop=partial(over, retrying)),
        long_enough(stop=partial(over, in_time), by="session.run", lifetime_s=1, asked=light),
    )


def test_a_project_that_does_not_run_is_told(engine: None) -> None:
    with pytest.raises(UsageError, match="no replica of the compose project nowhere"):
        rollout(Rollout("nowhere", "lms:today"))
