"""The pages of Parquet files: which values no reader could hold, before one tries to.

A few kilobytes can hold a page that unpacks to gigabytes, and what has no memory for it ends
without a word. Every reader unpacks a page whole; the sizes stand in the headers of the pages
themselves, which are believed more than the footer's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from kgimport import s3
from kgimport.sources import thrift

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow.parquet as pq

    from kgimport.sources.files import File

# Bytes of a page of so few values that some of them must be long.
LARGEST = 1 << 28
_LONG = 1 << 16
# Bytes of the rows that are held at one time; a text that a dictionary says once is in each.
_AT_ONCE = 1 << 32
_ROWS, _ROWS_OF_CATEGORIES = 1_000, 100_000


def too_large(file: File, about: pq.FileMetaData) -> str | None:
    """What is wrong with a file whose texts or bytes are too long to be read, if they are.

    Of files here every page's header is read. In S3, where each takes a request, only those of
    columns that are large by what the footer says.
    """
    chunks = [chunk for chunk in _of_bytes(about) if not _is_small(file, chunk)]
    if not chunks:
        return None
    categories = _categories(about)
    with file.opened() as stream:
        found = (_wrong(stream, chunk, categories) for chunk in chunks)
        return next((wrong for wrong in found if wrong), None)


def _wrong(
    stream: BinaryIO, chunk: pq.ColumnChunkMetaData, categories: frozenset[str]
) -> str | None:
    name = chunk.path_in_schema.split(".")[0]
    most = min(chunk.num_values, _ROWS_OF_CATEGORIES if name in categories else _ROWS)
    for size, values, is_dictionary in _sizes(stream, chunk):
        if size > LARGEST and size > _LONG * values:
            texts = f"{values:,} {'value' if values == 1 else 'values'}"
            return f"the column {name} has a page of {size / 1e6:,.0f} MB that holds {texts}"
        if is_dictionary and size * most > _AT_ONCE * values:
            usual = f"{size / values / 1e6:,.1f} MB" if values else "no value"
            return f"the column {name} repeats values of {usual} in {chunk.num_values:,} rows"
    return None


def _categories(about: pq.FileMetaData) -> frozenset[str]:
    """The columns whose values Polars takes for categories, and then spells for each row."""
    try:
        schema = about.schema.to_arrow_schema()
    except pa.ArrowException:
        return frozenset()
    return frozenset(each.name for each in schema if pa.types.is_dictionary(each.type))


def _of_bytes(about: pq.FileMetaData) -> Iterator[pq.ColumnChunkMetaData]:
    wide = [
        at
        for at in range(about.num_columns)
        if about.schema.column(at).physical_type in {"BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"}
    ]
    for group in range(about.num_row_groups):
        row_group = about.row_group(group)
        yield from (row_group.column(at) for at in wide)


def _is_small(file: File, chunk: pq.ColumnChunkMetaData) -> bool:
    return s3.is_s3(file.place) and chunk.total_uncompressed_size <= LARGEST


def begin(chunk: pq.ColumnChunkMetaData) -> int:
    """Where a column's pages begin: with its dictionary, of which some writers do not tell."""
    offsets = (chunk.dictionary_page_offset, chunk.data_page_offset)
    return min((offset for offset in offsets if offset), default=0)


def _sizes(stream: BinaryIO, chunk: pq.ColumnChunkMetaData) -> Iterator[tuple[int, int, bool]]:
    """Of each page how many bytes it unpacks to, how many values it has, and if it is a dictionary.

    What is no page ends them: whoever reads the rows will say so.
    """
    at = begin(chunk)
    end = at + chunk.total_compressed_size
    while at < end:
        try:
            found, size = header(stream, at, end)
            kind = next(field for field in _KINDS if field in found)
            yield found[_UNPACKED], found[kind][_VALUES], kind == _DICTIONARY
            at += size + found[COMPRESSED]
        except (IndexError, KeyError, StopIteration):
            return


# The fields of a page's header: a page of data, a dictionary, and data of the second version.
_UNPACKED, COMPRESSED, CRC = 2, 3, 4
_KINDS, _DICTIONARY, _VALUES = (5, 7, 8), 7, 1


def header(stream: BinaryIO, at: int, end: int) -> tuple[dict[int, Any], int]:
    """A page's header and its length; statistics may make it a long one."""
    window = WINDOW
    while True:
        stream.seek(at)
        data = stream.read(min(window, end - at))
        try:
            return thrift.struct(data, 0)
        except IndexError:
            if window >= end - at:
                raise
            window *= 16


WINDOW = 1 << 10
