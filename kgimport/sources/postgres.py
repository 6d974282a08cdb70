"""Tables and queries of Postgres, streamed by ADBC, all of a graph's in one transaction.

The transaction is read-only and repeatable, so the rows, and what is proved about them, are of one
state. What is not in dbt's profile (or all, for a graph.yml) comes from libpq: the PG… variables,
the password file and the service file. Nothing of it is in a message or a record.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from kgimport.errors import RuntimeMissingError, SourceError, UsageError, short
from kgimport.locations import LocalPath, Query
from kgimport.records import QueryRecord
from kgimport.sources import batches, casts, postgres_types
from kgimport.sources.contract import Found, Source, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kgimport.sources.contract import Wanted

_REASON = 500  # characters of the server's message
# The keys of dbt's profile that libpq knows, each by the same name or another.
_LIBPQ = {
    "host": "host",
    "port": "port",
    "user": "user",
    "password": "password",
    "pass": "password",
    "dbname": "dbname",
    "database": "dbname",
    "sslmode": "sslmode",
    "sslcert": "sslcert",
    "sslkey": "sslkey",
    "sslrootcert": "sslrootcert",
    "connect_timeout": "connect_timeout",
}
_OURS = ("role", "search_path")
# How the transaction writes values as text, and in which order it reads rows. A synchronized scan
# begins where another is, and several workers return their rows as they come.
_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "extra_float_digits": "1",
    "synchronize_seqscans": "off",
    "max_parallel_workers_per_gather": "0",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """How to reach a database; an empty text stands for what libpq knows by itself."""

    scheme: ClassVar[str] = "postgres"
    parts: ClassVar[tuple[str, ...]] = ("DATABASE", "SCHEMA", "TABLE")
    product: ClassVar[str] = "Postgres"
    in_files: ClassVar[bool] = False

    conninfo: str = field(default="", repr=False)  # has the password
    role: str | None = None
    search_path: str | None = None


def _connect(settings: Mapping[str, str], _: Path) -> Postgres:
    given = {_LIBPQ[key]: value for key, value in settings.items() if key in _LIBPQ}
    unrendered = [key for key, value in given.items() if "{{" in value]
    if unrendered:
        raise UsageError(
            f"dbt's profile has a template for {', '.join(unrendered)} that was not rendered",
            "set the environment variable that it names",
        )
    return Postgres(
        " ".join(f"{key}={_quoted(value)}" for key, value in sorted(given.items())),
        settings.get("role"),
        settings.get("search_path"),
    )


def _quoted(value: str) -> str:
    """Return a value for libpq's connection string."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@contextmanager
def _open(postgres: Postgres) -> Iterator[Any]:
    """Provide the cursor of a read-only transaction that sees one state."""
    dbapi = _driver()
    conninfo = f"{postgres.conninfo} client_encoding='UTF8'"
    with (
        _refusing("does not let kgimport in"),
        dbapi.connect(conninfo) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        own = {"role": postgres.role, "search_path": postgres.search_path}
        for name, value in (_SETTINGS | {key: each for key, each in own.items() if each}).items():
            _ask(cursor, f"SELECT set_config({_literal(name)}, {_literal(value)}, true)")
        yield cursor


def _driver() -> Any:
    try:
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415  (of an extra)
    except ModuleNotFoundError as error:
        raise RuntimeMissingError(
            "the driver for Postgres is not installed", "pip install 'kgimport[postgres]'"
        ) from error
    return dbapi


def _literal(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


def _locate(cursor: Any, wanted: Wanted) -> Found:
    wanted.progress(f"query {wanted.table}", None)
    began = monotonic()
    with _refusing(f"does not return the rows of {wanted.table}"):
        _copy(cursor, wanted)
    record = QueryRecord(wanted.table, "", 0, round(monotonic() - began, 3))
    return Found(LocalPath(str(wanted.folder)), record)


SOURCE: Source[Postgres, Any] = Source(
    MappingProxyType({key: key for key in (*_LIBPQ, *_OURS)}), _connect, _open, _locate
)


def _copy(cursor: Any, wanted: Wanted) -> None:
    rows = _rows(wanted)
    found = _described(cursor, rows, wanted)
    columns = [postgres_types.column(each) for each in found]
    number = casts.counted(wanted, rows, columns, lambda sql: _ask(cursor, sql))
    cursor.execute(casts.selection(rows, columns))
    with cursor.fetch_record_batch() as reader:
        pairs = zip(found, reader.schema, strict=True)
        types = [(at.name, postgres_types.arrow_type(each, at.type)) for each, at in pairs]
        written = batches.write(wanted.table, reader, pa.schema(types), wanted.folder)
    casts.must_be_all(wanted, number, written)


def _rows(wanted: Wanted) -> str:
    location = wanted.location
    if isinstance(location, Query):
        return location.sql
    return rows_of(location)


def _described(cursor: Any, rows: str, wanted: Wanted) -> list[postgres_types.Described]:
    """Return the columns of a query, with what their values need."""
    cursor.execute(f"SELECT * FROM ({rows}\n) AS q LIMIT 0")  # noqa: S608
    schema = cursor.fetch_arrow_table().schema
    batches.must_have_own_names(wanted.table, schema.names)
    found = [postgres_types.described(at, is_used=wanted.is_used(at.name)) for at in schema]
    unknown = postgres_types.shapes(found)
    if not unknown:
        return found
    (scales,) = _ask(cursor, f"SELECT {', '.join(unknown)} FROM ({rows}\n) AS q")  # noqa: S608
    return postgres_types.shaped(found, list(scales))


def _ask(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    try:
        yield
    except (_driver().Error, pa.ArrowException) as error:
        reason = short(_reason(str(error)), _REASON)
        raise SourceError(
            f"Postgres {what}: {reason}",
            "try the same with psql; dbt's profile, or the PG… variables of libpq, say where the "
            "database is and as whom to read it",
        ) from error


def _reason(text: str) -> str:
    """Return the server's words, without the driver's, the query and the place in it."""
    _, of_server, reason = text.partition("ERROR:")
    if of_server:
        return reason.partition("\n")[0].strip()
    return " ".join(text.rpartition("[libpq] ")[2].split())
