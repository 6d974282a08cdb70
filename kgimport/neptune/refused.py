"""Why a job of Neptune's loader failed: its status and its log of errors, as one message."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kgimport.errors import ImportFailedError, short
from kgimport.neptune.cluster import ROLE_HINT, asking, client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kgimport.neptune.cluster import Cluster

NO_TABLES: Mapping[str, str] = MappingProxyType({})
_PAGE, _PAGES = 100, 100  # Neptune keeps 10,000 errors of a job
_SHOWN = 5  # kinds of errors, and files that failed
_STAYS = "what was loaded before stays in the cluster"

_BY_STATUS = {
    "LOAD_S3_READ_ERROR": ROLE_HINT,
    "LOAD_S3_ACCESS_DENIED_ERROR": ROLE_HINT,
    "LOAD_CANCELLED_BY_USER": "find out who cancelled it, and run again",
    "LOAD_COMMITTED_W_WRITE_CONFLICTS": "run again when nothing else writes to the cluster",
    "LOAD_DATA_DEADLOCK": "run again with --parallelism LOW",
    "LOAD_DATA_FAILED_DUE_TO_FEED_MODIFIED_OR_DELETED": "export again, and load when nothing else "
    "writes below that prefix",
}
_BY_CODE = {
    "PARSING_ERROR": "export again with this version of kgimport; if the error stays, it is a "
    "defect: please report it",
    "FROM_OR_TO_VERTEX_ARE_MISSING": "run again with --again, which loads the vertices first",
    "ID_ASSIGNED_TO_MULTIPLE_EDGES": "the cluster has an edge of that id with other ends, which "
    "the loader cannot move: delete that edge, and run again",
    "SINGLE_CARDINALITY_VIOLATION": "the cluster has a value where this build has another: load "
    "files of --dialect neptune-gremlin, which replace it",
}
_OTHERWISE = "fix what it names, and run again"


@dataclass(frozen=True, slots=True)
class Fault:
    """An entry of a job's log of errors; the record is counted as Neptune does."""

    code: str
    text: str
    file: str  # s3://…
    record: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A job that failed: its status, the files that did and why, and its log of errors."""

    job: str
    status: str
    feeds: tuple[tuple[str, str], ...]  # the file, and its status
    faults: tuple[Fault, ...]


def seen(cluster: Cluster, job: str) -> Failure:
    """Return why a job failed, with all errors that Neptune keeps."""
    first = _page(cluster, job, 1)
    faults, page = _faults(first), 1
    while len(faults) == page * _PAGE and page < _PAGES:
        page += 1
        faults += _faults(_page(cluster, job, page))
    feeds = tuple((str(e["fullUri"]), str(e["status"])) for e in first.get("failedFeeds") or ())
    return Failure(job, str(first["overallStatus"]["status"]), feeds, tuple(faults))


def _page(cluster: Cluster, job: str, page: int) -> dict[str, Any]:
    with asking(cluster, f"fetch the errors of Neptune's loader job {job}"):
        answer = client(cluster).get_loader_job_status(
            loadId=job, details=True, errors=True, page=page, errorsPerPage=_PAGE
        )
    found: dict[str, Any] = answer["payload"]
    return found


def _faults(payload: Mapping[str, Any]) -> list[Fault]:
    logs = (payload.get("errors") or {}).get("errorLogs") or ()
    return [
        Fault(
            str(each.get("errorCode", "")),
            str(each.get("errorMessage", "")),
            str(each.get("fileName", "")),
            int(each.get("recordNum", 0)),
        )
        for each in logs
    ]


def refusal(failure: Failure, what: str, table_of: Mapping[str, str]) -> ImportFailedError:
    """Return the error for a job that failed; `table_of` has the table of each file, s3://…."""
    total = len(failure.faults)
    errors = f": {total:,} error{'s' * (total > 1)}" if total else ""
    message = f"Neptune's loader job {failure.job} for {what}/ ended with {failure.status}{errors}"
    lines = [*_feeds(failure, table_of), *_kinds(failure.faults, table_of)]
    return ImportFailedError("\n  ".join((message, *lines)), f"{_hint(failure)}; {_STAYS}")


def _feeds(failure: Failure, table_of: Mapping[str, str]) -> Iterator[str]:
    for file, status in failure.feeds[:_SHOWN]:
        yield f"{_place(file, table_of)}: {status}"
    if (more := len(failure.feeds) - _SHOWN) > 0:
        yield f"and {more:,} more files"


def _kinds(faults: Iterable[Fault], table_of: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each of the most frequent codes, with the first row that has it."""
    every = list(faults)
    for code, count in Counter(each.code for each in every).most_common(_SHOWN):
        first = next(each for each in every if each.code == code)
        where = f"record {first.record:,} of {_place(first.file, table_of)}"
        yield f"{count:,} x {code}, first at {where}: {short(' '.join(first.text.split()), 300)}"


def _place(file: str, table_of: Mapping[str, str]) -> str:
    table = table_of.get(file)
    return f"{file} (table {table})" if table else short(file, 300)


def _hint(failure: Failure) -> str:
    for each in failure.faults:
        if each.code in _BY_CODE:
            return _BY_CODE[each.code]
    for status in (*(status for _, status in failure.feeds), failure.status):
        if status in _BY_STATUS:
            return _BY_STATUS[status]
    return _OTHERWISE
