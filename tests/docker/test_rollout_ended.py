"""A rollout that is killed or interrupted, at each of its stages, and what is left of it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kgimport.commands.rollout import Rollout, rollout
from kgimport.docker.balancer import knows
from kgimport.docker.compose import balancer, replicas
from kgimport.docker.unfinished import alone
from kgimport.errors import DestinationError, ExitCode, UsageError
from kgimport.neo4j.runtime import docker
from tests.docker.conftest import composed, docker_lines, free_address, images
from tests.docker.standin import make

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
READY_S = 60


@pytest.fixture(scope="module")
def address() -> str:
    return free_address()


@pytest.fixture(scope="module")
def tags(engine: None) -> Iterator[list[str]]:
    """Two images: what is in them does not matter to who starts and stops them."""
    today = make.replica()
    tomorrow = f"{today}-tomorrow"
    docker_lines("tag", today, tomorrow)
    yield [today, tomorrow]
    docker.ask("rmi", tomorrow)


@pytest.fixture(scope="module")
def running(compose_program: tuple[str, ...], tags: list[str], address: str) -> Iterator[str]:
    with composed(compose_program, tags[0], 2, address) as name:
        yield name


@pytest.fixture
def project(running: str, tags: list[str]) -> str:
    """Two replicas of the first image, known to the balancer, whatever the test before left."""
    if images(running) != [tags[0]] * 2:
        rollout(Rollout(running, tags[0], drain_s=0, ready_s=READY_S, replicas=2))
    end = time.monotonic() + READY_S
    while not knows(balancer(running), replicas(running)):
        assert time.monotonic() < end
        time.sleep(0.2)
    return running


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
    project: str, address: str, tags: list[str], moment: Moment
) -> None:
    with connected(address):
        code, between = ended(project, tags[1], moment, signal.SIGKILL)
        before = replicas(project)
        rollout(Rollout(project, tags[0], drain_s=1, ready_s=READY_S))

    after = replicas(project)
    assert (code, len(between) in moment.running) == (-signal.SIGKILL, True)
    assert (images(project), {*before} & {*after}) == ([tags[0]] * 2, set())
    assert (knows(balancer(project), after), left(project)) == (True, [])


@pytest.mark.parametrize("moment", [STARTING, DRAINING], ids=str)
def test_a_rollout_that_is_interrupted_leaves_one_set_of_replicas(
    project: str, address: str, tags: list[str], moment: Moment
) -> None:
    with connected(address):
        code, _ = ended(project, tags[1], moment, signal.SIGTERM)

    assert code == ExitCode.INTERRUPTED
    assert (images(project), left(project)) == ([tags[moment.draining]] * 2, [])


def test_a_rollout_may_change_how_many_replicas_there_are(project: str, tags: list[str]) -> None:
    exchanged = rollout(Rollout(project, tags[1], 0, READY_S, replicas=1))

    assert (exchanged, images(project)) == ((1, 2), [tags[1]])


def test_two_rollouts_of_a_project_do_not_run_at_once(project: str, tags: list[str]) -> None:
    before = replicas(project)

    with (
        alone(project, make.haproxy()),
        pytest.raises(DestinationError, match=f"another rollout of {project} is running"),
    ):
        rollout(Rollout(project, tags[1]))

    assert replicas(project) == before


def test_more_replicas_than_the_balancer_has_room_for_are_refused(
    project: str, tags: list[str]
) -> None:
    before = replicas(project)

    with pytest.raises(UsageError, match="the balancer has room for 40"):
        rollout(Rollout(project, tags[1], replicas=40))

    assert (replicas(project), left(project)) == (before, [])


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connections to each replica that last, which is what a drain waits for."""
    host, _, port = address.partition(":")
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(socket.create_connection((host, int(port))))
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
        while (said := next(process.stderr)).strip().split(" ", 1)[-1] != moment.stage:
            assert "kgimport:" not in said
        while (
            len(between := images(project)) not in moment.running
            or bool(draining(project)) != moment.draining
        ):
            assert process.poll() is None, process.stderr.read()
        process.send_signal(number)
        process.stderr.read()  # until it has ended: it has more to say
    return process.returncode, between


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
