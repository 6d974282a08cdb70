"""Only one rollout of a Compose project at a time, and a record of one that was killed.

The engine that runs the replicas stores both. A container that lives as long as the rollout keeps
other rollouts out, by any user and from any machine. The labels of a volume outlive the rollout,
the balancer and a restart of the machine.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.errors import DestinationError, ServerError, short
from kgimport.neo4j.runtime import docker
from kgimport.process import Command, output, started

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPLICAS, _OLD = "org.kgimport.rollout.replicas", "org.kgimport.rollout.old"
_HELD = "held"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a rollout records before it changes anything: how many replicas, and which are old."""

    replicas: int
    old: tuple[str, ...]


@contextmanager
def alone(project: str, image: str) -> Iterator[None]:
    """Keep other rollouts of a project out; `image` is any local image that has `cat`.

    Its container ends when its input does, so when this process ends for any reason. Raises
    `DestinationError` if another rollout is running.
    """
    docker.sweep()
    with started(Command(_lock(project, image)), fed=True) as child:
        assert child.stdin is not None  # noqa: S101  # it is fed
        with suppress(BrokenPipeError):  # it has ended already, and its output states why
            os.write(child.stdin.fileno(), f"{_HELD}\n".encode())
        _until_held(project, output(child))
        try:
            yield
        finally:
            child.stdin.close()
            child.wait()


def _until_held(project: str, lines: Iterator[str]) -> None:
    other: list[str] = []
    for line in lines:
        if line == _HELD:
            return
        other.append(line)
    if any(_name(project) in line for line in other):  # the engine reports the name as taken
        raise DestinationError(
            f"another rollout of {project} is running",
            f"wait for it: {_name(project)} is its container",
        )
    raise ServerError(
        f"no container can be started for a rollout of {project}: {short(' '.join(other), 300)}",
        "nothing has changed",
    )


def _lock(project: str, image: str) -> tuple[str, ...]:
    label = f"--label={docker.LABEL}={docker.owner(os.getpid())}"
    options = ("--rm", "--interactive", "--sig-proxy=false", "--pull=never", "--network=none")
    named = (f"--name={_name(project)}", label, "--entrypoint=cat")
    return (docker.PROGRAM, "run", *options, *named, image)


def read(project: str) -> Unfinished | None:
    """Return the record of a rollout that was not completed, if there is one."""
    answer = docker.ask("volume", "inspect", "--format={{json .Labels}}", _name(project))
    labels = json.loads(answer) if answer else {}
    if not labels.get(_REPLICAS, "").isdigit():
        return None
    return Unfinished(int(labels[_REPLICAS]), tuple(labels.get(_OLD, "").split()))


def write(project: str, note: Unfinished) -> None:
    """Record what is about to be done; ServerError if the engine does not store it."""
    forget(project)  # an engine silently leaves an existing volume as it is
    labels = (f"--label={_REPLICAS}={note.replicas}", f"--label={_OLD}={' '.join(note.old)}")
    docker.ask("volume", "create", *labels, _name(project))
    if read(project) != note:
        raise ServerError(
            f"the engine does not store the volume {_name(project)}, the record of a rollout",
            "nothing has changed; `docker volume create` shows why",
        )


def forget(project: str) -> None:
    """Remove the record."""
    docker.ask("volume", "rm", "--force", _name(project))


def _name(project: str) -> str:
    return f"kgimport-rollout-{project}"
