"""The pages of Parquet files: which values no reader could hold, before one tries to.

A few kilobytes can hold a page that unpacks to gigabytes, and what has no memory for it ends
without a word. Every reader unpacks a page whole; the sizes stand in the headers of the pages
themselves, which are believed more than the footer's.
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

# Bytes of a page of so few values that some of them must be long.
LARGEST = 1 << 28
_LONG = 1 << 16
# Bytes of the rows that are held at one time; a text that a dictionary says once is in each.
_AT_ONCE = 1 << 32
_ROWS, _ROWS_OF_CATEGORIES = 1_000, 100_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """The values of a column in a row group: how many, and which bytes of the file they are."""

    column: str
    values: int
    unpacked: int
    begin: int
    end: int


def too_large(file: File, footer: bytes, categories: Collection[str]) -> str | None:
    """Return what is wrong with a file whose texts or bytes are too long to be read, if they are.

    `categories` are columns whose values are spelled for each row. Of files here every page's
    header is read. In S3, where each takes a request, only those of columns that are large by what
    the footer says.
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
    """Yield the chunks of texts and bytes that a footer tells of.

    What it garbles is told elsewhere.

    Arrow knows them too, and ends the process over those of some columns.
    """
    with suppress(*_GARBLED):
        for group in thrift.struct(footer, 0, _GROUPS)[0].get(_GROUPS, ()):
            for chunk in group[_CHUNKS]:
                about = chunk[_ABOUT]
                if about[_PHYSICAL] in _BYTES:
                    yield _chunk(about)


# The fields of a footer, of a row group, and of a chunk; two physical types.
_GROUPS, _CHUNKS, _ABOUT = 4, 1, 3
_PHYSICAL, _PATH, _COUNT, _WHOLE, _PACKED, _DATA, _DICTIONARY_AT = 1, 3, 5, 6, 7, 9, 11
_BYTES = {6, 7}


def _chunk(about: Mapping[int, Any]) -> Chunk:
    offsets = (about.get(_DICTIONARY_AT), about[_DATA])
    start = min(int(offset) for offset in offsets if offset)
    name = about[_PATH][0].decode(errors="replace")
    end = start + int(about[_PACKED])
    return Chunk(name, int(about[_COUNT]), int(about[_WHOLE]), max(start, 0), end)


def begin(chunk: pq.ColumnChunkMetaData) -> int:
    """Where a column's pages begin: with its dictionary, of which some writers do not tell."""
    offsets = (chunk.dictionary_page_offset, chunk.data_page_offset)
    return min((offset for offset in offsets if offset), default=0)


def _sizes(stream: BinaryIO, chunk: Chunk) -> Iterator[tuple[int, int, bool]]:
    """Of each page how many bytes it unpacks to, how many values it has, and if it is a dictionary.

    What is no page ends them: whoever reads the rows will say so.
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


_GARBLED = (IndexError, KeyError, TypeError, ValueError, AttributeError)


# The fields of a page's header: a page of data, a dictionary, and data of the second version.
_UNPACKED, COMPRESSED, CRC = 2, 3, 4
_KINDS, _DICTIONARY, _VALUES = (5, 7, 8), 7, 1


def header(stream: BinaryIO, at: int, end: int) -> tuple[dict[int, Any], int]:
    """Return a page's header and its length; statistics may make it a long one."""
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
