"""A stand-in for Redshift's Data API: it answers as the documentation says, and really runs SQL.

It is not Redshift. Statements are parsed by sqlglot as Redshift's and run by DuckDB; UNLOAD writes
Parquet to the tests' S3. Failures are set up by what the documentation says of them.
"""

from __future__ import annotations

import json
import re
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import duckdb
import pytest
import sqlglot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.local_athena.running import LocalAws

_UNLOAD = re.compile(
    r"UNLOAD \((?P<query>'(?:[^'\\]|''|\\.)*')\) TO '(?P<place>[^']*)' "
    r"IAM_ROLE (?P<role>default|'[^']*') FORMAT AS PARQUET",
    re.DOTALL,
)
_TYPES = {
    "SMALLINT": "int2",
    "INTEGER": "int4",
    "BIGINT": "int8",
    "FLOAT": "float4",
    "DOUBLE": "float8",
    "BOOLEAN": "bool",
    "VARCHAR": "varchar",
    "DATE": "date",
    "TIME": "time",
    "TIME WITH TIME ZONE": "timetz",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "INTERVAL": "intervald2s",
    "JSON": "super",
    "BLOB": "varbyte",
    "BIT": "hllsketch",
}


@dataclass(slots=True)
class Statement:
    """A statement that was sent, and what became of it."""

    sent: dict[str, Any]
    polls: int = 0
    status: str = "SUBMITTED"
    error: str = ""
    results: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Redshift:
    """A database and its API; `run` makes tables in DuckDB's words."""

    aws: LocalAws
    engine: duckdb.DuckDBPyConnection
    statements: dict[str, Statement] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)  # action, code: for one call each
    waits: int = 1  # how often a statement is found running
    aborts: bool = False
    loses: int = 0  # rows that UNLOAD does not write
    writes_empty: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, *statements: str) -> None:
        """Run statements of DuckDB's."""
        with self.lock:
            for each in statements:
                self.engine.execute(each)

    def answer(self, action: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the status and the answer to a call."""
        with self.lock:
            self.calls.append((action, body))
            for fault in self.faults:
                if fault[0] == action:
                    self.faults.remove(fault)
                    return 400, {"__type": fault[1], "message": f"{fault[1]} was set up"}
            return _ACTIONS[action](self, body)

    def start(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Take a statement, which runs once it was waited for."""
        if ("ClusterIdentifier" in body) == ("WorkgroupName" in body):
            return 400, {"__type": "ValidationException", "message": "one of cluster, workgroup"}
        name = f"00000000-0000-4000-8000-{len(self.statements):012x}"
        self.statements[name] = Statement(body)
        return 200, {"Id": name, "CreatedAt": time.time()}

    def describe(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Tell how far a statement is."""
        found = self.statements.get(body["Id"])
        if found is None:
            return 400, {"__type": "ResourceNotFoundException", "message": "Query does not exist."}
        found.polls += 1
        if found.status in ("SUBMITTED", "STARTED"):
            found.status = "STARTED"
            if found.polls > self.waits:
                self._finish(found)
        more: dict[str, Any] = {"Error": found.error}
        if "Sqls" in found.sent:
            more = {"SubStatements": [{"Id": f"{body['Id']}:1", "Error": found.error}]}
        return 200, {"Id": body["Id"], "Status": found.status, **(more if found.error else {})}

    def cancel(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Stop a statement."""
        self.statements[body["Id"]].status = "ABORTED"
        return 200, {"Status": True}

    def result(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return what a statement returned; several statements have a number each."""
        name, _, number = body["Id"].partition(":")
        return 200, self.statements[name].results[int(number or 1) - 1]

    def _finish(self, statement: Statement) -> None:
        if self.aborts:
            statement.status = "ABORTED"
            return
        try:
            for sql in statement.sent.get("Sqls") or [statement.sent["Sql"]]:
                statement.results.append(self._ran(sql))
            statement.status = "FINISHED"
        except (duckdb.Error, sqlglot.errors.ParseError) as error:
            statement.status, statement.error = "FAILED", f"ERROR: {str(error).splitlines()[0]}"

    def _ran(self, sql: str) -> dict[str, Any]:
        if sql.startswith("SET ROLE"):
            return {}
        if sql == "SELECT pg_last_unload_count()":
            return {"Records": [[{"longValue": self._unloaded}]]}
        if unload := _UNLOAD.fullmatch(sql):
            return self._unload(unload["query"], unload["place"])
        found = self.engine.sql(_in_duckdb(sql))
        return {"ColumnMetadata": list(map(_about, found.columns, found.types)), "Records": []}

    _unloaded: int = 0

    def _unload(self, literal: str, place: str) -> dict[str, Any]:
        query = re.sub(r"\\(.)|''", lambda found: found[1] or "'", literal[1:-1])
        rows = self.engine.sql(_in_duckdb(query))
        ((self._unloaded,),) = self.engine.sql(
            f"SELECT count(*) FROM ({_in_duckdb(query)})"
        ).fetchall()
        address = urlparse(place)
        with tempfile.TemporaryDirectory() as folder:
            half = (self._unloaded + 1) // 2
            for at in range(2):
                part = rows.limit(half - self.loses, at * half)
                file = Path(folder) / "part.parquet"
                part.write_parquet(str(file))
                if self._unloaded or (self.writes_empty and not at):
                    key = f"{address.path.lstrip('/')}{at:04}_part_00.parquet"
                    self.aws.client("s3").upload_file(str(file), address.netloc, key)
        return {}


def _in_duckdb(sql: str) -> str:
    (found,) = sqlglot.transpile(sql, read="redshift", write="duckdb")
    return found


def _about(name: str, kind: Any) -> dict[str, Any]:
    text = str(kind)
    found: dict[str, Any] = {"name": name, "typeName": _TYPES.get(text, text.lower())}
    if kind.id == "decimal":
        digits, scale = (number for _, number in kind.children)
        found.update(typeName="numeric", precision=digits, scale=scale)
    return found


_ACTIONS: dict[str, Callable[[Redshift, dict[str, Any]], tuple[int, dict[str, Any]]]] = {
    "ExecuteStatement": Redshift.start,
    "BatchExecuteStatement": Redshift.start,
    "DescribeStatement": Redshift.describe,
    "CancelStatement": Redshift.cancel,
    "GetStatementResult": Redshift.result,
}


@dataclass(slots=True)
class Api:
    """The server for all tests, and the database of the test that runs."""

    endpoint: str
    current: Redshift | None = None


@pytest.fixture(scope="session")
def redshift_api() -> Iterator[Api]:
    """A server at one address: boto3 needs a while for each client of another."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            action = self.headers["X-Amz-Target"].partition(".")[2]
            assert api.current
            status, answer = api.current.answer(action, sent)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api = Api(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield api
        server.shutdown()


@pytest.fixture
def redshift(
    redshift_api: Api, s3: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Redshift]:
    """An empty database, whose API this test's process sees."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_REDSHIFT_DATA", redshift_api.endpoint)
    monkeypatch.setenv("KGIMPORT_REDSHIFT_RESULTS", f"s3://{s3.fresh_bucket()}/rs")
    monkeypatch.setattr("kgimport.sources.redshift._POLL_S", 0.01)
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute("CREATE MACRO json_serialize(x) AS CAST(x AS VARCHAR)")
        redshift_api.current = Redshift(s3, engine)
        yield redshift_api.current
