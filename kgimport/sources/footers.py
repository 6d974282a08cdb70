"""What the footers of Parquet files state about their columns; read before Polars reads the files.

Polars does not distinguish a timestamp of 12 bytes from one of 8, nor a UUID from bytes, and it
panics at some types. So each footer is read first; files of one writer mostly have the same kind.
"""

from __future__ import annotations

import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from kgimport.errors import SourceError, ValueRefusedError
from kgimport.sources import pages, thrift
from kgimport.sources.nested import in_unit, leaves, types
from kgimport.sources.quiet import without_panics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kgimport.sources.listing import File

_MAGIC = b"PAR1"
_AT_ONCE = 16  # files
_TAIL = 1 << 16  # bytes at the end of a file, which mostly contain its footer
# The greatest footer: it describes a million chunks, all of which a reader holds in memory.
_LARGEST = 1 << 27
_SHOWN = 5
_NOT_PARQUET, _ENCRYPTED = "not Parquet", "encrypted"
_CUT_OFF, _DAMAGED = "cut off, without a footer", "with a damaged footer"
_REMEDIES = {
    _NOT_PARQUET: "remove it, begin its name with _ or ., so that it is ignored, or use a glob for "
    "the table's files",
    _ENCRYPTED: "write it without encryption",
    **dict.fromkeys((_CUT_OFF, _DAMAGED), "write it again"),
}
_SMALLER = "write smaller pages and row groups, or shorten or leave out the long values"
# The fields of a footer.
_SCHEMA, _PAIRS = 2, 5
# The fields of an element of a schema.
_PHYSICAL, _NAME, _CHILDREN, _CONVERTED, _PRECISION, _LOGICAL = 1, 4, 5, 6, 8, 10
_DIGITS = 38  # the most that Polars' decimals have
_INT96 = 3
_MARKS_OF_CONVERTED = {
    4: "ENUM",
    6: "DATE",
    7: "TIME",
    8: "TIME",
    19: "JSON",
    21: "INTERVAL",
}
_MARKS_OF_LOGICAL = {4: "ENUM", 6: "DATE", 7: "TIME", 9: "INTERVAL", 12: "JSON", 14: "UUID"}
_TIME, _VARIANT = 7, 16
_WIDE_DECIMAL = "DECIMAL of more than 38 digits"
_UNREADABLE = {"INTERVAL", "VARIANT", _WIDE_DECIMAL}


@dataclass(frozen=True, slots=True)
class Kind:
    """What decides how a file is read, apart from its rows."""

    # The schema in Thrift.
    schema: bytes
    # The Arrow schema, if Arrow wrote the file.
    arrow: bytes | None
    # The columns that were durations in pandas.
    spans: frozenset[str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: Parquet's name for the type of each leaf, if that matters, and Polars' type."""

    name: str
    marks: tuple[str, ...]
    dtype: pl.DataType

    def __str__(self) -> str:
        return f"INT96 ({self.dtype})" if "INT96" in self.marks else str(self.dtype)


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of some files of a table, and the name of the first of these files."""

    file: str
    columns: Mapping[str, Column]


def shapes(table: str, files: Sequence[File]) -> list[Shape]:
    """Return the shapes of a table's files, one for each kind of file.

    Raises `SourceError` for files that are not Parquet, `ValueRefusedError` for columns that Polars
    cannot read.
    """
    kinds: dict[Kind, str] = {}
    wrong: dict[str, list[str]] = {}
    for file, found in zip(files, _looked_at(files), strict=True):
        if isinstance(found, Kind):
            kinds.setdefault(found, file.name)
        else:
            wrong.setdefault(found, []).append(file.name)
    _must_be_parquet(table, wrong)
    with without_panics():
        return [Shape(file, _columns(table, kind)) for kind, file in kinds.items()]


def _looked_at(files: Sequence[File]) -> list[Kind | str]:
    """Return the kind of each file, or a text that states what is wrong with it."""
    if len(files) == 1:
        return [_kind(files[0])]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_kind, files))


def _must_be_parquet(table: str, wrong: Mapping[str, Sequence[str]]) -> None:
    """Refuse files that are not readable Parquet; `wrong` has their names by what is wrong."""
    for fault, names in wrong.items():
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        raise SourceError(
            f"the rows of table {table} cannot be read: {fault}: {', '.join(names[:_SHOWN])}{more}",
            _REMEDIES.get(fault, _SMALLER),
        )


def _kind(file: File) -> Kind | str:
    """Return the kind of a file, or a text that states what is wrong with it."""
    begin, tail = file.part(0, len(_MAGIC)), file.part(max(file.size - _TAIL, 0), _TAIL)
    if wrong := _unlike_parquet(begin, tail):
        return wrong
    footer = _footer(file, tail)
    try:
        metadata = _metadata(footer)
        _, size = thrift.struct(footer, 0, _SCHEMA)
    except (pa.ArrowException, OSError, ValueError, IndexError, KeyError):
        return _DAMAGED
    spans = frozenset(_timedeltas(metadata.get(b"pandas")))
    kind = Kind(footer[:size], metadata.get(b"ARROW:schema"), spans)
    return pages.too_large(file, footer, _categories(kind.arrow)) or kind


def _unlike_parquet(begin: bytes, tail: bytes) -> str:
    """Return what is wrong with the beginning or the end of a file; an empty text if nothing is."""
    end = tail[-len(_MAGIC) :]
    if b"PARE" in {begin, end}:
        return _ENCRYPTED
    if begin != _MAGIC:
        return _NOT_PARQUET
    if end != _MAGIC:
        return _CUT_OFF
    size = int.from_bytes(tail[-8:-4], "little")
    return f"a footer of {size / 1e6:,.0f} MB" if size > _LARGEST else ""


def _metadata(footer: bytes) -> Mapping[bytes, bytes]:
    """Return the keys and values that the writer put into a footer.

    Arrow cannot read the footer if there are Polars' integers of 128 bits.
    """
    try:
        return pq.read_metadata(pa.BufferReader(_whole(footer))).metadata or {}
    except pa.ArrowNotImplementedError:
        pairs = thrift.struct(footer, 0, _PAIRS)[0].get(_PAIRS, ())
        return {pair[1]: pair.get(2, b"") for pair in pairs}


def _footer(file: File, tail: bytes) -> bytes:
    """Return a footer's Thrift; `tail` is the end of the file.

    The footer is followed by its length and four more bytes.
    """
    size = int.from_bytes(tail[-8:-4], "little")
    if len(tail) < size + 8 <= file.size:
        tail = file.part(file.size - size - 8, size + 8)
    return tail[-size - 8 : -8]


def _whole(footer: bytes) -> bytes:
    """Return a Parquet file that consists of a footer."""
    return _MAGIC + footer + len(footer).to_bytes(4, "little") + _MAGIC


def _without_rows(kind: Kind) -> bytes:
    """Return a Parquet file of a kind, without rows."""
    metadata = b"" if kind.arrow is None else _pair(b"ARROW:schema", kind.arrow)
    return _whole(kind.schema + b"\x16\x00" + b"\x19\x0c" + metadata + b"\x00")


def _pair(key: bytes, value: bytes) -> bytes:
    """Return a writer's metadata in Thrift: a list of one key and its value."""
    return b"\x19\x1c" + b"\x18" + _length(key) + key + b"\x18" + _length(value) + value + b"\x00"


def _length(text: bytes) -> bytes:
    size, found = len(text), b""
    while size > 0x7F:  # noqa: PLR2004  (seven bits in each byte)
        found, size = found + bytes([size & 0x7F | 0x80]), size >> 7
    return found + bytes([size])


def _columns(table: str, kind: Kind) -> dict[str, Column]:
    marks = dict(_marks(kind))
    refused = [
        f"{table}.{name}: Polars has no type for Parquet's {mark}; cast it in SQL, or leave it out"
        for name, each in marks.items()
        for mark in sorted({*each} & _UNREADABLE)
    ]
    if refused:
        raise ValueRefusedError(
            "these columns cannot be imported exactly:\n  " + "\n  ".join(refused),
            "`skip: true` is not enough, because Polars cannot read a file with such a column",
        )
    dtypes = pl.read_parquet_schema(io.BytesIO(_without_rows(kind)))
    return {name: _column(name, marks.get(name, ()), dtype) for name, dtype in dtypes.items()}


def _column(name: str, marks: tuple[str, ...], dtype: pl.DataType) -> Column:
    """Return a column; timestamps of INT96 have nanoseconds, because the file states no unit."""
    moments = sum(isinstance(each, pl.Datetime) for each in leaves(dtype))
    whole = 0 < moments == marks.count("INT96")
    return Column(name, marks, in_unit(dtype, "ns") if whole else dtype)


def _marks(kind: Kind) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each column's name and the marks of its leaves, in their order."""
    found, _ = thrift.struct(kind.schema + b"\x00", 0)
    elements = iter(found[_SCHEMA])
    root = next(elements)
    meant = {
        **{(name, ""): "DATE64" for name in _date64s(kind.arrow)},
        **{(name, "TIME"): "TIMEDELTA" for name in kind.spans},
    }
    for _ in range(root.get(_CHILDREN, 0)):
        element = next(elements)
        name = element[_NAME].decode(errors="replace")
        marks = _below(element, elements, arrow=kind.arrow is not None)
        yield name, tuple(meant.get((name, mark), mark) for mark in marks)


def _below(
    element: dict[int, Any], more: Iterator[dict[int, Any]], *, arrow: bool
) -> Iterator[str]:
    """Yield the marks of an element's leaves; `more` are the elements after it in the schema."""
    children = element.get(_CHILDREN, 0)
    is_variant = _VARIANT in element.get(_LOGICAL, {})
    if is_variant:
        yield "VARIANT"
    elif not children:
        yield _mark(element, arrow=arrow)
    for _ in range(children):
        marks = tuple(_below(next(more), more, arrow=arrow))
        yield from () if is_variant else marks


def _mark(leaf: dict[int, Any], *, arrow: bool) -> str:
    """Return Parquet's name for a leaf's type if Polars' type does not show it, else nothing.

    A time of day may be in UTC. In files of Arrow that means nothing, because Arrow's writers
    state it for every time of day.
    """
    if leaf.get(_PHYSICAL) == _INT96:
        return "INT96"
    if leaf.get(_PRECISION, 0) > _DIGITS:
        return _WIDE_DECIMAL
    for number, about in leaf.get(_LOGICAL, {}).items():
        if number == _TIME and about.get(1) and not arrow:
            return "TIMETZ"
        if number in _MARKS_OF_LOGICAL:
            return _MARKS_OF_LOGICAL[number]
    return _MARKS_OF_CONVERTED.get(leaf.get(_CONVERTED, -1), "")


def _date64s(arrow: bytes | None) -> set[str]:
    """Return the columns that have dates as milliseconds in Arrow's schema."""
    return {each.name for each in _fields(arrow) if pa.date64() in types(each.type)}


def _categories(arrow: bytes | None) -> set[str]:
    """Return the columns that are dictionaries in Arrow's schema; Polars copies values per row."""
    return {each.name for each in _fields(arrow) if pa.types.is_dictionary(each.type)}


def _fields(arrow: bytes | None) -> list[pa.Field]:
    """Return the fields of Arrow's schema; none if there is no valid one."""
    if arrow is None:
        return []
    try:
        return list(pa.ipc.read_schema(pa.BufferReader(base64.b64decode(arrow))))
    except (pa.ArrowException, OSError, ValueError):
        return []


def _timedeltas(pandas: bytes | None) -> set[str]:
    """Return the columns that were durations in pandas; fastparquet writes them as times of day."""
    if pandas is None:
        return set()
    try:
        columns = json.loads(pandas)["columns"]
        return {each["name"] for each in columns if "timedelta" in str(each["numpy_type"])}
    except (ValueError, KeyError, TypeError):
        return set()
