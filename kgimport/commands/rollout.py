"""`kgimport rollout`: replace all replicas of a compose project by those of a new image.

The new replicas start while the old ones serve. Once all of them answer, the balancer sends no new
connections to the old ones, which are stopped when their connections have ended or their time is
up. If the new ones do not answer, they are removed, and the old ones go on serving.

A killed rollout leaves a note. The next rollout first makes sure that one set of replicas serves,
the newest complete one, and then begins its own work.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.docker import balancer, compose, unfinished
from kgimport.docker.unfinished import Unfinished
from kgimport.errors import ServerError, UsageError
from kgimport.neo4j.runtime import docker
from kgimport.progress import silent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from kgimport.docker.compose import Replica
    from kgimport.progress import Progress

_POLL_S = 0.5
_STOP_S = 60
_GO_ON = "the old ones go on serving"


@dataclass(frozen=True, slots=True)
class Rollout:
    """The options of `rollout`; without a number of replicas, as many as there are now."""

    project: str
    image: str
    drain_s: float = 30
    ready_s: float = 300
    replicas: int | None = None


def rollout(wanted: Rollout, *, progress: Progress = silent) -> tuple[int, int]:
    """Replace all replicas; return how many were started and how many were stopped.

    Raises UsageError if the project does not run here, DestinationError during another rollout of
    it, ServerError if the new replicas do not answer within `ready_s` seconds.
    """
    project = wanted.project
    compose.replicas(project)  # so that the error names the project, not its missing balancer
    front = compose.balancer(project)
    with unfinished.alone(project, compose.image_of(front)):
        running = compose.replicas(project)
        note = _note(project, running)
        # Slots that a killed rollout has drained would stay so for the replicas that get them next.
        balancer.drain(front, ())
        old = _left_whole(wanted, front, running, note, progress) if note else running
        count = wanted.replicas or (note.replicas if note else len(old))
        _fit(balancer.room(front), len(old), count)
        with _undone_where_it_fails(project, old, note):
            unfinished.write(project, Unfinished(count, _ids(old)))
            new = _started(wanted, front, old, count, progress)
        _hand_over(wanted, front, old, new, progress)
        _known(wanted, front, new)
    return len(new), len(old)


def _fit(room: int, old: int, new: int) -> None:
    if old + new > room:
        raise UsageError(
            f"{old} old replicas and {new} new ones are too many: the balancer has room for {room}",
            "raise the number of server-template in docker/haproxy.cfg, or choose --replicas",
        )


def _note(project: str, running: list[Replica]) -> Unfinished | None:
    """Return the note of a killed rollout; None if it was done, i.e. no old replica runs."""
    note = unfinished.read(project)
    return note if note and {*note.old} & {*_ids(running)} else None


def _left_whole(
    wanted: Rollout, front: str, running: list[Replica], note: Unfinished, progress: Progress
) -> list[Replica]:
    """Finish what a killed rollout began; return the replicas that stay."""
    progress("finish a rollout that was killed", None)
    stay = whole(running, [each for each in running if compose.answers(each)], note)
    if len(stay) < len(running):
        _until(lambda: balancer.knows(front, stay), wanted.ready_s, "the balancer misses replicas")
        _hand_over(wanted, front, [each for each in running if each not in stay], stay, progress)
    return stay


def whole(
    running: list[Replica], answering: Collection[Replica], note: Unfinished
) -> list[Replica]:
    """Return which of the replicas that a killed rollout left stay: one complete set, if possible.

    The new set has precedence, because clients have seen its data. If neither set has as many
    replicas as the note states, all of them stay.
    """
    new = [each for each in running if each.id not in note.old and each in answering]
    old = [each for each in running if each.id in note.old and each in answering]
    stay = (new if len(new) >= note.replicas else [*old, *new])[: note.replicas]
    return stay if len(stay) == note.replicas else running


@contextmanager
def _undone_where_it_fails(
    project: str, old: list[Replica], note: Unfinished | None
) -> Iterator[None]:
    """Remove the replicas that the block has added if it fails."""
    try:
        yield
    except BaseException:
        compose.remove_others(project, old)
        if note and len(old) != note.replicas:  # only the note states the number
            unfinished.write(project, note)
        else:
            unfinished.forget(project)
        raise


def _started(
    wanted: Rollout, front: str, old: list[Replica], count: int, progress: Progress
) -> list[Replica]:
    """Start the new replicas, and return them once they answer and the balancer knows them."""
    progress("start new replicas", None)
    compose.remove_others(wanted.project, old)  # those that have ended: Compose would start them
    compose.scale(wanted.project, wanted.image, len(old) + count)
    new = [each for each in compose.replicas(wanted.project) if each.id not in _ids(old)]
    if len(new) != count:
        raise ServerError(f"docker compose started {len(new)} replicas, not {count}", _GO_ON)
    _until(lambda: _healthy(new), wanted.ready_s, "the new replicas do not answer")
    progress("wait for the balancer", None)
    missed = "the balancer misses new replicas"
    _until(lambda: balancer.knows(front, new), wanted.ready_s, missed)
    return new


def _healthy(replicas: list[Replica]) -> bool:
    for each in replicas:
        if compose.has_ended(each):
            lines = docker.ask("logs", "--tail=3", each.id) or "it printed nothing"
            raise ServerError(f"a new replica ended: {lines}", _GO_ON)
    return all(compose.answers(each) for each in replicas)


def _hand_over(
    wanted: Rollout, front: str, old: list[Replica], new: list[Replica], progress: Progress
) -> None:
    """Drain the old replicas and remove them; at an interrupt, remove them at once."""

    def drained() -> bool:
        with suppress(ServerError):  # a balancer that starts again has its replicas in seconds
            return balancer.drain(front, old) == 0 and balancer.knows(front, new)
        return False

    def gone() -> None:
        compose.remove(old, _STOP_S)
        balancer.drain(front, ())
        unfinished.forget(wanted.project)

    try:
        progress("drain old replicas", None)
        _wait(drained, wanted.drain_s)
        progress("stop old replicas", None)
        gone()
    except BaseException:
        gone()  # also what has been done of it: an interrupt may have come at any line
        raise


def _known(wanted: Rollout, front: str, new: list[Replica]) -> None:
    """Wait until the balancer gives connections to the new replicas.

    It already did before the old ones ended. But the engine may have given a new one the address
    that an old one had a second before, and the balancer then loses it for a moment.
    """

    def known() -> bool:
        with suppress(ServerError):  # it may be starting again
            return balancer.knows(front, new)
        return False

    if not _wait(known, wanted.ready_s):
        raise ServerError(
            f"the balancer misses new replicas {wanted.ready_s:.0f} s after the old ones ended",
            f"see docker logs {front[:12]}",
        )


def _ids(replicas: list[Replica]) -> tuple[str, ...]:
    return tuple(each.id for each in replicas)


def _until(true: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
    if not _wait(true, timeout_s):
        raise ServerError(f"{otherwise} within {timeout_s:.0f} s", f"{_GO_ON}; see docker logs")


def _wait(true: Callable[[], bool], timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True
