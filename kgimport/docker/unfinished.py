"""One rollout of a compose project at a time, and what one that was killed had begun.

Both are kept by the engine, beside the replicas that they are about: a container that lives as
long as the rollout keeps others out, whoever and wherever they are, and the labels of a volume
outlive the rollout, the balancer and the machine's next start.
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
    """What a rollout notes before it changes anything: how many replicas, and which are old."""

    replicas: int
    old: tuple[str, ...]


@contextmanager
def alone(project: str, image: str) -> Iterator[None]:
    """Keep other rollouts of a project out; `image` is any that is here and has `cat`.

    Its container ends when its input does, which is when we end, by whatever. Raises
    `DestinationError` where another rollout is at work.
    """
    docker.sweep()
    with started(Command(_lock(project, image)), fed=True) as child:
        assert child.stdin is not None  # noqa: S101  # it is fed
        with suppress(BrokenPipeError):  # it has ended already, and says why
            os.write(child.stdin.fileno(), f"{_HELD}\n".encode())
        _until_held(project, output(child))
        try:
            yield
        finally:
            child.stdin.close()
            child.wait()


def _until_held(project: str, lines: Iterator[str]) -> None:
    said: list[str] = []
    for line in lines:
        if line == _HELD:
            return
        said.append(line)
    if any(_name(project) in line for line in said):  # the engine says who has the name
        raise DestinationError(
            f"another rollout of {project} is at work",
            f"wait for it: {_name(project)} is its container",
        )
    raise ServerError(
        f"no container can be started beside {project}: {short(' '.join(said), 300)}",
        "nothing has changed",
    )


def _lock(project: str, image: str) -> tuple[str, ...]:
    label = f"--label={docker.LABEL}={docker.owner(os.getpid())}"
    options = ("--rm", "--interactive", "--sig-proxy=false", "--pull=never", "--network=none")
    named = (f"--name={_name(project)}", label, "--entrypoint=cat")
    return (docker.PROGRAM, "run", *options, *named, image)


def read(project: str) -> Unfinished | None:
    """Return what a rollout has noted that did not come to its end."""
    said = docker.ask("volume", "inspect", "--format={{json .Labels}}", _name(project))
    labels = json.loads(said) if said else {}
    if not labels.get(_REPLICAS, "").isdigit():
        return None
    return Unfinished(int(labels[_REPLICAS]), tuple(labels.get(_OLD, "").split()))


def write(project: str, note: Unfinished) -> None:
    """Note what is about to be done; ServerError where the engine does not keep it."""
    forget(project)  # an engine leaves a volume that there is as it is, and says nothing
    labels = (f"--label={_REPLICAS}={note.replicas}", f"--label={_OLD}={' '.join(note.old)}")
    docker.ask("volume", "create", *labels, _name(project))
    if read(project) != note:
        raise ServerError(
            f"the engine keeps no volume {_name(project)}, for what a rollout has to note",
            "nothing has changed; docker volume create says why",
        )


def forget(project: str) -> None:
    """Take the note away."""
    docker.ask("volume", "rm", "--force", _name(project))


def _name(project: str) -> str:
    return f"kgimport-rollout-{project}"
