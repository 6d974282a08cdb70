"""A cluster of Amazon Neptune: where it is, and calls to it, signed as boto3 signs them."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kgimport import aws
from kgimport.aws import ENVIRONMENT, Calls, Session
from kgimport.errors import AwsRefusedError, ServerError, UsageError, short

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 8182  # Neptune's, unless the endpoint names another
# A query is stopped by the cluster's own limit (neptune_query_timeout), which may be hours.
_ANSWER_S = 6 * 3600
_REGION = re.compile(r"\.([a-z0-9-]+)\.neptune\.amazonaws\.com(\.cn)?$")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster: its endpoint as a URL with a port, and the session for calls to it."""

    endpoint: str
    session: Session = ENVIRONMENT

    @property
    def name(self) -> str:
        """Its host and port, as a part of a file's name."""
        found = urlsplit(self.endpoint)
        return f"{found.hostname}-{found.port}"


def cluster(endpoint: str, session: Session = ENVIRONMENT) -> Cluster:
    """Return the cluster at an endpoint, `https://HOST` or `https://HOST:PORT`.

    Raises `UsageError` for another URL, `AwsRefusedError` if calls would be signed for
    another region than the one in the host's name.
    """
    host, port = _address(endpoint)
    region = _REGION.search(host)
    ours = aws.client("s3", session).meta.region_name
    if region and region[1] != ours:
        raise AwsRefusedError(
            f"the cluster {host} is in {region[1]}, but the region is {ours}",
            f"set AWS_REGION={region[1]}; the bucket must be there, too",
        )
    return Cluster(f"{urlsplit(endpoint).scheme}://{host}:{port}", session)


def _address(endpoint: str) -> tuple[str, int]:
    try:
        found = urlsplit(endpoint)
        host, port = found.hostname, found.port or PORT
    except ValueError:
        host, port, found = None, PORT, urlsplit("")
    if found.scheme not in {"https", "http"} or not host or found.path.strip("/") or found.query:
        raise UsageError(
            f"{short(endpoint)} is not the endpoint of a cluster",
            f"write https://HOST:{PORT}, the host as the console of Neptune shows it",
        )
    return host, port


def client(cluster: Cluster, attempts: int = aws.ATTEMPTS) -> Any:
    """Return a boto3 client for a cluster's data; a call that fails is made `attempts` times."""
    calls = Calls(cluster.endpoint, attempts, _ANSWER_S)
    return aws.client("neptunedata", cluster.session, calls)


@contextmanager
def asking(cluster: Cluster, what: str) -> Iterator[None]:
    """Turn what a call raises into a `KgimportError`; `what` is what was tried.

    Neptune puts its reason in a field of its own, which botocore leaves out of its message.
    """
    try:
        with aws.talking(what, ServerError):
            yield
    except (ServerError, AwsRefusedError) as error:
        answer = getattr(error.__cause__, "response", None) or {}
        reason = short(answer.get("detailedMessage") or "", 500)
        message = f"{error.message.rstrip(': ')}: {reason}" if reason else error.message
        hint = error.hint if isinstance(error, AwsRefusedError) else _hint(answer, cluster)
        raise type(error)(message, hint) from error.__cause__


def _hint(answer: dict[str, Any], cluster: Cluster) -> str:
    if not answer:
        return (
            f"a cluster is reached from within its VPC alone: run kgimport there, with the port of "
            f"{cluster.endpoint} open to it"
        )
    return _HINTS.get(answer["Error"]["Code"], "run again; Neptune's audit log shows the call")


_ROLE = (
    "attach the role to the cluster, let it read the bucket, and give the VPC an endpoint for S3 "
    "(https://docs.aws.amazon.com/neptune/latest/userguide/bulk-load-tutorial-IAM.html)"
)
_HINTS = {
    "LoadUrlAccessDeniedException": _ROLE,
    "S3Exception": _ROLE,
    "TooManyRequestsException": "run again when other jobs of the loader have ended",
    "TimeLimitExceededException": "raise neptune_query_timeout in the cluster's parameter group, "
    "and run again: what is loaded is not loaded twice",
    "MemoryLimitExceededException": "run again when other queries have ended, or on a larger "
    "instance: what is loaded is not loaded twice",
}
ROLE_HINT = _ROLE
