"""psycopg's rows from a server-side cursor: `python -m … TABLE [OUT]`.

They become Parquet in the folder OUT; without one, they are counted and forgotten.
"""

from __future__ import annotations

import sys
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_A_TIME = 10_000
GROUP = 200_000
SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "note": pa.string(),
        "amount": pa.decimal128(12, 2),
        "paid_at": pa.timestamp("us", "UTC"),
        "due": pa.date32(),
        "is_final": pa.bool_(),
        "person": pa.int32(),
    }
)


def main(table: str, out: Path | None) -> None:
    """Reads all rows, and prints how many there are."""
    with psycopg.connect() as connection, connection.cursor("rows", binary=True) as cursor:
        connection.execute("SET TimeZone = 'UTC'")
        cursor.itersize = AT_A_TIME
        cursor.execute(f"SELECT * FROM {table}")
        rows = iter(cursor)
        number = write(rows, out) if out else sum(1 for _ in rows)
    sys.stdout.write(f"{number}\n")


def write(rows: Iterator[tuple[Any, ...]], out: Path) -> int:
    """Writes the rows group by group."""
    out.mkdir()
    number = 0
    with pq.ParquetWriter(out / "0.parquet", SCHEMA, compression="zstd") as writer:
        for first in rows:
            columns = zip(*chain([first], islice(rows, GROUP - 1)), strict=True)
            arrays = [pa.array(each, at.type) for each, at in zip(columns, SCHEMA, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))
            number += len(arrays[0])
    return number


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None)
