"""pyarrow.csv, batch by batch."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

OPTIONS = pacsv.WriteOptions(include_header=False, quoting_style="needed")


def main(source: Path, out: Path) -> None:
    """Writes both tables."""
    for name in ("person", "knows"):
        batches = pq.ParquetFile(source / f"{name}.parquet").iter_batches(batch_size=100_000)
        writer = None
        for batch in batches:
            cells = spelled(batch)
            writer = writer or pacsv.CSVWriter(
                out / f"{name}.csv", cells.schema, write_options=OPTIONS
            )
            writer.write_batch(cells)
        assert writer is not None
        writer.close()


def spelled(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with lists and timestamps as text, which pyarrow cannot write so by itself."""
    return pa.record_batch([_text(column) for column in batch.columns], names=batch.schema.names)


def _text(column: pa.Array) -> pa.Array:
    if pa.types.is_list(column.type):
        return pc.binary_join(column, ";")
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%S")
    return column


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
