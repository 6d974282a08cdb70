"""A stand-in for a cluster of Neptune: the API of its loader, and openCypher that counts.

It is not Neptune. It answers as the user guide says, really reads the files from the tests' S3 by
a parser of its own (`neptune_files`), and keeps the graph in dictionaries. Failures are set up by
what the guide says of them. No test here was ever run against AWS.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.local_athena.running import REGION
from tests.neptune_files import Counts, Fault, Graph, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_athena.running import LocalAws

ROLE = "arn:aws:iam::123456789012:role/neptune-reads-s3"
ACTIVE = {"LOAD_NOT_STARTED", "LOAD_IN_QUEUE", "LOAD_IN_PROGRESS"}
_KNOWN = {
    *("source", "format", "region", "iamRoleArn", "mode", "failOnError", "parallelism"),
    *("parserConfiguration", "updateSingleCardinalityProperties", "queueRequest"),
    *("dependencies", "userProvidedEdgeIds", "edgeOnlyLoad"),
}
_WORDS = {
    "format": ("csv", "opencypher"),
    "mode": ("AUTO", "NEW", "RESUME"),
    "parallelism": ("HIGH", "LOW", "MEDIUM", "OVERSUBSCRIBE"),
}
_QUERY = re.compile(
    r"MATCH (?P<edge>\(\)-\[)?\(?n(?::`(?P<name>(?:[^`]|``)*)`)?(?:\]->\(\)|\)) RETURN "
    r"(?P<counts>.*)",
    re.DOTALL,
)
_COUNT = re.compile(r"count\(n(?:\.`(?P<name>(?:[^`]|``)*)`)?\) AS (?P<column>\w+)")


@dataclass(slots=True)
class Job:
    """A job that was started, and what became of it."""

    sent: dict[str, Any]
    status: str = "LOAD_IN_QUEUE"
    polls: int = 0
    counts: Counts = field(default_factory=Counts)
    feeds: list[tuple[str, str]] = field(default_factory=list)  # the file, and how it ended
    faults: list[Fault] = field(default_factory=list)

    def answer(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """Return what the loader says of it."""
        about = {"fullUri": self.sent["source"], "runNumber": 1, "retryNumber": 0}
        overall = {**about, "status": self.status, "totalTimeSpent": 1, "startTime": 1}
        payload: dict[str, Any] = {
            "feedCount": [{self.status: max(1, len(self.feeds))}],
            "overallStatus": {**overall, **self._numbers()},
        }
        if query.get("details") == ["true"]:
            bad = [each for each in self.feeds if each[1] != "LOAD_COMPLETED"]
            payload["failedFeeds"] = [{"fullUri": file, "status": status} for file, status in bad]
        if query.get("errors") == ["true"]:
            page, size = int(query["page"][0]), int(query["errorsPerPage"][0])
            shown = self.faults[(page - 1) * size : page * size]
            payload["errors"] = {"errorLogs": [each.logged() for each in shown]}
        return payload

    def _numbers(self) -> dict[str, int]:
        kinds = [each.kind for each in self.faults]
        return {
            "totalRecords": self.counts.records,
            "totalDuplicates": self.counts.duplicates,
            "parsingErrors": kinds.count("parsing"),
            "datatypeMismatchErrors": kinds.count("datatype"),
            "insertErrors": kinds.count("insert"),
        }


@dataclass(slots=True)
class Neptune:
    """A cluster: its graph, its jobs, and the failures that are set up."""

    aws: LocalAws
    endpoint: str
    graph: Graph = field(default_factory=Graph)
    jobs: dict[str, Job] = field(default_factory=dict)
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    waits: int = 1  # how often a job is found in progress
    ends: list[str] = field(default_factory=list)  # statuses with which the next jobs end
    refuses: list[tuple[str, str, str]] = field(default_factory=list)  # path, code, reason: once
    denies: bool = False  # the role cannot read the bucket
    loses: int = 0  # rows that a job does not load, and does not tell of
    finished: set[tuple[str, str]] = field(default_factory=set)  # source, and file with its tag
    lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self) -> list[dict[str, Any]]:
        """Return the requests of the jobs, in the order in which they were started."""
        return [job.sent for job in self.jobs.values()]

    def answer(self, method: str, url: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the status and the answer to a call."""
        with self.lock:
            found = urlsplit(url)
            self.calls.append((method, found.path, body))
            for each in self.refuses:
                if found.path.startswith(each[0]):
                    self.refuses.remove(each)
                    status = 500 if each[1] == "InternalFailureException" else 400
                    return refused(each[1], each[2], status)
            if found.path == "/opencypher":
                return self._counted(body["query"])
            if found.path == "/loader":
                return self._start(body)
            return self._of_job(method, found.path.rpartition("/")[2], parse_qs(found.query))

    def _start(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if wrong := _wrong(body):
            return refused(*wrong)
        if body["iamRoleArn"] != ROLE:
            return refused("LoadUrlAccessDeniedException", "the role is not attached")
        waiting = [job for job in self.jobs.values() if job.status in ACTIVE]
        if waiting and not body.get("queueRequest"):
            return refused("BadRequestException", "Max concurrent load limit breached. Limit is 1")
        source = body["source"]
        if body.get("mode") == "RESUME" and all(
            j.sent["source"] != source for j in self.jobs.values()
        ):
            return refused("BadRequestException", f"there is no earlier load from {source}")
        name = str(uuid.uuid4())
        self.jobs[name] = Job(body)
        return 200, {"status": "200 OK", "payload": {"loadId": name}}

    def _of_job(
        self, method: str, name: str, query: dict[str, list[str]]
    ) -> tuple[int, dict[str, Any]]:
        job = self.jobs.get(name)
        if job is None:
            return refused("BulkLoadIdNotFoundException", f"no load {name}", 404)
        if method == "DELETE":
            job.status = "LOAD_CANCELLED_BY_USER" if job.status in ACTIVE else job.status
            return 200, {"status": "200 OK"}
        self._advance()
        return 200, {"status": "200 OK", "payload": job.answer(query)}

    def _advance(self) -> None:
        """Let the first job that has not ended go on: it ends after `waits` polls."""
        job = next((each for each in self.jobs.values() if each.status in ACTIVE), None)
        if job is None:
            return
        job.polls += 1
        job.status = "LOAD_IN_PROGRESS"
        if job.polls > self.waits:
            job.status = self._run(job)

    def _run(self, job: Job) -> str:
        forced = self.ends.pop(0) if self.ends else ""
        if forced and forced != "LOAD_COMMITTED_W_WRITE_CONFLICTS":
            return forced
        source = job.sent["source"]
        for file, tag, content in self._objects(source):
            again = (
                job.sent.get("mode", "AUTO") == "NEW" or (source, file + tag) not in self.finished
            )
            faults = (
                load(self.graph, job.sent, file, content, job.counts, loses=self.loses)
                if again
                else []
            )
            job.faults += faults
            ended = "LOAD_FAILED" if faults else "LOAD_COMPLETED"
            ended = "LOAD_S3_ACCESS_DENIED_ERROR" if self.denies else ended
            job.feeds.append((file, ended))
            if ended != "LOAD_COMPLETED":
                return "LOAD_FAILED"
            if not forced:
                self.finished.add((source, file + tag))
        return forced or "LOAD_COMPLETED"

    def _objects(self, source: str) -> Iterator[tuple[str, str, bytes]]:
        """Yield the address, the tag and the content of each object below a prefix."""
        found = urlsplit(source)
        client, bucket = self.aws.client("s3"), found.netloc
        pages = client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=found.path[1:]):
            for each in page.get("Contents", ()):
                body = client.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
                yield f"s3://{bucket}/{each['Key']}", each["ETag"], body

    def _counted(self, query: str) -> tuple[int, dict[str, Any]]:
        found = _QUERY.fullmatch(query)
        counts = [_COUNT.fullmatch(each) for each in found["counts"].split(", ")] if found else []
        if found is None or not all(counts):
            return refused("MalformedQueryException", f"not understood: {query}")
        name = None if found["name"] is None else found["name"].replace("``", "`")
        things = self.graph.edges_of(name) if found["edge"] else self.graph.vertices_of(name)
        row = {}
        for each in filter(None, counts):
            of = each["name"]
            row[each["column"]] = sum(of is None or of.replace("``", "`") in t for t in things)
        return 200, {"results": [row]}


def _wrong(body: dict[str, Any]) -> tuple[str, str] | None:
    """Return the code and the reason of what is wrong with a request."""
    if unknown := body.keys() - _KNOWN:
        return "InvalidParameterException", f"unknown parameters: {sorted(unknown)}"
    if missing := {"source", "format", "region", "iamRoleArn"} - body.keys():
        return "MissingParameterException", f"missing parameters: {sorted(missing)}"
    if body["region"] != REGION or not body["source"].endswith("/"):  # …/a would load …/ab, too
        return "S3Exception", "the bucket is in another region, or the source is not a folder"
    for name, words in _WORDS.items():
        if body.get(name, words[0]) not in words:
            return "InvalidParameterException", f"no {name} {body[name]}"
    if body["format"] == "opencypher" and body.get("updateSingleCardinalityProperties"):
        return "InvalidParameterException", "not for openCypher: updateSingleCardinalityProperties"
    return None


def refused(code: str, reason: str, status: int = 400) -> tuple[int, dict[str, Any]]:
    """Return an answer that refuses: Neptune's reason is in `detailedMessage`."""
    return status, {"code": code, "requestId": "1", "detailedMessage": reason}


@dataclass(slots=True)
class Api:
    """The server for all tests, and the cluster of the test that runs."""

    endpoint: str
    current: Neptune | None = None


@pytest.fixture(scope="session")
def neptune_api() -> Iterator[Api]:
    """A server at one address: boto3 needs a while for each client of another."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = json.loads(self.rfile.read(length)) if length else {}
            assert "neptune-db/aws4_request" in self.headers["Authorization"]
            assert api.current
            status, answer = api.current.answer(self.command, self.path, sent)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  (as http.server calls them)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api = Api(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield api
        server.shutdown()


@pytest.fixture
def neptune(neptune_api: Api, s3: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Neptune:
    """An empty cluster, which this test's process reaches; its jobs are asked for often."""
    monkeypatch.setattr("kgimport.neptune.jobs._POLL_S", 0.01)
    neptune_api.current = Neptune(s3, neptune_api.endpoint)
    return neptune_api.current
