"""The image of a graph: what is in it, and that it serves in whatever way it is run."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from neo4j.exceptions import AuthError, ClientError, Neo4jError

from kgimport import files
from kgimport.commands.build_db import build_db
from kgimport.commands.image import image as bake
from kgimport.neo4j.runtime import docker
from kgimport.neo4j.runtime.programs import of_image
from kgimport.records import on_disk
from tests.docker.conftest import Running, docker_lines, running
from tests.docker.standin import make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kgimport.docker.image import Baked
    from kgimport.neo4j.runtime.programs import Neo4j

pytestmark = pytest.mark.slow
PASSWORD = "neo4j/a long password"
HEALTHY_WITHIN_S = 60
CHECKED_WITHIN_S = 20  # the interval of ten seconds, and the time of a check


@pytest.fixture(scope="module")
def volume(engine: None) -> Iterator[str]:
    name = docker_lines("volume", "create")[0]
    yield name
    docker.ask("volume", "rm", "--force", name)


@pytest.fixture(scope="module")
def containers(baked: Baked, volume: str) -> Iterator[dict[str, Running]]:
    """The image, run in many ways; they start at the same time."""
    ways: dict[str, dict[str, object]] = {
        "anonymous volumes": {},
        "a named volume": {"mounts": {volume: "/data"}},
        "a random user": {"user": "12345"},
        "a random user and group": {"user": "12345:12345"},
        "a read-only root": {"read_only": True},
        "root": {"user": "0", "read_only": True},
        "a password": {"auth": PASSWORD},
    }
    with ExitStack() as stack:
        yield {
            way: stack.enter_context(running(baked.tag, **options))  # type: ignore[arg-type]
            for way, options in ways.items()
        }


@pytest.mark.parametrize(
    "way",
    [
        "anonymous volumes",
        "a named volume",
        "a random user",
        "a random user and group",
        "a read-only root",
        "root",
        "a password",
    ],
)
def test_the_data_is_there_and_read_only(containers: dict[str, Running], way: str) -> None:
    assert containers[way].users() == 1_500

    with containers[way].driver() as driver, pytest.raises(Neo4jError, match=r"read.?only"):
        driver.execute_query("CREATE (:User)")


def test_the_password_is_the_one_that_was_given(containers: dict[str, Running]) -> None:
    guarded = containers["a password"]
    guarded.users()

    stranger = Running(guarded.container, ("neo4j", "not the password"))

    with stranger.driver() as driver, pytest.raises(AuthError):
        driver.verify_connectivity()


def test_the_health_check_asks_the_database(containers: dict[str, Running]) -> None:
    for way in ("anonymous volumes", "a password"):
        containers[way].users()
        asked = ("exec", containers[way].id, "/kgimport/healthcheck.sh")
        assert docker_lines(*asked) == ["answers"]
    assert healthy(containers["anonymous volumes"])

    closed = "NEO4J_server_bolt_listen__address=:1"
    elsewhere = ("exec", f"--env={closed}", containers["a password"].id, "/kgimport/healthcheck.sh")
    assert subprocess.run(("docker", *elsewhere), check=False).returncode == 1


def healthy(container: Running) -> bool:
    end = time.monotonic() + HEALTHY_WITHIN_S
    while time.monotonic() < end:
        if docker_lines("inspect", "--format={{.State.Health.Status}}", container.id) == [
            "healthy"
        ]:
            return True
        time.sleep(1)
    return False


def test_no_query_reads_the_environment_or_outstays_its_limits(
    containers: dict[str, Running],
) -> None:
    guarded = containers["a password"]
    guarded.users()
    reading = "LOAD CSV FROM 'file:///proc/self/environ' AS line RETURN line"
    names = ["db.transaction.timeout", "db.memory.transaction.max"]
    asked = "SHOW SETTINGS YIELD name, value WHERE name IN $names RETURN name, value"

    with guarded.driver() as driver:
        with pytest.raises(ClientError, match="allow_csv_import_from_file_urls' is false"):
            driver.execute_query(reading)
        limits = driver.execute_query(asked, {"names": names}).records

    assert {each["name"]: each["value"] for each in limits} == {
        "db.transaction.timeout": "2m",
        "db.memory.transaction.max": "256.00MiB",
    }


def test_a_replica_whose_password_a_query_changed_is_no_longer_healthy(
    containers: dict[str, Running],
) -> None:
    guarded = containers["a password"]
    guarded.users()
    _, _, password = PASSWORD.partition("/")
    change = "ALTER CURRENT USER SET PASSWORD FROM $old TO $new"
    with guarded.driver() as driver:
        given = {"old": password, "new": "another password"}
        driver.execute_query(change, given, database_="system")
    end = time.monotonic() + CHECKED_WITHIN_S

    while (found := last_check(guarded)) != 1:
        assert time.monotonic() < end, found
        time.sleep(1)


def last_check(container: Running) -> int | None:
    """What the newest of Docker's own health checks ended with."""
    health = docker_lines("inspect", "--format={{json .State.Health.Log}}", container.id)[0]
    log = json.loads(health) or [{"ExitCode": None}]
    code: int | None = log[-1]["ExitCode"]
    return code


def test_without_a_password_given_a_stranger_gets_no_data(baked: Baked) -> None:
    with running(baked.tag, auth=None) as container:
        open_to_all = Running(container.container, None)
        until = time.monotonic() + 240
        while True:
            try:
                with open_to_all.driver() as driver:
                    driver.execute_query("MATCH (n) RETURN n LIMIT 1")
            except AuthError:
                break
            except Exception:
                assert time.monotonic() < until, container.said
                time.sleep(0.3)
            else:
                pytest.fail("it answered")
        assert docker.ask("exec", container.id, "/kgimport/healthcheck.sh") is not None


def test_what_hides_the_store_is_told(baked: Baked, tmp_path: Path) -> None:
    with running(baked.tag, mounts={str(tmp_path): "/kgimport/data"}) as container:
        container.container.get_wrapped_container().wait(timeout=60)
        assert "kgimport: the store is hidden: mount no volume at /kgimport" in container.said


def test_a_volume_with_a_database_of_its_own_is_told(baked: Baked, tmp_path: Path) -> None:
    (tmp_path / "databases" / "neo4j").mkdir(parents=True)
    tmp_path.chmod(0o755)
    with running(baked.tag, mounts={str(tmp_path): "/data"}, read_only=True) as container:
        container.container.get_wrapped_container().wait(timeout=60)
        assert "the database in the volume at /data is not served" in container.said
        assert "neither can /data, where a copy would go" in container.said


def test_the_image_is_the_base_and_one_copy_of_the_store(baked: Baked, image_store: Path) -> None:
    store = files.size(image_store / "data")

    layers = [int(line) for line in history(baked.tag, "{{.Size}}")]

    own = baked.bytes - baked.base_bytes
    assert 0.5 * store < own < 1.1 * store + 50_000
    assert max(layers[: len(layers) - len(history(baked.base, "{{.Size}}"))]) > 0.9 * own


def history(tag: str, form: str) -> list[str]:
    return docker_lines("history", "--no-trunc", "--human=false", f"--format={form}", tag)


def test_the_labels_say_what_is_in_it_and_stay(
    baked: Baked, image_store: Path, image_neo4j: Neo4j
) -> None:
    again, _ = bake(image_store, lambda _: image_neo4j, f"{baked.tag}-again", revision="0f1e2d")
    docker.ask("rmi", "--force", again.tag)
    record = on_disk.read_store(image_store)

    held = json.loads(docker_lines("inspect", "--format={{json .Config.Labels}}", baked.tag)[0])

    assert again.labels == baked.labels
    assert held == {
        "org.opencontainers.image.title": "Neo4j Community with the graph lms",
        "org.opencontainers.image.version": record.build_id,
        "org.opencontainers.image.revision": "0f1e2d",
        "org.kgimport.graph": "lms",
        "org.kgimport.build-id": record.build_id,
        "org.kgimport.nodes": "2463",
        "org.kgimport.relationships": "42726",
        "org.kgimport.neo4j": record.neo4j,
        "org.kgimport.version": record.kgimport,
        "org.opencontainers.image.base.name": baked.base,
    }


def test_the_image_holds_the_store_and_no_secret(baked: Baked, image_store: Path) -> None:
    container = docker_lines("create", baked.tag)[0]
    archive = subprocess.run(
        ("docker", "cp", f"{container}:/kgimport", "-"), capture_output=True, check=True
    ).stdout
    docker_lines("rm", "--volumes", container)

    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        entries = tar.getmembers()
        small = [tar.extractfile(each) for each in entries if each.isfile() and each.size < 20_000]
        text = b"".join(file.read() for file in small if file)
    names = {"/".join(entry.name.split("/")[1:3]) for entry in entries}
    told = "\n".join(
        [*history(baked.tag, "{{.CreatedBy}}"), *docker_lines("inspect", baked.tag), str(names)]
    )

    assert names == {
        *("", "data", "data/databases", "data/transactions"),
        *("start.sh", "healthcheck.sh", "entrypoint", "settings", "store.json", "NOTICE"),
    }
    owners = {(each.uid, each.gid) for each in entries if "/data/" in each.name}
    assert owners == {(7474, 0)}
    assert not [word for word in ("NEO4J_AUTH=", "auth.ini", "system", "SECRET") if word in told]
    assert str(image_store.parent).encode() not in text


def test_the_5_line_serves_and_leaves_its_empty_log_behind(
    lms_build: Path, base: str, tmp_path: Path
) -> None:
    if not base.startswith("kgimport-standin"):
        pytest.skip("the stand-in of the 5 line goes with that of the current one")
    five = of_image(make.neo4j("5.26.30"), "5")
    store = build_db(lms_build, tmp_path, neo4j=five).path
    made, _ = bake(store, lambda _: five, "kgimport-test:five", revision=None)
    try:
        with running(made.tag) as container:
            assert container.users() == 1_500
            asked = ("exec", container.id, "/kgimport/healthcheck.sh")
            assert docker_lines(*asked) == ["answers"]
    finally:
        docker.ask("rmi", "--force", made.tag)
    assert sum(file.stat().st_size for file in store.rglob("*") if file.is_file()) > 200_000_000
    assert made.bytes - made.base_bytes < 20_000_000
