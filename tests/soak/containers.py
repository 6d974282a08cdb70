"""What a soak kills of Docker's: images being made, and rollouts of a compose project."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.docker import compose
from kgimport.neo4j.runtime import docker
from kgimport.process import Command, run
from tests.docker.standin import make
from tests.soak.kills import EXPORT, TEMPORARY, Victim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.towns import Towns

FILE = Path(__file__).parents[2] / "docker" / "compose.yaml"
PROJECT = f"soak{os.getpid()}"
TAGS = (f"{PROJECT}:one", f"{PROJECT}:other")
MADE = f"{PROJECT}:made"


@contextmanager
def victims(towns: Towns) -> Iterator[list[Victim]]:
    """`image`, and `rollout` of a project of two replicas; there is a store to begin with."""
    image = Victim(
        "image",
        ("image", "stores/towns", "--tag", MADE, "--image", make.neo4j()),
        needs=EXPORT.arguments,
        result=_image_holds_the_store,
    )
    first = ("image", "stores/towns", "--tag", TAGS[0], "--image", make.neo4j())
    with towns.start(*first) as process:
        said = process.communicate()[1]
    assert process.returncode == 0, said
    docker.ask("tag", *TAGS)
    settings = {
        "KGIMPORT_GRAPH": TAGS[0],
        "KGIMPORT_REPLICAS": "2",
        "KGIMPORT_BIND": "127.0.0.1:0",
        "KGIMPORT_BALANCER": make.haproxy(),
    }
    os.environ |= settings
    argv = (*compose.program(), f"--project-name={PROJECT}", f"--file={FILE}")
    try:
        began = run(Command((*argv, "up", "--detach")))
        assert began.exit_code == 0, began.tail
        yield [image, *map(_rollout, TAGS)]
    finally:
        run(Command((*argv, "down", "--volumes", "--timeout=20")))
        docker.ask("rmi", "--force", *TAGS, MADE)


def _rollout(tag: str) -> Victim:
    def serves(_: Towns, __: int) -> Iterator[str]:
        found = _images()
        if found != [tag] * 2:
            yield f"{found} run, and not two of {tag}"

    arguments = ("rollout", tag, "--project", PROJECT, "--drain-s", "1")
    return Victim("rollout", arguments, sweeps=(TEMPORARY,), result=serves, lasts_s=25)


def _images() -> list[str]:
    labels = (f"project={PROJECT}", "service=neo4j")
    filters = [f"--filter=label=com.docker.compose.{each}" for each in labels]
    return (docker.ask("ps", *filters, "--format={{.Image}}") or "").split()


def _image_holds_the_store(towns: Towns, _: int) -> Iterator[str]:
    wanted = json.loads((towns.stores / "current" / "store.json").read_text(encoding="utf-8"))
    label = '{{index .Config.Labels "org.opencontainers.image.version"}}'
    found = docker.ask("inspect", f"--format={label}", MADE)
    if found != wanted["build_id"]:
        yield f"the image is of {found}, the store of {wanted['build_id']}"
