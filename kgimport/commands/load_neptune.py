"""`kgimport load-neptune`: a build directory in S3 is loaded into Neptune, and counted there."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING

from kgimport import aws
from kgimport.aws import ENVIRONMENT
from kgimport.builds import loadable, loads
from kgimport.builds.loadable import PREFIXES, Loadable
from kgimport.builds.loads import Load
from kgimport.errors import (
    DestinationError,
    LeftRunning,
    ReconciliationError,
    UsageError,
    listed,
    short,
)
from kgimport.locations import s3_folder
from kgimport.neptune import counts, jobs
from kgimport.neptune.cluster import cluster
from kgimport.neptune.jobs import Order, Watch
from kgimport.notebook import Summary, as_html, summary
from kgimport.options import LOAD_DEFAULTS
from kgimport.progress import silent
from kgimport.targets.neptune.loader import parameters

if TYPE_CHECKING:
    from kgimport.aws import Session
    from kgimport.neptune.cluster import Cluster
    from kgimport.neptune.counts import Held
    from kgimport.neptune.jobs import Loaded
    from kgimport.options import LoadOptions
    from kgimport.progress import Progress
    from kgimport.records import ExportRecord

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
_VANISHED = (
    "what an earlier load had and this build no longer has stays, because the loader deletes "
    "nothing: `kgimport diff` lists it; or load into an empty cluster"
)


@dataclass(frozen=True, slots=True)
class NeptuneLoad:
    """A build that a cluster holds, and whether this call has loaded it."""

    record: ExportRecord
    load: Load
    held: Held
    fresh: bool

    def summary(self) -> Summary:
        """Return what the cluster holds, per label and per type."""
        wanted = counts.expected(self.record.tables)
        rows = (
            (f"{each.kind} {each.name}", each.rows, sum(each.values.values())) for each in wanted
        )
        title = f"graph {self.record.graph}, build {self.record.build_id}, in {self.load.endpoint}"
        return summary(title, ("what", "number", "values counted"), rows)

    def _repr_html_(self) -> str:
        return as_html(self.summary())


@dataclass(slots=True)
class _Run:
    """A load in progress, and what it needs; `load` changes when a job starts."""

    build: Loadable
    there: Cluster
    role: str
    options: LoadOptions
    progress: Progress
    load: Load
    until: float | None

    def record(self, load: Load) -> None:
        self.load = load
        loads.write(self.build.home, self.there, load)


def load_neptune(
    build: str,
    endpoint: str,
    *,
    role: str = "",
    options: LoadOptions = LOAD_DEFAULTS,
    progress: Progress = silent,
) -> NeptuneLoad:
    """Load a build directory in S3 into the Neptune cluster at an endpoint, and count it there.

    The cluster reads S3 with `role`, an ARN. A build that it has already is only counted, and a job
    that an earlier call left running is followed. Raises `ImportFailedError` if the loader refuses
    the files, `ReconciliationError` if the cluster does not hold what was exported.
    """
    if not _ROLE.fullmatch(role):
        raise UsageError(
            f"{short(role) or 'nothing'} is not the ARN of a role, with which the cluster reads S3",
            "write --role arn:aws:iam::ACCOUNT:role/NAME",
        )
    home, there = s3_folder(build, options.session), cluster(endpoint, options.session)
    progress(f"check {home}", None)
    found = loadable.admit(home)
    until = None if options.timeout_s is None else monotonic() + options.timeout_s
    known = _so_far(found, there, options)
    run = _Run(found, there, role, options, progress, known, until)
    if not known.complete:
        _load_all(run)
    held = counts.compared(there, found.record, progress)
    _must_hold(run, held)
    return NeptuneLoad(found.record, run.load, held, not known.complete)


def _so_far(build: Loadable, there: Cluster, options: LoadOptions) -> Load:
    """Return the load of this build so far: one without jobs, if it is to begin."""
    known = loads.read(build.home, there)
    if known is None or known.build_id != build.record.build_id or options.again:
        return Load(build.record.build_id, there.endpoint, {})
    return known


def _load_all(run: _Run) -> None:
    """Load the vertices, and when they are there, the edges."""
    if not run.load.jobs and not run.options.again:
        _must_replace(run)
    run.record(run.load)  # before a job starts: if this may not be written, none does
    for kind, prefix in PREFIXES.items():
        if run.build.has(kind):
            _load(run, prefix)
    loadable.still(run.build)
    run.record(replace(run.load, complete=True))


def _must_replace(run: _Run) -> None:
    """Refuse files for openCypher if the cluster may have older values, which would stay."""
    record = run.build.record
    if record.dialect != "neptune-opencypher":
        return
    run.progress("count what is there", None)
    if found := counts.already(run.there, record.tables):
        raise DestinationError(
            f"{run.there.endpoint} already holds vertices ({listed(found)}), and Neptune's loader "
            "does not replace values by those of openCypher's files",
            "export with --dialect neptune-gremlin, load into an empty cluster, or, if what is "
            "there is of the same build, add --again",
        )


def _load(run: _Run, prefix: str) -> None:
    order, running = _order(run, prefix), _running(run, prefix)
    watch = Watch(lambda job: run.record(run.load.with_job(prefix, job)), run.progress, run.until)
    try:
        done = jobs.load(run.there, order, watch, running, run.build.tables())
    except KeyboardInterrupt as error:
        job = run.load.jobs.get(prefix, "that was about to start")
        raise LeftRunning(
            f"interrupted; Neptune's loader goes on with job {job}\n"
            "→ run again to follow it, or with --cancel to stop it"
        ) from error
    if not running and order.mode == "NEW" and prefix == PREFIXES["node"]:
        _check_cells(run, done)


def _running(run: _Run, prefix: str) -> str | None:
    """Return the job that an earlier call started for a prefix, unless it has failed."""
    job = run.load.jobs.get(prefix)
    found = jobs.status(run.there, job) if job else None
    return found.job if found and found.is_well else None


def _order(run: _Run, prefix: str) -> Order:
    record, options = run.build.record, run.options
    cells = counts.cells(record.tables) if prefix == PREFIXES["node"] else None
    return Order(
        run.build.home / prefix,
        parameters(record),
        run.role,
        aws.client("s3", options.session).meta.region_name,
        options.mode,
        options.parallelism,
        cells[1] if cells else None,
    )


def _check_cells(run: _Run, done: Loaded) -> None:
    """Compare what the loader counted with what was written, where it is documented how it counts.

    A job that is resumed counts only some.
    """
    wanted = counts.cells(run.build.record.tables)
    if wanted is None or done.resumed:
        return
    least, most = wanted
    if not least <= done.status.records <= most:
        of = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        raise ReconciliationError(
            f"Neptune's loader job {done.status.job} counted {done.status.records:,} labels and "
            f"properties of vertices instead of {of}",
            "run again with --again; or without it, to go on: then queries count every property",
        )


def _must_hold(run: _Run, held: Held) -> None:
    if held.differences:
        more = any(line.endswith(" more") for line in held.differences)
        raise ReconciliationError(
            f"{run.there.endpoint} does not hold the build {run.load.build_id}:\n  "
            + "\n  ".join(held.differences),
            _VANISHED
            if more
            else "run again with --again, when nothing else writes to the cluster",
        )


def cancel(build: str, endpoint: str, *, session: Session = ENVIRONMENT) -> tuple[str, ...]:
    """Stop the jobs that an earlier call left running; return their ids.

    What they have loaded stays.
    """
    home, there = s3_folder(build, session), cluster(endpoint, session)
    known = loads.read(home, there)
    ids = known.jobs.values() if known else ()
    running = [job for job in ids if (found := jobs.status(there, job)) and found.waits]
    for job in running:
        jobs.cancel(there, job)
    return tuple(running)
