"""The compose project: replicas behind one address, exchanged while somebody reads."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from kgimport.errors import (
    DestinationError,
    ExitCode,
    RuntimeMissingError,
    ServerError,
    UsageError,
)
from kgimport.pipeline.rollout import Rollout, rollout
from kgimport.runtime import compose, docker
from kgimport.runtime.compose import balancer, replicas
from kgimport.runtime.process import Command, run
from kgimport.runtime.unfinished import alone
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
        return compose.program()
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
    project: str, address: str, other: str
) -> None:
    tallies: list[Tally] = []
    reading = threading.Thread(
        target=lambda: tallies.extend(asyncio.run(until(f"bolt://{address}", stop)))
    )
    stop = threading.Event()
    before = replicas(project)

    reading.start()
    exchanged = rollout(Rollout(project, other, drain_s=6, ready_s=READY_S), quiet)
    time.sleep(3)
    stop.set()
    reading.join()

    after = replicas(project)
    assert (exchanged, images(project), {*before} & {*after}) == ((1, 1), [other], set())
    for tally in tallies:
        assert dict(tally.errors) == {}
        assert tally.attempts > len(tally.seconds) - 1 > 0


async def until(uri: str, stop: threading.Event) -> tuple[Tally, ...]:
    """Reads by a driver that retries, and by one that gives up its connections in time."""
    long_enough = partial(read, uri, None, sessions=4, seconds=READY_S, stop=stop.is_set)
    return await asyncio.gather(long_enough(), long_enough(by="session.run", lifetime_s=1))


@dataclass(frozen=True, slots=True)
class Moment:
    """When a rollout is ended: at a stage, with so many replicas, and the old ones draining."""

    stage: str
    running: tuple[int, ...]
    draining: bool

    def __str__(self) -> str:
        return self.stage.replace(" ", "-")


STARTING = Moment("start new replicas", (3, 4), draining=False)
DRAINING = Moment("drain old replicas", (4,), draining=True)
STOPPING = Moment("stop old replicas", (2, 3), draining=True)


@pytest.mark.parametrize("moment", [STARTING, DRAINING, STOPPING], ids=str)
def test_a_rollout_that_was_killed_ends_as_wanted_when_it_is_run_again(
    pair: str, address: str, other: str, baked: Baked, moment: Moment
) -> None:
    tags = [baked.tag, other] if images(pair) == [baked.tag] * 2 else [other, baked.tag]

    with connected(address):
        code, between = ended(pair, tags[1], moment, signal.SIGKILL)
    rollout(Rollout(pair, tags[0], drain_s=1, ready_s=READY_S), quiet)

    until_it_answers(f"bolt://{address}")
    assert (code, len(between) in moment.running) == (-signal.SIGKILL, True)
    assert (images(pair), left(pair)) == ([tags[0]] * 2, [])


@pytest.mark.parametrize("moment", [STARTING, DRAINING], ids=str)
def test_a_rollout_that_is_interrupted_leaves_one_set_of_replicas(
    pair: str, address: str, other: str, baked: Baked, moment: Moment
) -> None:
    tags = [baked.tag, other] if images(pair) == [baked.tag] * 2 else [other, baked.tag]

    with connected(address):
        code, _ = ended(pair, tags[1], moment, signal.SIGTERM)

    until_it_answers(f"bolt://{address}")
    assert code == ExitCode.INTERRUPTED
    assert (images(pair), left(pair)) == ([tags[moment.draining]] * 2, [])


def test_two_rollouts_of_a_project_do_not_run_at_once(project: str) -> None:
    before = replicas(project)

    with (
        alone(project, make.haproxy()),
        pytest.raises(DestinationError, match=f"another rollout of {project} is at work"),
    ):
        rollout(Rollout(project, "lms:today"), quiet)

    assert replicas(project) == before


def test_more_replicas_than_the_balancer_has_room_for_are_refused(project: str) -> None:
    before = replicas(project)

    with pytest.raises(UsageError, match="the balancer has room for 40"):
        rollout(Rollout(project, "lms:today", replicas=40), quiet)

    assert (replicas(project), left(project)) == (before, [])


@pytest.fixture
def pair(project: str, baked: Baked) -> str:
    """The project, with two replicas."""
    if len(images(project)) != 2:
        rollout(Rollout(project, baked.tag, drain_s=0, ready_s=READY_S, replicas=2), quiet)
    return project


@pytest.fixture(scope="module")
def other(baked: Baked) -> Iterator[str]:
    """Another name of the image."""
    name = f"{baked.tag}-other"
    docker_lines("tag", baked.tag, name)
    yield name
    docker.ask("rmi", name)


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Drivers that keep a connection to each replica, which is what a drain waits for."""
    with ExitStack() as stack:
        for _ in range(4):
            driver = stack.enter_context(GraphDatabase.driver(f"bolt://{address}", auth=None))
            driver.verify_connectivity()
        yield


def ended(
    project: str, image: str, moment: Moment, number: signal.Signals
) -> tuple[int, list[str]]:
    """Begins a rollout and ends it; gives its exit code, and the images that ran by then."""
    drain_s = 60 if moment == DRAINING else 0
    argv = ("rollout", image, "--project", project, "--drain-s", str(drain_s))
    with subprocess.Popen(
        (sys.executable, "-m", "kgimport", *argv), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while (said := next(process.stderr)).strip() != moment.stage:
            assert "kgimport:" not in said
        while (
            len(between := images(project)) not in moment.running
            or bool(draining(project)) != moment.draining
        ):
            assert process.poll() is None, process.stderr.read()
        process.send_signal(number)
    return process.returncode, between


def images(project: str) -> list[str]:
    """The images of the replicas that run."""
    labels = (f"project={project}", "service=neo4j")
    filters = (f"--filter=label=com.docker.compose.{each}" for each in labels)
    return docker_lines("ps", *filters, "--format={{.Image}}")


def left(project: str) -> list[str]:
    """What nobody needs any more: notes, locks, replicas that have ended, slots that drain."""
    ours = ("--filter", f"name={project}")
    ended = ("--all", *ours, "--filter=status=exited", "--filter=status=created")
    lock = ("--all", "--filter", f"name=kgimport-rollout-{project}")
    return [
        *docker_lines("volume", "ls", "--quiet", *ours),
        *docker_lines("ps", "--quiet", *ended),
        *docker_lines("ps", "--quiet", *lock),
        *draining(project),
    ]


def draining(project: str) -> list[str]:
    """The slots that the balancer gives no connections because somebody said so."""
    ask = 'exec 3<>/dev/tcp/127.0.0.1/9999 && echo "show servers state replicas" >&3 && cat <&3'
    rows = docker_lines("exec", balancer(project), "bash", "-c", ask)[2:]
    states = {row.split()[3]: int(row.split()[6]) for row in rows if row}
    return [slot for slot, state in states.items() if state & 0x09]  # forced: 1 maint, 8 drain


def test_a_project_that_does_not_run_is_told(engine: None) -> None:
    with pytest.raises(UsageError, match="no replica of the compose project nowhere"):
        rollout(Rollout("nowhere", "lms:today"), quiet)
