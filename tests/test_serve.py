"""`serve` and `verify` on a published store, as a person uses them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import AuthError, Neo4jError

from kgimport.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neo4j import Driver

pytestmark = pytest.mark.neo4j
PASSWORD = 'long "enough" #1'
HEALTHCHECK = Path(__file__).parents[1] / "docker" / "healthcheck.sh"


@contextmanager
def serve(store: Path, **environment: str) -> Iterator[dict[str, str]]:
    """`kgimport serve` in a process of its own; gives the addresses that it prints."""
    argv = [sys.executable, "-m", "kgimport", "serve", str(store)]
    ports = ["--bolt-port", "0", "--http-port", "0"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
    with subprocess.Popen([*argv, *ports], stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip("\n") for _ in range(3)]
        try:
            yield dict(re.split(r"  +", line, maxsplit=1) for line in lines)
        finally:
            process.terminate()
    assert process.returncode == ExitCode.DONE


@pytest.fixture
def store(lms_store: Path, tmp_path: Path) -> Path:
    """A store of one's own: other tests may be reading the one that they share."""
    shutil.copytree(lms_store, tmp_path / "store")
    return tmp_path / "store"


def verify(store: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "kgimport", "verify", str(store)]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def content(store: Path) -> set[str]:
    return {str(path.relative_to(store)) for path in store.glob("data/*/*")}


def limited(driver: Driver) -> list[str]:
    """How much memory and time a transaction may take, as Neo4j says it."""
    names = "'db.memory.transaction.max', 'db.transaction.timeout'"
    asked = driver.execute_query(
        f"SHOW SETTINGS {names} YIELD name, value RETURN value ORDER BY name"
    )
    return [each["value"] for each in asked.records]


def test_an_open_store_is_read_only_with_a_browser_and_left_as_it_was(store: Path) -> None:
    before = content(store)

    with serve(store) as told, GraphDatabase.driver(told["Bolt"], auth=None) as driver:
        users = driver.execute_query("MATCH (u:User) RETURN count(u) AS c").records[0]["c"]
        limits = limited(driver)
        with urllib.request.urlopen(told["Neo4j Browser"]) as page:
            status = page.status
        with pytest.raises(Neo4jError, match=r"read.?only"):
            driver.execute_query("CREATE (:User)")
        second = verify(store)

    assert (users, status, limits) == (1_500, 200, ["256.00MiB", "2m"])
    assert second.returncode == ExitCode.SERVER
    assert "is in use" in second.stderr
    assert content(store) == before == {"data/databases/neo4j", "data/transactions/neo4j"}


@pytest.fixture(scope="module")
def guarded(lms_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that was started with a password."""
    store = tmp_path_factory.mktemp("guarded") / "store"
    shutil.copytree(lms_store, store)
    with serve(store, KGIMPORT_PASSWORD=PASSWORD) as told:
        yield told["Bolt"]


def health(bolt: str, auth: str) -> int:
    """How the image's health check finds a server, where NEO4J_AUTH tells it `auth`."""
    listens = {"NEO4J_server_bolt_listen__address": bolt.removeprefix("bolt://")}
    env = {**os.environ, **listens, "NEO4J_AUTH": auth}
    return subprocess.run([HEALTHCHECK], env=env, capture_output=True, check=False).returncode


def test_the_first_start_with_a_password_takes_it(guarded: str) -> None:
    with GraphDatabase.driver(guarded, auth=("neo4j", PASSWORD)) as driver:
        languages = driver.execute_query("MATCH (l:Language) RETURN count(l) AS c").records
    stranger = GraphDatabase.driver(guarded, auth=("neo4j", "wrong password"))
    with stranger, pytest.raises(AuthError):
        stranger.verify_connectivity()

    assert languages[0]["c"] == 60


def test_the_health_check_notices_a_password_that_was_changed_by_a_query(guarded: str) -> None:
    told, to_be_changed = f"neo4j/{PASSWORD}", f"neo4j/{PASSWORD}/true"
    known_or_not = (told, to_be_changed, "", "none")
    before = [health(guarded, auth) for auth in known_or_not]

    with GraphDatabase.driver(guarded, auth=("neo4j", PASSWORD)) as driver:
        driver.execute_query(
            "ALTER CURRENT USER SET PASSWORD FROM $old TO $new",
            {"old": PASSWORD, "new": "another one"},
            database_="system",
        )
    after = [health(guarded, auth) for auth in (*known_or_not, "neo4j/another one")]

    assert before == [0, 0, 0, 0]
    assert after == [1, 0, 0, 0, 0]


def test_verify_agrees_with_what_was_built(store: Path) -> None:
    done = verify(store)

    assert done.returncode == ExitCode.DONE
    assert re.search(r"^[\d,]+ rows agree with their Parquet$", done.stdout, re.MULTILINE)


def test_verify_tells_what_a_changed_store_lacks(store: Path) -> None:
    argv = ["--bolt-port", "0", "--http-port", "0", "--writable"]
    command = [sys.executable, "-m", "kgimport", "serve", str(store), *argv]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        uri = process.stdout.readline().split()[-1]
        with GraphDatabase.driver(uri, auth=None) as driver:
            driver.execute_query("MATCH (c:Course) WITH c LIMIT 1 DETACH DELETE c")
            driver.execute_query("MATCH (c:Customer) SET c.users = c.users + 1")
            limits = limited(driver)
        process.terminate()

    done = verify(store)

    assert limits == ["0B", "0s"]
    assert done.returncode == ExitCode.RECONCILIATION
    assert "label Course: the source has 200, the store 199" in done.stderr
    assert "node_customer 'customer_1' differs in users" in done.stderr
