"""Single values: how each scalar type of Polars travels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.properties import FLOAT, INTEGER, STRING, PropertyType
from kgimport.targets.neo4j.carrier import Carrier, Refusal, Rule, after, as_text
from kgimport.targets.neo4j.cells import ARRAY_DELIMITER, TIME_FORMAT, datetime_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kgimport.graph import ColumnRule

_UTC = frozenset({"UTC", "Etc/UTC", "Z", "+00:00", "GMT", "Etc/GMT"})
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DIGITS = {"ms": 3, "us": 6, "ns": 9}
_DAY_S = 86_400
# Days since 1970 of 0001-01-01, 2000-01-01 and 9999-12-31, seconds of the first of 2100.
_FIRST_DAY, _2000_DAYS, _LAST_DAY = -719_162, 10_957, 2_932_896
_2100_S = 4_102_444_800

BEYOND_LONG = Rule(
    "integer-out-of-range",
    "integers beyond 64 bits signed, which Neo4j 5 wraps silently",
    lambda c: c.cast(pl.Int64, strict=False).is_null() & c.is_not_null(),
)
ODD_OFFSET = Rule(
    "offset-with-seconds",
    "instants whose zone offset has seconds (local mean time), which Neo4j cannot hold",
    lambda c: ((c.dt.base_utc_offset() + c.dt.dst_offset()).dt.total_seconds() % 60) != 0,
)


def spelled_floats(column: pl.Expr) -> pl.Expr:
    """Floats as text that Java reads back to the same bits."""
    # Java reads NaN and Infinity, but not Polars' `inf`.
    return column.cast(pl.String).replace({"inf": "Infinity", "-inf": "-Infinity"})


def _text(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier(STRING, value=as_text)


def _integer(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier(INTEGER, value=lambda c: c.cast(pl.Int64))


def _int64(dtype: pl.DataType, rule: ColumnRule) -> Carrier:
    if rule.epoch == "no":
        return _integer(dtype, rule)
    instant = pl.Datetime(rule.epoch, "UTC")
    zoned = _zoned(instant, "UTC")
    rules = (after(each, lambda c: c.cast(instant)) for each in zoned.rules)
    return replace(zoned, value=lambda c: zoned.value(c.cast(instant)), rules=tuple(rules))


def _wide_integer(dtype: pl.DataType, rule: ColumnRule) -> Carrier:
    if rule.uint64 == "string":
        return Carrier(STRING, value=as_text)
    return _if_long(dtype, rule)


def _if_long(dtype: pl.DataType, rule: ColumnRule) -> Carrier:
    # The values are counted in the pass that refuses them, so none may stop it.
    return replace(
        _integer(dtype, rule),
        value=lambda c: c.cast(pl.Int64, strict=False),
        rules=(BEYOND_LONG,),
    )


def _float(_: pl.DataType, __: ColumnRule) -> Carrier:
    # A float32 is widened first: its own short text would be read as another double.
    return Carrier(
        FLOAT,
        value=lambda c: c.cast(pl.Float64),
        spell=spelled_floats,
        native_unless=lambda c: c.is_infinite(),
    )


def _boolean(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier(PropertyType("boolean"))


def _date(dtype: pl.DataType, _: ColumnRule) -> Carrier:
    return Carrier(
        PropertyType("date"),
        spell=lambda c: c.dt.to_string("%Y-%m-%d"),
        rules=moment_rules(dtype),
    )


def _in_years(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether dates or instants lie in the years 1 to 9999, by their ticks.

    Farther out Polars can name no year, and panics over most other questions.
    """
    day = _ticks_of_a_day(dtype)
    return column.to_physical().is_between(_FIRST_DAY * day, (_LAST_DAY + 1) * day - 1)


def _ticks_of_a_day(dtype: pl.DataType) -> int:
    return _DAY_S * _PER_SECOND[dtype.time_unit] if isinstance(dtype, pl.Datetime) else 1


def _years(dtype: pl.DataType) -> Rule:
    return Rule(
        "year-out-of-range",
        "years outside 0001-9999, which Neo4j's drivers cannot read back",
        lambda c: ~_in_years(c, dtype) | ~c.dt.year().is_between(1, 9999),
    )


def _time(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier(PropertyType("time"), spell=lambda c: c.dt.to_string(TIME_FORMAT))


def _datetime(dtype: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    assert isinstance(dtype, pl.Datetime)  # noqa: S101  (the table below dispatches on it)
    zone = dtype.time_zone or rule.timezone
    if zone is None:
        return _local(dtype)
    if not _is_zone(zone):
        return Refusal(
            f"Neo4j knows no time zone {zone}", "take a region's, such as Europe/Stockholm, or UTC"
        )
    return _zoned(dtype, zone) if dtype.time_zone else _localised(dtype, zone)


def _local(dtype: pl.Datetime) -> Carrier:
    form = datetime_format(_DIGITS[dtype.time_unit])
    return Carrier(
        PropertyType("local_datetime", unit=dtype.time_unit),
        spell=lambda c: c.dt.to_string(form),
        rules=moment_rules(dtype),
    )


# Zones of the IANA database that Java leaves out, found by asking both Neo4j lines for each.
_NOT_IN_JAVA = frozenset({"EST", "MST", "HST", "ROC", "GMT+0", "GMT-0"})


def _is_zone(name: str) -> bool:
    """Whether both Polars and Neo4j know a zone."""
    try:
        pl.Series([0]).cast(pl.Datetime("us", name))
    except pl.exceptions.PolarsError:
        return False
    return name not in _NOT_IN_JAVA


def _zoned(dtype: pl.Datetime, zone: str) -> Carrier:
    local = datetime_format(_DIGITS[dtype.time_unit])
    if zone in _UTC:
        # No zone stands in the cell, so Polars may spell it.
        return Carrier(
            PropertyType("instant", unit=dtype.time_unit),
            # By its ticks: of a zone called GMT, say, Polars would compute local times, and panic.
            value=lambda c: c.to_physical().cast(pl.Datetime(dtype.time_unit)),
            spell=lambda c: c.dt.to_string(local),
            rules=moment_rules(dtype),
        )
    # The offset beside the name tells the two readings of an autumn hour apart.
    form = f"{local}%:z" if zone[0] in "+-" else f"{local}%:z[{zone}]"
    return Carrier(
        PropertyType("zoned_datetime", unit=dtype.time_unit, zone=zone),
        spell=lambda c: c.dt.to_string(form),
        native=False,
        rules=moment_rules(dtype),
    )


def moment_rules(dtype: pl.DataType) -> tuple[Rule, ...]:
    """Which dates or instants of a type Neo4j, its drivers or Polars cannot tell."""
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    if zone is None or zone in _UTC or zone.startswith(("+", "-", "Etc/")):
        return (_years(dtype),)
    return (_years(dtype), *_zone_rules(dtype))


def _zone_rules(dtype: pl.DataType) -> Iterator[Rule]:
    """Yield what the regions' offsets add."""
    assert isinstance(dtype, pl.Datetime)  # noqa: S101  (the caller looked)
    yield after(ODD_OFFSET, lambda c: _safe(c, dtype, _in_years(c, dtype)))
    until = _2100_S * _PER_SECOND[dtype.time_unit]
    yield Rule(
        "zone-rules-unknown",
        "instants from 2100 on in a zone whose clock changes Polars knows until then",
        lambda c: c.to_physical() >= until,
    )


def _safe(column: pl.Expr, dtype: pl.DataType, sane: pl.Expr) -> pl.Expr:
    """Return the dates or timestamps, with one that is sane in place of those that are not.

    A null would not do: Polars looks at what lies under it, and panics all the same.
    """
    usual = pl.lit(_2000_DAYS * _ticks_of_a_day(dtype)).cast(dtype)
    return pl.when(sane).then(column).otherwise(usual)


def is_text(dtype: pl.DataType) -> bool:
    """Whether the values of a type are text, categories among them."""
    return dtype.base_type() in TEXTS


def moment_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Dates or instants as Polars spells them; those that break a rule by their ticks.

    So no two are spelled alike, and Polars panics over none.
    """
    sane = ~pl.any_horizontal(rule.offends(column) for rule in moment_rules(dtype))
    ticks = as_text(column.to_physical())
    return pl.when(sane).then(as_text(_safe(column, dtype, sane))).otherwise(ticks)


def _localised(dtype: pl.Datetime, zone: str) -> Carrier:
    # A day away from what the ticks can say, so that no offset leads beyond.
    far = 2**63 - 1 - _DAY_S * _PER_SECOND[dtype.time_unit]

    def placed(column: pl.Expr) -> pl.Expr:
        sane = _in_years(column, dtype) & column.to_physical().is_between(-far, far)
        inside = _safe(column, dtype, sane)
        found = inside.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
        return pl.when(sane).then(found)

    unplaced = Rule(
        "local-time-not-unique",
        f"local times that {zone} has twice or not at all (clock changes)",
        lambda c: placed(c).is_null() & _in_years(c, dtype),
    )
    zoned = _zoned(pl.Datetime(dtype.time_unit, zone), zone)
    return replace(
        zoned,
        value=lambda c: zoned.value(placed(c)),
        rules=(_years(dtype), unplaced, *(after(rule, placed) for rule in zoned.rules)),
    )


def _duration(dtype: pl.DataType, _: ColumnRule) -> Carrier:
    assert isinstance(dtype, pl.Duration)  # noqa: S101  (the table below dispatches on it)
    per, digits = _PER_SECOND[dtype.time_unit], _DIGITS[dtype.time_unit]

    def spell(column: pl.Expr) -> pl.Expr:
        # Seconds only: to Neo4j a day is not 24 hours, and a Duration is elapsed time.
        ticks = column.to_physical().cast(pl.Int128)
        size = ticks.abs()
        return pl.concat_str(
            pl.lit("PT"),
            pl.when(ticks < 0).then(pl.lit("-")).otherwise(pl.lit("")),
            (size // per).cast(pl.String),
            pl.lit("."),
            (size % per).cast(pl.String).str.zfill(digits),
            pl.lit("S"),
        )

    return Carrier(PropertyType("duration", unit=dtype.time_unit), spell=spell, native=False)


def _decimal(dtype: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    assert isinstance(dtype, pl.Decimal)  # noqa: S101  (the table below dispatches on it)
    if rule.decimal == "string":
        return Carrier(STRING, value=as_text)
    if rule.decimal == "double":
        return _from_double(dtype, rule)
    if dtype.scale == 0:  # what Snowflake and Postgres have for integers
        return _if_long(dtype, rule)
    return Refusal(
        "Neo4j has no decimal type", "choose `decimal: string` or `decimal: double` for the column"
    )


def _from_double(dtype: pl.DataType, rule: ColumnRule) -> Carrier:
    def nearest(column: pl.Expr) -> pl.Expr:
        # By way of the digits: Polars' own cast divides, and may miss the nearest double.
        return as_text(column).cast(pl.Float64)

    inexact = Rule(
        "decimal-beyond-double",
        "decimals that a double does not bring back to the same digits",
        lambda c: _digits(as_text(nearest(c))) != _digits(as_text(c)),
    )
    return replace(_float(dtype, rule), value=nearest, rules=(inexact,))


def _digits(numbers: pl.Expr) -> pl.Expr:
    """Return the significant digits of numbers as text, with or without an exponent."""
    return numbers.str.replace("e.*", "").str.replace_all(r"\D", "").str.strip_chars("0")


def _binary(_: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    if rule.binary == "refuse":
        choices = ("base64", "hex", "bytes")
        named = ", ".join(f"`binary: {choice}`" for choice in choices)
        return Refusal("bytes are no Cypher type", f"choose one of {named}")
    if rule.binary == "bytes":
        return _byte_array()
    encoding = rule.binary
    return Carrier(STRING, value=lambda c: c.bin.encode(encoding))


def _byte_array() -> Carrier:
    """Bytes as a list of signed integers, which Bolt hands over as bytes again."""

    def spell(column: pl.Expr) -> pl.Expr:
        byte = pl.element().str.to_integer(base=16, dtype=pl.Int16)
        signed = pl.when(byte > 127).then(byte - 256).otherwise(byte)  # noqa: PLR2004
        pairs = column.bin.encode("hex").str.extract_all("..")
        return pairs.list.eval(signed.cast(pl.String)).list.join(ARRAY_DELIMITER)

    empty = Rule(
        "empty-bytes",
        "bytes of length 0, which the importer turns into an absent property",
        lambda c: c.bin.size() == 0,
    )
    return Carrier(PropertyType("bytes"), spell=spell, native=False, rules=(empty,))


def _null(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier(PropertyType("null"), value=as_text)


MOMENTS = (pl.Date, pl.Datetime)
TEXTS = (pl.String, pl.Categorical, pl.Enum)
FLOATS = (pl.Float16, pl.Float32, pl.Float64)
_WIDE = (pl.UInt64, pl.Int128, pl.UInt128)
_NARROW = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
INTEGERS = (*_NARROW, *_WIDE)
# For every scalar type of Polars, how it travels.
SCALARS: dict[Any, Callable[[pl.DataType, ColumnRule], Carrier | Refusal]] = {
    **dict.fromkeys(_NARROW, _integer),
    pl.Int64: _int64,
    **dict.fromkeys(_WIDE, _wide_integer),
    **dict.fromkeys(FLOATS, _float),
    **dict.fromkeys(TEXTS, _text),
    pl.Boolean: _boolean,
    pl.Date: _date,
    pl.Time: _time,
    pl.Datetime: _datetime,
    pl.Duration: _duration,
    pl.Decimal: _decimal,
    pl.Binary: _binary,
    pl.Null: _null,
}
