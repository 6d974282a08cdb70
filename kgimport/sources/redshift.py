"""Tables and queries of Redshift: unloaded to S3 through its Data API, and fetched from there.

The Data API needs no driver and no password: who may read is decided by IAM. Settings are those of
dbt-redshift's profile; the KGIMPORT_REDSHIFT_… variables say what no profile has.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic, sleep
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow.parquet as pq

from kgimport import aws, locations, s3, temporary
from kgimport.aws import Session
from kgimport.errors import KgimportError, SourceError, UsageError
from kgimport.locations import LocalPath, Query, S3Path
from kgimport.records import QueryRecord
from kgimport.sources import batches, casts, flagged, listing, redshift_types, unloading
from kgimport.sources.contract import Found, Source, rows_of, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

    from kgimport.sources.contract import Wanted
    from kgimport.sources.flagged import Asked

_OURS = "KGIMPORT_REDSHIFT_"
_KEYS = (
    *("host", "user", "dbname", "database", "method", "cluster_id", "region", "iam_profile"),
    *("serverless_work_group", "role"),
)
_CLUSTER = re.compile(r"(?P<name>[\w-]+)\.[\w-]+\.(?P<region>[\w-]+)\.redshift\.amazonaws\.")
_SERVERLESS = re.compile(
    r"(?P<name>[\w-]+)\.\d+\.(?P<region>[\w-]+)\.redshift-serverless\.amazonaws\."
)
_POLL_S, _POLL_MOST_S, _STOP_S = 0.25, 2.0, 30
_ENDED = {"FINISHED", "FAILED", "ABORTED"}
_BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Redshift:
    """How to run statements: a cluster or a serverless workgroup, a database, and as whom.

    `role` is a role of the database.
    """

    scheme: ClassVar[str] = "redshift"
    parts: ClassVar[tuple[str, ...]] = ("DATABASE", "SCHEMA", "TABLE")
    product: ClassVar[str] = "Redshift"
    in_files: ClassVar[bool] = False

    cluster: str | None = None
    workgroup: str | None = None
    database: str | None = None
    user: str | None = None
    role: str | None = None
    session: Session = aws.ENVIRONMENT


def _connect(settings: Mapping[str, str], _: Path) -> Redshift:
    """Return the connection of a profile; its host may name the cluster or workgroup."""
    host = settings.get("host", "")
    serverless, cluster = _SERVERLESS.match(host), _CLUSTER.match(host)
    at = serverless or cluster
    workgroup = settings.get("serverless_work_group") or (serverless and serverless["name"])
    return Redshift(
        None if workgroup else settings.get("cluster_id") or (cluster and cluster["name"]) or None,
        workgroup or None,
        settings.get("dbname") or settings.get("database"),
        # Elsewhere, IAM decides as whom a statement runs.
        None if workgroup or settings.get("method") == "iam_role" else settings.get("user"),
        settings.get("role"),
        Session(settings.get("iam_profile"), settings.get("region") or (at and at["region"])),
    )


@dataclass(frozen=True, slots=True)
class _Opened:
    """What each statement is sent with, and where its rows are unloaded, as which IAM role."""

    client: Any
    target: Mapping[str, str]
    role: str | None
    results: S3Path
    unload_as: str


@contextmanager
def _open(redshift: Redshift) -> Iterator[_Opened]:
    yield _Opened(
        aws.client("redshift-data", redshift.session),
        _target(redshift),
        redshift.role,
        _results(redshift),
        os.environ.get(f"{_OURS}ROLE", "default"),
    )


def _target(redshift: Redshift) -> dict[str, str]:
    """Return the arguments that say where a statement runs; the profile comes first."""
    at = {"ClusterIdentifier": redshift.cluster, "WorkgroupName": redshift.workgroup}
    if not any(at.values()):
        at = {
            "ClusterIdentifier": os.environ.get(f"{_OURS}CLUSTER"),
            "WorkgroupName": os.environ.get(f"{_OURS}WORKGROUP"),
        }
    if len([each for each in at.values() if each]) != 1:
        raise UsageError(
            "nothing says which Redshift has the tables",
            f"use a dbt target of type redshift, or set {_OURS}WORKGROUP or {_OURS}CLUSTER",
        )
    secret = os.environ.get(f"{_OURS}SECRET")
    found = {
        **at,
        "Database": redshift.database or os.environ.get(f"{_OURS}DATABASE", "dev"),
        "SecretArn": secret,
        "DbUser": None if secret else redshift.user or os.environ.get(f"{_OURS}USER"),
    }
    return {key: value for key, value in found.items() if value}


def _results(redshift: Redshift) -> S3Path:
    place = os.environ.get(f"{_OURS}RESULTS")
    if not place:
        raise UsageError(
            "nothing says where in S3 Redshift may unload rows",
            f"set {_OURS}RESULTS={locations.S3_FORM}, a prefix that the cluster's role may write",
        )
    return locations.s3_folder(place, redshift.session)


def _locate(opened: _Opened, wanted: Wanted) -> Found:
    began = monotonic()
    rows = _rows(wanted)
    columns = _columns(opened, rows, wanted)
    with unloading.prefix(opened.results) as prefix:
        statement, announced = _unload(opened, rows, columns, wanted, prefix)
        written = flagged.write(wanted, columns, _fetched(prefix))
    casts.must_be_all(wanted, announced, written)
    record = QueryRecord(wanted.table, statement, 0, round(monotonic() - began, 3))
    return Found(LocalPath(str(wanted.folder)), record)


SOURCE: Source[Redshift, _Opened] = Source(
    MappingProxyType({key: key for key in _KEYS}), _connect, _open, _locate
)


def _rows(wanted: Wanted) -> str:
    location = wanted.location
    return location.sql if isinstance(location, Query) else rows_of(location)


def _columns(opened: _Opened, rows: str, wanted: Wanted) -> list[Asked]:
    sql = f"SELECT * FROM ({rows}\n) AS q LIMIT 0"  # noqa: S608
    with _running(opened, [sql], wanted, "describe") as statement:
        found = _result(opened, statement, wanted)["ColumnMetadata"]
    batches.must_have_own_names(wanted.table, [each["name"] for each in found])
    return [redshift_types.column(each, wanted.is_used) for each in found]


def _unload(
    opened: _Opened, rows: str, columns: list[Asked], wanted: Wanted, prefix: S3Path
) -> tuple[str, int]:
    """Unload a query's rows below a prefix; return the statement's id and the number of rows.

    Both statements run in one transaction, and in one session, whose last UNLOAD is counted.
    """
    query = flagged.selection(rows, columns, lambda name: sql_name([name]))
    unload = (
        f"UNLOAD ({_literal(query)}) TO {_literal(str(prefix / ''))} "
        f"IAM_ROLE {_role(opened.unload_as)} FORMAT AS PARQUET"
    )
    count = "SELECT pg_last_unload_count()"
    with _running(opened, [unload, count], wanted, "query") as statement:
        ((number,),) = _result(opened, statement, wanted)["Records"]
    return statement, int(number["longValue"])


def _literal(text: str) -> str:
    """Return SQL for a text; Redshift takes a backslash in a literal for an escape."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _role(name: str) -> str:
    return name if name == "default" else _literal(name)


def _fetched(prefix: S3Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all objects below a prefix, one of which is on the disk at a time."""
    with temporary.folder() as folder:
        for each in listing.of(prefix):
            assert isinstance(each.place, S3Path)  # noqa: S101  (as the prefix is)
            file = folder / "part.parquet"
            s3.download(each.place, file)
            with pq.ParquetFile(file) as opened:
                yield from opened.iter_batches(_BATCH_ROWS)
            file.unlink()


# Statements ---------------------------------------------------------------------------------------


@contextmanager
def _running(opened: _Opened, statements: list[str], wanted: Wanted, what: str) -> Iterator[str]:
    """Run statements in one transaction, wait until they have ended, and provide their id.

    They are stopped if kgimport stops meanwhile. Raises `SourceError` with Redshift's message.
    """
    first = [f"SET ROLE {sql_name([opened.role])}"] if opened.role else []
    every = [*first, *statements]
    sent: dict[str, Any] = {"Sqls": every} if len(every) > 1 else {"Sql": every[0]}
    call = (
        opened.client.batch_execute_statement if "Sqls" in sent else opened.client.execute_statement
    )
    with aws.talking(f"{what} the rows of {wanted.table} in Redshift"):
        statement = str(call(**opened.target, **sent, StatementName="kgimport")["Id"])
    try:
        _wait(opened.client, statement, wanted, what)
    except BaseException:
        with suppress(KgimportError):  # the first error is what the user must know
            _stop(opened.client, statement)
        raise
    yield statement if len(every) == 1 else f"{statement}:{len(every)}"


def _wait(client: Any, statement: str, wanted: Wanted, what: str) -> None:
    pause, shown = _POLL_S, ""
    while (found := _described(client, statement))["Status"] not in _ENDED:
        if found["Status"] != shown:
            shown = str(found["Status"])
            wanted.progress(f"{what} {wanted.table} ({shown.lower()})", None)
        sleep(pause)
        pause = min(pause * 1.5, _POLL_MOST_S)
    if found["Status"] != "FINISHED":
        raise _failed(found, statement, wanted)


def _described(client: Any, statement: str) -> dict[str, Any]:
    with aws.talking(f"look at Redshift's statement {statement}"):
        found: dict[str, Any] = client.describe_statement(Id=statement)
    return found


def _failed(found: Mapping[str, Any], statement: str, wanted: Wanted) -> SourceError:
    which = f"Redshift's statement {statement}, for the rows of {wanted.table},"
    if found["Status"] == "ABORTED":
        return SourceError(
            f"{which} was stopped",
            "find out who stopped it (a person, or a limit of the workgroup), and run again",
        )
    errors = (each.get("Error") for each in (found, *found.get("SubStatements", ())))
    reason = " ".join(next((each for each in errors if each), "no reason was given").split())
    hint = (
        f"let the role in {_OURS}ROLE write to {_OURS}RESULTS, and attach it to Redshift"
        if "S3" in reason
        else "fix the view or the query; Redshift's console shows it under that id"
    )
    return SourceError(f"{which} failed: {reason}", hint)


def _stop(client: Any, statement: str) -> None:
    """Stop a statement, and wait until it has ended: it would go on writing below its prefix."""
    if _described(client, statement)["Status"] in _ENDED:
        return
    with aws.talking(f"stop Redshift's statement {statement}"):
        client.cancel_statement(Id=statement)
    for _ in range(int(_STOP_S / _POLL_S)):
        if _described(client, statement)["Status"] in _ENDED:
            return
        sleep(_POLL_S)


def _result(opened: _Opened, statement: str, wanted: Wanted) -> dict[str, Any]:
    with aws.talking(f"fetch what Redshift says of {wanted.table}"):
        found: dict[str, Any] = opened.client.get_statement_result(Id=statement)
    return found
