"""Tables of Athena: read from their own Parquet in S3 if its files are their rows, else queried.

A relation's own files are read if it is plain Parquet according to Glue, and if the files have
exactly the columns that Glue lists. Everything else (a query, a view, Iceberg, another format,
projected or partly registered partitions) is queried: Athena's UNLOAD writes the rows as Parquet
below the results' location. Those objects are downloaded and deleted at once, also after an error.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from time import monotonic, sleep
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from kgimport import aws, locations, s3
from kgimport.aws import ENVIRONMENT, Session
from kgimport.errors import KgimportError, SourceError, UsageError
from kgimport.locations import LocalPath, Query, S3Path
from kgimport.records import QueryRecord
from kgimport.sources import listing, parquet, unloading
from kgimport.sources.contract import Found, Source, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kgimport.locations import Relation
    from kgimport.sources.contract import Wanted

CATALOG = "awsdatacatalog"
_POLL_S = 0.5
_ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}
_STOP_S = 30
# The keys of dbt's profile for each setting.
_SETTINGS = {
    "workgroup": "work_group",
    "results": "s3_staging_dir",
    "region": "region_name",
    "profile": "aws_profile_name",
}


@dataclass(frozen=True, slots=True)
class Athena:
    """How to run queries in Athena; without a results' location, the workgroup's is used."""

    scheme: ClassVar[str] = "athena"
    parts: ClassVar[tuple[str, ...]] = ("CATALOG", "DATABASE", "TABLE")
    product: ClassVar[str] = "Athena"
    in_files: ClassVar[bool] = False

    workgroup: str = "primary"
    results: S3Path | None = None  # results are written below it
    session: Session = ENVIRONMENT


def _connect(settings: Mapping[str, str], _: Path) -> Athena:
    session = Session(settings.get("profile"), settings.get("region"))
    results = settings.get("results")
    return Athena(
        settings.get("workgroup") or "primary",
        locations.s3_folder(results, session) if results else None,
        session,
    )


def _locate(athena: Athena, wanted: Wanted) -> Found:
    location = wanted.location
    if isinstance(location, Query):
        return _queried(location.sql, athena, wanted)
    files = own_files(location, athena.session)
    all_rows = f"SELECT * FROM {_sql(location)}"  # noqa: S608  (its names are quoted)
    return Found(files) if files else _queried(all_rows, athena, wanted)


def _queried(sql: str, athena: Athena, wanted: Wanted) -> Found:
    wanted.progress(f"query {wanted.table}", None)
    record = fetch(sql, wanted.table, wanted.folder, athena)
    return Found(LocalPath(str(wanted.folder)), record)


SOURCE: Source[Athena, Athena] = Source(MappingProxyType(_SETTINGS), _connect, nullcontext, _locate)


def _sql(relation: Relation) -> str:
    """Return a relation's name for a query, which omits Glue's own catalog."""
    catalog, *names = relation.names
    return sql_name(names if catalog.lower() == CATALOG else relation.names)


def own_files(wanted: Relation, session: Session) -> S3Path | None:
    """Return the S3 location of a table's files, or None if the table must be queried.

    Raises `SourceError` if Glue has no such table.
    """
    catalog, database, name = wanted.names
    if catalog.lower() != CATALOG:
        return None  # a federated catalog, which Glue does not know
    glue = aws.client("glue", session)
    with aws.talking(f"find {_sql(wanted)} in Glue"):
        table = glue.get_table(DatabaseName=database, Name=name)["Table"]
    place = locations.parse(
        str(table.get("StorageDescriptor", {}).get("Location", "")).rstrip("/"),
        locations.Context(session=session),
    )
    if not isinstance(place, S3Path) or not _is_plain_parquet(table):
        return None
    whole = _is_all_there(glue, table, place) and _has_columns(place, table)
    return place if whole else None


def _is_plain_parquet(table: dict[str, Any]) -> bool:
    parameters = {key.lower(): str(value) for key, value in table.get("Parameters", {}).items()}
    storage = table.get("StorageDescriptor", {})
    return (
        table.get("TableType") == "EXTERNAL_TABLE"
        and parameters.get("table_type", "").upper() != "ICEBERG"
        and parameters.get("projection.enabled", "").lower() != "true"
        and "parquet" in storage.get("SerdeInfo", {}).get("SerializationLibrary", "").lower()
    )


def _is_all_there(glue: Any, table: dict[str, Any], place: S3Path) -> bool:
    """Return whether the folders with objects are exactly the partitions that Glue knows."""
    keys = [each["Name"] for each in table.get("PartitionKeys", ())]
    if not keys:
        return True
    pages = glue.get_paginator("get_partitions")
    names = {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}
    with aws.talking(f"list the partitions of {names['TableName']}"):
        known = {
            each["StorageDescriptor"]["Location"].rstrip("/")
            for page in pages.paginate(**names)
            for each in page["Partitions"]
        }
    folders = {str(each.place).rpartition("/")[0] for each in listing.of(place)}
    depth = str(place).count("/") + len(keys)
    return folders == known and all(folder.count("/") == depth for folder in folders)


def _has_columns(place: S3Path, table: dict[str, Any]) -> bool:
    """Return whether every file has exactly Glue's columns, and all partition columns are text.

    kgimport reads the values in folders' names as text: `month=01` is not a number, as it may be in
    Athena.
    """
    found = listing.of(place)
    partitions = table.get("PartitionKeys", ())
    if not found or any(each["Type"] != "string" for each in partitions):
        return False
    columns = [each["Name"] for each in table["StorageDescriptor"]["Columns"]]
    wanted = sorted((*columns, *(each["Name"] for each in partitions)))
    return all(sorted(each) == wanted for each in parquet.columns(table["Name"], found))


def fetch(sql: str, name: str, folder: Path, athena: Athena) -> QueryRecord:
    """Have Athena write a query's rows as Parquet, and download them into a new folder.

    `name` is the table that gets the rows. Also after an error, nothing stays in S3, and the query
    is stopped. Raises `SourceError` with the engine's message.
    """
    began = monotonic()
    with unloading.prefix(_results(athena)) as prefix:
        query, scanned = _unload(sql, name, prefix, athena)
        folder.mkdir(parents=True)
        found = listing.of(prefix)
        if not found:
            raise SourceError(
                f"the query for {name} returned no rows, so there is no file with its columns",
                "change the query, or leave the table out of the graph",
            )
        for at, each in enumerate(found):
            assert isinstance(each.place, S3Path)  # noqa: S101  (as the prefix is)
            s3.download(each.place, folder / f"{at:05}.parquet")
    return QueryRecord(name, query, scanned, round(monotonic() - began, 3))


def _results(athena: Athena) -> S3Path:
    if athena.results:
        return athena.results
    with aws.talking(f"look at the workgroup {athena.workgroup}"):
        client = aws.client("athena", athena.session)
        found = client.get_work_group(WorkGroup=athena.workgroup)
    place = found["WorkGroup"].get("Configuration", {}).get("ResultConfiguration", {})
    if not place.get("OutputLocation"):
        raise UsageError(
            f"the workgroup {athena.workgroup} has no result location",
            f"set KGIMPORT_ATHENA_RESULTS={locations.S3_FORM}, or s3_staging_dir in the dbt "
            "profile",
        )
    return locations.s3_folder(str(place["OutputLocation"]), athena.session)


def _unload(sql: str, name: str, prefix: S3Path, athena: Athena) -> tuple[str, int]:
    """Run the query; return its id, and how many bytes it scanned."""
    cursor = _cursor(athena)
    place = str(prefix / "").replace("'", "''")
    # ascii: a line break in the name would end the comment. A comment at the end of the query must
    # not hide the bracket, so that begins a line.
    unload = (
        f"-- kgimport, table {ascii(name)[1:-1]}\n"
        f"UNLOAD ({sql}\n) TO '{place}' WITH (format = 'PARQUET', compression = 'ZSTD')"
    )
    with _stopped_unless_ended(cursor, athena):
        try:
            cursor.execute(unload)
        except Exception as error:
            raise _failed(error, cursor.query_id, name, athena) from error
    return str(cursor.query_id), int(cursor.data_scanned_in_bytes or 0)


def _cursor(athena: Athena) -> Any:
    from pyathena import connect  # noqa: PLC0415  (slow, and of an extra)
    from pyathena.util import RetryConfig  # noqa: PLC0415

    with aws.talking("reach Athena"):
        return connect(
            s3_staging_dir=str(_results(athena) / ""),
            work_group=athena.workgroup,
            region_name=aws.client("athena", athena.session).meta.region_name,
            session=aws.boto_session(athena.session),
            poll_interval=_POLL_S,
            kill_on_interrupt=False,  # else pyathena treats an interrupt as a failed query
            retry_config=RetryConfig(attempt=aws.ATTEMPTS),
        ).cursor()


@contextmanager
def _stopped_unless_ended(cursor: Any, athena: Athena) -> Iterator[None]:
    """Stop the cursor's query if the block raises before the query has ended.

    It would go on, cost money, and write below its prefix after that was emptied.
    """
    try:
        yield
    except BaseException:
        if cursor.query_id:
            with suppress(KgimportError):  # the first error is what the user must know
                _stop(cursor.query_id, athena)
        raise


def _stop(query: str, athena: Athena) -> None:
    """Stop a running query, and wait until it has ended, or for `_STOP_S` if that is unknown."""
    if _has_ended(query, athena):
        return
    with aws.talking(f"stop the query {query}"):
        aws.client("athena", athena.session).stop_query_execution(QueryExecutionId=query)
    for _ in range(int(_STOP_S / _POLL_S)):
        if _has_ended(query, athena):
            return
        sleep(_POLL_S)


def _has_ended(query: str, athena: Athena) -> bool:
    with suppress(KgimportError):  # a role without the permission to ask may still stop a query
        return _state(query, athena) in _ENDED
    return False


def _failed(error: Exception, query: str | None, name: str, athena: Athena) -> KgimportError:
    """Return the error for a failed query: Athena's message and the query's id.

    If the query did not start, or may still run, it is the error of the call to AWS.
    """
    refused = aws.meaning(error, f"query the rows of {name}", SourceError)
    if query is None or not isinstance(refused, SourceError):
        return refused
    state = _state(query, athena)
    if state not in _ENDED:  # the query has not failed, only the call that asked for its state
        return refused
    which = f"Athena's query {query}, for the rows of {name},"
    if state == "CANCELLED":
        return SourceError(
            f"{which} was stopped: {error}",
            "find out who stopped it (a person, or a limit of the workgroup), and run again",
        )
    return SourceError(
        f"{which} failed: {error}",
        "fix the view or the query; Athena's console shows it under that id",
    )


def _state(query: str, athena: Athena) -> str:
    with aws.talking(f"look at the query {query}"):
        found = aws.client("athena", athena.session).get_query_execution(QueryExecutionId=query)
    return str(found["QueryExecution"]["Status"]["State"])
