"""Neo4j's programs from an image: command lines for `docker run`, and the removal of leftovers.

The programs work on this machine's folders, as the user that runs kgimport, so that user owns what
they write. Every folder is mounted at its own path, so links into it work. The home is mounted a
second time at an ASCII path, which Neo4j's configuration needs. The image's own entrypoint is not
used: as root, it would give the folders to its own user.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from kgimport.errors import RuntimeMissingError
from kgimport.neo4j.runtime import jvm
from kgimport.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PROGRAM = "docker"
HOME = "/kgimport/home"
LABEL = "org.kgimport.run"  # who started a container, as `owner()` names it
_NO_ENGINE = "install Docker and start it, or use --runtime embedded"
# Runs the server's own command line: one Java instead of two, so that signals reach it.
_SERVER = 'command=$(neo4j console --dry-run) && eval "exec $command"'
_LISTED = f'{{{{.ID}}}} {{{{.Label "{LABEL}"}}}}'


@dataclass(frozen=True, slots=True)
class Image:
    """An image that holds Neo4j, and the user that containers run as, e.g. "1000:1000"."""

    name: str
    user: str


def official(version: str) -> str:
    """Return the name of the official image of a version."""
    return f"neo4j:{version}-community"


def find(name: str, progress: Callable[[str], None] = lambda _: None) -> Image:
    """Return an image that can be run here; pull it if it is missing.

    Containers that a killed kgimport left are removed first. `progress` gets the lines of the pull.
    Raises RuntimeMissingError if no engine answers, or if there is no such image.
    """
    rootless = _engine()
    sweep()
    if ask("image", "inspect", "--format", "{{.Id}}", name) is None:
        done = run(Command((PROGRAM, "pull", name)), on_line=progress)
        if done.exit_code:
            raise RuntimeMissingError(
                f"the image {name} is not here and cannot be pulled: {_last(done.tail)}",
                "name another one with --image, or use --runtime embedded",
            )
    # In a rootless engine, its root is our user, and every other user is somebody else.
    return Image(name, "0:0" if rootless else f"{os.getuid()}:{os.getgid()}")


def version(image: Image) -> str:
    """Ask an image for the version of its Neo4j."""
    command = admin(image, ("--version",), home=None, heap_mb=None, cwd=None)
    done = run(command)
    words = _last(done.tail).split()
    if done.exit_code or not words or not words[-1][0].isdigit():
        raise RuntimeMissingError(
            f"{image.name} is not an image of Neo4j: {_last(done.tail)}",
            "name one whose neo4j-admin answers to --version",
        )
    return words[-1]


def admin(
    image: Image,
    args: Iterable[str],
    *,
    home: Path | None,
    heap_mb: int | None,
    cwd: Path | None,
) -> Command:
    """Build the command line of neo4j-admin; its working directory is read-only."""
    heap = {"HEAP_SIZE": f"{heap_mb}m"} if heap_mb else {}
    mounts = [*_home(home), *([_bind(cwd, readonly=True)] if cwd else [])]
    place = (f"--workdir={cwd.absolute()}",) if cwd else ()
    # Without a network, Java waits ten seconds to resolve any other host name.
    options = ("--network=none", "--hostname=localhost", *place, *mounts)
    return _run(image, "neo4j-admin", args, options=options, env=heap)


def server(image: Image, *, home: Path, ports: Iterable[int]) -> Command:
    """Build the command line of the server; its ports are published on the loopback address."""
    published = (f"--publish=127.0.0.1:{port}:{port}" for port in ports)
    return _run(image, "bash", ("-c", _SERVER), options=(*published, *_home(home)), env={})


def settings() -> dict[str, str]:
    """Return the settings with which the server uses our home and can be reached."""
    names = ("data", "logs", "run")
    places = {f"server.directories.{name}": f"{HOME}/{name}" for name in names}
    return {"server.default_listen_address": "0.0.0.0", **places}  # noqa: S104  (the container's)


def ask(*argv: str) -> str | None:
    """Return docker's output, or None if it fails."""
    done = run(Command((PROGRAM, *argv)))
    return None if done.exit_code else "\n".join(done.tail)


def owner(pid: int) -> str:
    """Return a name for a process of this machine that no later process has."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended, or this is not Linux
        return f"{os.uname().nodename} {pid}"
    started = stat.rpartition(")")[2].split()[19]  # proc(5): starttime, in ticks since boot
    return f"{os.uname().nodename} {pid} {started}"


def sweep() -> None:
    """Remove containers whose kgimport ran on this machine and has ended."""
    listed = ask("ps", "--all", "--filter", f"label={LABEL}", "--format", _LISTED) or ""
    for line in listed.splitlines():
        container, _, started_by = line.partition(" ")
        match started_by.split():
            case [node, pid, *_] if node == os.uname().nodename and pid.isdigit():
                if owner(int(pid)) != started_by:
                    ask("rm", "--force", "--volumes", container)


def _run(
    image: Image,
    program: str,
    args: Iterable[str],
    *,
    options: Iterable[str],
    env: Mapping[str, str],
) -> Command:
    name = f"kgimport-{uuid4().hex[:12]}"
    variables = {
        "NEO4J_CONF": f"{HOME}/conf",
        "LC_ALL": "C.UTF-8",
        "JDK_JAVA_OPTIONS": " ".join(jvm.NEEDED),  # which bin/neo4j would take from neo4j.conf
        **env,
    }
    argv = (
        *(PROGRAM, "run", "--rm", "--init", "--pull=never", "--log-driver=none"),
        *(f"--name={name}", f"--label={LABEL}={owner(os.getpid())}", f"--user={image.user}"),
        *(f"--env={key}={value}" for key, value in variables.items()),
        *options,
        *(f"--entrypoint={program}", image.name, *args),
    )
    return Command(argv, remains=(PROGRAM, "rm", "--force", "--volumes", name))


def _home(home: Path | None) -> Iterator[str]:
    """Yield the mounts of a home, of its data, and of the stores that this links to."""
    if home is None:
        return
    yield _bind(home)
    yield _bind(home, at=HOME)
    data = (home / "data").absolute()
    for place in dict.fromkeys(_linked(data)):
        yield _bind(place)


def _linked(path: Path) -> Iterator[Path]:
    """Yield where a folder's links lead, including links in linked folders."""
    target = path.readlink() if path.is_symlink() else path
    if path.is_symlink():
        yield target
    for each in (*target.glob("*"), *target.glob("*/*")):
        if each.is_symlink():
            yield each.readlink()


def _bind(path: Path, *, at: str = "", readonly: bool = False) -> str:
    source = str(path.absolute())
    fields = ["type=bind", f"source={source}", f"target={at or source}"]
    text = io.StringIO()  # --mount is read as a line of CSV
    csv.writer(text, lineterminator="").writerow([*fields, *(["readonly"] if readonly else [])])
    return f"--mount={text.getvalue()}"


def _engine() -> bool:
    """Return whether the engine is rootless; RuntimeMissingError if none answers."""
    if shutil.which(PROGRAM) is None:
        raise RuntimeMissingError("there is no docker on the path", _NO_ENGINE)
    done = run(Command((PROGRAM, "info", "--format", "{{json .SecurityOptions}}")))
    if done.exit_code:
        raise RuntimeMissingError(f"no Docker engine answers: {_last(done.tail)}", _NO_ENGINE)
    return any("rootless" in option for option in json.loads(_last(done.tail)) or [])


def _last(tail: Iterable[str]) -> str:
    return next((line for line in reversed(tuple(tail)) if line.strip()), "it printed nothing")
