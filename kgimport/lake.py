"""Raw Parquet uploaded to the lake: objects in S3, and tables in Glue if no crawler runs.

Each file of a raw table gets the same key below a prefix. Each customer becomes a database in Glue,
each table one of its tables, each COLUMN=VALUE folder and each load a partition.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport import aws, s3
from kgimport.errors import ValueRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kgimport.locations import S3Path
    from kgimport.raw_tables import RawTable

_CREATED_AT_ONCE, _DELETED_AT_ONCE = 100, 25  # Glue's own limits
# Glue's names of types, which are Hive's.
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


@dataclass(frozen=True, slots=True)
class Landed:
    """What was done for a table.

    How many files were uploaded, how many were there already, and which objects have no file.
    """

    table: RawTable
    written: int
    same: int
    stale: tuple[S3Path, ...]


def land(
    table: RawTable, to: S3Path, digest: Callable[[Path], str], *, delete: bool, threads: int = 8
) -> Landed:
    """Upload those files of a table that S3 lacks; with `delete`, delete objects without a file.

    `to` is the prefix of all customers; `digest` gives a file's SHA-256. Memory does not grow with
    the size of files: large ones are uploaded in parts.
    """
    home = to / table.customer
    wanted = {home / table.place(file): file for file in table.files}
    carry = partial(_carry, digest)
    with ThreadPoolExecutor(threads) as pool:
        try:
            written = sum(pool.map(carry, wanted.items()))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # uploads that have begun finish; no other begins
            raise
    there = (each.place for folder in table.folders for each in s3.below(home / folder))
    stale = tuple(place for place in there if place not in wanted)
    if delete and stale:
        s3.delete_objects(stale)
    return Landed(table, written, len(wanted) - written, stale)


def _carry(digest: Callable[[Path], str], item: tuple[S3Path, Path]) -> bool:
    place, file = item
    return s3.upload(file, place, digest(file))


def register(table: RawTable, to: S3Path, database: str) -> None:
    """Register a table in Glue, or bring its registration up to date.

    The columns come from the files' schema, and the partitions from the folders; partitions that no
    longer have a folder are deleted. Raises `ValueRefusedError` for a type that Glue does not have.
    """
    glue = aws.client("glue", to.session)
    home = to / table.customer
    columns = columns_of(table)
    about = {
        "Name": table.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
        "PartitionKeys": [{"Name": name, "Type": "string"} for name in table.partitioned_by],
        "StorageDescriptor": _storage(columns, str(home / table.folders[0] / "")),
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
    wanted = {(values, str(home / folder / "")) for values, folder in table.partitions()}
    gone = known - wanted
    if table.is_in_loads:  # an earlier load may have been landed from another machine
        gone = {(values, place) for values, place in gone if values in dict(wanted)}
    old = [{"Values": list(values)} for values, _ in sorted(gone)]
    new = [
        {"Values": list(values), "StorageDescriptor": _storage(columns, place)}
        for values, place in sorted(wanted - known)
    ]
    for page in _pages(old, _DELETED_AT_ONCE):
        glue.batch_delete_partition(**names, PartitionsToDelete=page)
    for page in _pages(new, _CREATED_AT_ONCE):
        glue.batch_create_partition(**names, PartitionInputList=page)


def _pages(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


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
    """Return the columns of a table in the form that Glue takes.

    Raises `ValueRefusedError` if the files have different columns or types, or if Glue lacks a
    type.
    """
    schemas = [pl.read_parquet_schema(file) for file in table.files]
    if any(schema != schemas[0] for schema in schemas):
        raise ValueRefusedError(
            f"the files of {table.customer}/{table.name} have different columns or types",
            "write them with one schema, so that a reader of the table sees every value",
        )
    place = f"{table.customer}/{table.name}"
    return [{"Name": n, "Type": hive_type(t, f"{place}.{n}")} for n, t in schemas[0].items()]


def hive_type(dtype: pl.DataType, column: str) -> str:
    """Return Glue's and Athena's name of a type.

    Raises `ValueRefusedError` if they have no such type.
    """
    if isinstance(dtype, pl.Datetime):
        # Athena reads timestamps of Hive tables in milliseconds, and would round the finer ones.
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
            f"{column} is {dtype}, for which Athena has no type", "cast it before `kgimport land`"
        )
    return _HIVE[dtype]


def _whole(dtype: Any) -> pl.DataType:
    """Return a nested type as an instance; Polars gives types without parameters as classes."""
    made: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return made
