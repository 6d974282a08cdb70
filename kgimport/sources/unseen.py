"""Find what Polars silently ignores: damaged pages, and times that are not times of day."""

from __future__ import annotations

import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kgimport.errors import SourceError
from kgimport.findings import SAMPLES, Finding
from kgimport.sources import pages, thrift
from kgimport.sources.nested import arrays, types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kgimport.sources.listing import File

_AT_ONCE = 4  # files
_BLOCK = 1 << 20  # bytes


def findings(
    table: str, files: Sequence[File], is_used: Callable[[str], bool]
) -> Iterator[Finding]:
    """Yield a finding for each column in use that has times outside a day: Polars reads null.

    Raises `SourceError` if a page differs from its checksum.
    """
    counts: Counter[str] = Counter()
    samples: dict[str, list[str]] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for found in pool.map(lambda file: _looked_at(table, file, is_used), files):
            for column, (count, texts) in found.items():
                counts[column] += count
                samples.setdefault(column, []).extend(texts)
    for column, count in counts.items():
        shown = tuple({column: text} for text in samples[column][:SAMPLES])
        yield Finding(
            "time-out-of-range",
            "value",
            table,
            (column,),
            "times outside 00:00:00 to 23:59:59.999999999, which are not times of day",
            count,
            shown,
        )


def _looked_at(
    table: str, file: File, is_used: Callable[[str], bool]
) -> dict[str, tuple[int, list[str]]]:
    with file.opened() as stream:
        try:
            parquet = pq.ParquetFile(stream)
        except pa.ArrowNotImplementedError:
            return {}  # integers of 128 bits: so Polars wrote it, without checksums or such times
        if _has_checksums(file, parquet.metadata):
            _must_be_whole(table, file, stream, parquet.metadata)
        columns = [
            each.name
            for each in parquet.schema_arrow
            if any(map(pa.types.is_time, types(each.type)))
        ]
        return _beyond_a_day(parquet, [name for name in columns if is_used(name)])


# Pages ------------------------------------------------------------------------------------------


def _has_checksums(file: File, about: pq.FileMetaData) -> bool:
    """Return whether the first page has a checksum: a writer adds one to every page, or to none."""
    if not about.num_row_groups or not about.num_columns:
        return False
    try:
        header, _ = thrift.struct(
            file.part(pages.begin(about.row_group(0).column(0)), pages.WINDOW), 0, pages.CRC
        )
    except (IndexError, KeyError):
        return False
    return pages.CRC in header


def _must_be_whole(table: str, file: File, stream: BinaryIO, about: pq.FileMetaData) -> None:
    for group in range(about.num_row_groups):
        for at in range(about.num_columns):
            chunk = about.row_group(group).column(at)
            if (page := _damaged(stream, chunk)) is not None:
                raise SourceError(
                    f"the rows of table {table} cannot be read: {file.name} is damaged, the page "
                    f"of {chunk.path_in_schema} at byte {page:,} differs from its checksum",
                    "write the file again",
                )


def _damaged(stream: BinaryIO, chunk: pq.ColumnChunkMetaData) -> int | None:
    """Return the offset of the first page that differs from its checksum, or None."""
    at = pages.begin(chunk)
    end = at + chunk.total_compressed_size
    while at < end:
        try:
            header, size = pages.header(stream, at, end)
            length, wanted = header[pages.COMPRESSED], header.get(pages.CRC)
        except (IndexError, KeyError):
            return at
        if wanted is not None and _crc(stream, at + size, length) != wanted % 2**32:
            return at
        at += size + length
    return None


def _crc(stream: BinaryIO, at: int, length: int) -> int | None:
    """Return the checksum of some bytes; None if the file ends before."""
    stream.seek(at)
    crc = 0
    while length > 0:
        data = stream.read(min(length, _BLOCK))
        if not data:
            return None
        crc = zlib.crc32(data, crc)
        length -= len(data)
    return crc


# Times of day -----------------------------------------------------------------------------------


def _beyond_a_day(parquet: pq.ParquetFile, columns: list[str]) -> dict[str, tuple[int, list[str]]]:
    """Return how many times outside a day each column has, and some of them as text."""
    found: dict[str, tuple[int, list[str]]] = {}
    for batch in parquet.iter_batches(columns=columns) if columns else ():
        for name in columns:
            for times in arrays(batch[name]):
                if pa.types.is_time(times.type) and len(odd := _odd(times)):
                    count, texts = found.get(name, (0, []))
                    more = [_spelled(tick, times.type) for tick in odd[:SAMPLES].to_pylist()]
                    found[name] = count + len(odd), [*texts, *more][:SAMPLES]
    return found


def _odd(times: pa.Array) -> pa.Array:
    ticks = times.view(pa.int32() if pa.types.is_time32(times.type) else pa.int64())
    beyond = pc.or_(pc.less(ticks, 0), pc.greater_equal(ticks, 86_400 * _per_second(times.type)))
    return ticks.filter(beyond)


def _per_second(dtype: pa.DataType) -> int:
    return {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[dtype.unit]


def _spelled(ticks: int, dtype: pa.DataType) -> str:
    """Return ticks as hours, minutes and seconds; the hours may exceed a day, or be negative."""
    seconds, rest = divmod(abs(ticks), _per_second(dtype))
    digits = len(str(_per_second(dtype))) - 1
    fraction = f".{rest:0{digits}}" if rest else ""
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"
    return f"-{clock}" if ticks < 0 else clock
