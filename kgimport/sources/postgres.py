"""Tables and queries of Postgres, streamed by ADBC, all of a graph's in one transaction.

The transaction is read-only and repeatable, so the rows, and what is proved about them, are of one
state. What is not in dbt's profile (or all, for a graph.yml) comes from libpq: the PG… variables,
the password file and the service file. Nothing of it is in a message or a record.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from kgimport.errors import RuntimeMissingError, SourceError, UsageError, listed, short
from kgimport.locations import LocalPath, Query
from kgimport.records import QueryRecord
from kgimport.sources import adbc, batches, casts, postgres_types
from kgimport.sources.contract import Found, Source, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kgimport.sources.contract import Wanted

_BATCH_BYTES = "adbc.postgresql.batch_size_hint_bytes"
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
# begins where another is, and several workers return their rows as they come. Without security of
# rows, policies that would hide some rows are an error.
_SETTINGS = {
    "row_security": "off",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "extra_float_digits": "1",
    "synchronize_seqscans": "off",
    "max_parallel_workers_per_gather": "0",
}


# Functions of the database's users do not come before Postgres's own.
_OWN_FUNCTIONS = (
    "SELECT set_config('search_path', concat_ws(', ', 'pg_catalog', "
    "nullif(current_setting('search_path'), '')), true)"
)


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
        " ".join(f"{key}={quoted(value)}" for key, value in sorted(given.items())),
        settings.get("role"),
        settings.get("search_path"),
    )


def quoted(value: str) -> str:
    """Return a value for libpq's connection string."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@contextmanager
def _open(postgres: Postgres) -> Iterator[Any]:
    """Provide the cursor of a read-only transaction that sees one state."""
    dbapi = driver()
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
        _ask(cursor, _OWN_FUNCTIONS)
        yield cursor


def driver() -> Any:
    """Return the driver's DB-API module; raise `RuntimeMissingError` if it is not installed."""
    return adbc.driver("adbc_driver_postgresql", "Postgres", "postgres")


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


def _hold(cursor: Any, everything: Sequence[Wanted]) -> None:
    """Lock all relations that are read, also partitions and those below views, until the end.

    Changes of views and tables then wait; those since the transaction began are refused.
    """
    for wanted in everything:
        with _refusing(f"does not return the rows of {wanted.table}"):
            _ask(cursor, _nothing_of(_rows(wanted)))
    with _refusing("does not show what changed"):
        _must_be_of_one_state(everything[-1], partial(_ask, cursor))


SOURCE: Source[Postgres, Any] = Source(
    MappingProxyType({key: key for key in (*_LIBPQ, *_OURS)}), _connect, _open, _locate, _hold
)


def _copy(cursor: Any, wanted: Wanted) -> None:
    rows = _rows(wanted)
    found = _described(cursor, rows, wanted)
    ask = partial(_ask, cursor)
    columns = [postgres_types.column(each) for each in found]
    number, scales = casts.measured(wanted, rows, columns, ask, postgres_types.shapes(found))
    found = postgres_types.shaped(found, scales)
    columns = [postgres_types.column(each) for each in found]
    try:
        written = _write(cursor, casts.selection(rows, columns), found, wanted)
    except pa.ArrowInvalid:
        casts.refuse_what_shows(wanted, rows, columns, ask)
        raise
    casts.must_be_all(wanted, number, written)
    _must_be_of_one_state(wanted, ask)


# Truncated and replaced tables are empty to a transaction that began before. It holds locks on all
# tables that it read, and sees the catalog as it was; functions show files and names as they are.
# Queries are planned by the catalog as it is, too: by the views, columns and partitions of now.
# A row of the catalog that somebody replaced has the number of that transaction as its xmax. Of its
# 64 bits these are 32, so they count from the first that this transaction may not see.
_REPLACED = """
WITH of_catalog AS (
  SELECT ev_class AS relation, xmax::text::bigint AS changed FROM pg_rewrite
  UNION ALL SELECT inhparent, xmax::text::bigint FROM pg_inherits
  UNION ALL SELECT attrelid, xmax::text::bigint FROM pg_attribute
), unseen AS (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS first)
SELECT DISTINCT l.relation::regclass::text
FROM pg_locks AS l
  LEFT JOIN pg_class AS c ON c.oid = l.relation
  LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation'
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND c.relkind IS DISTINCT FROM 'i'
  AND (
    c.oid IS NULL
    OR (c.relfilenode <> 0 AND c.relfilenode <> pg_relation_filenode(c.oid))
    OR (pg_identify_object('pg_class'::regclass, c.oid, 0)).identity
      IS DISTINCT FROM format('%I.%I', n.nspname, c.relname)
    OR EXISTS (
      SELECT FROM of_catalog AS o, unseen,
        LATERAL (SELECT (o.changed - first) & 4294967295) AS s(at)
      WHERE o.relation = c.oid AND CASE WHEN o.changed <> 0 AND s.at < 2147483648
        THEN pg_xact_status((first + s.at)::text::xid8) = 'committed' END
    )
  )
ORDER BY 1
"""


def _must_be_of_one_state(wanted: Wanted, ask: casts.Ask) -> None:
    """Refuse a table if it, or another that its view reads, is no longer what it was."""
    if replaced := [str(name) for (name,) in ask(_REPLACED)]:
        raise SourceError(
            f"these were truncated, changed or replaced while kgimport read {wanted.table}: "
            f"{listed(replaced)}",
            "try again when nothing builds the tables",
        )


def _write(cursor: Any, sql: str, found: list[postgres_types.Described], wanted: Wanted) -> int:
    """Write the rows of a query; raise `pyarrow.ArrowInvalid` if some did not arrive exactly."""
    size = str(batches.group_bytes(wanted.memory_mb) // 2)
    cursor.adbc_statement.set_options(**{_BATCH_BYTES: size})
    cursor.execute(sql)
    with cursor.fetch_record_batch() as reader:
        pairs = zip(found, reader.schema, strict=True)
        types = [(at.name, postgres_types.arrow_type(each, at.type)) for each, at in pairs]
        return batches.write(
            wanted.table,
            reader,
            pa.schema(types),
            wanted.folder,
            wanted.memory_mb,
            check=postgres_types.exact,
        )


def _rows(wanted: Wanted) -> str:
    location = wanted.location
    if isinstance(location, Query):
        return location.sql
    return rows_of(location)


def _nothing_of(rows: str) -> str:
    """Return a query that has the columns of another and its locks, and no row."""
    return f"SELECT * FROM ({rows}\n) AS q LIMIT 0"  # noqa: S608


def _described(cursor: Any, rows: str, wanted: Wanted) -> list[postgres_types.Described]:
    """Return the columns of a query, with what their values need."""
    cursor.execute(_nothing_of(rows))
    schema = cursor.fetch_arrow_table().schema
    batches.must_have_own_names(wanted.table, schema.names)
    if not all(map(postgres_types.is_described, schema)):
        raise RuntimeMissingError(
            "this adbc-driver-postgresql does not state the types of columns",
            "pip install -U 'adbc-driver-postgresql>=1.13'",
        )
    return [postgres_types.described(at, is_used=wanted.is_used(at.name)) for at in schema]


def _ask(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    try:
        yield
    except (driver().Error, pa.ArrowException) as error:
        reason = short(_reason(str(error)), _REASON)
        raise SourceError(
            f"Postgres {what}: {reason}",
            "try the same with psql; dbt's profile, or the PG… variables of libpq, say where the "
            "database is and as whom to read it",
        ) from error


# What the server says of a query; what it says of a connection is shown with the host.
_OF_SERVER = re.compile(r"(?:ERROR|\]: (?:FATAL|PANIC)):\s*(.+?)\s*(?:\n|$)")


def _reason(text: str) -> str:
    """Return the server's words, without the driver's, the query and the place in it."""
    if found := _OF_SERVER.search(text):
        return found[1]
    of_driver = text.rpartition("[libpq] ")[2].partition("Query was:")[0]
    return " ".join(of_driver.split())
