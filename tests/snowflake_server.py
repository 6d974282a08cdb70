"""A server that speaks Snowflake's protocol to its real driver: fakesnow, which is DuckDB inside.

It shows that our SQL, our settings and the driver fit together. What Snowflake itself does with its
types, it does not show. Run as a program, it prints its port; it accepts any password.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from adbc_driver_snowflake import dbapi

from kgimport.sources.snowflake import connection_options

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "canary-4f1c"


def main() -> None:
    """Serve until the standard input ends, which is when the parent ends."""
    import fakesnow.arrow  # noqa: PLC0415  (only the program needs them)
    import uvicorn  # noqa: PLC0415
    from fakesnow.server import app  # noqa: PLC0415

    moments = fakesnow.arrow.timestamp_to_sf_struct
    fakesnow.arrow.timestamp_to_sf_struct = lambda ts: _with_nulls(moments(ts), ts)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    print(listening.getsockname()[1], flush=True)  # noqa: T201  (the answer to who started us)
    server.run(sockets=[listening])


def _with_nulls(structs: pa.StructArray, column: pa.ChunkedArray) -> pa.StructArray:
    """fakesnow 0.12 sends missing moments as 1970, which Snowflake does not."""
    missing = pa.concat_arrays(column.is_null().chunks)
    return pa.StructArray.from_arrays(structs.flatten(), fields=list(structs.type), mask=missing)


@dataclass(frozen=True, slots=True)
class Database:
    """A database that only one test uses; its name is as Snowflake keeps it."""

    port: int
    name: str

    @property
    def profile(self) -> dict[str, str]:
        """What dbt's profile says of it."""
        return {
            "account": "my_account",
            "user": "owner",
            "password": PASSWORD,
            "database": self.name,
            "schema": "PUBLIC",
            "host": "127.0.0.1",
            "port": str(self.port),
            "protocol": "http",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The same as variables."""
        return {f"SNOWFLAKE_{key.upper()}": value for key, value in self.profile.items()}

    def run(self, *statements: str) -> None:
        """Run statements, each of which is committed."""
        options = connection_options(self.profile)
        with (
            dbapi.connect(db_kwargs=options, autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            for each in statements:
                cursor.execute(each)
                cursor.fetchall()


@pytest.fixture(scope="session")
def snowflake_port() -> Iterator[int]:
    """The port of a server for all tests."""
    program = [sys.executable, "-W", "ignore", "-m", "tests.snowflake_server"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout
        yield int(running.stdout.readline())
        running.terminate()


_NUMBERS = count()


@pytest.fixture
def snowflake_database(snowflake_port: int) -> Database:
    """An empty database."""
    return Database(snowflake_port, f"TEST_{next(_NUMBERS)}")


class _Echo(BaseHTTPRequestHandler):
    """Answers every login with what it was sent."""

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        password = json.loads(sent)["data"]["PASSWORD"]
        answer = {"data": {}, "code": "390100", "success": False, "message": f"no: {password}"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def echoing() -> Iterator[int]:
    """The port of such a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


if __name__ == "__main__":
    main()
