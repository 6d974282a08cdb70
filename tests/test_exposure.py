"""What a served store gives to others: to a stranger's query, to a page in a browser, to a crowd.

Each Neo4j is started twice: with short limits, by which all but the last test ask, and anew on
the store that the first one left when it was killed.
"""

from __future__ import annotations

import base64
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from neo4j import GraphDatabase, Query
from neo4j.exceptions import ClientError, DriverError, Neo4jError

from kgimport.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neo4j import Driver

pytestmark = pytest.mark.neo4j
STRANGER = "https://stranger.example"
TIMEOUT_S = 4
MONITOR_S = 2  # how often Neo4j looks for transactions that have had their time
CROWD = 400  # as many as Bolt has threads
STOPPED_WITHIN_S = 10  # before which Neo4j, by itself, gives no query up
ENDED_AT_ONCE_S = 5
ENDLESS = "UNWIND range(1, 1000000000000) AS x WITH x WHERE x % 7 = 8 RETURN count(x)"
GREEDY = "UNWIND range(1, 100000000) AS x WITH collect(x) AS numbers RETURN size(numbers)"


@dataclass(frozen=True, slots=True)
class Serving:
    """A `kgimport serve` that runs."""

    process: subprocess.Popen[str]
    bolt: str
    http: str
    store: Path

    def driver(self) -> Driver:
        return GraphDatabase.driver(
            self.bolt,
            auth=None,
            notifications_min_severity="OFF",
            max_connection_pool_size=CROWD + 1,
        )

    def posted(self, query: str, **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of what HTTP answers to a query."""
        body = json.dumps({"statements": [{"statement": query}]}).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = urllib.request.Request(f"{self.http}/db/neo4j/tx/commit", body, named)
        try:
            with urllib.request.urlopen(asked) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()


@contextmanager
def served(store: Path, *options: str, shell: str = "", **environment: str) -> Iterator[Serving]:
    """`kgimport serve` in a process of its own, which the block has to end."""
    ports = ("--bolt-port", "0", "--http-port", "0")
    argv = [sys.executable, "-m", "kgimport", "serve", str(store), *ports, *options]
    argv = ["bash", "-c", f'{shell} exec "$@"', "bash", *argv]
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        told = [re.split(r"  +", process.stdout.readline().strip(), maxsplit=1) for _ in range(3)]
        try:
            uris = dict(told)
            yield Serving(process, uris["Bolt"], uris["Neo4j Browser"].split("/browser")[0], store)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def strict(lms_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server with short limits; no test of this module needs longer."""
    store = tmp_path_factory.mktemp("strict") / "store"
    shutil.copytree(lms_store, store)
    limits = ("--timeout-s", str(TIMEOUT_S), "--query-mb", "32")
    with served(store, *limits) as serving:
        yield serving


@pytest.fixture(scope="module")
def web() -> Iterator[tuple[int, list[str]]]:
    """A web server of this machine: its port, and which paths it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"secret\n")

        def log_message(self, *_: object) -> None:
            """Keeps its log to itself."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], asked
        server.shutdown()


def sources(port: int) -> list[tuple[str, str]]:
    """What LOAD CSV could read, and Neo4j's word for why it does not."""
    files = "allow_csv_import_from_file_urls' is false"
    return [
        ("file:///etc/passwd", files),
        ("FILE:///proc/self/environ", files),
        (f"http://127.0.0.1:{port}/number", "cypher_ip_blocklist"),
        (f"http://localhost:{port}/name", "cypher_ip_blocklist"),
        (f"http://2130706433:{port}/decimal", "cypher_ip_blocklist"),
        (f"http://[::ffff:127.0.0.1]:{port}/mapped", "cypher_ip_blocklist"),
        ("http://[::1]:1/", "cypher_ip_blocklist"),
        ("https://192.0.2.1/", "cypher_ip_blocklist"),
        ("ftp://127.0.0.1:1/x", "cypher_ip_blocklist"),
        *((f"{scheme}://bucket/key", "unknown protocol") for scheme in ("s3", "gs", "azb")),
    ]


def test_no_query_reads_a_file_or_the_network(strict: Serving, web: tuple[int, list[str]]) -> None:
    port, asked = web
    for source, reason in sources(port):
        query = f"LOAD CSV FROM '{source}' AS line RETURN line LIMIT 1"
        with strict.driver() as driver, pytest.raises(ClientError, match=re.escape(reason)):
            driver.execute_query(query)
        status, _, body = strict.posted(query, Content_Type="application/json")
        rows = [row for result in json.loads(body)["results"] for row in result["data"]]
        assert (status, rows, reason in body) == (200, [], True)
    assert asked == []


def test_http_answers_no_page_of_another_origin(strict: Serving) -> None:
    preflight = urllib.request.Request(
        f"{strict.http}/db/neo4j/tx/commit",
        method="OPTIONS",
        headers={"Origin": STRANGER, "Access-Control-Request-Method": "POST"},
    )
    with urllib.request.urlopen(preflight) as answer:
        allowed = answer.headers.get("Access-Control-Allow-Origin")
    # What a page may send without asking: it is refused before the query is looked at.
    simple, _, _ = strict.posted("RETURN 1", Origin=STRANGER, Content_Type="text/plain")
    same, headers, body = strict.posted(
        "RETURN 1", Origin=strict.http, Content_Type="application/json"
    )

    assert allowed == headers["Access-Control-Allow-Origin"] == "https://nobody.invalid"
    assert (simple, same) == (415, 200)
    assert json.loads(body)["results"][0]["data"][0]["row"] == [1]


def test_bolt_speaks_to_pages_of_any_origin_as_serve_says(strict: Serving) -> None:
    """Neo4j has no setting against it; should it get one, this test says so."""
    port = int(strict.bolt.rpartition(":")[2])
    key = base64.b64encode(bytes(16)).decode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as page:
        page.sendall(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {STRANGER}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        assert page.recv(100).startswith(b"HTTP/1.1 101 ")


def users(serving: Serving) -> int:
    """What another reader is told, who does not ask twice."""
    with serving.driver() as driver, driver.session() as session:
        return int(
            session.run("MATCH (u:User) RETURN count(u) AS count").single(strict=True)["count"]
        )


def refusal(serving: Serving, query: str, timeout_s: float | None = None) -> str:
    """Neo4j's code for why a query has no answer; `timeout_s` is the client's own limit."""
    with serving.driver() as driver, driver.session() as session:
        try:
            session.run(Query(query, timeout=timeout_s)).consume()
        except Neo4jError as error:
            return str(error.code)
        except DriverError as error:  # the connection was closed
            return type(error).__name__
    return "none"


def test_an_endless_query_is_ended_and_a_greedy_one_refused_while_others_are_answered(
    strict: Serving,
) -> None:
    with ThreadPoolExecutor() as pool:
        endless, greedy = (
            pool.submit(refusal, strict, ENDLESS),
            pool.submit(refusal, strict, GREEDY),
        )
        counted = [users(strict)]
        while not (endless.done() and greedy.done()):
            counted.append(users(strict))

    assert endless.result().startswith("Neo.ClientError.Transaction.TransactionTimedOut")
    assert greedy.result() == "Neo.TransientError.General.MemoryPoolOutOfMemoryError"
    assert set(counted) == {1_500}


def test_a_crowd_of_idle_transactions_keeps_nobody_out_and_is_ended(strict: Serving) -> None:
    with strict.driver() as driver, ExitStack() as open_ones:
        sessions = [open_ones.enter_context(driver.session()) for _ in range(CROWD)]
        idle = [session.begin_transaction() for session in sessions]
        counted = users(strict)
        time.sleep(TIMEOUT_S + 2 * MONITOR_S)
        with pytest.raises(ClientError) as ended:
            idle[0].run("RETURN 1").consume()

    assert counted == 1_500
    assert str(ended.value.code).startswith("Neo.ClientError.Transaction.TransactionTimedOut")


def test_a_second_ctrl_c_ends_a_server_at_once(strict: Serving) -> None:
    strict.process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    strict.process.send_signal(signal.SIGINT)

    assert strict.process.wait(ENDED_AT_ONCE_S) in (ExitCode.DONE, ExitCode.INTERRUPTED)


def test_ctrl_c_stops_a_server_promptly_and_cleanly_whatever_its_readers_do(
    strict: Serving,
) -> None:
    """On the store of the server that was killed; a shell lets it ignore Ctrl-C."""
    with ThreadPoolExecutor() as pool, served(strict.store, shell="trap '' INT;") as serving:
        counted = users(serving)
        running = [pool.submit(refusal, serving, ENDLESS, 3600) for _ in range(3)]
        with serving.driver() as driver, driver.session() as session:
            idle = session.begin_transaction()
            idle.run("RETURN 1").consume()
            time.sleep(1)
            serving.process.send_signal(signal.SIGINT)
            code = serving.process.wait(STOPPED_WITHIN_S)
            with pytest.raises(DriverError):
                idle.run("RETURN 1").consume()

    assert (counted, code) == (1_500, ExitCode.DONE)
    assert "none" not in [each.result() for each in running]
