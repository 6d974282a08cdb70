"""CSV files loaded into Postgres as tables of text, cell by cell as they are.

`data/<folder>/<File>.csv` becomes the table `<file>` (in small letters) of the schema
`<prefix><folder>`. Its columns are named as in the header. An empty cell becomes null, and nothing
else is changed: to clean is dbt's task.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from kgimport import second_reader
from kgimport.errors import DeclarationError, SourceError, short
from kgimport.sources import postgres
from kgimport.sources.contract import sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

SCHEME = "postgres://"
_FORM = "write the files as FOLDER/FILE.csv"
# The same as in dbt/dbt_project.yml, so that DuckDB and Postgres hold the same texts.
_OPTIONS = (
    "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
    "allow_quoted_nulls = false, encoding = 'utf-8'"
)
_MEMORY_MB, _BATCH, _REASON = 512, 65_536, 500


@dataclass(frozen=True, slots=True)
class RawCsv:
    """A CSV file and the table that it fills."""

    file: Path
    schema: str
    table: str


def tables(data: Path, prefix: str = "") -> list[RawCsv]:
    """Return the CSV files one folder below `data`, sorted.

    Raises `SourceError` if there are none, `DeclarationError` if two would fill one table.
    """
    found = [
        RawCsv(file, f"{prefix}{file.parent.name}", file.stem.lower())
        for file in sorted(data.glob("*/*.csv"))
    ]
    if not found:
        raise SourceError(f"there is no CSV in the folders of {data}", _FORM)
    names = [(each.schema, each.table) for each in found]
    if doubled := sorted({".".join(name) for name in names if names.count(name) > 1}):
        raise DeclarationError(f"two files would fill {doubled[0]}", "rename one of them")
    return found


@contextmanager
def connected(database: str) -> Iterator[Any]:
    """Provide a cursor on a database, in one transaction that is committed at the end.

    libpq states who and where: the PG… variables, the password file, the service file. `database`
    may be empty, too.
    """
    dbapi = postgres.driver()
    conninfo = f"dbname={postgres.quoted(database)}" if database else ""
    try:
        with (
            dbapi.connect(f"{conninfo} client_encoding='UTF8'") as connection,
            connection.cursor() as cursor,
        ):
            yield cursor
            connection.commit()
    except dbapi.Error as error:
        reason = short(" ".join(str(error).rpartition("[libpq] ")[2].split()), _REASON)
        raise SourceError(
            f"Postgres does not take the rows: {reason}",
            "try the same with psql; the PG… variables of libpq say where the database is",
        ) from error


def load(raw: RawCsv, cursor: Any) -> int:
    """Fill a table with the rows of a file, in place of those that it has; return their number.

    Raises `SourceError` if the file is not CSV in UTF-8, or if the table has other columns.
    """
    with second_reader.database(_MEMORY_MB) as made:
        try:
            rows = _rows(raw, made)
            _make(raw, rows.columns, cursor)
            reader = rows.to_arrow_reader(_BATCH)
            loaded: int = cursor.adbc_ingest(
                raw.table, reader, mode="append", db_schema_name=raw.schema
            )
        except (duckdb.InvalidInputException, duckdb.IOException) as error:
            raise SourceError(
                f"{raw.file} cannot be read: {short(second_reader.first_line(error), _REASON)}",
                "write it as UTF-8, with commas, quotes that are doubled, and a header",
            ) from error
    return loaded


def _rows(raw: RawCsv, made: DuckDBPyConnection) -> Any:
    path = second_reader.text(second_reader.escaped(str(raw.file)))
    return made.sql(f"SELECT * FROM read_csv({path}, {_OPTIONS})")  # noqa: S608  (it is quoted)


def _make(raw: RawCsv, columns: list[str], cursor: Any) -> None:
    """Leave the table empty and with the columns; views on it stay as they are."""
    table = sql_name((raw.schema, raw.table))
    texts = ", ".join(f"{sql_name((name,))} text" for name in columns)
    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {sql_name((raw.schema,))}")
    cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} ({texts})")
    cursor.execute(f"SELECT * FROM {table} LIMIT 0")  # noqa: S608  (its names are quoted)
    found = cursor.fetch_arrow_table().schema.names
    if found != columns:
        raise SourceError(
            f"the table {raw.schema}.{raw.table} has other columns than {raw.file}",
            "drop it, or choose another --prefix",
        )
    cursor.execute(f"TRUNCATE {table}")
