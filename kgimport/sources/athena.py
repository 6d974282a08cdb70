"""Tables of Athena: their own Parquet in S3 where that is all there is to them, else a query.

A location is `athena://CATALOG/DATABASE/TABLE`, or `select:SQL` for the rows of a query. A table
is scanned where it lies if Glue says that it is plain Parquet, and the files have just the columns
that Glue says. Everything else (a view, Iceberg, another format, projected or half-registered
partitions) is asked of Athena, which writes the rows as Parquet below the results' location:
UNLOAD. Those objects are fetched and deleted at once, also when something goes wrong.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from kgimport import aws, s3
from kgimport.errors import KgimportError, SourceError, UsageError
from kgimport.records import QueryRecord
from kgimport.sources import listing, parquet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEME = "athena://"
SELECT = "select:"
CATALOG = "awsdatacatalog"


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Where and as what Athena runs our queries; what is absent comes from the workgroup."""

    workgroup: str = "primary"
    results: str | None = None  # s3://bucket/prefix, below which results are written


PRIMARY = Warehouse()


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view by its three names."""

    catalog: str
    database: str
    table: str

    @property
    def sql(self) -> str:
        """The relation as it stands in a query."""
        return ".".join(f'"{part.replace(_QUOTE, _QUOTE * 2)}"' for part in self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called in a query: Glue's own catalog needs no name."""
        own = self.catalog.lower() == CATALOG
        return (self.database, self.table) if own else (self.catalog, self.database, self.table)


_QUOTE = '"'


def is_athena(location: str) -> bool:
    """Whether a location has to be asked of Athena or Glue first."""
    return location.startswith((SCHEME, SELECT))


def relation(location: str) -> Relation:
    """Return the relation that a location names; `UsageError` where it names none."""
    parts = location.removeprefix(SCHEME).split("/")
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004  (catalog, database, table)
        raise UsageError(
            f"{location} is no table of Athena", f"write {SCHEME}CATALOG/DATABASE/TABLE"
        )
    return Relation(*parts)


def all_rows(location: str) -> str:
    """Return the query for a whole relation."""
    return f"SELECT * FROM {relation(location).sql}"  # noqa: S608  (its names are quoted)


def selected(location: str) -> str | None:
    """Return the SQL of a location that is a query."""
    return location.removeprefix(SELECT).strip() if location.startswith(SELECT) else None


def own_files(wanted: Relation) -> str | None:
    """Return the S3 location of a table whose files are its rows.

    None for one that must be queried.

    Raises `SourceError` where Glue has no such table.
    """
    if wanted.catalog.lower() != CATALOG:
        return None  # a federated catalog, of which Glue knows nothing
    glue = aws.client("glue")
    names = {"DatabaseName": wanted.database, "Name": wanted.table}
    with aws.talking(f"find {wanted.sql} in Glue"):
        table = glue.get_table(**names)["Table"]
    if not _is_plain_parquet(table) or not _is_all_there(glue, table):
        return None
    location = str(table["StorageDescriptor"]["Location"]).rstrip("/")
    return location if _has_columns(location, table) else None


def _is_plain_parquet(table: dict[str, Any]) -> bool:
    parameters = {key.lower(): str(value) for key, value in table.get("Parameters", {}).items()}
    storage = table.get("StorageDescriptor", {})
    return (
        table.get("TableType") == "EXTERNAL_TABLE"
        and parameters.get("table_type", "").upper() != "ICEBERG"
        and parameters.get("projection.enabled", "").lower() != "true"
        and "parquet" in storage.get("SerdeInfo", {}).get("SerializationLibrary", "").lower()
        and str(storage.get("Location", "")).startswith(s3.SCHEME)
    )


def _is_all_there(glue: Any, table: dict[str, Any]) -> bool:
    """Whether the folders with objects are just the partitions that Glue knows, if any."""
    keys = [each["Name"] for each in table.get("PartitionKeys", ())]
    if not keys:
        return True
    location = str(table["StorageDescriptor"]["Location"]).rstrip("/")
    pages = glue.get_paginator("get_partitions")
    names = {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}
    with aws.talking(f"list the partitions of {names['TableName']}"):
        known = {
            each["StorageDescriptor"]["Location"].rstrip("/")
            for page in pages.paginate(**names)
            for each in page["Partitions"]
        }
    folders = {each.place.rpartition("/")[0] for each in listing.of(location)}
    depth = location.count("/") + len(keys)
    return folders == known and all(folder.count("/") == depth for folder in folders)


def _has_columns(location: str, table: dict[str, Any]) -> bool:
    """Whether every file has just the columns of Glue, and folders say text, as Glue has it too.

    What folders say is text to us: `month=01` is no number, as it would be to Athena.
    """
    found = listing.of(location)
    partitions = table.get("PartitionKeys", ())
    if not found or any(each["Type"] != "string" for each in partitions):
        return False
    columns = [each["Name"] for each in table["StorageDescriptor"]["Columns"]]
    wanted = sorted((*columns, *(each["Name"] for each in partitions)))
    return all(sorted(each) == wanted for each in parquet.columns(table["Name"], found))


def fetch(sql: str, name: str, folder: Path, warehouse: Warehouse) -> QueryRecord:
    """Lets Athena write a query's rows as Parquet, and fetches them into a new folder.

    `name` is the table that they are for. Whatever happens, nothing stays in S3, and a query that
    nobody waits for any more is stopped. Raises `SourceError` with the engine's words.
    """
    began = monotonic()
    with _unload_prefix(warehouse) as prefix:
        query, scanned = _unload(sql, name, prefix, warehouse)
        folder.mkdir(parents=True)
        found = listing.of(prefix)
        if not found:
            raise SourceError(
                f"the query for {name} gave no rows, and so no file that has its columns",
                "let it give rows, or leave the table out of the graph",
            )
        for at, each in enumerate(found):
            s3.download(each.place, folder / f"{at:05}.parquet")
    return QueryRecord(name, query, scanned, round(monotonic() - began, 3))


@contextmanager
def _unload_prefix(warehouse: Warehouse) -> Iterator[str]:
    """Provide a place below the results' location that nothing else uses, and that is gone
    afterwards.
    """
    prefix = f"{_results(warehouse)}/unload/{uuid4().hex}"
    try:
        yield prefix
    except KgimportError as error:
        _delete_after(error, prefix)
        raise
    except BaseException:
        s3.delete(prefix)
        raise
    s3.delete(prefix)


def _delete_after(error: KgimportError, prefix: str) -> None:
    """Delete what a failed query left; where that fails too, the first error says what is left."""
    try:
        s3.delete(prefix)
    except KgimportError:
        left = f"{error.message}; what the query wrote may be left below {prefix}/"
        raise type(error)(left, error.hint) from error


def _results(warehouse: Warehouse) -> str:
    if warehouse.results:
        return warehouse.results.rstrip("/")
    with aws.talking(f"look at the workgroup {warehouse.workgroup}"):
        found = aws.client("athena").get_work_group(WorkGroup=warehouse.workgroup)
    place = found["WorkGroup"].get("Configuration", {}).get("ResultConfiguration", {})
    if not place.get("OutputLocation"):
        raise UsageError(
            f"the workgroup {warehouse.workgroup} has no result location",
            "set KGIMPORT_ATHENA_RESULTS=s3://BUCKET/PREFIX, or s3_staging_dir in the dbt profile",
        )
    return str(place["OutputLocation"]).rstrip("/")


def _unload(sql: str, name: str, prefix: str, warehouse: Warehouse) -> tuple[str, int]:
    """Run the query to its end; give its id, and how many bytes it scanned."""
    cursor = _cursor(warehouse)
    place = f"{prefix}/".replace("'", "''")
    # A name with a line break in it would end the comment; no query's comment ends our bracket.
    unload = (
        f"-- kgimport, table {ascii(name)[1:-1]}\n"
        f"UNLOAD ({sql}\n) TO '{place}' WITH (format = 'PARQUET', compression = 'ZSTD')"
    )
    with _stopped_unless_ended(cursor):
        try:
            cursor.execute(unload)
        except Exception as error:
            raise _failed(error, cursor.query_id, name) from error
    return str(cursor.query_id), int(cursor.data_scanned_in_bytes or 0)


def _cursor(warehouse: Warehouse) -> Any:
    from pyathena import connect  # noqa: PLC0415  (slow, and of an extra)
    from pyathena.util import RetryConfig  # noqa: PLC0415

    with aws.talking("reach Athena"):
        return connect(
            s3_staging_dir=f"{_results(warehouse)}/",
            work_group=warehouse.workgroup,
            region_name=aws.client("athena").meta.region_name,
            poll_interval=_POLL_S,
            kill_on_interrupt=False,  # it would go on as if the query had failed
            retry_config=RetryConfig(attempt=aws.ATTEMPTS),
        ).cursor()


_POLL_S = 0.5


@contextmanager
def _stopped_unless_ended(cursor: Any) -> Iterator[None]:
    """Stop the query of a cursor where we give up on it before it has ended.

    It would go on, cost money, and write below its prefix after that was emptied.
    """
    try:
        yield
    except BaseException:
        if cursor.query_id:
            with suppress(KgimportError):  # what made us give up is what the user must know
                _stop(cursor.query_id)
        raise


def _stop(query: str) -> None:
    """Stop a query that runs, and wait until it writes no more, or long where we may not look."""
    if _has_ended(query):
        return
    with aws.talking(f"stop the query {query}"):
        aws.client("athena").stop_query_execution(QueryExecutionId=query)
    for _ in range(int(_STOP_S / _POLL_S)):
        if _has_ended(query):
            return
        sleep(_POLL_S)


def _has_ended(query: str) -> bool:
    with suppress(KgimportError):  # who may not look at a query may still stop it
        return _state(query) in _ENDED
    return False


_ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}
_STOP_S = 30


def _failed(error: Exception, query: str | None, name: str) -> KgimportError:
    """Return what a failed query says: the engine's own words and its id, or why AWS did not take
    it.
    """
    told = aws.meaning(error, f"query the rows of {name}", SourceError)
    if query is None or not isinstance(told, SourceError):
        return told
    state = _state(query)
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


def _state(query: str) -> str:
    with aws.talking(f"look at the query {query}"):
        found = aws.client("athena").get_query_execution(QueryExecutionId=query)
    return str(found["QueryExecution"]["Status"]["State"])
