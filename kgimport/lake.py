"""Raw Parquet on its way into the lake: objects in S3, and tables in Glue where no crawler runs.

`data/<customer>/<table>/[<column>=<value>/]….parquet` becomes the same below a prefix. Each
customer is a database of Glue, each table one of its tables, each folder of a value a partition.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import polars as pl

from kgimport import aws, s3
from kgimport.errors import DeclarationError, SourceError, ValueRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kgimport.locations import S3Path

_SUFFIX = ".parquet"
_LEAST = 3  # customer, table, file


@dataclass(frozen=True, slots=True)
class RawTable:
    """One table of one customer: its files, sorted, and the columns that its folders spell."""

    customer: str
    name: str
    folder: Path
    files: tuple[Path, ...]
    partitioned_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Landed:
    """What came of a table: files written and left alone, objects that have no file any more."""

    table: RawTable
    written: int
    same: int
    stale: tuple[S3Path, ...]


def tables(data: Path) -> list[RawTable]:
    """Return the tables below a folder, by customer and name.

    Raises `SourceError` where there is none, `DeclarationError` where a file is of no table, or a
    table's files lie at different depths or below folders of different names.
    """
    ways = [file.relative_to(data).parts for file in data.rglob(f"*{_SUFFIX}")]
    form = "its form is CUSTOMER/TABLE/[COLUMN=VALUE/]FILE.parquet"
    if not ways:
        raise SourceError(f"no Parquet below {data}", form)
    if shallow := sorted("/".join(way) for way in ways if len(way) < _LEAST):
        raise DeclarationError(f"{shallow[0]} is of no table below {data}", form)
    folders = sorted({way[:2] for way in ways})
    return [_table(data, customer, name) for customer, name in folders]


def _table(data: Path, customer: str, name: str) -> RawTable:
    folder = data / customer / name
    files = tuple(sorted(folder.rglob(f"*{_SUFFIX}")))
    ways = {tuple(part.partition("=")[0] for part in _steps(folder, file)) for file in files}
    if len(ways) > 1 or not all("=" in part for file in files for part in _steps(folder, file)):
        raise DeclarationError(
            f"the folders of {folder} do not spell the same partition columns for all files",
            "name them COLUMN=VALUE, all files as deep",
        )
    return RawTable(customer, name, folder, files, ways.pop())


def _steps(folder: Path, file: Path) -> tuple[str, ...]:
    return file.relative_to(folder).parts[:-1]


def land(
    table: RawTable, to: S3Path, digest: Callable[[Path], str], *, delete: bool, threads: int = 8
) -> Landed:
    """Carries a table's files to S3, those that are not there already; deletes others if wanted.

    `to` is the prefix of all customers; `digest` gives a file's SHA-256. Memory does not grow with
    the files: large ones go in parts.
    """
    home = to / table.customer / table.name
    wanted = {home / file.relative_to(table.folder).as_posix(): file for file in table.files}
    carry = partial(_carry, digest)
    with ThreadPoolExecutor(threads) as pool:
        try:
            written = sum(pool.map(carry, wanted.items()))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # those that have begun end; no other begins
            raise
    stale = tuple(each.place for each in s3.below(home) if each.place not in wanted)
    if delete and stale:
        s3.delete_objects(stale)
    return Landed(table, written, len(wanted) - written, stale)


def _carry(digest: Callable[[Path], str], item: tuple[S3Path, Path]) -> bool:
    place, file = item
    return s3.upload(file, place, digest(file))


def register(table: RawTable, to: S3Path, database: str) -> None:
    """Make a table known to Glue, or brings what Glue knows of it up to date.

    Columns come from the files' schema, and partitions from the folders; partitions that have no
    folder any more are forgotten. Raises `ValueRefusedError` for a type that Glue has no name for.
    """
    glue = aws.client("glue", to.session)
    home = to / table.customer / table.name
    columns = columns_of(table)
    about = {
        "Name": table.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
        "PartitionKeys": [{"Name": name, "Type": "string"} for name in table.partitioned_by],
        "StorageDescriptor": _storage(columns, str(home / "")),
    }
    with aws.talking(f"register {database}.{table.name} in Glue"):
        _make_database(glue, database)
        try:
            glue.update_table(DatabaseName=database, TableInput=about)
        except glue.exceptions.EntityNotFoundException:
            glue.create_table(DatabaseName=database, TableInput=about)
        if table.partitioned_by:
            _register_partitions(glue, table, database, columns, home)


def _make_database(glue: Any, database: str) -> None:
    try:
        glue.get_database(Name=database)
    except glue.exceptions.EntityNotFoundException:
        glue.create_database(DatabaseInput={"Name": database})


def _register_partitions(
    glue: Any, table: RawTable, database: str, columns: list[dict[str, str]], home: S3Path
) -> None:
    names = {"DatabaseName": database, "TableName": table.name}
    pages = glue.get_paginator("get_partitions").paginate(**names, ExcludeColumnSchema=True)
    known = {
        (tuple(each["Values"]), each["StorageDescriptor"]["Location"])
        for page in pages
        for each in page["Partitions"]
    }
    wanted = {(values, str(home / folder / "")) for values, folder in _partitions(table)}
    old = [{"Values": list(values)} for values, _ in sorted(known - wanted)]
    new = [
        {"Values": list(values), "StorageDescriptor": _storage(columns, place)}
        for values, place in sorted(wanted - known)
    ]
    for page in _pages(old, _DELETED_AT_ONCE):
        glue.batch_delete_partition(**names, PartitionsToDelete=page)
    for page in _pages(new, _CREATED_AT_ONCE):
        glue.batch_create_partition(**names, PartitionInputList=page)


_CREATED_AT_ONCE, _DELETED_AT_ONCE = 100, 25  # Glue's own limits


def _pages(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def _partitions(table: RawTable) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the values that the folders spell, and the folders."""
    for file in table.files:
        steps = _steps(table.folder, file)
        yield tuple(unquote(step.partition("=")[2]) for step in steps), "/".join(steps)


def _storage(columns: list[dict[str, str]], location: str) -> dict[str, Any]:
    return {
        "Columns": columns,
        "Location": location,
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
        },
    }


def columns_of(table: RawTable) -> list[dict[str, str]]:
    """Return the columns as Glue has them.

    `ValueRefusedError` where it could not show the files whole.
    """
    schemas = [pl.read_parquet_schema(file) for file in table.files]
    if any(schema != schemas[0] for schema in schemas):
        raise ValueRefusedError(
            f"the files of {table.customer}/{table.name} have different columns or types",
            "write them with one schema, so that a reader of the table sees every value",
        )
    place = f"{table.customer}/{table.name}"
    return [{"Name": n, "Type": hive_type(t, f"{place}.{n}")} for n, t in schemas[0].items()]


_HIVE: Mapping[pl.DataType, str] = {
    pl.String(): "string",
    pl.Boolean(): "boolean",
    pl.Int8(): "tinyint",
    pl.Int16(): "smallint",
    pl.Int32(): "int",
    pl.Int64(): "bigint",
    pl.Float32(): "float",
    pl.Float64(): "double",
    pl.Date(): "date",
    pl.Binary(): "binary",
}


def hive_type(dtype: pl.DataType, column: str) -> str:
    """Return the name that Glue and Athena have for a type.

    `ValueRefusedError` where they have none.
    """
    if isinstance(dtype, pl.Datetime):
        # Athena reads timestamps of Hive tables in milliseconds, and would round finer ones.
        return "timestamp" if dtype.time_unit == "ms" else "bigint"
    if isinstance(dtype, pl.Decimal):
        return f"decimal({dtype.precision},{dtype.scale})"
    if isinstance(dtype, pl.List):
        return f"array<{hive_type(_whole(dtype.inner), column)}>"
    if isinstance(dtype, pl.Struct):
        fields = ",".join(f"{f.name}:{hive_type(_whole(f.dtype), column)}" for f in dtype.fields)
        return f"struct<{fields}>"
    if dtype not in _HIVE:
        raise ValueRefusedError(
            f"{column} is {dtype}, for which Athena has no type", "cast it before it lands"
        )
    return _HIVE[dtype]


def _whole(dtype: Any) -> pl.DataType:
    """Return a type inside another, which Polars gives as a class where it has no parameters."""
    made: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return made
