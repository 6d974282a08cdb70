"""Failures on demand: what AWS answers when it is busy, forbids, or breaks off.

The server that answers for AWS takes faults at `/_faults`, as JSON:

    POST   /_faults   {"service": "glue", "action": "GetTable", "code": "ThrottlingException",
                       "times": 3}
    DELETE /_faults   no fault is left, and the calls are forgotten
    GET    /_calls    the calls that came since then, those of the engine too, as a list

A fault meets the calls of its service and action ("*" is any) whose `key` (S3: bucket/key) fits
the pattern of `fnmatch`: it lets the first `skip` go by, fails the next `times` (0: all that
follow), and is then used up. `code` is the error code that AWS would answer with, such as
AccessDenied (S3), AccessDeniedException, ExpiredTokenException, ThrottlingException, or one of

    reset      the connection is reset before anything is answered
    truncate   the answer says its whole length, carries `bytes` of it (default: half), and ends
    moved      the bucket is said to be in another region (S3), namely `region`
    slow       the answer comes after `seconds`

Calls of the engine itself (Trino reads and writes S3 and Glue) are spared unless `engine` is true.
"""

from __future__ import annotations

import fnmatch
import json
import os
import socket
import struct
import threading
import time
import urllib.request
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from tests.local_athena.calls import Call, recognise, take_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_STATUS = {
    "AccessDenied": "403 Forbidden",
    "InvalidAccessKeyId": "403 Forbidden",
    "SignatureDoesNotMatch": "403 Forbidden",
    "NoSuchKey": "404 Not Found",
    "NoSuchBucket": "404 Not Found",
    "PreconditionFailed": "412 Precondition Failed",
    "SlowDown": "503 Slow Down",
    "ServiceUnavailable": "503 Service Unavailable",
    "InternalError": "500 Internal Server Error",
    "InternalServerException": "500 Internal Server Error",
}
_KEPT_CALLS = 100_000


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to fail, when, and how."""

    service: str
    action: str
    code: str
    times: int = 1
    skip: int = 0
    key: str = "*"
    message: str = ""
    region: str = "eu-west-1"
    bytes: int | None = None
    seconds: float = 1
    engine: bool = False

    def meets(self, call: Call) -> bool:
        """Whether the call is one of those that are counted."""
        return (
            self.service in (call.service, "*")
            and self.action in (call.action, "*")
            and fnmatch.fnmatchcase(call.key, self.key)
            and (self.engine or not call.engine)
        )


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0

    def strikes(self, call: Call) -> bool:
        if not self.fault.meets(call):
            return False
        self.seen += 1
        past = self.seen - self.fault.skip
        return past > 0 and (self.fault.times == 0 or past <= self.fault.times)


@dataclass(slots=True)
class Gate:
    """The WSGI application that every request passes before it reaches `app`."""

    app: App
    armed: list[_Armed] = field(default_factory=list)
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=_KEPT_CALLS))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Let a request through, or fail it as a fault says."""
        if environ["PATH_INFO"] in ("/_faults", "/_calls"):
            return self._administer(environ, start)
        call = recognise(environ)
        fault = self._struck(call)
        if fault is None:
            return self.app(environ, start)
        return _failed(fault, call, self.app, environ, start)

    def _struck(self, call: Call) -> Fault | None:
        with self.lock:
            self.calls.append(call)
            striking = [armed.fault for armed in self.armed if armed.strikes(call)]
        return striking[0] if striking else None

    def _administer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        body = take_body(environ)
        answer: object = {}
        with self.lock:
            if environ["REQUEST_METHOD"] == "POST":
                self.armed.append(_Armed(Fault(**json.loads(body))))
            elif environ["REQUEST_METHOD"] == "DELETE":
                self.armed.clear()
                self.calls.clear()
            else:
                answer = [asdict(call) for call in self.calls]
        return _answer(start, "200 OK", "application/json", json.dumps(answer).encode())


def _failed(
    fault: Fault, call: Call, app: App, environ: dict[str, Any], start: Callable[..., Any]
) -> Iterable[bytes]:
    if fault.code == "slow":
        time.sleep(fault.seconds)
        return app(environ, start)
    if fault.code == "reset":
        return _reset(environ)
    if fault.code == "truncate":
        return _truncated(fault, app, environ, start)
    take_body(environ)  # else it is taken for the next request on this connection
    return _refused(fault, call, environ, start)


def _reset(environ: dict[str, Any]) -> Iterable[bytes]:
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The handler has files on this socket, so closing it would wait for them. It gets another one,
    # at its end, in its place: the kernel then drops the connection at once.
    ours, peer = socket.socketpair()
    peer.close()
    with ours:
        os.dup2(ours.fileno(), connection.fileno())
    raise ConnectionResetError


def _truncated(
    fault: Fault, app: App, environ: dict[str, Any], start: Callable[..., Any]
) -> Iterator[bytes]:
    # Not a generator of its caller's: the headers go out before the body is cut.
    body = b"".join(app(environ, start))
    yield body[: len(body) // 2 if fault.bytes is None else fault.bytes]
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


def _refused(
    fault: Fault, call: Call, environ: dict[str, Any], start: Callable[..., Any]
) -> Iterable[bytes]:
    message = fault.message or f"{fault.code}, as a test asked for"
    if fault.code == "moved":
        return _moved(fault, environ, start)
    status = _STATUS.get(fault.code, "400 Bad Request")
    if call.service in ("athena", "glue"):
        body = json.dumps({"__type": fault.code, "message": message}).encode()
        return _answer(start, status, "application/x-amz-json-1.1", body)
    error = f"<Error><Code>{fault.code}</Code><Message>{escape(message)}</Message></Error>"
    if call.service != "s3":
        error = f"<ErrorResponse>{error}</ErrorResponse>"
    return _answer(start, status, "application/xml", _unless_head(environ, error))


def _moved(fault: Fault, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    error = (
        "<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must"
        " be addressed using the specified endpoint.</Message></Error>"
    )
    status, region = "301 Moved Permanently", ("x-amz-bucket-region", fault.region)
    return _answer(start, status, "application/xml", _unless_head(environ, error), region)


def _unless_head(environ: dict[str, Any], error: str) -> bytes:
    return b"" if environ["REQUEST_METHOD"] == "HEAD" else error.encode()


def _answer(
    start: Callable[..., Any], status: str, kind: str, body: bytes, *more: tuple[str, str]
) -> Iterable[bytes]:
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *more])
    return [body]


@dataclass(frozen=True, slots=True)
class Faults:
    """What a test says to the gate."""

    endpoint: str

    def arm(self, service: str, action: str, code: str, **more: Any) -> None:
        """Make calls fail; see the module for the words."""
        fault = Fault(service, action, code, **more)
        self._ask("POST", "/_faults", json.dumps(asdict(fault)).encode())

    def clear(self) -> None:
        """Make no call fail, and forget the calls so far."""
        self._ask("DELETE", "/_faults")

    def calls(self, service: str, action: str = "*", *, engine: bool = False) -> list[Call]:
        """The calls of a service since `clear`, in the order in which they came."""
        every = (Call(**call) for call in json.loads(self._ask("GET", "/_calls")))
        wanted = Fault(service, action, "", engine=engine)
        return [call for call in every if wanted.meets(call)]

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(self.endpoint + path, data=body, method=method)
        with direct.open(request, timeout=10) as answer:
            content: bytes = answer.read()
        return content
