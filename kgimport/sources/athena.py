"""Tables of Athena: their own Parquet in S3 where that is all there is to them, else a query.

A relation is scanned where it lies if Glue says that it is plain Parquet, and the files have just
the columns that Glue says. Everything else (a query, a view, Iceberg, another format, projected or
half-registered partitions) is asked of Athena, which writes the rows as Parquet below the results'
location: UNLOAD. Those objects are fetched and deleted at once, also when something goes wrong.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic, sleep
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from kgimport import aws, locations, s3
from kgimport.aws import ENVIRONMENT, Session
from kgimport.errors import KgimportError, SourceError, UsageError
from kgimport.locations import LocalPath, Query, S3Path
from kgimport.records import QueryRecord
from kgimport.sources import listing, parquet
from kgimport.sources.contract import Found, Source, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kgimport.locations import Relation
    from kgimport.sources.contract import Wanted

CATALOG = "awsdatacatalog"


@dataclass(frozen=True, slots=True)
class Athena:
    """Where and as whom Athena runs our queries; what is absent comes from the workgroup."""

    scheme: ClassVar[str] = "athena"
    parts: ClassVar[tuple[str, ...]] = ("CATALOG", "DATABASE", "TABLE")
    product: ClassVar[str] = "Athena"

    workgroup: str = "primary"
    results: S3Path | None = None  # below which results are written
    session: Session = ENVIRONMENT


def _connect(settings: Mapping[str, str]) -> Athena:
    session = Session(settings.get("profile"), settings.get("region"))
    results = settings.get("results")
    return Athena(
        settings.get("workgroup") or "primary",
        locations.s3_folder(results, session) if results else None,
        session,
    )


_SETTINGS = {
    "workgroup": "work_group",
    "results": "s3_staging_dir",
    "region": "region_name",
    "profile": "aws_profile_name",
}


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


SOURCE: Source[Athena] = Source(MappingProxyType(_SETTINGS), _connect, _locate)


def _sql(relation: Relation) -> str:
    """Return a relation as it stands in a query: Glue's own catalog needs no name."""
    catalog, *names = relation.names
    return sql_name(names if catalog.lower() == CATALOG else relation.names)


def own_files(wanted: Relation, session: Session) -> S3Path | None:
    """Return the S3 location of a table whose files are its rows.

    None for one that must be queried.

    Raises `SourceError` where Glue has no such table.
    """
    catalog, database, name = wanted.names
    if catalog.lower() != CATALOG:
        return None  # a federated catalog, of which Glue knows nothing
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
    """Whether the folders with objects are just the partitions that Glue knows, if any."""
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
    """Whether every file has just the columns of Glue, and folders say text, as Glue has it too.

    What folders say is text to us: `month=01` is no number, as it would be to Athena.
    """
    found = listing.of(place)
    partitions = table.get("PartitionKeys", ())
    if not found or any(each["Type"] != "string" for each in partitions):
        return False
    columns = [each["Name"] for each in table["StorageDescriptor"]["Columns"]]
    wanted = sorted((*columns, *(each["Name"] for each in partitions)))
    return all(sorted(each) == wanted for each in parquet.columns(table["Name"], found))


def fetch(sql: str, name: str, folder: Path, athena: Athena) -> QueryRecord:
    """Lets Athena write a query's rows as Parquet, and fetches them into a new folder.

    `name` is the table that they are for. Whatever happens, nothing stays in S3, and a query that
    nobody waits for any more is stopped. Raises `SourceError` with the engine's words.
    """
    began = monotonic()
    with _unload_prefix(athena) as prefix:
        query, scanned = _unload(sql, name, prefix, athena)
        folder.mkdir(parents=True)
        found = listing.of(prefix)
        if not found:
            raise SourceError(
                f"the query for {name} gave no rows, and so no file that has its columns",
                "let it give rows, or leave the table out of the graph",
            )
        for at, each in enumerate(found):
            assert isinstance(each.place, S3Path)  # noqa: S101  (as the prefix is)
            s3.download(each.place, folder / f"{at:05}.parquet")
    return QueryRecord(name, query, scanned, round(monotonic() - began, 3))


@contextmanager
def _unload_prefix(athena: Athena) -> Iterator[S3Path]:
    """Provide a place below the results' location that nothing else uses, and that is gone
    afterwards.
    """
    prefix = _results(athena) / "unload" / uuid4().hex
    try:
        yield prefix
    except KgimportError as error:
        _delete_after(error, prefix)
        raise
    except BaseException:
        s3.delete(prefix)
        raise
    s3.delete(prefix)


def _delete_after(error: KgimportError, prefix: S3Path) -> None:
    """Delete what a failed query left; where that fails too, the first error says what is left."""
    try:
        s3.delete(prefix)
    except KgimportError:
        left = f"{error.message}; what the query wrote may be left below {prefix}/"
        raise type(error)(left, error.hint) from error


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
    """Run the query to its end; give its id, and how many bytes it scanned."""
    cursor = _cursor(athena)
    place = str(prefix / "").replace("'", "''")
    # A name with a line break in it would end the comment; no query's comment ends our bracket.
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
            kill_on_interrupt=False,  # it would go on as if the query had failed
            retry_config=RetryConfig(attempt=aws.ATTEMPTS),
        ).cursor()


_POLL_S = 0.5


@contextmanager
def _stopped_unless_ended(cursor: Any, athena: Athena) -> Iterator[None]:
    """Stop the query of a cursor where we give up on it before it has ended.

    It would go on, cost money, and write below its prefix after that was emptied.
    """
    try:
        yield
    except BaseException:
        if cursor.query_id:
            with suppress(KgimportError):  # what made us give up is what the user must know
                _stop(cursor.query_id, athena)
        raise


def _stop(query: str, athena: Athena) -> None:
    """Stop a query that runs, and wait until it writes no more, or long where we may not look."""
    if _has_ended(query, athena):
        return
    with aws.talking(f"stop the query {query}"):
        aws.client("athena", athena.session).stop_query_execution(QueryExecutionId=query)
    for _ in range(int(_STOP_S / _POLL_S)):
        if _has_ended(query, athena):
            return
        sleep(_POLL_S)


def _has_ended(query: str, athena: Athena) -> bool:
    with suppress(KgimportError):  # who may not look at a query may still stop it
        return _state(query, athena) in _ENDED
    return False


_ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}
_STOP_S = 30


def _failed(error: Exception, query: str | None, name: str, athena: Athena) -> KgimportError:
    """Return what a failed query says: the engine's own words and its id, or why AWS did not take
    it.
    """
    told = aws.meaning(error, f"query the rows of {name}", SourceError)
    if query is None or not isinstance(told, SourceError):
        return told
    state = _state(query, athena)
    if state not in _ENDED:  # not the query failed, but we lost sight of it
        return told
    which = f"Athena's query {query}, for the rows of {name},"
    if state == "CANCELLED":
        return SourceError(
            f"{which} was stopped: {error}",
            "ask who stopped it (a person, or a limit of the workgroup), and run again",
        )
    return SourceError(
        f"{which} failed: {error}",
        "mend the view or the query; Athena's console shows it by that id",
    )


def _state(query: str, athena: Athena) -> str:
    with aws.talking(f"look at the query {query}"):
        found = aws.client("athena", athena.session).get_query_execution(QueryExecutionId=query)
    return str(found["QueryExecution"]["Status"]["State"])
