"""What DuckDB's COPY writes of each of its types, in each of its ways."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq

from kgimport.graph import ColumnRule
from tests.corpus.shape import ROWS, Shape, not_in_csv, not_in_parquet, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa

    from tests.corpus.shape import Make

    Read = Callable[[Path], pa.Table]


def query(sql: str, options: str = "", *, to: str = ROWS, as_read: Read | None = None) -> Make:
    """Writes the rows of a query; what is in them DuckDB says, or `as_read` of the file."""

    def make(folder: Path) -> pa.Table:
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            rows = database.sql(sql)
            what = ", ".join(("FORMAT parquet", *filter(None, [options])))
            database.sql(f"COPY ({sql}) TO '{folder / to}' ({what})")
            return rows.to_arrow_table() if as_read is None else as_read(folder / to)

    return make


def lists(**columns: str) -> str:
    """A query of columns that are given as lists of SQL literals with their type."""
    each = (f'unnest({cells}) AS "{name}"' for name, cells in columns.items())
    return f"SELECT unnest(range(8)) AS id, {', '.join(each)}"


_INTEGERS = {
    f"{sign}int{bits}": (
        f"[{0 if sign else -(2 ** (bits - 1))}, {2 ** (bits - (0 if sign else 1)) - 1}, NULL]"
        f"::{name}[]"
    )
    for sign in ("", "u")
    for bits, name in zip(
        (8, 16, 32, 64),
        (f"{sign}{kind}" for kind in ("tinyint", "smallint", "integer", "bigint")),
        strict=True,
    )
    if (sign, bits) != ("u", 64)
}
_FLOATS = "['nan', '-nan', 'inf', '-inf', '-0.0']"
_DECIMALS = {
    f"d{digits}": (
        f"['{'9' * (digits - scale)}.{'9' * scale}', '-0.{'1'.zfill(scale)}', '0', NULL]"
        f"::DECIMAL({digits}, {scale})[]"
    )
    for digits, scale in ((4, 1), (9, 2), (18, 3), (38, 10))
}
_WHOLE = {
    f"d{digits}": f"['{min(10**digits, 2**63) - 1}', '-1', NULL]::DECIMAL({digits}, 0)[]"
    for digits in (4, 9, 18, 19, 38)
}
_TEXTS = "['Ann', NULL, 'naïve 日本 😀', 'a,\"b\"', e'two\\nlines']"
_TWO_UUIDS = "'00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-4fff-bfff-ffffffffffff'"
_UUIDS = f"[{_TWO_UUIDS}, NULL]::UUID[]"
_JSON = """['{"a": 1.50, "b": [true, null]}', 'null', '"é"', NULL, ' [1 ,2]']::JSON[]"""
_MOMENTS = "['1969-12-31 23:59:59.999', '1700-02-28 01:02:03.004', '2024-02-29 12:34:56.789', NULL]"
_WIDE = "['0001-01-01 00:00:00', '9999-12-31 23:59:59.999999', NULL]::TIMESTAMP[]"
_MANY = """SELECT i AS id, i * 7919 % 1000 AS scattered, 'word ' || i % 40 AS word,
  CASE WHEN i % 5 > 0 THEN i / 8 END AS half, i % 3 = 0 AS third,
  CASE WHEN i % 2 = 0 THEN TIMESTAMP '1969-12-31 23:00:00' + INTERVAL (i) SECOND END AS at,
  [i, i + 1] AS pair, 'https://example.org/' || i AS link FROM range({}) t(i)"""
_FEW = _MANY.format(400)
_CODECS = ("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw")
_PARTED = "SELECT i AS id, i * 2 AS n, {} AS part FROM range(12) t(i)"


def parted(part: str, key: str = "part", options: str = "") -> Make:
    """Rows in a folder for each value of the column `part`, which is text then."""
    sql = _PARTED.format(part)

    def make(folder: Path) -> pa.Table:
        told = f"PARTITION_BY ({key}), OVERWRITE_OR_IGNORE{options}"
        query(sql, told, to="")(folder)
        with duckdb.connect() as database:
            text = f"SELECT * REPLACE (part::VARCHAR AS part) FROM ({sql})"
            return database.sql(text).to_arrow_table()

    return make


_FLAT = {"s": ColumnRule(struct="flatten")}
_STRUCT = "[{'a': 1, 'b': 'x'}, NULL, {'a': NULL, 'b': 'ü'}]"
_SPECIAL = "['a=b', 'a/b', '100%', '%2F', 'a b', 'é', '日本', 'a+b', 'a:b', '😀', 'x', NULL][1 + i]"
_AS_TEXT = {name: ColumnRule(decimal="string") for name in _DECIMALS}
_ENCRYPTED = "ENCRYPTION_CONFIG {footer_key: 'k'}"


def _encrypted(folder: Path) -> pa.Table:
    with duckdb.connect() as database:
        # Its own cipher is not meant for secrets, and these are none.
        database.execute("SET force_mbedtls_unsafe = 'true'")
        database.execute("PRAGMA add_parquet_key('k', '0123456789abcdef')")
        database.sql(f"COPY ({_FEW}) TO '{folder / ROWS}' (FORMAT parquet, {_ENCRYPTED})")
        return database.sql(_FEW).to_arrow_table()


shape = partial(Shape, "DuckDB")
SHAPES = (
    shape("integers", query(lists(**_INTEGERS))),
    shape(
        "ubigint",
        query(lists(n="[18446744073709551615]::UBIGINT[]")),
        refused(".n", "[integer-out-of-range]"),
    ),
    shape(
        "hugeint, which is double in the file",
        query(lists(n="[9007199254740993, -1]::HUGEINT[]"), as_read=pq.read_table),
    ),
    shape(
        "bignum",
        query(lists(n="['123456789012345678901234567890', '-1']::BIGNUM[]"), as_read=pq.read_table),
    ),
    shape(
        "floats",
        query(
            lists(
                single=f"[{_FLOATS[1:-1]}, '1e-45']::FLOAT[]",
                double=f"[{_FLOATS[1:-1]}, '5e-324']::DOUBLE[]",
            )
        ),
    ),
    shape("decimals", query(lists(**_DECIMALS)), rules=_AS_TEXT),
    shape("whole decimals", query(lists(**_WHOLE))),
    shape("booleans", query(lists(b="[true, false, NULL]"))),
    shape("texts", query(lists(t=_TEXTS))),
    shape("empty texts", query(lists(t="['', NULL, 'a']")), not_in_parquet(".t", "[empty-string]")),
    shape("a NUL in a text", query(lists(t="['a' || chr(0) || 'b', chr(0)]"))),
    shape("an enum", query(lists(e="['low', 'high', NULL, 'low']::ENUM ('low', 'high')[]"))),
    shape("UUIDs", query(lists(u=_UUIDS))),
    shape(
        "UUIDs for keys",
        query(f"SELECT unnest([{_TWO_UUIDS}]::UUID[]) AS key"),
        key="key",
    ),
    shape("JSON", query(lists(j=_JSON))),
    shape(
        "blobs",
        query(lists(b=r"['\x00\xff', 'a', NULL]::BLOB[]")),
        rules={"b": ColumnRule(binary="hex")},
    ),
    shape("bits", query(lists(b="['101', '0', NULL]::BIT[]"), as_read=pq.read_table)),
    shape("dates", query(lists(d="['0001-01-01', '1969-12-31', '9999-12-31', NULL]::DATE[]"))),
    shape(
        "infinite dates",
        query(lists(d="['infinity', '2024-01-01']::DATE[]")),
        refused(".d", "[year-out-of-range]"),
    ),
    shape(
        "dates before Christ",
        query(lists(d="['0001-12-31 (BC)']::DATE[]")),
        refused(".d", "[year-out-of-range]"),
    ),
    shape(
        "times",
        query(
            lists(
                t="['00:00:00', '23:59:59.999999', NULL]::TIME[]",
                n="['00:00:00.000000001']::TIME_NS[]",
            )
        ),
    ),
    shape(
        "midnight at the end",
        query(lists(t="['24:00:00', '00:00:00']::TIME[]")),
        refused(".t", "[time-out-of-range]"),
    ),
    shape(
        "times with a zone",
        query(lists(t="['12:00:00+05', '12:00:00+00']::TIMETZ[]"), as_read=pq.read_table),
        refused(".t"),
    ),
    shape(
        "timestamps",
        query(
            lists(
                us=f"{_MOMENTS}::TIMESTAMP[]",
                s=f"{_MOMENTS}::TIMESTAMP_S[]",
                ms=f"{_MOMENTS}::TIMESTAMP_MS[]",
                ns=f"{_MOMENTS}::TIMESTAMP_NS[]",
            )
        ),
    ),
    shape("timestamps of all years", query(lists(t=_WIDE))),
    shape("instants", query(lists(t=f"{_MOMENTS}::TIMESTAMPTZ[]"))),
    shape(
        "infinite timestamps",
        query(lists(t="['-infinity', '2024-01-01']::TIMESTAMP[]")),
        refused(".t", "[year-out-of-range]"),
    ),
    shape(
        "infinite instants",
        query(lists(t="['infinity']::TIMESTAMPTZ[]")),
        refused(".t", "[year-out-of-range]"),
    ),
    shape("intervals", query(lists(i="[INTERVAL 1 MONTH, INTERVAL 1 DAY, NULL]")), refused(".i")),
    shape("variants", query(lists(v="[1::VARIANT, 'a'::VARIANT]")), refused(".v")),
    shape(
        "unions",
        query(lists(u="[union_value(n := 1), union_value(n := 2)]"), as_read=pq.read_table),
        refused(".u", "no map property"),
    ),
    shape(
        "lists",
        query(
            lists(
                l="[[1, 2], NULL, [3]]", t="[['a', 'ü'], ['b'], NULL]", u=f"[({_UUIDS})[:2], NULL]"
            )
        ),
    ),
    shape("arrays", query(lists(a="[[1, 2]::INTEGER[2], NULL, [3, 4]]"))),
    shape("empty lists", query(lists(l="[[], NULL, [1]]")), not_in_csv(".l", "[empty-list]")),
    shape("nulls in lists", query(lists(l="[[1, NULL]]")), refused(".l", "[null-in-list]")),
    shape("structs", query(lists(s=_STRUCT)), rules=_FLAT),
    shape(
        "structs in lists",
        query(lists(s=f"[({_STRUCT})[:1], NULL]")),
        rules={"s": ColumnRule(struct="json")},
    ),
    shape("maps", query(lists(m="[MAP {'a': 1}]")), refused(".m")),
    shape("no rows", query(f"{_FEW} LIMIT 0")),
    shape("row groups", query(_MANY.format(5_000), "ROW_GROUP_SIZE 2048")),
    *(
        shape(f"pages of version 1 by {codec}", query(_FEW, f"COMPRESSION {codec}"))
        for codec in _CODECS
    ),
    *(
        shape(
            f"pages of version 2 by {codec}",
            query(_FEW, f"PARQUET_VERSION v2, COMPRESSION {codec}"),
        )
        for codec in _CODECS
    ),
    shape("dictionaries given up", query(_FEW, "DICTIONARY_SIZE_LIMIT 10")),
    shape(
        "bloom filters",
        query(_FEW, "WRITE_BLOOM_FILTER true, BLOOM_FILTER_FALSE_POSITIVE_RATIO 0.001"),
    ),
    shape("metadata and field ids", query(_FEW, "KV_METADATA {ours: 'é'}, FIELD_IDS 'auto'")),
    shape("an encrypted file", _encrypted, refused("ncrypt")),
    shape(
        "names",
        query('SELECT 1 AS id, 2 AS "with blank", 3 AS "a.b", 4 AS "日本"'),
        not_in_parquet(".with blank"),
    ),
    shape(
        "many files",
        query(_MANY.format(5_000), "FILE_SIZE_BYTES 1000, ROW_GROUP_SIZE 500", to=""),
        at="",
    ),
    shape("hive texts", parted("['00501', '501', '1e3'][1 + i % 3]"), at=""),
    shape("hive special characters", parted(_SPECIAL), at=""),
    shape("hive integers", parted("i % 3"), at=""),
    shape("hive dates", parted("DATE '2024-02-28' + (i % 3)::INTEGER"), at=""),
    shape(
        "hive timestamps", parted("TIMESTAMP '2024-02-28 01:02:03' + INTERVAL (i % 3) HOUR"), at=""
    ),
    shape("hive decimals", parted("(i % 3)::DECIMAL(3, 2)"), at=""),
    shape(
        "hive columns in the files too",
        parted("i % 3", options=", WRITE_PARTITION_COLUMNS true"),
        refused("part"),
        at="",
    ),
)
