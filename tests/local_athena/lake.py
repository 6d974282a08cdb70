"""Puts the customers' Parquet into S3 and tells Glue of it, one database per customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.local_athena.running import LocalAws

_HIVE = "org.apache.hadoop.hive.ql.io.parquet."
_TYPES = {
    "string": "string",
    "bool": "boolean",
    "int32": "int",
    "int64": "bigint",
    "float": "float",
    "double": "double",
    "date32[day]": "date",
    # A Glue timestamp would be read in milliseconds, and the rest be lost without a word.
    "timestamp[us, tz=UTC]": "bigint",
}


def land(aws: LocalAws, data: Path, prefix: str = "") -> None:
    """Upload data/<customer>/<table>/… and register each folder as a table.

    The databases are called `<prefix><customer>`.
    """
    for customer in sorted(folder for folder in data.iterdir() if folder.is_dir()):
        database = prefix + customer.name
        aws.client("glue").create_database(DatabaseInput={"Name": database})
        for table in sorted(customer.iterdir()):
            location = f"s3://{aws.lake}/raw/{database}/{table.name}/"
            _upload(aws, table, f"raw/{database}/{table.name}")
            _register(aws, table, database, location)


def _upload(aws: LocalAws, folder: Path, key: str) -> None:
    s3 = aws.client("s3")
    for file in sorted(folder.rglob("*.parquet")):
        s3.upload_file(str(file), aws.lake, f"{key}/{file.relative_to(folder)}")


def _register(aws: LocalAws, folder: Path, database: str, location: str) -> None:
    parts = [part.name for part in sorted(folder.glob("*=*"))]
    storage = _storage(next(folder.rglob("*.parquet")), location)
    keys = sorted({part.partition("=")[0] for part in parts})
    table = {
        "Name": folder.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "StorageDescriptor": storage,
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
    }
    glue = aws.client("glue")
    glue.create_table(DatabaseName=database, TableInput=table)
    if parts:
        glue.batch_create_partition(
            DatabaseName=database,
            TableName=folder.name,
            PartitionInputList=list(_partitions(storage, parts)),
        )


def _partitions(storage: dict[str, Any], parts: Iterable[str]) -> Iterable[dict[str, Any]]:
    for part in parts:
        place = {**storage, "Location": f"{storage['Location']}{part}/"}
        yield {"Values": [part.partition("=")[2]], "StorageDescriptor": place}


def _storage(file: Path, location: str) -> dict[str, Any]:
    columns = [{"Name": f.name, "Type": glue_type(f.type)} for f in pq.read_schema(file)]
    return {
        "Columns": columns,
        "Location": location,
        "InputFormat": f"{_HIVE}MapredParquetInputFormat",
        "OutputFormat": f"{_HIVE}MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{_HIVE}serde.ParquetHiveSerDe"},
    }


def glue_type(arrow: pa.DataType) -> str:
    """The type of a Glue column that gives an Arrow column's values back unchanged."""
    if pa.types.is_list(arrow):
        return f"array<{glue_type(arrow.value_type)}>"
    if pa.types.is_decimal(arrow):
        return f"decimal({arrow.precision},{arrow.scale})"
    return _TYPES[str(arrow)]
