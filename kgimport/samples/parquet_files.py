"""Samples as Parquet: the origin is in each file's footer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kgimport.samples.sample import Columns, Table

_ORIGIN: Final = b"kgimport.sample"


def write(path: Path, table: Table, batches: Iterable[Columns], origin: str) -> int:
    """Write a file and return its number of rows."""
    schema, rows = table.schema, 0
    with pq.ParquetWriter(path, schema, **_options(schema, table.deltas)) as writer:
        writer.add_key_value_metadata({_ORIGIN: origin.encode()})
        for columns in batches:
            made = pa.table([columns[name] for name in schema.names], schema=schema)
            writer.write_table(made)
            rows += made.num_rows
    return rows


def origin(path: Path) -> str | None:
    """Return what a file is a sample of, if it is one: a real table may have the same name."""
    try:
        found = (pq.read_metadata(path).metadata or {}).get(_ORIGIN)
    except pa.ArrowInvalid:
        return None
    return found.decode(errors="replace") if found is not None else None


def _options(schema: pa.Schema, growing: frozenset[str]) -> dict[str, object]:
    """Return writer options, all explicit, so that a new default does not change the files."""
    deltas = [name for name in schema.names if name in growing]
    repeated = [
        f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
        for field in schema
        if field.name not in growing and not pa.types.is_boolean(field.type)
    ]
    return {
        "version": "2.6",
        "data_page_version": "1.0",
        "compression": "zstd",
        "compression_level": 9,
        "use_dictionary": repeated,
        "column_encoding": dict.fromkeys(deltas, "DELTA_BINARY_PACKED"),
        "write_statistics": True,
        "store_schema": False,
    }
