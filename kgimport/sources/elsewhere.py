"""Adapters of dbt whose warehouses kgimport does not read, and how their tables become Parquet."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from kgimport.errors import DeclarationError, short

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPARK = "`INSERT OVERWRITE DIRECTORY 's3://BUCKET/PREFIX/TABLE' USING parquet SELECT * FROM TABLE`"
_TRINO = (
    "`CREATE TABLE hive.SCHEMA.TABLE WITH (format = 'PARQUET', external_location = "
    "'s3://BUCKET/PREFIX/TABLE') AS SELECT * FROM TABLE`"
)
_EXTERNAL = (
    "`CREATE EXTERNAL TABLE … WITH (LOCATION = '…', DATA_SOURCE = …, FILE_FORMAT = …) AS "
    "SELECT * FROM TABLE`, with a file format of type PARQUET"
)
_BY_DUCKDB = "`duckdb -c \"ATTACH '{0}' AS w (TYPE {1}); COPY w.TABLE TO 'FOLDER/TABLE.parquet'\"`"
_MYSQL = _BY_DUCKDB.format("host=HOST user=USER database=DATABASE", "mysql")
_ORACLE = '`DBMS_CLOUD.EXPORT_DATA(…, format => \'{"type": "parquet"}\', query => …)`'
_ANY = (
    "`pl.read_database('SELECT * FROM TABLE', connection).write_parquet('FOLDER/TABLE.parquet')`, "
    "in Python with Polars"
)
# From the makers' documentation: what each is called, and a statement that makes Parquet.
_PRODUCTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "clickhouse": (
            "ClickHouse",
            "`SELECT * FROM TABLE INTO OUTFILE 'FOLDER/TABLE.parquet' FORMAT Parquet`",
        ),
        "databricks": ("Databricks", _SPARK),
        "fabric": ("Microsoft Fabric", _ANY),
        "fabricspark": ("Microsoft Fabric", _SPARK),
        "glue": ("AWS Glue", _SPARK),
        "mariadb": ("MariaDB", _MYSQL),
        "mysql": ("MySQL", _MYSQL),
        "oracle": ("Oracle", _ORACLE),
        "spark": ("Spark", _SPARK),
        "sqlite": ("SQLite", _BY_DUCKDB.format("FILE", "sqlite")),
        "sqlserver": ("SQL Server", _EXTERNAL),
        "starburst": ("Starburst", _TRINO),
        "synapse": ("Azure Synapse", _EXTERNAL),
        "trino": ("Trino", _TRINO),
        "vertica": (
            "Vertica",
            "`EXPORT TO PARQUET (directory = 's3://BUCKET/PREFIX/TABLE') AS SELECT * FROM TABLE`",
        ),
    }
)


def refusal(adapter: str, target: str, profile: str) -> DeclarationError:
    """Return the error for a target of a dbt profile whose warehouse kgimport does not read."""
    product, statement = _PRODUCTS.get(adapter, ("that warehouse", _ANY))
    return DeclarationError(
        f"the target {short(target)} of the dbt profile {short(profile)} is of type "
        f"{short(adapter)}, and kgimport does not read {product}",
        f"unload the graph's tables as Parquet, and name their folder with --tables: {statement}",
    )
