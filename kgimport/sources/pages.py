"""The pages of Parquet files: find values that no reader can hold in memory, before one tries.

A few kilobytes may unpack to a page of gigabytes, and a process that lacks the memory is killed
without a message. Every reader unpacks a page whole. The sizes come from the pages' own headers,
which are more reliable than the footer.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from kgimport.locations import S3Path
from kgimport.sources import thrift

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import pyarrow.parquet as pq

    from kgimport.sources.listing import File

# A page is too large if it has more bytes than this, and more than `_LONG` per value.
LARGEST = 1 << 28
_LONG = 1 << 16
# The most bytes of the rows that are in memory at a time; a dictionary's text is in each of them.
_AT_ONCE = 1 << 32
_ROWS, _ROWS_OF_CATEGORIES = 1_000, 100_000
# The fields of a footer, of a row group, and of a chunk; two physical types.
_GROUPS, _CHUNKS, _ABOUT = 4, 1, 3
_PHYSICAL, _PATH, _COUNT, _WHOLE, _PACKED, _DATA, _DICTIONARY_AT = 1, 3, 5, 6, 7, 9, 11
_BYTES = {6, 7}
# The fields of a page's header: a page of data, a dictionary, and data of the second version.
_UNPACKED, COMPRESSED, CRC = 2, 3, 4
_KINDS, _DICTIONARY, _VALUES = (5, 7, 8), 7, 1
WINDOW = 1 << 10  # bytes in which most headers fit
# What reading garbled Thrift raises.
_GARBLED = (IndexError, KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The values of a column in a row group: their number, and their bytes in the file."""

    column: str
    values: int
    unpacked: int
    begin: int
    end: int


def too_large(file: File, footer: bytes, categories: Collection[str]) -> str | None:
    """Return what is too large to be read in a file's columns of texts or bytes, or None.

    `categories` are columns whose values are copied for each row. In local files, the header of
    every page is read. In S3, where each header takes a request, only those of columns that are
    large according to the footer are read.
    """
    remote = isinstance(file.place, S3Path)
    chunks = [each for each in _of_bytes(footer) if not remote or each.unpacked > LARGEST]
    if not chunks:
        return None
    with file.opened() as stream:
        found = (_wrong(stream, chunk, chunk.column in categories) for chunk in chunks)
        return next((wrong for wrong in found if wrong), None)


def _wrong(stream: BinaryIO, chunk: Chunk, is_category: bool) -> str | None:
    most = min(chunk.values, _ROWS_OF_CATEGORIES if is_category else _ROWS)
    for size, values, is_dictionary in _sizes(stream, chunk):
        if size > LARGEST and size > _LONG * values:
            texts = f"{values:,} {'value' if values == 1 else 'values'}"
            return (
                f"the column {chunk.column} has a page of {size / 1e6:,.0f} MB that holds {texts}"
            )
        if is_dictionary and size * most > _AT_ONCE * values:
            usual = f"{size / max(values, 1) / 1e6:,.1f} MB"
            return f"the column {chunk.column} repeats values of {usual} in {chunk.values:,} rows"
    return None


def _of_bytes(footer: bytes) -> Iterator[Chunk]:
    """Yield the chunks of texts and bytes in a footer, up to the first that is garbled.

    Other code reports a garbled footer. Arrow lists chunks, too, but ends the process at those of
    some columns.
    """
    with suppress(*_GARBLED):
        for group in thrift.struct(footer, 0, _GROUPS)[0].get(_GROUPS, ()):
            for chunk in group[_CHUNKS]:
                about = chunk[_ABOUT]
                if about[_PHYSICAL] in _BYTES:
                    yield _chunk(about)


def _chunk(about: Mapping[int, Any]) -> Chunk:
    offsets = (about.get(_DICTIONARY_AT), about[_DATA])
    start = min(int(offset) for offset in offsets if offset)
    name = about[_PATH][0].decode(errors="replace")
    end = start + int(about[_PACKED])
    return Chunk(name, int(about[_COUNT]), int(about[_WHOLE]), max(start, 0), end)


def begin(chunk: pq.ColumnChunkMetaData) -> int:
    """Return the offset of a column's first page, which may be its dictionary.

    Some writers do not state the dictionary's offset.
    """
    offsets = (chunk.dictionary_page_offset, chunk.data_page_offset)
    return min((offset for offset in offsets if offset), default=0)


def _sizes(stream: BinaryIO, chunk: Chunk) -> Iterator[tuple[int, int, bool]]:
    """Yield each page's unpacked bytes, its number of values, and whether it is a dictionary.

    Stops at bytes that are not a page, which reading the rows will report.
    """
    at = chunk.begin
    while at < chunk.end:
        try:
            found, size = header(stream, at, chunk.end)
            kind = next(field for field in _KINDS if field in found)
            yield int(found[_UNPACKED]), int(found[kind][_VALUES]), kind == _DICTIONARY
            at += size + max(int(found[COMPRESSED]), 0)
        except (*_GARBLED, StopIteration):
            return


def header(stream: BinaryIO, at: int, end: int) -> tuple[dict[int, Any], int]:
    """Return a page's header and its length, which statistics may make long."""
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
