"""Write a stream of Arrow batches as Parquet, in parts, bounded memory and the same values.

One thread writes while the caller's reads: at any time, one group of rows is being written, one
waits, and one batch arrives.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from kgimport.errors import SourceError, ValueRefusedError, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

GROUP_BYTES = 2**25  # of Arrow, in a row group, at most
_SHARE = 32  # of the memory, for a row group: three are held at a time, and their copies
PART_BYTES = 2**30  # of Arrow, in a file
_LEAVES: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_date32,
    pa.types.is_time,
    pa.types.is_timestamp,
    pa.types.is_decimal128,
    pa.types.is_null,
)
_NESTED: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_struct,
    pa.types.is_map,
)


def group_bytes(memory_mb: int) -> int:
    """Return how many bytes of Arrow a row group has, for a limit in MiB."""
    return min(GROUP_BYTES, memory_mb * 2**20 // _SHARE)


class ArrivalError(pa.ArrowException):  # type: ignore[misc]  # Any to mypy
    """A stream of batches ended before its end; the message is the database's or the driver's."""


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch


def write(
    table: str,
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    folder: Path,
    memory_mb: int = 1024,
    *,
    check: Callable[[pa.RecordBatch], pa.RecordBatch] = _plain,
) -> int:
    """Write the rows of a table into a new folder, and return how many there are.

    `schema` has the same columns as the batches, maybe with other types: each batch is cast to
    them, after `check`, which may raise. Without rows, there is one file that has only the columns.
    Raises `ValueRefusedError` for types that Parquet or its readers do not hold as they are,
    `pyarrow.ArrowInvalid` for a value that does not fit its type, and `ArrivalError`.
    """
    _must_be_plain(table, schema)
    folder.mkdir(parents=True)
    with ExitStack() as open_, ThreadPoolExecutor(1) as pool:
        parts = open_.enter_context(_Parts(folder, schema))
        writing = pool.submit(parts.add, [])
        for group in _groups(map(check, _arriving(batches)), group_bytes(memory_mb)):
            writing.result()
            writing = pool.submit(parts.add, group)
        writing.result()
    return parts.rows


def _arriving(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the batches. A database's error within a stream is an OSError, as a full disk is."""
    try:
        yield from batches
    except (OSError, pa.ArrowException) as error:
        raise ArrivalError(str(error)) from error


def _groups(batches: Iterable[pa.RecordBatch], most: int) -> Iterator[list[pa.RecordBatch]]:
    """Yield batches in groups of about `most` bytes."""
    group: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        group.append(batch)
        size += batch.nbytes
        if size >= most:
            yield group
            group, size = [], 0
    yield group


@dataclass(slots=True)
class _Parts:
    """The files of a table, of which the last is open."""

    folder: Path
    schema: pa.Schema
    rows: int = 0
    _count: int = 0
    _bytes: int = 0
    _open: ExitStack = field(default_factory=ExitStack)
    _writer: pq.ParquetWriter | None = None

    def __enter__(self) -> _Parts:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, group: list[pa.RecordBatch]) -> None:
        """Write a group of batches as one row group."""
        if self._writer is None or self._bytes >= PART_BYTES:
            self._writer = self._next()
        rows = pa.Table.from_batches([_exact(each, self.schema) for each in group], self.schema)
        if rows.num_rows:
            self._writer.write_table(rows, row_group_size=rows.num_rows)
        self.rows += rows.num_rows
        self._bytes += rows.nbytes

    def _next(self) -> pq.ParquetWriter:
        self._open.close()
        path = self.folder / f"{self._count:05}.parquet"
        self._count, self._bytes = self._count + 1, 0
        return self._open.enter_context(
            pq.ParquetWriter(
                path,
                self.schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=_texts(self.schema),
            )
        )


def _texts(schema: pa.Schema) -> list[str]:
    """Return the columns for which a dictionary is worth its time: 40 % of that of writing."""
    return [each.name for each in schema if pa.types.is_string(each.type)]


def _exact(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    found = pa.RecordBatch.from_arrays(batch.columns, names=schema.names).cast(schema)
    found.validate(full=True)  # text that is not UTF-8, decimals with more digits than their type
    return found


def must_have_own_names(table: str, names: Sequence[str], same: Callable[[str], str] = str) -> None:
    """Refuse columns of the same name; `same` maps names to what their database compares."""
    counts = Counter(map(same, names))
    if twice := [name for name in names if counts[same(name)] > 1]:
        raise SourceError(
            f"the rows of table {table} have columns of the same name: {listed(twice)}",
            "give each column a name of its own",
        )


def _must_be_plain(table: str, schema: pa.Schema) -> None:
    odd = [f"{table}.{each.name} ({each.type})" for each in schema if not _is_plain(each.type)]
    if odd:
        raise ValueRefusedError(
            "these columns cannot be read exactly:\n  " + "\n  ".join(odd),
            "cast them to text, or to a plainer type, in SQL",
        )


def _is_plain(dtype: pa.DataType) -> bool:
    if any(check(dtype) for check in _NESTED):
        return all(_is_plain(dtype.field(at).type) for at in range(dtype.num_fields))
    return any(check(dtype) for check in _LEAVES)
