"""`--runtime docker`: the same store as without, and no container that stays."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from neo4j import GraphDatabase

from kgimport.cli.options import chosen_neo4j
from kgimport.errors import ExitCode, RuntimeMissingError, UsageError
from kgimport.neo4j import stores
from kgimport.neo4j.runtime import docker
from kgimport.neo4j.runtime.programs import of_image
from kgimport.records import on_disk
from tests.docker.conftest import docker_lines
from tests.docker.standin import make

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
GONE_WITHIN_S = 90


def test_an_image_builds_the_store_that_jars_build(image_store: Path, lms_build: Path) -> None:
    record, export = on_disk.read_store(image_store), on_disk.read_export(lms_build)
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in image_store.rglob("*")}

    assert sum(record.types.values()) == export.relationships == 42_726
    assert record.labels == {
        "Asset": 700,
        "Course": 200,
        "Customer": 3,
        "Language": 60,
        "User": 1_500,
    }
    assert owners == {(os.getuid(), os.getgid())}
    assert [each.name for each in image_store.glob("data/databases/*")] == ["neo4j"]


def ours() -> list[str]:
    """Containers that any kgimport has left or runs."""
    return docker_lines("ps", "--all", "--quiet", f"--filter=label={docker.LABEL}")


def labelled() -> list[str]:
    """The same by their whole ids."""
    wanted = f"--filter=label={docker.LABEL}"
    return docker_lines("ps", "--all", "--quiet", "--no-trunc", wanted)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_a_server_ends_with_the_kgimport_that_started_it(
    image_store: Path, base: str, tmp_path: Path, number: signal.Signals
) -> None:
    store = tmp_path / "a store, with an é"
    shutil.copytree(image_store, store)
    argv = ["serve", str(store), "--runtime", "docker", "--image", base, "--bolt-port", "0"]
    with subprocess.Popen(
        (sys.executable, "-m", "kgimport", *argv, "--http-port", "0"),
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        uri = process.stdout.readline().split()[-1]
        with GraphDatabase.driver(uri, auth=None) as driver:
            users = driver.execute_query("MATCH (u:User) RETURN count(u) AS c").records[0]["c"]
        served = stores.is_served(store)
        process.send_signal(number)
    end = time.monotonic() + GONE_WITHIN_S
    while ours() and time.monotonic() < end:
        time.sleep(0.3)

    assert (users, served) == (1_500, True)
    assert process.returncode == (ExitCode.DONE if number == signal.SIGTERM else -number)
    assert ours() == []
    assert not stores.is_served(store)


def test_what_a_dead_kgimport_left_is_swept_and_nothing_else(base: str) -> None:
    ended = subprocess.Popen(("true",))
    owner = docker.owner(ended.pid)
    ended.wait()
    run = ("run", "--detach", "--rm", "--entrypoint=sleep")
    dead = docker_lines(*run, f"--label={docker.LABEL}={owner}", base, "600")[0]
    living = docker_lines(*run, f"--label={docker.LABEL}={docker.owner(os.getpid())}", base, "600")

    docker.sweep()

    end = time.monotonic() + GONE_WITHIN_S  # a busy engine takes its time to remove one
    while dead in (left := labelled()) and time.monotonic() < end:
        time.sleep(0.3)
    docker_lines("rm", "--force", "--volumes", *living)
    assert (dead in left, living[0] in left) == (False, True)


def test_another_version_than_the_image_has_is_refused(base: str) -> None:
    with pytest.raises(UsageError, match=r"holds Neo4j 2026\.08\.1, not 5\.26\.30"):
        of_image(base, "5")


def test_an_image_that_is_nowhere_is_told(engine: None) -> None:
    with pytest.raises(RuntimeMissingError, match="is not here and cannot be pulled"):
        of_image("127.0.0.1:1/kgimport-nowhere:none", None)


def test_an_image_without_neo4j_is_told(engine: None, base: str) -> None:
    with pytest.raises(RuntimeMissingError, match="is not an image of Neo4j"):
        of_image(make.haproxy(), None)


def test_auto_takes_docker_where_it_has_the_image(
    base: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NEO4J_HOME", raising=False)

    chosen = chosen_neo4j(None, "auto", base)

    assert (chosen.kind, chosen.version) == ("docker", "2026.08.1")
    assert capsys.readouterr().err == f"runtime: docker, {base}\n"
