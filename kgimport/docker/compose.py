"""A Compose project of docker/compose.yaml: its replicas, and the Compose program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kgimport.errors import RuntimeMissingError, ServerError, UsageError
from kgimport.neo4j.runtime import docker
from kgimport.process import Command, run

SERVICE, BALANCER = "neo4j", "balancer"
HEALTHCHECK = "/kgimport/healthcheck.sh"
_LABEL = "com.docker.compose"
_ALIVE = "true 0"


@dataclass(frozen=True, slots=True)
class Replica:
    """A container of the project, and its address in the project's network."""

    id: str
    address: str


def program() -> tuple[str, ...]:
    """Return the command of Compose: docker's subcommand, or the older program."""
    for argv in ((docker.PROGRAM, "compose"), ("docker-compose",)):
        try:
            if run(Command((*argv, "version"))).exit_code == 0:
                return argv
        except RuntimeMissingError:
            continue
    raise RuntimeMissingError("docker compose is missing", "install Docker's Compose plugin")


def replicas(project: str) -> list[Replica]:
    """Return the running replicas of a project; UsageError if there are none."""
    found = [_replica(each) for each in _containers(project, SERVICE)]
    if not found:
        raise UsageError(
            f"no replica of the compose project {project} is running here",
            "start it with docker compose up, as docs/docker.md shows",
        )
    return found


def balancer(project: str) -> str:
    """Return the balancer's container of a project; UsageError unless exactly one is running."""
    found = _containers(project, BALANCER)
    if len(found) != 1:
        raise UsageError(
            f"the compose project {project} has {len(found)} running balancers, not one",
            "kgimport rollout needs the balancer of docker/compose.yaml",
        )
    return found[0]


def image_of(container: str) -> str:
    """Return the image of a container."""
    return docker.ask("inspect", "--format={{.Image}}", container) or ""


def scale(project: str, image: str, count: int) -> None:
    """Start more replicas, of an image, up to `count` in all, with the project's own files."""
    one = _containers(project, SERVICE)[0]
    found = [
        docker.ask("inspect", f'--format={{{{index .Config.Labels "{_LABEL}.{label}"}}}}', one)
        for label in ("project.working_dir", "project.config_files")
    ]
    folder, files = Path(found[0] or "."), map(Path, (found[1] or "").split(","))
    # Compose 1 records them relative to the folder it was called in, which is unknown by now.
    named = [f"--file={file if file.is_absolute() else folder / file.name}" for file in files]
    up = ("up", "--detach", "--no-deps", "--no-recreate", "--scale", f"{SERVICE}={count}", SERVICE)
    argv = (*program(), f"--project-name={project}", *named, *up)
    done = run(Command(argv, {"KGIMPORT_GRAPH": image}))
    if done.exit_code:
        raise ServerError(
            f"docker compose failed: {' '.join(done.tail[-2:])}",
            "set its variables as for docker compose up",
        )


def remove(replicas: list[Replica], grace_s: float) -> None:
    """Stop replicas, each within `grace_s` seconds, and remove them."""
    ids = [each.id for each in replicas]
    if ids:
        docker.ask("stop", f"--time={grace_s:.0f}", *ids)
        docker.ask("rm", "--force", "--volumes", *ids)


def remove_others(project: str, kept: list[Replica]) -> None:
    """Remove all replicas but some at once, including those that have ended."""
    ids = {each.id for each in kept}
    every = _containers(project, SERVICE, "--all")
    remove([Replica(each, "") for each in every if each not in ids], 0)


def answers(replica: Replica) -> bool:
    """Return whether a replica answers a query now; Docker's own check runs every ten seconds."""
    return docker.ask("exec", replica.id, HEALTHCHECK) is not None


def has_ended(replica: Replica) -> bool:
    """Return whether a replica has ended, even if its restart policy has started it again."""
    form = "--format={{.State.Running}} {{.RestartCount}}"
    return docker.ask("inspect", form, replica.id) != _ALIVE


def _containers(project: str, service: str, *options: str) -> list[str]:
    filters = (f"{_LABEL}.project={project}", f"{_LABEL}.service={service}")
    wanted = (f"--filter=label={each}" for each in filters)
    return (docker.ask("ps", "--quiet", "--no-trunc", *options, *wanted) or "").split()


def _replica(container: str) -> Replica:
    address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return Replica(container, docker.ask("inspect", f"--format={address}", container) or "")
