"""The compose project: replicas behind one address, exchanged while somebody reads."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from kgimport.errors import RuntimeMissingError, ServerError, UsageError
from kgimport.pipeline.rollout import Rollout, compose, replicas, rollout
from kgimport.runtime import docker
from kgimport.runtime.process import Command, run
from tests.benchmarks.readers import Tally, read
from tests.conftest import quiet
from tests.docker.conftest import docker_lines
from tests.docker.standin import make

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.image import Baked

pytestmark = pytest.mark.slow
FILE = Path(__file__).parents[2] / "docker" / "compose.yaml"
READY_S = 300


@pytest.fixture(scope="module")
def program(engine: None) -> tuple[str, ...]:
    try:
        return compose()
    except RuntimeMissingError as error:
        if os.environ.get("KGIMPORT_REQUIRE_DOCKER"):
            raise
        pytest.skip(error.message)


@pytest.fixture(scope="module")
def address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture(scope="module")
def project(baked: Baked, program: tuple[str, ...], address: str) -> Iterator[str]:
    """One replica behind the balancer, at `address`."""
    name = f"kgimport{uuid4().hex[:8]}"
    settings = pytest.MonkeyPatch()
    settings.setenv("KGIMPORT_GRAPH", baked.tag)
    settings.setenv("KGIMPORT_REPLICAS", "1")
    settings.setenv("KGIMPORT_BIND", address)
    settings.setenv("KGIMPORT_BALANCER", os.environ.get("KGIMPORT_BALANCER") or make.haproxy())
    argv = (*program, f"--project-name={name}", f"--file={FILE}")
    try:
        began = run(Command((*argv, "up", "--detach")))
        assert began.exit_code == 0, began.tail
        until_it_answers(f"bolt://{address}")
        yield name
    finally:
        run(Command((*argv, "down", "--volumes", "--timeout=20")))
        settings.undo()


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
        rollout(Rollout(project, make.haproxy(), ready_s=READY_S), quiet)

    assert replicas(project) == before


def test_no_query_fails_while_the_replicas_are_exchanged(
    project: str, address: str, baked: Baked
) -> None:
    newer = f"{baked.tag}-newer"
    docker_lines("tag", baked.tag, newer)
    tallies: list[Tally] = []
    reading = threading.Thread(
        target=lambda: tallies.append(asyncio.run(until(f"bolt://{address}", stop)))
    )
    stop = threading.Event()
    before = replicas(project)

    reading.start()
    exchanged = rollout(Rollout(project, newer, drain_s=3, ready_s=READY_S), quiet)
    time.sleep(3)
    stop.set()
    reading.join()

    after = replicas(project)
    images = {docker.ask("inspect", "--format={{.Config.Image}}", each.id) for each in after}
    docker.ask("rmi", newer)
    assert (exchanged, images, {*before} & {*after}) == ((1, 1), {newer}, set())
    assert dict(tallies[0].errors) == {}
    assert tallies[0].attempts > len(tallies[0].seconds) - 1 > 0


async def until(uri: str, stop: threading.Event) -> Tally:
    return await read(uri, None, sessions=4, seconds=READY_S, stop=stop.is_set)


def test_a_project_that_does_not_run_is_told(engine: None) -> None:
    with pytest.raises(UsageError, match="no replica of the compose project nowhere"):
        rollout(Rollout("nowhere", "lms:today"), quiet)
