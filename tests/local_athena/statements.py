"""Runs one statement of Athena's: through Trino, or through Glue where Athena does so too."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.local_athena import sql as parts
from tests.local_athena.engine import CATALOG, Answer, Engine, QueryFailedError
from tests.local_athena.values import NoHiveTypeError, hive_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.local_athena.access import Access

_KEPT = ("partitioned_by", "bucketed_by", "bucket_count")
_COMPRESSIONS = ("write_compression", "parquet_compression", "orc_compression", "compression")
_IGNORED = ("is_external", "table_type", "compression_level")
# What of a table's entry may be written back.
_TABLE_INPUT = (
    *("Name", "TableType", "ViewOriginalText", "ViewExpandedText", "Parameters", "Owner"),
    *("StorageDescriptor", "PartitionKeys", "Description"),
)
_FORMATS = ("PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE")


@dataclass(frozen=True, slots=True)
class Context:
    """What a statement runs with."""

    statement: parts.Statement
    access: Access
    engine: Engine
    database: str
    tables_at: str  # where a CTAS without a location of its own writes
    parameters: Sequence[str] = ()
    location_is_enforced: bool = False  # by the work group


def run(context: Context) -> Answer:
    """Run a statement; QueryFailedError says why not."""
    if found := _HANDLERS.get(context.statement.kind):
        return found(context)
    raise QueryFailedError(
        f"LOCAL_ATHENA_NOT_IMPLEMENTED: {context.statement.kind}, which Athena itself may know", 1
    )


def _query(context: Context) -> Answer:
    return context.engine.run(context.statement.sql, context.parameters)


def _change_rows(context: Context) -> Answer:
    del context
    raise QueryFailedError("NOT_SUPPORTED: Modifying Hive table rows is not supported")


def _maintain(context: Context) -> Answer:
    raise QueryFailedError(f"NOT_SUPPORTED: {context.statement.kind} is for Iceberg tables only")


def _create_table(context: Context) -> Answer:
    del context
    raise QueryFailedError(
        "FAILED: ParseException: CREATE TABLE without EXTERNAL or AS makes Iceberg tables only"
    )


def _ctas(context: Context) -> Answer:
    wanted = parts.ctas(context.statement)
    database = wanted.name.database or context.database
    properties = {**wanted.properties}
    location = parts.text_of(properties.pop("external_location", ""))
    if location and context.location_is_enforced:
        raise QueryFailedError(
            "The Athena query is enforcing a centralized output location for query results. Please"
            " submit the query without an output location (external_location)."
        )
    if parts.text_of(properties.get("table_type", "HIVE")).upper() != "HIVE":
        raise QueryFailedError("LOCAL_ATHENA_NOT_IMPLEMENTED: Iceberg tables", 1)
    if context.access.table(database, wanted.name.table):
        if wanted.if_not_exists:
            return Answer()
        raise QueryFailedError(
            f"TABLE_ALREADY_EXISTS: Table '{CATALOG}.{database}.{wanted.name.table}' already exists"
        )
    name = f"{database}.{wanted.name.table}"
    return _write(context, name, location or context.tables_at, properties, wanted.query)


def _write(
    context: Context, name: str, location: str, properties: dict[str, str], query: str
) -> Answer:
    """Write a query's rows below a location that holds nothing yet, as a table of that name."""
    if context.access.objects(location):
        raise QueryFailedError(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{name}' already exists:"
            f" {location}. You may need to manually clean the data at location '{location}' before"
            " retrying. Athena will not delete data in your account."
        )
    settings, session = _trino_properties(location, properties)
    quoted = ".".join(f'"{part}"' for part in (CATALOG, *name.split(".")))
    settings_sql = ", ".join(f"{key} = {value}" for key, value in settings.items())
    return context.engine.run(
        f"CREATE TABLE {quoted} WITH ({settings_sql}) AS {query}", context.parameters, session
    )


def _trino_properties(
    location: str, properties: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Athena's properties of a table as Trino's properties and session settings."""
    left = {key: value for key, value in properties.items() if key not in _IGNORED}
    form = parts.text_of(left.pop("format", "'PARQUET'")).upper()
    if form not in _FORMATS:
        raise QueryFailedError(f"INVALID_TABLE_PROPERTY: format {form}")
    settings = {"format": f"'{form}'", "external_location": f"'{location}'"}
    settings |= {key: left.pop(key) for key in _KEPT if key in left}
    if "field_delimiter" in left:
        settings["textfile_field_separator"] = left.pop("field_delimiter")
    codecs = [parts.text_of(left.pop(key)).upper() for key in _COMPRESSIONS if key in left]
    if left:
        raise QueryFailedError(f"INVALID_TABLE_PROPERTY: {', '.join(left)}")
    codec = codecs[0] if codecs else "GZIP"  # Athena's own choice for Parquet
    return settings, {f"{CATALOG}.compression_codec": codec}


def _unload(context: Context) -> Answer:
    try:
        wanted = parts.unload(context.statement)
    except parts.NotAthenaError as error:
        raise QueryFailedError(f"SYNTAX_ERROR: {error}") from error
    if not wanted.query.lower().startswith(("select", "with")):
        raise QueryFailedError("SYNTAX_ERROR: UNLOAD takes a SELECT only")
    if "format" not in wanted.properties:
        raise QueryFailedError("SYNTAX_ERROR: UNLOAD needs the property format")
    # Trino writes files as a table only, so there is one for as long as it takes.
    database = f"local_athena_{uuid.uuid4().hex}"
    context.access.glue.create_database(DatabaseInput={"Name": database})
    try:
        return _write(context, f"{database}.rows", wanted.location, wanted.properties, wanted.query)
    finally:
        context.access.glue.delete_database(Name=database)


def _create_view(context: Context) -> Answer:
    answer = context.engine.run(context.statement.sql)
    tokens = parts.after(context.statement, "CREATE", "OR", "REPLACE", "VIEW")
    name, _ = parts.table_name(tokens)
    database = name.database or context.database
    # Athena keeps a view's columns in Glue; Trino puts one column there, called dummy.
    described = context.engine.run(f'SHOW COLUMNS FROM "{CATALOG}"."{database}"."{name.table}"')
    _set_columns(context, database, name.table, described.rows)
    return answer


def _set_columns(context: Context, database: str, name: str, rows: Sequence[Sequence[Any]]) -> None:
    entry = context.access.table(database, name) or {}
    table = {key: value for key, value in entry.items() if key in _TABLE_INPUT}
    try:
        columns = [{"Name": row[0], "Type": hive_type(row[1])} for row in rows]
    except NoHiveTypeError as error:
        context.access.glue.delete_table(DatabaseName=database, Name=name)
        raise QueryFailedError(f"NOT_SUPPORTED: {error}") from error
    table["StorageDescriptor"] = {**entry.get("StorageDescriptor", {}), "Columns": columns}
    context.access.glue.update_table(DatabaseName=database, TableInput=table)


def _create_schema(context: Context) -> Answer:
    tokens = parts.after(context.statement, "CREATE", "SCHEMA", "DATABASE")
    database = {"Name": tokens[0].value}
    for word, value in itertools.pairwise(tokens):
        if word.word == "LOCATION":
            database["LocationUri"] = value.value
    return _in_glue(
        context,
        lambda: context.access.glue.create_database(DatabaseInput=database),
        unless="AlreadyExistsException",
    )


def _drop_schema(context: Context) -> Answer:
    tokens = parts.after(context.statement, "DROP", "SCHEMA", "DATABASE")
    name = tokens[0].value
    cascades = "CASCADE" in context.statement.words

    def drop() -> None:
        tables = context.access.tables(name)
        if tables and not cascades:
            raise QueryFailedError(
                f"FAILED: Execution Error: Database {name} is not empty. One or more tables exist."
            )
        context.access.glue.delete_database(Name=name)

    return _in_glue(context, drop, unless="EntityNotFoundException")


def _drop_table(context: Context) -> Answer:
    tokens = parts.after(context.statement, "DROP", "TABLE", "VIEW")
    name, _ = parts.table_name(tokens)
    database = name.database or context.database
    # The data of an external table stay.
    return _in_glue(
        context,
        lambda: context.access.glue.delete_table(DatabaseName=database, Name=name.table),
        unless="EntityNotFoundException",
    )


def _alter_table(context: Context) -> Answer:
    tokens = parts.after(context.statement, "ALTER", "TABLE")
    name, used = parts.table_name(tokens)
    if [token.word for token in tokens[used : used + 2]] != ["SET", "TBLPROPERTIES"]:
        raise QueryFailedError("LOCAL_ATHENA_NOT_IMPLEMENTED: this ALTER TABLE", 1)
    database = name.database or context.database
    entry = context.access.table(database, name.table)
    if entry is None:
        raise QueryFailedError(f"FAILED: SemanticException Table not found {name.table}")
    texts = [token.value for token in tokens[used:] if token.kind == "text"]
    given = dict(zip(texts[::2], texts[1::2], strict=True))
    entry["Parameters"] = {**entry.get("Parameters", {}), **given}
    table = {key: value for key, value in entry.items() if key in _TABLE_INPUT}
    context.access.glue.update_table(DatabaseName=database, TableInput=table)
    return Answer()


def _in_glue(context: Context, act: Callable[[], Any], *, unless: str) -> Answer:
    """Do something in Glue; IF [NOT] EXISTS passes over the one error that it is about."""
    try:
        act()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code != unless or "EXISTS" not in context.statement.words:
            raise QueryFailedError(f"FAILED: Execution Error: {code}: {error}") from error
    return Answer()


def _show_databases(context: Context) -> Answer:
    return _texts("database_name", (d["Name"] for d in context.access.databases()))


def _show_tables(context: Context) -> Answer:
    tokens = parts.after(context.statement, "SHOW", "TABLES", "IN", "FROM")
    database = tokens[0].value if tokens and tokens[0].kind == "name" else context.database
    if any(token.kind == "text" for token in tokens):
        raise QueryFailedError("LOCAL_ATHENA_NOT_IMPLEMENTED: a pattern in SHOW TABLES", 1)
    return _texts("tab_name", (table["Name"] for table in context.access.tables(database)))


def _show_partitions(context: Context) -> Answer:
    name, _ = parts.table_name(parts.after(context.statement, "SHOW", "PARTITIONS"))
    database = name.database or context.database
    table = context.access.table(database, name.table)
    if table is None:
        raise QueryFailedError(f"FAILED: SemanticException Table not found {name.table}")
    keys = [key["Name"] for key in table["PartitionKeys"]]
    pages = context.access.glue.get_paginator("get_partitions").paginate(
        DatabaseName=database, TableName=name.table
    )
    values = (partition["Values"] for page in pages for partition in page["Partitions"])
    return _texts(
        "partition",
        ("/".join(f"{k}={v}" for k, v in zip(keys, each, strict=True)) for each in values),
    )


def _texts(name: str, values: Iterator[str]) -> Answer:
    return Answer([(name, "varchar")], [[value] for value in sorted(values)])


def _repair(context: Context) -> Answer:
    name, _ = parts.table_name(parts.after(context.statement, "MSCK", "REPAIR", "TABLE"))
    database = name.database or context.database
    context.engine.run(
        f"CALL {CATALOG}.system.sync_partition_metadata('{database}', '{name.table}', 'ADD')"
    )
    return Answer()


_HANDLERS: dict[str, Callable[[Context], Answer]] = {
    "QUERY": _query,
    "EXPLAIN": _query,
    "INSERT": _query,
    "DELETE": _change_rows,
    "UPDATE": _change_rows,
    "MERGE": _change_rows,
    "OPTIMIZE": _maintain,
    "VACUUM": _maintain,
    "CREATE TABLE": _create_table,
    "CREATE TABLE AS": _ctas,
    "UNLOAD": _unload,
    "CREATE VIEW": _create_view,
    "CREATE SCHEMA": _create_schema,
    "DROP SCHEMA": _drop_schema,
    "DROP DATABASE": _drop_schema,
    "DROP TABLE": _drop_table,
    "DROP VIEW": _drop_table,
    "SHOW DATABASES": _show_databases,
    "SHOW SCHEMAS": _show_databases,
    "SHOW TABLES": _show_tables,
    "SHOW PARTITIONS": _show_partitions,
    "ALTER TABLE": _alter_table,
    "MSCK": _repair,
}
