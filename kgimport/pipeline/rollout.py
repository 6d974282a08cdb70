"""`kgimport rollout`: the replicas of a compose project change to a new image, one set for another.

New replicas are started beside the old ones. Once each answers, the balancer gives the old ones
no more connections; when those that they have are gone, or have had their time, they are stopped.
Should the new ones not answer, they are removed, and the old ones have served all the while.
"""

from __future__ import annotations

import csv
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.errors import RuntimeMissingError, ServerError, UsageError
from kgimport.runtime import docker
from kgimport.runtime.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kgimport.report import Progress

SERVICE, BALANCER, BACKEND = "neo4j", "balancer", "replicas"
HEALTHCHECK = "/kgimport/healthcheck.sh"
_LABEL = "com.docker.compose"
_POLL_S = 0.5
_STOP_S = 60
_ALIVE = "true 0"
# HAProxy's command socket, which listens inside the balancer's container only; see haproxy.cfg.
_ASK = 'exec 3<>/dev/tcp/127.0.0.1/9999 && echo "$1" >&3 && cat <&3'


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a user may choose for `rollout`."""

    project: str
    image: str
    drain_s: float = 30
    ready_s: float = 300


@dataclass(frozen=True, slots=True)
class Replica:
    """A container of the project, and its address in the project's network."""

    id: str
    address: str


def rollout(wanted: Rollout, progress: Progress) -> tuple[int, int]:
    """Replaces all replicas; gives how many began and how many ended.

    Raises UsageError when the project does not run here, ServerError when the new replicas do not
    answer within `ready_s` seconds.
    """
    old, balancer = replicas(wanted.project), _balancer(wanted.project)
    progress("start new replicas", None)
    _remove_added(wanted.project, old)  # those that have ended: Compose would start them again
    with _removed_unless_done(wanted.project, old) as done:
        _scale(wanted, 2 * len(old))
        new = [each for each in replicas(wanted.project) if each not in old]
        _until(lambda: _healthy(new), wanted.ready_s, "the new replicas do not answer")
        progress("tell the balancer", None)
        _until(lambda: _balanced(balancer, new), wanted.ready_s, "the balancer misses new replicas")
        done()
    progress("drain old replicas", None)
    slots = _slots(balancer, old)
    for slot in slots:
        _tell(balancer, f"set server {BACKEND}/{slot} state drain")
    _wait(lambda: _sessions(balancer, slots) == 0, wanted.drain_s)
    progress("stop old replicas", None)
    _remove(old, _STOP_S)
    for slot in slots:  # another replica may be given the name
        _tell(balancer, f"set server {BACKEND}/{slot} state ready")
    return len(new), len(old)


def replicas(project: str) -> list[Replica]:
    """The replicas of a compose project that run; UsageError where there are none."""
    found = [_replica(each) for each in _containers(project, SERVICE)]
    if not found:
        raise UsageError(
            f"no replica of the compose project {project} runs here",
            "start it with docker compose up, as docs/docker.md shows",
        )
    return found


def _containers(project: str, service: str) -> list[str]:
    filters = (f"{_LABEL}.project={project}", f"{_LABEL}.service={service}")
    wanted = (f"--filter=label={each}" for each in filters)
    return (docker.ask("ps", "--quiet", "--no-trunc", *wanted) or "").split()


def _replica(container: str) -> Replica:
    address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return Replica(container, docker.ask("inspect", f"--format={address}", container) or "")


def _balancer(project: str) -> str:
    found = _containers(project, BALANCER)
    if len(found) != 1:
        raise UsageError(
            f"the compose project {project} has {len(found)} running balancers, not one",
            "kgimport rollout needs the balancer of docker/compose.yaml",
        )
    return found[0]


def _scale(wanted: Rollout, count: int) -> None:
    """Starts replicas of the new image beside those that run, by the project's own files."""
    one = _containers(wanted.project, SERVICE)[0]
    said = [
        docker.ask("inspect", f'--format={{{{index .Config.Labels "{_LABEL}.{label}"}}}}', one)
        for label in ("project.working_dir", "project.config_files")
    ]
    folder, files = Path(said[0] or "."), map(Path, (said[1] or "").split(","))
    # Compose 1 keeps them relative to where it was called, which nobody knows by now.
    named = [f"--file={file if file.is_absolute() else folder / file.name}" for file in files]
    up = ("up", "--detach", "--no-deps", "--no-recreate", "--scale", f"{SERVICE}={count}", SERVICE)
    argv = (*compose(), f"--project-name={wanted.project}", *named, *up)
    done = run(Command(argv, {"KGIMPORT_GRAPH": wanted.image}))
    if done.exit_code:
        raise ServerError(
            f"docker compose failed: {' '.join(done.tail[-2:])}",
            "its variables must be set as they were for docker compose up",
        )


def compose() -> tuple[str, ...]:
    """How Compose is called here: as docker's subcommand, or by its older name."""
    for argv in ((docker.PROGRAM, "compose"), ("docker-compose",)):
        try:
            if run(Command((*argv, "version"))).exit_code == 0:
                return argv
        except RuntimeMissingError:
            continue
    raise RuntimeMissingError("docker compose is missing", "install Docker's Compose plugin")


@contextmanager
def _removed_unless_done(project: str, old: list[Replica]) -> Iterator[Callable[[], None]]:
    """Removes whatever replicas have been added, unless the block says that all is well."""
    well = False

    def done() -> None:
        nonlocal well
        well = True

    try:
        yield done
    finally:
        if not well:
            _remove_added(project, old)


def _remove_added(project: str, old: list[Replica]) -> None:
    kept = {each.id for each in old}
    _remove([Replica(each, "") for each in _all(project) if each not in kept], 0)


def _all(project: str) -> list[str]:
    """Replicas that have ended, too."""
    wanted = (f"{_LABEL}.project={project}", f"{_LABEL}.service={SERVICE}")
    filters = (f"--filter=label={each}" for each in wanted)
    return (docker.ask("ps", "--all", "--quiet", "--no-trunc", *filters) or "").split()


def _remove(replicas: list[Replica], grace_s: float) -> None:
    ids = [each.id for each in replicas]
    if ids:
        docker.ask("stop", f"--time={grace_s:.0f}", *ids)
        docker.ask("rm", "--force", "--volumes", *ids)


def _healthy(replicas: list[Replica]) -> bool:
    for each in replicas:
        # Compose's restart policy starts one that ends again, so it may look alive.
        if (
            docker.ask("inspect", "--format={{.State.Running}} {{.RestartCount}}", each.id)
            != _ALIVE
        ):
            said = docker.ask("logs", "--tail=3", each.id) or "it said nothing"
            raise ServerError(f"a new replica ended: {said}", "the old ones go on serving")
    # Every answer is asked for anew: Docker's own health check comes round in ten seconds.
    return all(docker.ask("exec", each.id, HEALTHCHECK) is not None for each in replicas)


def _balanced(balancer: str, replicas: list[Replica]) -> bool:
    return len(_slots(balancer, replicas, up=True)) == len(replicas)


def _slots(balancer: str, replicas: list[Replica], *, up: bool = False) -> list[str]:
    """The balancer's names for replicas, by their addresses."""
    addresses = {each.address for each in replicas}
    return [
        row["svname"]
        for row in _statistics(balancer)
        if row["addr"].partition(":")[0] in addresses and (not up or row["status"].startswith("UP"))
    ]


def _sessions(balancer: str, slots: list[str]) -> int:
    return sum(int(row["scur"]) for row in _statistics(balancer) if row["svname"] in slots)


def _statistics(balancer: str) -> list[dict[str, str]]:
    lines = _tell(balancer, "show stat").removeprefix("# ").splitlines()
    rows = csv.DictReader(line for line in lines if line)
    return [row for row in rows if row["pxname"] == BACKEND and row.get("addr")]


def _tell(balancer: str, command: str) -> str:
    answer = docker.ask("exec", balancer, "bash", "-c", _ASK, "bash", command)
    if answer is None:
        raise ServerError("the balancer's command socket does not answer", "see docker/haproxy.cfg")
    return answer


def _until(true: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
    if not _wait(true, timeout_s):
        raise ServerError(
            f"{otherwise} within {timeout_s:.0f} s", "the old ones go on serving; see docker logs"
        )


def _wait(true: Callable[[], bool], timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True
