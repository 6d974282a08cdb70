"""A Neo4j server on a store, for as long as a `with` block lasts."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import deque
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport import process, temporary
from kgimport.errors import ServerError, UsageError
from kgimport.neo4j.runtime.config import configure, defaults
from kgimport.neo4j.runtime.programs import admin_command, server_command

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from kgimport.neo4j.runtime.programs import Neo4j

HOST = "127.0.0.1"
STOP_S = 60  # after which a server that was asked to stop is killed
_STOPPED = (0, 143)  # 143 = 128 + SIGTERM: a Java that was asked to stop before it had begun
_POLL_S = 0.2
_LAST_WORDS_S = 5
_STATUS = "SHOW DATABASES YIELD name, currentStatus, requestedStatus, statusMessage"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    bolt_uri: str
    http_uri: str | None  # Neo4j Browser is at <http_uri>/browser/
    pid: int
    wait: Callable[[], int]  # blocks until the server ends by itself; returns its exit code


@contextmanager
def serving(
    neo4j: Neo4j,
    *,
    home: Path,
    data: Path,
    settings: Mapping[str, str] | None = None,
    bolt_port: int = 0,
    http_port: int | None = None,
    heap_mb: int | None = None,
    pagecache_mb: int | None = None,
    auth: tuple[str, str] | None = None,
    on_line: Callable[[str], None] = lambda _: None,
    ready_timeout_s: float = 180,
) -> Iterator[Server]:
    """Serve the store in `data` on the loopback address until the block ends, then stop cleanly.

    Port 0 takes a free one; `http_port=None` leaves HTTP off. `settings` override kgimport's
    defaults. `auth` is only used to check whether the server is ready; without it, a server that
    asks for credentials counts as ready. `on_line` runs in another thread, and must not raise.

    Raises ServerError if a port is taken, the store is in use, or the server does not start, does
    not answer within `ready_timeout_s` seconds, or does not stop.
    """
    bolt, http = _ports(bolt_port, http_port)
    ports = (bolt, http) if http else (bolt,)
    addresses = _addresses(bolt, http, listen=defaults(neo4j)["server.default_listen_address"])
    wanted = {**_memory(heap_mb, pagecache_mb), **(settings or {}), **addresses}
    configure(neo4j, home=home, data=data, settings=wanted)
    command = server_command(neo4j, home=home, heap_mb=heap_mb, ports=ports)
    log: deque[str] = deque(maxlen=process.TAIL_LINES)
    with (
        process.started(command, cwd=home, grace_s=STOP_S) as child,
        _drained(child, log, on_line) as reader,
    ):
        _await_ready(child, reader, log, lambda: _answers(ports, auth, home), ready_timeout_s)
        http_uri = f"http://{HOST}:{http}" if http else None
        yield Server(f"bolt://{HOST}:{bolt}", http_uri, child.pid, child.wait)
        _stop(child)


def set_initial_password(neo4j: Neo4j, *, home: Path, password: str) -> None:
    """Set the password of the user `neo4j` in a configured home, before its server's first start.

    It is passed in a file that only this user can read, because every user of the machine can see a
    command line. Raises UsageError if Neo4j refuses the password.
    """
    with temporary.folder() as directory:
        arguments = directory / "arguments"  # in a directory of mode 0700
        arguments.write_text(_quoted(password), encoding="utf-8")
        # picocli, which parses neo4j-admin's command line, reads arguments from @files.
        args = ("dbms", "set-initial-password", f"@{arguments}")
        done = process.run(admin_command(neo4j, args, home=home, cwd=directory))
    if done.exit_code:
        raise UsageError(
            f"Neo4j refuses the initial password: {_meaning(done.tail).replace(password, '…')}",
            "choose one of 8 characters or more",
        )


def _quoted(argument: str) -> str:
    if not argument.isprintable():
        raise UsageError("the password holds a line break or another control character", "")
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"\n'


def _ports(bolt: int, http: int | None) -> tuple[int, int | None]:
    """Return two free ports; both are held open while choosing, so that they differ."""
    with ExitStack() as held:
        return _held(bolt, held), None if http is None else _held(http, held)


def _held(port: int, held: ExitStack) -> int:
    listener = held.enter_context(socket.socket())
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Neo4j does: TIME_WAIT is ok
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        raise _port_taken(port) from error
    return int(listener.getsockname()[1])


def _addresses(bolt: int, http: int | None, *, listen: str) -> dict[str, str]:
    # Neo4j Browser connects to the advertised address, which otherwise has the default port.
    named = {"bolt": bolt, **({"http": http} if http else {})}
    addresses = {
        f"server.{name}.{kind}_address": f"{host}:{port}"
        for name, port in named.items()
        for kind, host in (("listen", listen), ("advertised", HOST))
    }
    return {**addresses, "server.http.enabled": str(bool(http)).lower()}


def _memory(heap_mb: int | None, pagecache_mb: int | None) -> dict[str, str]:
    wanted = {
        "server.memory.heap.max_size": heap_mb,  # for the server's information: Java gets -Xmx
        "server.memory.pagecache.size": pagecache_mb,
    }
    return {key: f"{size}m" for key, size in wanted.items() if size}


@contextmanager
def _drained(
    child: subprocess.Popen[bytes], log: deque[str], on_line: Callable[[str], None]
) -> Iterator[threading.Thread]:
    """Keep reading the server's output: it would block once the pipe is full."""

    def drain() -> None:
        for line in process.output(child):
            log.append(line)
            on_line(line)

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    try:
        yield reader
    finally:  # end the output before `started` closes the pipe under the reader
        process.stop(child, STOP_S)
        reader.join(_LAST_WORDS_S)


def _await_ready(
    child: subprocess.Popen[bytes],
    reader: threading.Thread,
    log: deque[str],
    answers: Callable[[], bool],
    timeout_s: float,
) -> None:
    end = time.monotonic() + timeout_s
    while not answers():
        if child.poll() is not None:
            reader.join(_LAST_WORDS_S)  # its last words may still be in the pipe
            raise _not_started(tuple(log))
        if time.monotonic() > end:
            raise ServerError(
                f"Neo4j did not answer within {timeout_s:.0f} s: {_meaning(tuple(log))}",
                "look at logs/ in its home; give it more time or memory",
            )
        time.sleep(_POLL_S)


def _answers(ports: tuple[int, ...], auth: tuple[str, str] | None, home: Path) -> bool:
    """Return whether all ports listen (Bolt's is the first) and all databases are online."""
    import neo4j  # noqa: PLC0415  # takes a third of a second, which only servers need
    from neo4j.exceptions import AuthError, DriverError, Neo4jError  # noqa: PLC0415

    if not all(map(_listens, ports)):  # the driver would log each refused connection
        return False
    try:
        with (
            neo4j.GraphDatabase.driver(f"bolt://{HOST}:{ports[0]}", auth=auth) as driver,
            driver.session(database="system") as session,
        ):
            return _all_online(session.run(_STATUS).data(), home)
    except AuthError as error:
        if auth:
            raise ServerError("Neo4j refuses the user name and password", "check them") from error
        return True
    except (DriverError, Neo4jError):
        return False


def _all_online(databases: list[dict[str, str]], home: Path) -> bool:
    for database in databases:
        if database["currentStatus"] != "online" and database["statusMessage"]:
            reason = f"{database['statusMessage'].rstrip('.')}: {_cause(home)}"
            raise ServerError(
                f"the database {database['name']} did not start: {reason}",
                "the store may be incomplete, or in use: build it again, or stop the other server",
            )
    return all(each["currentStatus"] == each["requestedStatus"] for each in databases)


def _cause(home: Path) -> str:
    """Return the last cause in debug.log, which the database's own status does not show."""
    log = home / "logs" / "debug.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return _meaning([part for line in lines for part in _plain(line)])


def _plain(line: str) -> list[str]:
    """Return a line of debug.log as lines of text: since 2025 it is JSON, stack trace included."""
    try:
        entry = json.loads(line)
    except ValueError:
        return [line]
    if not isinstance(entry, dict):
        return [line]
    return [entry.get("message", ""), *entry.get("stacktrace", "").splitlines()]


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def _stop(child: subprocess.Popen[bytes]) -> None:
    if not process.stop(child, STOP_S):
        raise ServerError(
            f"Neo4j did not stop within {STOP_S} s and was killed",
            "its next start will recover the store; do not publish it before that",
        )
    if child.returncode not in _STOPPED:
        raise ServerError(
            f"Neo4j ended with exit code {child.returncode} instead of stopping cleanly",
            "look at logs/ in its home",
        )


def _not_started(log: tuple[str, ...]) -> ServerError:
    text = "\n".join(log)
    if "has been locked by another process" in text:
        return ServerError(
            "the store is in use: another Neo4j serves or builds it", "stop that one first"
        )
    if taken := re.search(r"bind to the socket \S*:(\d+)", text):
        return _port_taken(int(taken[1]))
    return ServerError(f"Neo4j did not start: {_meaning(log)}", "look at logs/ in its home")


def _port_taken(port: int) -> ServerError:
    return ServerError(
        f"port {port} of {HOST} is taken, or may not be used",
        "choose another port, 0 for any that is free, or stop the program that has it",
    )


# A line of a stack trace, and how to get one.
_NO_REASON = ("\tat ", "Run with '--verbose'")


def _meaning(log: Iterable[str]) -> str:
    """Return the one line of a Java program's output that best explains a failure.

    The last cause of a stack trace is the most precise; next come an exception's first line, an
    ERROR, and the last line.
    """
    lines = [line.strip() for line in log if line.strip(" -") and not line.startswith(_NO_REASON)]
    for sign in (r"^Caused by: \S+: (.+)", r"^Exception in .*?\w+: (.+)", r".* ERROR +(.+)"):
        for line in reversed(lines):
            if match := re.match(sign, line):
                return match[1]
    return lines[-1] if lines else "it printed nothing"
