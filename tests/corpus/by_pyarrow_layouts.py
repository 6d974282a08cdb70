"""How pyarrow can lay values out in a file: encodings, pages, groups, codecs, and what is added."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.parquet import encryption

from tests.corpus.by_pyarrow import (
    DATES,
    DOUBLE,
    FULL_TEXTS,
    HALF,
    SINGLE,
    STRANGE,
    UUID_COLUMN,
    moments,
    numbered,
    one,
)
from tests.corpus.shape import ROWS, Shape, not_in_parquet, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.corpus.shape import Make

_MANY = 400
# Repetitive, then rising, then scattered; and nulls.
_LONGS = [None if at % 7 == 0 else (at * at * 2_654_435_761) % 2**62 - 2**61 for at in range(_MANY)]
_STEPS = [None if at % 11 == 0 else at // 100 for at in range(_MANY)]
_WORDS = [None if at % 13 == 0 else f"word {at % 50}" for at in range(_MANY)]
_UNIQUE = [f"https://example.org/{at // 10}/{at}" for at in range(_MANY)]
MANY = {
    "longs": pa.array(_LONGS, pa.int64()),
    "steps": pa.array(_STEPS, pa.int32()),
    "words": pa.array(_WORDS),
    "unique": pa.array(_UNIQUE),
    "halves": pa.array([at / 8 for at in range(_MANY)], pa.float64()),
    "even": pa.array([at % 2 == 0 if at % 5 else None for at in range(_MANY)]),
    "at": pa.array([at * 1_000_003 for at in range(_MANY)], pa.timestamp("us")),
}
CODECS = ("none", "snappy", "gzip", "brotli", "zstd", "lz4")
_CODEC_OF = {"id": "none", **dict(zip(MANY, (*CODECS, "zstd"), strict=False))}
_PLAIN: dict[str, Any] = {"use_dictionary": False}
_VARIED = [None if at % 3 == 0 else f"{'x' * (at % 40)}{at}" for at in range(1, 400)]
_TEXTS = {"t": pa.array(_VARIED), "strange": pa.array((STRANGE.to_pylist() * 40)[: len(_VARIED)])}
_FIXED = {
    "decimal": pa.array(range(4), pa.int64()).cast(pa.decimal128(19, 0)),
    "uuid": UUID_COLUMN[:4],
}


def _encoded(columns: dict[str, pa.Array], encoding: str, **more: Any) -> Make:
    return one(columns, column_encoding=dict.fromkeys(columns, encoding), **_PLAIN, **more)


class _Keys(encryption.KmsClient):  # type: ignore[misc]  # pyarrow is untyped
    """Hides nothing: the shape is only about files that cannot be read without a key."""

    def wrap_key(self, key: bytes, _: str) -> bytes:
        return key

    def unwrap_key(self, key: bytes, _: str) -> bytes:
        return key


def _encrypted(*, footer: bool) -> Make:
    def make(folder: Path) -> pa.Table:
        table = numbered({"t": FULL_TEXTS})
        how = encryption.EncryptionConfiguration(
            footer_key="f", column_keys={"c": ["t"]}, plaintext_footer=not footer
        )
        factory = encryption.CryptoFactory(lambda _: _Keys())
        properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), how)
        pq.write_table(table, folder / ROWS, encryption_properties=properties)
        return table

    return make


def _with_metadata(folder: Path) -> pa.Table:
    table = numbered({"t": FULL_TEXTS, "d": FULL_TEXTS})
    told = table.schema.field("t").with_metadata({"comment": "of a column"})
    table = table.cast(table.schema.set(1, told)).replace_schema_metadata({"ours": "\x00\xff"})
    pq.write_table(table, folder / ROWS)
    return table


def _no_groups(folder: Path) -> pa.Table:
    table = numbered(MANY).schema.empty_table()
    pq.ParquetWriter(folder / ROWS, table.schema).close()
    return table


def _groups(folder: Path) -> pa.Table:
    """Groups of one row, of none, and of more."""
    table = numbered(MANY)
    with pq.ParquetWriter(folder / ROWS, table.schema) as file:
        for start, rows in ((0, 1), (1, 0), (1, 1), (2, 99), (101, 0), (101, _MANY)):
            file.write_table(table.slice(start, rows), row_group_size=50)
    return table


def _twins(folder: Path) -> pa.Table:
    table = pa.table([pa.array([1, 2]), pa.array([3, 4]), pa.array([5, 6])], ["id", "n", "n"])
    pq.write_table(table, folder / ROWS)
    return table


_NAMES = (
    "a.b",
    "with blank",
    "été",
    "日本",
    "Case",
    "case",
    "CASE",
    "a-b",
    "semi;colon",
    "per%cent",
)
_NAMED = {name: pa.array([at, None, -at]) for at, name in enumerate(_NAMES, 1)}
_PLAIN_NAMES = {name: pa.array([at, None]) for at, name in enumerate(("été", "a.b", "x1", "X1"), 1)}
_WIDE = {f"c{at}": pa.array([at, None, -at], pa.int32()) for at in range(300)}
_MEGABYTE = "0123456789abcdef\n\"',é" * 50_000
_EMPTY = {name: column[:0] for name, column in MANY.items()}
_SORTED = [pq.SortingColumn(0)]

shape = partial(Shape, "pyarrow")
SHAPES = (
    shape("plain values", one(MANY, **_PLAIN)),
    shape("pages of version 2", one(MANY, data_page_version="2.0")),
    shape("all codecs", one(MANY, compression=_CODEC_OF)),
    shape(
        "all codecs in pages of version 2",
        one(MANY, compression=_CODEC_OF, data_page_version="2.0"),
    ),
    shape("small pages", one(MANY, data_page_size=100, write_batch_size=10, write_page_index=True)),
    shape(
        "a dictionary given up midway",
        one(MANY, dictionary_pagesize_limit=2_000, data_page_size=500),
    ),
    shape("page checksums", one(MANY, write_page_checksum=True)),
    shape(
        "page checksums of version 2",
        one(MANY, write_page_checksum=True, data_page_version="2.0", compression="zstd"),
    ),
    shape("bloom filters", one(MANY, bloom_filter_options={"words": True, "longs": {"ndv": 100}})),
    shape(
        "neither statistics nor Arrow's schema",
        one(MANY, write_statistics=False, store_schema=False),
    ),
    shape(
        "chunks by content", one(MANY, use_content_defined_chunking=True, sorting_columns=_SORTED)
    ),
    shape("version 1", one(MANY, version="1.0")),
    shape(
        "deltas of integers",
        _encoded({name: MANY[name] for name in ("longs", "steps", "at")}, "DELTA_BINARY_PACKED"),
    ),
    shape("deltas of texts", _encoded(_TEXTS, "DELTA_BYTE_ARRAY")),
    shape("deltas of lengths", _encoded(_TEXTS, "DELTA_LENGTH_BYTE_ARRAY")),
    shape(
        "deltas of texts in pages of version 2",
        _encoded(_TEXTS, "DELTA_BYTE_ARRAY", data_page_version="2.0"),
    ),
    shape("split floats", _encoded({"single": SINGLE, "double": DOUBLE}, "BYTE_STREAM_SPLIT")),
    shape(
        "split integers",
        _encoded({"longs": MANY["longs"], "steps": MANY["steps"]}, "BYTE_STREAM_SPLIT"),
    ),
    shape("split half floats", _encoded({"half": HALF}, "BYTE_STREAM_SPLIT")),
    # Polars reads them only where the file says that none is null.
    shape("split bytes", _encoded(_FIXED, "BYTE_STREAM_SPLIT"), refused("split bytes")),
    shape("runs of booleans", _encoded({"even": MANY["even"]}, "RLE", data_page_version="2.0")),
    shape("groups of every size", _groups),
    shape("no rows", one(_EMPTY)),
    shape("no row groups", _no_groups),
    shape("metadata", _with_metadata),
    shape("names", one(_NAMED), not_in_parquet(".with blank", "name consists of letters")),
    shape("names in Parquet", one(_PLAIN_NAMES)),
    shape(
        "names by Spark's rules",
        one(
            {"with blank, comma": DATES, "b": moments("us", None, 7)},
            as_read=pq.read_table,
            flavor="spark",
        ),
    ),
    shape("two columns of one name", _twins, refused("'n'")),
    shape("300 columns", one(_WIDE)),
    shape("a megabyte", one({"t": pa.array([_MEGABYTE, "small"])})),
    shape("an encrypted footer", _encrypted(footer=True), refused("footer", "ncrypt")),
    shape("an encrypted column", _encrypted(footer=False), refused("'t'", "ncrypt")),
    shape("a UUID for a key", one({"key": UUID_COLUMN[:4]}), key="key"),
    shape(
        "a category for a key", one({"key": FULL_TEXTS.drop_null().dictionary_encode()}), key="key"
    ),
)
