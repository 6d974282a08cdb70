"""Values of every type of DuckDB and Postgres: how they arrive, and what they are in the graph.

The tests of both sources, the test of real stores and the tables in docs/values.md use these lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl

from kgimport.graph import ColumnRule
from kgimport.targets import Carrier, neo4j
from kgimport.targets.fields import carrier

SAME = object()


@dataclass(frozen=True, slots=True)
class Exact:
    """A value in SQL, the type and value that arrive, and what is stored under some policies.

    What is stored is as Neo4j's driver returns it, with Python's own dates and times.
    """

    sql: str
    dtype: Any
    value: Any
    policies: Mapping[str, Any] = field(default_factory=dict)
    stored: Any = SAME

    @property
    def rule(self) -> ColumnRule:
        """What is declared for its column."""
        return ColumnRule(**self.policies)

    @property
    def neo4j(self) -> str | None:
        """The type in Neo4j, as its `valueType` spells it; None if every value is refused."""
        how = carrier(neo4j.CSV, self.dtype, self.rule)
        return how.cypher if isinstance(how, Carrier) else None

    @property
    def in_graph(self) -> Any:
        """The value that is stored."""
        return self.value if self.stored is SAME else self.stored


@dataclass(frozen=True, slots=True)
class Refused:
    """A value in SQL, the check that refuses it, and how a message shows it, if that is certain."""

    sql: str
    check: str
    sample: str | None


TEXT = {"decimal": "string"}
BASE64 = {"binary": "base64"}
NOON = datetime(2020, 1, 2, 12, 0, 0, 123_456)  # noqa: DTZ001
ID = f"{'0' * 8}{'-0000' * 3}-{10:012x}"
BIG = 10**38 - 1
_FRACTION = "0.12345678901234567890123456789012345678"

DUCKDB_EXACT = (
    Exact("'-128'::TINYINT", pl.Int8(), -128),
    Exact("32767::SMALLINT", pl.Int16(), 32767),
    Exact("2147483647::INTEGER", pl.Int32(), 2**31 - 1),
    Exact("'-9223372036854775808'::BIGINT", pl.Int64(), -(2**63)),
    Exact("255::UTINYINT", pl.UInt8(), 255),
    Exact("65535::USMALLINT", pl.UInt16(), 65535),
    Exact("4294967295::UINTEGER", pl.UInt32(), 2**32 - 1),
    Exact("9223372036854775807::UBIGINT", pl.UInt64(), 2**63 - 1),
    Exact(
        "18446744073709551615::UBIGINT",
        pl.UInt64(),
        2**64 - 1,
        {"uint64": "string"},
        str(2**64 - 1),
    ),
    Exact("(-9223372036854775808)::HUGEINT", pl.Decimal(38, 0), Decimal(-(2**63)), {}, -(2**63)),
    Exact(f"'-{BIG}'::HUGEINT", pl.Decimal(38, 0), Decimal(-BIG), TEXT, str(-BIG)),
    Exact(f"{BIG}::UHUGEINT", pl.Decimal(38, 0), Decimal(BIG), TEXT, str(BIG)),
    Exact(f"'{BIG}{BIG}'::BIGNUM", pl.String(), f"{BIG}{BIG}"),
    Exact("0.1::FLOAT", pl.Float32(), 0.10000000149011612),
    Exact("'-0.0'::DOUBLE", pl.Float64(), -0.0),
    Exact("'-Infinity'::DOUBLE", pl.Float64(), float("-inf")),
    Exact("true", pl.Boolean(), True),
    Exact("1234567::DECIMAL(9,0)", pl.Decimal(9, 0), Decimal(1234567), {}, 1234567),
    Exact("1234567.89::DECIMAL(9,2)", pl.Decimal(9, 2), Decimal("1234567.89"), TEXT, "1234567.89"),
    Exact(
        f"'{_FRACTION}'::DECIMAL(38,38)", pl.Decimal(38, 38), Decimal(_FRACTION), TEXT, _FRACTION
    ),
    Exact("'é\n,\"'", pl.String(), 'é\n,"'),
    Exact("''", pl.String(), ""),
    Exact("'\\x00\\xFF'::BLOB", pl.Binary(), b"\x00\xff", BASE64, "AP8="),
    Exact("'0011'::BIT", pl.String(), "0011"),
    Exact("'00000000-0000-0000-0000-00000000000A'::UUID", pl.String(), ID),
    Exact("'{\"a\":  1}'::JSON", pl.String(), '{"a":  1}'),
    Exact("'b'::ENUM('a', 'b')", pl.String(), "b"),
    Exact("DATE '0001-01-01'", pl.Date(), date(1, 1, 1)),
    Exact("TIME '23:59:59.999999'", pl.Time(), time(23, 59, 59, 999_999)),
    Exact("TIMESTAMP '2020-01-02 12:00:00.123456'", pl.Datetime("us"), NOON),
    Exact("'2020-01-02 12:00:00'::TIMESTAMP_S", pl.Datetime("ms"), NOON.replace(microsecond=0)),
    Exact(
        "'2020-01-02 12:00:00.123'::TIMESTAMP_MS",
        pl.Datetime("ms"),
        NOON.replace(microsecond=123_000),
    ),
    Exact("'2020-01-02 12:00:00.123456'::TIMESTAMP_NS", pl.Datetime("ns"), NOON),
    Exact(
        "'2020-01-02 12:00:00.123456+02'::TIMESTAMPTZ",
        pl.Datetime("us", "UTC"),
        NOON.replace(hour=10, tzinfo=UTC),
    ),
    Exact("[1, 2]", pl.List(pl.Int32()), [1, 2]),
    Exact("[1, NULL]", pl.List(pl.Int32()), [1, None], {"null_in_list": "drop"}, [1]),
    Exact("[7::HUGEINT]", pl.List(pl.Decimal(38, 0)), [Decimal(7)], {}, [7]),
    Exact("[DATE '2020-01-01']", pl.List(pl.Date()), [date(2020, 1, 1)]),
    Exact("array_value(1, 2)", pl.List(pl.Int32()), [1, 2]),
    Exact("[['b'::ENUM('a', 'b')]]", pl.List(pl.List(pl.String())), [["b"]]),
    Exact(
        "{'a': 1::HUGEINT, 'b \"c': 'x'}",
        pl.Struct({"a": pl.Decimal(38, 0), 'b "c': pl.String()}),
        {"a": Decimal(1), 'b "c': "x"},
        {"struct": "json"},
        '{"a":"1","b \\"c":"x"}',
    ),
)

_WIDE = 2**127 - 1
DUCKDB_REFUSED = (
    Refused(f"{_WIDE}::HUGEINT", "too-many-digits", str(_WIDE)),
    Refused(f"{2**128 - 1}::UHUGEINT", "too-many-digits", str(2**128 - 1)),
    Refused("'infinity'::DATE", "infinite-moment", "infinity"),
    Refused("'-infinity'::TIMESTAMP", "infinite-moment", "-infinity"),
    Refused("'infinity'::TIMESTAMPTZ", "infinite-moment", "infinity"),
    Refused("'infinity'::TIMESTAMP_S", "infinite-moment", "infinity"),
    Refused("'infinity'::TIMESTAMP_MS", "infinite-moment", "infinity"),
    Refused("'infinity'::TIMESTAMP_NS", "infinite-moment", "infinity"),
    Refused("'24:00:00'::TIME", "time-out-of-range", "24:00:00"),
    Refused("'24:00:00'::TIME_NS", "time-out-of-range", "24:00:00"),
    Refused("'12:00:00+05'::TIMETZ", "time-with-zone", "12:00:00+05"),
    Refused("INTERVAL 1 MONTH", "interval", "1 month"),
    Refused("union_value(a := 1)", "no-such-type", "1"),
    Refused("1::VARIANT", "no-such-type", "1"),
    Refused("'POINT (1 2)'::GEOMETRY", "no-such-type", "POINT (1 2)"),
    Refused(f"[1, {_WIDE}::HUGEINT]", "too-many-digits", f"[1, {_WIDE}]"),
    Refused("[['infinity'::DATE]]", "infinite-moment", "[[infinity]]"),
    Refused("array_value('infinity'::DATE)", "infinite-moment", "[infinity]"),
    Refused("{'a''\"b': {'c': ['24:00:00'::TIME]}}", "time-out-of-range", None),
    Refused("[{'a': [['infinity'::DATE]]}]", "infinite-moment", "[{'a': [[infinity]]}]"),
    Refused("MAP {'24:00:00'::TIME: 1}", "time-out-of-range", "{'24:00:00'=1}"),
    Refused("MAP {1: INTERVAL 1 DAY}", "interval", "{1=1 day}"),
)

_LONG = "1234567890123456789012345678.0123456789"
POSTGRES_TYPES = (
    "CREATE DOMAIN price AS numeric(5,2) CHECK (value > 0)",
    "CREATE DOMAIN deep AS price",
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE TYPE pair AS (a int, b text)",
)
POSTGRES_EXACT = (
    Exact("'-32768'::int2", pl.Int16(), -(2**15)),
    Exact("2147483647::int4", pl.Int32(), 2**31 - 1),
    Exact("'-9223372036854775808'::int8", pl.Int64(), -(2**63)),
    Exact("4294967295::oid", pl.Int64(), 2**32 - 1),
    Exact("0.1::float4", pl.Float32(), 0.10000000149011612),
    Exact("'-Infinity'::float8", pl.Float64(), float("-inf")),
    Exact("true", pl.Boolean(), True),
    Exact(
        "12345.6789::numeric(38,9)",
        pl.Decimal(38, 9),
        Decimal("12345.6789"),
        TEXT,
        "12345.678900000",
    ),
    Exact("1234567.89::numeric(9,2)", pl.Decimal(9, 2), Decimal("1234567.89"), TEXT, "1234567.89"),
    Exact("12345::numeric(3,-2)", pl.Decimal(5, 0), Decimal(12300), {}, 12300),
    Exact("0.00123::numeric(3,5)", pl.Decimal(5, 5), Decimal("0.00123"), TEXT, "0.00123"),
    Exact(f"{_LONG}::numeric", pl.Decimal(38, 10), Decimal(_LONG), TEXT, _LONG),
    Exact("9223372036854775807::numeric", pl.Decimal(38, 0), Decimal(2**63 - 1), {}, 2**63 - 1),
    Exact("12.000::numeric", pl.Decimal(38, 0), Decimal(12), {}, 12),
    Exact("12::numeric(30,20)", pl.Decimal(30, 20), Decimal(12), {"decimal": "double"}, 12.0),
    Exact(f"{BIG}::numeric", pl.Decimal(38, 0), Decimal(BIG), TEXT, str(BIG)),
    Exact("12.50::numeric(50,10)", pl.Decimal(38, 1), Decimal("12.5"), TEXT, "12.5"),
    Exact(
        f"{10**28}.5::numeric(60,20)",
        pl.Decimal(38, 1),
        Decimal(f"{10**28}.5"),
        TEXT,
        f"{10**28}.5",
    ),
    Exact("1.50::price", pl.Decimal(5, 2), Decimal("1.5"), TEXT, "1.50"),
    Exact("2.50::deep", pl.Decimal(5, 2), Decimal("2.5"), TEXT, "2.50"),
    Exact("'-12.34'::money", pl.Decimal(38, 2), Decimal("-12.34"), TEXT, "-12.34"),
    Exact("'é\n,\"'::text", pl.String(), 'é\n,"'),
    Exact("''::varchar(3)", pl.String(), ""),
    Exact("'ab'::char(4)", pl.String(), "ab  "),
    Exact("'n'::name", pl.String(), "n"),
    Exact("'sad'::mood", pl.String(), "sad"),
    Exact("'\\x00ff'::bytea", pl.Binary(), b"\x00\xff", BASE64, "AP8="),
    Exact("date '0001-01-01'", pl.Date(), date(1, 1, 1)),
    Exact("time '23:59:59.999999'", pl.Time(), time(23, 59, 59, 999_999)),
    Exact("timestamp '2020-01-02 12:00:00.123456'", pl.Datetime("us"), NOON),
    Exact(
        "timestamptz '2020-01-02 12:00:00.123456+02'",
        pl.Datetime("us", "UTC"),
        NOON.replace(hour=10, tzinfo=UTC),
    ),
    Exact("'00000000-0000-0000-0000-00000000000A'::uuid", pl.String(), ID),
    Exact("'{\"b\":  1}'::json", pl.String(), '{"b":  1}'),
    Exact("'{\"b\":  1}'::jsonb", pl.String(), '{"b": 1}'),
    Exact("'10.1.2.3/8'::inet", pl.String(), "10.1.2.3/8"),
    Exact("int4range(1, 3)", pl.String(), "[1,3)"),
    Exact("tstzrange('2020-01-01 00:00+02', NULL)", pl.String(), '["2019-12-31 22:00:00+00",)'),
    Exact("B'0101'", pl.String(), "0101"),
    Exact("point(0.1, 2)", pl.String(), "(0.1,2)"),
    Exact("'a b'::tsvector", pl.String(), "'a' 'b'"),
    Exact("ARRAY[1, 2]", pl.List(pl.Int32()), [1, 2]),
    Exact("ARRAY[1, NULL]", pl.List(pl.Int32()), [1, None], {"null_in_list": "drop"}, [1]),
    Exact("'{}'::int8[]", pl.List(pl.Int64()), [], {"empty_list": "null"}, None),
    Exact(
        "ARRAY[1.5, 2.25]",
        pl.List(pl.Decimal(38, 2)),
        [Decimal("1.5"), Decimal("2.25")],
        TEXT,
        ["1.50", "2.25"],
    ),
    Exact(
        f"ARRAY[{10**28}.5, NULL]::numeric(60,20)[]",
        pl.List(pl.Decimal(38, 1)),
        [Decimal(f"{10**28}.5"), None],
        {**TEXT, "null_in_list": "drop"},
        [f"{10**28}.5"],
    ),
    Exact("ARRAY['1.50'::money]", pl.List(pl.Decimal(38, 1)), [Decimal("1.5")], TEXT, ["1.5"]),
    Exact("ARRAY['sad']::mood[]", pl.List(pl.String()), ["sad"]),
    Exact("ARRAY['{\"a\": 1}'::jsonb]", pl.List(pl.String()), ['{"a": 1}']),
    Exact("ARRAY[date '2020-01-01']", pl.List(pl.Date()), [date(2020, 1, 1)]),
)

_BEYOND = 10**38
POSTGRES_REFUSED = (
    Refused("'infinity'::date", "infinite-moment", "infinity"),
    Refused("'-infinity'::date", "infinite-moment", "-infinity"),
    Refused("'infinity'::timestamp", "infinite-moment", "infinity"),
    Refused("'-infinity'::timestamp", "infinite-moment", "-infinity"),
    Refused("'infinity'::timestamptz", "infinite-moment", "infinity"),
    Refused("'-infinity'::timestamptz", "infinite-moment", "-infinity"),
    Refused("timestamp '294250-01-01'", "late-moment", "294250-01-01 00:00:00"),
    Refused("timestamptz '294248-01-01 00:00+00'", "late-moment", "294248-01-01 00:00:00+00"),
    Refused("time '24:00'", "time-out-of-range", "24:00:00"),
    Refused("timetz '12:00+05'", "time-with-zone", "12:00:00+05"),
    Refused("interval '1 month'", "interval", "1 mon"),
    Refused("row(1, 'x')::pair", "no-such-type", "(1,x)"),
    Refused("'NaN'::numeric", "not-a-number", "NaN"),
    Refused("'NaN'::numeric(9,2)", "not-a-number", "NaN"),
    Refused("'-Infinity'::numeric", "not-a-number", "-Infinity"),
    Refused(f"{_BEYOND}::numeric", "too-many-digits", str(_BEYOND)),
    Refused(f"(1 / {_BEYOND}.0 / 3)::numeric(60,45)", "too-many-digits", f"0.{'0' * 38}3333333"),
    Refused("ARRAY[[1, 2], [3, 4]]", "dimensions", "{{1,2},{3,4}}"),
    Refused("'[0:1]={1,2}'::int4[]", "dimensions", "[0:1]={1,2}"),
    Refused("ARRAY[NULL, 'infinity'::date]", "infinite-moment", "{NULL,infinity}"),
    Refused("ARRAY[time '24:00']", "time-out-of-range", "{24:00:00}"),
    Refused("ARRAY['NaN'::numeric]", "not-a-number", "{NaN}"),
    Refused("ARRAY[interval '1 day']", "interval", '{"1 day"}'),
)
