"""Real containers: an engine, an image with Neo4j, and the LMS graph built and baked by Docker."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from kgimport.commands.build_db import build_db
from kgimport.commands.image import image as bake
from kgimport.docker import compose
from kgimport.errors import RuntimeMissingError
from kgimport.neo4j.runtime import docker
from kgimport.neo4j.runtime.programs import of_image
from kgimport.process import Command, run
from tests.docker.standin import make
from tests.towns import QUICK

# What sweeps up after testcontainers is an image, too, and need not be where images are rare.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neo4j import Driver
    from testcontainers.core.container import DockerContainer

    from kgimport.docker.image import Baked
    from kgimport.neo4j.runtime.programs import Neo4j

ROOT = Path(__file__).parents[2]
ANSWERS_WITHIN_S = 240
MINE = {"org.kgimport.test": uuid4().hex}  # which containers are of this run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/docker/" in item.path.as_posix():
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine that answers: the user's own, or the one that `make docker-up` started."""
    started = ROOT / ".cache" / "docker" / "host"
    if "DOCKER_HOST" not in os.environ and started.is_file():
        os.environ["DOCKER_HOST"] = started.read_text().strip()
    try:
        answers = docker.ask("version") is not None
    except RuntimeMissingError:
        answers = False
    if not answers:
        _leave_out("no Docker engine answers: start one, or `make docker-up`")


def _leave_out(why: str) -> None:
    if os.environ.get("KGIMPORT_REQUIRE_DOCKER"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def base(engine: None) -> str:
    """An image with Neo4j: KGIMPORT_TEST_IMAGE, or the stand-in for the official one."""
    try:
        return os.environ.get("KGIMPORT_TEST_IMAGE") or make.neo4j()
    except (RuntimeError, FileNotFoundError) as error:
        _leave_out(f"set KGIMPORT_TEST_IMAGE, for no stand-in can be made: {error}")
        raise


@pytest.fixture(scope="session")
def image_neo4j(base: str) -> Neo4j:
    """Neo4j out of the image."""
    return of_image(base, None)


# Not `lms_store` with another `neo4j` below it: pytest keeps one value of a fixture for all who
# ask, and would hand the store of one Neo4j to the tests of the other.
@pytest.fixture(scope="session")
def image_store(
    lms_build: Path, image_neo4j: Neo4j, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The LMS graph's store, built by the image's Neo4j."""
    stores = tmp_path_factory.mktemp("image-stores")
    return build_db(lms_build, stores, neo4j=image_neo4j).path


@pytest.fixture(scope="session")
def baked(image_store: Path, image_neo4j: Neo4j) -> Iterator[Baked]:
    """The LMS graph's image."""
    tag = f"kgimport-test:{uuid4().hex[:12]}"
    made, _ = bake(image_store, lambda _: image_neo4j, tag, revision="0f1e2d")
    yield made
    docker.ask("rmi", "--force", tag)


@dataclass(frozen=True, slots=True)
class Running:
    """A container of a graph's image, and how to ask it."""

    container: DockerContainer
    auth: tuple[str, str] | None

    @property
    def id(self) -> str:
        return str(self.container.get_wrapped_container().id)

    @property
    def said(self) -> str:
        """All that it has written."""
        return b"".join(self.container.get_logs()).decode()

    @property
    def ended(self) -> bool:
        return docker.ask("inspect", "--format={{.State.Running}}", self.id) == "false"

    def driver(self) -> Driver:
        port = self.container.get_exposed_port(7687)
        return GraphDatabase.driver(f"bolt://127.0.0.1:{port}", auth=self.auth)

    def users(self) -> int:
        """Counts the users as soon as the database answers."""
        end = time.monotonic() + ANSWERS_WITHIN_S
        while True:
            assert not self.ended, self.said
            try:
                with self.driver() as driver:
                    found = driver.execute_query("MATCH (u:User) RETURN count(u) AS count")
                    return int(found.records[0]["count"])
            except (DriverError, Neo4jError):
                assert time.monotonic() < end, self.said
                time.sleep(0.3)


@contextmanager
def running(
    tag: str,
    *,
    auth: str | None = "none",
    mounts: dict[str, str] | None = None,
    **options: object,
) -> Iterator[Running]:
    """A container of an image, with options of the Docker SDK's `containers.create`.

    `mounts` are volumes or folders, and where in the container they are.
    """
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415  (reads the above)

    container = DockerContainer(tag).with_exposed_ports(7687)
    container = container.with_kwargs(labels=MINE, **options)
    container = container.with_env("JAVA_TOOL_OPTIONS", QUICK["JAVA_TOOL_OPTIONS"])
    if auth:
        container = container.with_env("NEO4J_AUTH", auth)
    for source, place in (mounts or {}).items():
        container = container.with_volume_mapping(source, place, "rw")
    user, _, password = (auth or "").partition("/")
    with container:
        yield Running(container, (user, password) if password else None)


def docker_lines(*argv: str) -> list[str]:
    """What docker answers, by lines; it must succeed."""
    done = subprocess.run(("docker", *argv), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="session")
def compose_program(engine: None) -> tuple[str, ...]:
    """Compose, as it is called here."""
    try:
        return compose.program()
    except RuntimeMissingError as error:
        _leave_out(error.message)
        raise


def free_address() -> str:
    """An address of this machine that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@contextmanager
def composed(program: tuple[str, ...], image: str, count: int, address: str) -> Iterator[str]:
    """Replicas of an image behind the balancer, at an address; gives the project's name."""
    name = f"kgimport{uuid4().hex[:8]}"
    settings = pytest.MonkeyPatch()
    settings.setenv("KGIMPORT_GRAPH", image)
    settings.setenv("KGIMPORT_REPLICAS", str(count))
    settings.setenv("KGIMPORT_BIND", address)
    settings.setenv("KGIMPORT_BALANCER", os.environ.get("KGIMPORT_BALANCER") or make.haproxy())
    argv = (*program, f"--project-name={name}", f"--file={ROOT / 'docker' / 'compose.yaml'}")
    try:
        began = run(Command((*argv, "up", "--detach")))
        assert began.exit_code == 0, began.tail
        yield name
    finally:
        run(Command((*argv, "down", "--volumes", "--timeout=20")))
        settings.undo()


def images(project: str) -> list[str]:
    """The images of a compose project's replicas that run."""
    labels = (f"project={project}", "service=neo4j")
    filters = (f"--filter=label=com.docker.compose.{each}" for each in labels)
    return docker_lines("ps", *filters, "--format={{.Image}}")
