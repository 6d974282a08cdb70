"""Jobs of Neptune's bulk loader: started, followed to their end, resumed where that helps.

A job loads every object below a prefix in S3. It runs in the cluster, so it goes on when kgimport
ends, and what it has loaded stays when it fails: the loader has no transaction over a whole job.
Parameters and statuses: the user guide's "Neptune loader reference".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from kgimport.errors import ServerError
from kgimport.neptune import refused
from kgimport.neptune.cluster import asking, client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kgimport.choices import LoadMode, Parallelism
    from kgimport.locations import S3Path
    from kgimport.neptune.cluster import Cluster
    from kgimport.progress import Progress

_COMPLETED, _CONFLICTS, _DEADLOCK = (
    "LOAD_COMPLETED",
    "LOAD_COMMITTED_W_WRITE_CONFLICTS",
    "LOAD_DATA_DEADLOCK",
)
_WAITING = {"LOAD_NOT_STARTED", "LOAD_IN_QUEUE", "LOAD_IN_PROGRESS"}
_RESUMED_MOST = 3  # times that a job with write conflicts is resumed
_POLL_S, _POLL_MOST_S = 1.0, 20.0
_LOWER: Mapping[Parallelism, Parallelism] = {
    "OVERSUBSCRIBE": "HIGH",
    "HIGH": "MEDIUM",
    "MEDIUM": "LOW",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What a job is to load, and how.

    `cells` is the number of values that the files hold, if it is known how Neptune counts them.
    """

    prefix: S3Path  # of the objects, without the "/" at its end
    parameters: Mapping[str, Any]  # those that depend on the files alone
    role: str  # the ARN of the role with which the cluster reads S3
    region: str  # of the bucket
    mode: LoadMode = "NEW"
    parallelism: Parallelism = "HIGH"
    cells: int | None = None

    @property
    def name(self) -> str:
        """The last folder of its prefix: vertices or edges."""
        return self.prefix.key.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Status:
    """What Neptune answers about a job."""

    job: str
    name: str  # LOAD_…
    records: int  # cells that were loaded, or tried to
    errors: int

    @property
    def waits(self) -> bool:
        """Whether the job has not ended."""
        return self.name in _WAITING

    @property
    def is_well(self) -> bool:
        """Whether the job has loaded everything, or still may."""
        return self.waits or (self.name == _COMPLETED and not self.errors)


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is informed of a job: of its id when it starts, and of its progress; and until when.

    `until` is a time of `monotonic`, or None.
    """

    started: Callable[[str], None]
    progress: Progress
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A job that has ended well, and whether it had to be resumed."""

    status: Status
    resumed: bool


def load(
    cluster: Cluster,
    order: Order,
    watch: Watch,
    running: str | None = None,
    table_of: Mapping[str, str] = refused.NO_TABLES,
) -> Loaded:
    """Load a prefix, or follow a job that does so already, to its end.

    `table_of` has the table of each object, for messages. Raises `ImportFailedError` if the job
    fails, `ServerError` when the time is up, and what `asking` raises.
    """
    ended: tuple[str, ...] = ()
    while True:
        job = running or start(cluster, order)
        running = None
        watch.started(job)
        status = _followed(cluster, job, order, watch)
        if status.is_well:
            return Loaded(status, bool(ended))
        ended += (status.name,)
        again = resumed(order, ended)
        if again is None:
            raise refused.refusal(refused.seen(cluster, job), order.name, table_of)
        order = again


def start(cluster: Cluster, order: Order) -> str:
    """Start a job, which waits for others of the cluster, and return its id.

    The call is made once: if only its answer was lost, a second one would load everything twice.
    """
    with asking(cluster, f"start Neptune's loader for {order.prefix / ''}"):
        answer = client(cluster, attempts=1).start_loader_job(**request(order))
    return str(answer["payload"]["loadId"])


def request(order: Order) -> dict[str, Any]:
    """Return the parameters of the call that starts a job, in the words of boto3."""
    return {
        **order.parameters,
        "source": str(order.prefix / ""),
        "s3BucketRegion": order.region,
        "iamRoleArn": order.role,
        "mode": order.mode,
        "parallelism": order.parallelism,
        "queueRequest": True,
    }


def resumed(order: Order, ended: tuple[str, ...]) -> Order | None:
    """Return the order with which a job goes on after others ended so; None if none helps.

    Write conflicts mostly disappear when the job is resumed, and a deadlock with fewer threads.
    """
    last = ended[-1]
    if last == _CONFLICTS and ended.count(last) <= _RESUMED_MOST:
        return replace(order, mode="RESUME")
    if last == _DEADLOCK and ended.count(last) == 1 and order.parallelism in _LOWER:
        return replace(order, mode="RESUME", parallelism=_LOWER[order.parallelism])
    return None


def status(cluster: Cluster, job: str) -> Status | None:
    """Return how far a job is; None if the cluster does not know it, or no longer does."""
    calls = client(cluster)
    with asking(cluster, f"look at Neptune's loader job {job}"):
        try:
            found = calls.get_loader_job_status(loadId=job)
        except calls.exceptions.BulkLoadIdNotFoundException:
            return None
    return _status(job, found["payload"]["overallStatus"])


def cancel(cluster: Cluster, job: str) -> None:
    """Stop a job; what it has loaded stays."""
    with asking(cluster, f"cancel Neptune's loader job {job}"):
        client(cluster).cancel_loader_job(loadId=job)


def _status(job: str, found: Mapping[str, Any]) -> Status:
    wrong = ("parsingErrors", "datatypeMismatchErrors", "insertErrors")
    return Status(
        job,
        str(found["status"]),
        int(found.get("totalRecords", 0)),
        sum(int(found.get(name, 0)) for name in wrong),
    )


def _followed(cluster: Cluster, job: str, order: Order, watch: Watch) -> Status:
    """Return the status of a job once it has ended."""
    began, pause = monotonic(), _POLL_S
    while True:
        found = status(cluster, job)
        if found is None:
            raise ServerError(f"Neptune does not know its loader job {job}", "run again")
        if not found.waits:
            return found
        watch.progress(_stage(found, order, monotonic() - began), _share(found, order))
        if watch.until is not None and monotonic() + pause > watch.until:
            raise ServerError(
                f"Neptune's loader job {job} for {order.name}/ has not ended in time",
                "it goes on: run again to follow it, or with --cancel to stop it",
            )
        sleep(pause)
        pause = min(pause * 1.5, _POLL_MOST_S)


def _stage(found: Status, order: Order, spent: float) -> str:
    how = found.name.removeprefix("LOAD_").replace("_", " ").lower()
    return f"load {order.name} ({how}, {found.records:,} values, {spent:.0f} s)"


def _share(found: Status, order: Order) -> float | None:
    return min(found.records / order.cells, 1.0) if order.cells else None
