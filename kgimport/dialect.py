"""The value contract: what each column type becomes in Neo4j, how a CSV cell spells it, what is no.

Nothing here touches a file. A `Carrier` says how one column travels; a `Rule` says which of its
values cannot. What the importer accepts was found by running it (5.26.30 and 2026.08.1).
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.errors import ValueRefusedError
from kgimport.graph import NO_RULE, ColumnRule, property_name, rule_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kgimport.graph import Table

    Spelling = Callable[[pl.Expr], pl.Expr]

DELIMITER = ","
# An element cannot contain the array delimiter (the importer knows no escape), so a rare one.
ARRAY_DELIMITER = "\x1f"
ID_HEADER, START_HEADER, END_HEADER = ":ID", ":START_ID", ":END_ID"

_UTC = frozenset({"UTC", "Etc/UTC", "Z", "+00:00", "GMT", "Etc/GMT"})
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DIGITS = {"ms": 3, "us": 6, "ns": 9}


@dataclass(frozen=True, slots=True)
class Rule:
    """Values that cannot be carried: a short name, the sentence about it, and who offends."""

    name: str
    sentence: str
    offends: Spelling


def _same(column: pl.Expr) -> pl.Expr:
    return column


def _as_text(column: pl.Expr) -> pl.Expr:
    return column.cast(pl.String)


@dataclass(frozen=True, slots=True)
class Carrier:
    """How one column travels into the store."""

    # The importer's type with its options, as the header cell carries it.
    header: str
    # The type as Cypher's valueType() names it.
    cypher: str
    # Column -> the values that the store will hold: what verification compares.
    value: Spelling = _same
    # Those values -> the text of a cell.
    spell: Spelling = _as_text
    # Polars' own CSV writer spells the values just so (and faster) …
    native: bool = True
    # … unless one of them is like this.
    native_unless: Spelling | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a column type has no exact form in the store, and what the user may choose instead."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Field:
    """A column that becomes a property."""

    column: str
    name: str
    carrier: Carrier

    @property
    def header(self) -> str:
        """The header cell; the type is always explicit, so that a name may hold colons."""
        return f"{self.name}:{self.carrier.header}"


BEYOND_LONG = Rule(
    "integer-out-of-range",
    "integers beyond 64 bits signed, which Neo4j 5 wraps silently",
    lambda c: ~c.is_between(pl.lit(-(2**63), pl.Int128), pl.lit(2**63 - 1, pl.Int128)),
)
YEAR = Rule(
    "year-out-of-range",
    "years outside 0001-9999, which Neo4j's drivers cannot read back",
    lambda c: ~c.dt.year().is_between(1, 9999),
)
ODD_OFFSET = Rule(
    "offset-with-seconds",
    "instants whose zone offset has seconds (local mean time), which Neo4j cannot hold",
    lambda c: ((c.dt.base_utc_offset() + c.dt.dst_offset()).dt.total_seconds() % 60) != 0,
)
EMPTY_LIST = Rule(
    "empty-list",
    "empty lists, which the importer turns into an absent property",
    lambda c: c.list.len() == 0,
)
NULL_IN_LIST = Rule(
    "null-in-list",
    "lists with a null element, which Neo4j cannot store",
    lambda c: c.list.eval(pl.element().is_null()).list.any(),
)


def spelled_floats(column: pl.Expr) -> pl.Expr:
    """Floats as text that Java reads back to the same bits."""
    # Java reads NaN and Infinity, but not Polars' `inf`.
    return column.cast(pl.String).replace({"inf": "Infinity", "-inf": "-Infinity"})


def _text(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("string", "STRING", value=_as_text)


def _integer(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("long", "INTEGER", value=lambda c: c.cast(pl.Int64))


def _wide_integer(dtype: pl.DataType, rule: ColumnRule) -> Carrier:
    if rule.uint64 == "string":
        return Carrier("string", "STRING", value=_as_text)
    wide = replace(BEYOND_LONG, offends=lambda c: BEYOND_LONG.offends(c.cast(pl.Int128)))
    return replace(_integer(dtype, rule), rules=(wide,))


def _float(_: pl.DataType, __: ColumnRule) -> Carrier:
    # A float32 is widened first: its own short text would be read as another double.
    return Carrier(
        "double",
        "FLOAT",
        value=lambda c: c.cast(pl.Float64),
        spell=spelled_floats,
        native_unless=lambda c: c.is_infinite(),
    )


def _boolean(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("boolean", "BOOLEAN")


def _date(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("date", "DATE", spell=lambda c: c.dt.to_string("%Y-%m-%d"), rules=(YEAR,))


def _time(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("localtime", "LOCAL TIME", spell=lambda c: c.dt.to_string(TIME_FORMAT))


TIME_FORMAT = "%H:%M:%S%.9f"


def datetime_format(digits: int) -> str:
    """The spelling of a timestamp with that many fraction digits (3, 6 or 9)."""
    return f"%Y-%m-%dT%H:%M:%S%.{digits}f"


def _datetime(dtype: pl.DataType, rule: ColumnRule) -> Carrier:
    assert isinstance(dtype, pl.Datetime)  # noqa: S101  (the table below dispatches on it)
    local = datetime_format(_DIGITS[dtype.time_unit])
    if dtype.time_zone is None and rule.timezone is not None:
        return _localised(dtype, rule.timezone)
    if dtype.time_zone is None:
        return Carrier(
            "localdatetime", "LOCAL DATETIME", spell=lambda c: c.dt.to_string(local), rules=(YEAR,)
        )
    return _zoned(dtype, dtype.time_zone)


def _zoned(dtype: pl.Datetime, zone: str) -> Carrier:
    local = datetime_format(_DIGITS[dtype.time_unit])
    if zone in _UTC:
        # The zone stands once in the header, so the cell needs none and Polars may spell it.
        return Carrier(
            "datetime{timezone:Z}",
            "ZONED DATETIME",
            value=lambda c: c.dt.replace_time_zone(None),
            spell=lambda c: c.dt.to_string(local),
            rules=(YEAR,),
        )
    # The offset beside the name tells the two readings of an autumn hour apart.
    return Carrier(
        "datetime",
        "ZONED DATETIME",
        spell=lambda c: c.dt.to_string(f"{local}%:z[{zone}]"),
        native=False,
        rules=(YEAR, ODD_OFFSET),
    )


def _localised(dtype: pl.Datetime, zone: str) -> Carrier:
    def placed(column: pl.Expr) -> pl.Expr:
        return column.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")

    unplaced = Rule(
        "local-time-not-unique",
        f"local times that {zone} has twice or not at all (clock changes)",
        lambda c: placed(c).is_null() & c.is_not_null(),
    )
    zoned = _zoned(pl.Datetime(dtype.time_unit, zone), zone)
    return replace(
        zoned,
        value=lambda c: zoned.value(placed(c)),
        rules=(unplaced, *(_after(rule, placed) for rule in zoned.rules)),
    )


def _after(rule: Rule, first: Spelling) -> Rule:
    return replace(rule, offends=lambda c: rule.offends(first(c)))


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

    return Carrier("duration", "DURATION", spell=spell, native=False)


def _decimal(dtype: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    if rule.decimal == "string":
        return Carrier("string", "STRING", value=_as_text)
    if rule.decimal == "double":
        return _from_double(dtype, rule)
    return Refusal(
        "Neo4j has no decimal type", "choose `decimal: string` or `decimal: double` for the column"
    )


def _from_double(dtype: pl.DataType, rule: ColumnRule) -> Carrier:
    inexact = Rule(
        "decimal-beyond-double",
        "decimals that a double does not bring back to the same digits",
        lambda c: c.cast(pl.Float64).cast(dtype, strict=False).ne_missing(c),
    )
    return replace(_float(dtype, rule), rules=(inexact,))


def _binary(_: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    if rule.binary == "refuse":
        choices = ("base64", "hex", "bytes")
        named = ", ".join(f"`binary: {choice}`" for choice in choices)
        return Refusal("bytes are no Cypher type", f"choose one of {named}")
    if rule.binary == "bytes":
        return _byte_array()
    encoding = rule.binary
    return Carrier("string", "STRING", value=lambda c: c.bin.encode(encoding))


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
    return Carrier("byte[]", "LIST<INTEGER NOT NULL>", spell=spell, native=False, rules=(empty,))


def _null(_: pl.DataType, __: ColumnRule) -> Carrier:
    return Carrier("string", "NULL", value=_as_text)


def _struct(_: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    if rule.struct == "json":
        return Carrier("string", "STRING", value=lambda c: c.struct.json_encode())
    return Refusal("Neo4j has no map property", "choose `struct: json` or `struct: flatten`")


def _list(dtype: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    assert isinstance(dtype, pl.List | pl.Array)  # noqa: S101  (the table below dispatches on it)
    item = pl.Schema({"item": dtype.inner})["item"]
    inner = pl.List(item)
    element = carrier(item, replace(rule, type=None))
    if isinstance(element, Refusal):
        return element
    if element.header.endswith("[]"):
        return Refusal("Neo4j has no list of lists", "unnest it in SQL")

    def value(column: pl.Expr) -> pl.Expr:
        lists = column.cast(inner)
        if rule.null_in_list == "drop":
            lists = lists.list.drop_nulls()
        lists = lists.list.eval(element.value(pl.element()))
        if rule.empty_list == "null":
            lists = pl.when(lists.list.len() > 0).then(lists)
        return lists

    def spell(column: pl.Expr) -> pl.Expr:
        return column.list.eval(element.spell(pl.element())).list.join(ARRAY_DELIMITER)

    name, brace, options = element.header.partition("{")
    header = f"{name}[]{brace}{options}"
    cypher = f"LIST<{element.cypher} NOT NULL>"
    rules = tuple(_inside_list(inner, rule, element))
    return Carrier(header, cypher, value=value, spell=spell, native=False, rules=rules)


def _inside_list(inner: pl.List, rule: ColumnRule, element: Carrier) -> Iterable[Rule]:
    def kept(column: pl.Expr) -> pl.Expr:
        lists = column.cast(inner)
        return lists.list.drop_nulls() if rule.null_in_list == "drop" else lists

    if rule.empty_list == "refuse":
        yield _after(EMPTY_LIST, kept)
    if rule.null_in_list == "refuse":
        yield _after(NULL_IN_LIST, kept)
    if element.header == "string":
        yield _after(DELIMITER_INSIDE, lambda c: kept(c).list.eval(_as_text(pl.element())))
        yield _after(LONE_EMPTY_STRING, lambda c: kept(c).list.eval(_as_text(pl.element())))
    for each in element.rules:
        yield replace(each, offends=_any_element(each, kept))


def _any_element(rule: Rule, kept: Spelling) -> Spelling:
    return lambda c: kept(c).list.eval(rule.offends(pl.element())).list.any()


DELIMITER_INSIDE = Rule(
    "array-delimiter-in-element",
    "list elements that hold U+001F, the delimiter between elements",
    lambda c: c.list.eval(
        pl.element().str.contains(ARRAY_DELIMITER, literal=True).fill_null(value=False)
    ).list.any(),
)
LONE_EMPTY_STRING = Rule(
    "lone-empty-string",
    "lists of one empty string, which the importer turns into an absent property",
    lambda c: (c.list.len() == 1) & (c.list.first() == ""),
)

_NARROW = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
# The table of types: for every Polars type, how it travels.
_CARRIERS: dict[Any, Callable[[pl.DataType, ColumnRule], Carrier | Refusal]] = {
    **dict.fromkeys(_NARROW, _integer),
    **dict.fromkeys((pl.UInt64, pl.Int128, pl.UInt128), _wide_integer),
    **dict.fromkeys((pl.Float16, pl.Float32, pl.Float64), _float),
    **dict.fromkeys((pl.String, pl.Categorical, pl.Enum), _text),
    **dict.fromkeys((pl.List, pl.Array), _list),
    pl.Boolean: _boolean,
    pl.Date: _date,
    pl.Time: _time,
    pl.Datetime: _datetime,
    pl.Duration: _duration,
    pl.Decimal: _decimal,
    pl.Binary: _binary,
    pl.Null: _null,
    pl.Struct: _struct,
}
_CASTS: dict[str, pl.DataType] = {
    "string": pl.String(),
    "long": pl.Int64(),
    "double": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "localdatetime": pl.Datetime("us"),
}


def carrier(dtype: pl.DataType, rule: ColumnRule = NO_RULE) -> Carrier | Refusal:
    """How a column of this type travels under the rule declared for it, or why it does not."""
    if rule.type is not None:
        return _cast(dtype, rule)
    make = _CARRIERS.get(dtype.base_type())
    if make is None:
        return Refusal(f"{dtype} has no form in Neo4j", "cast it in SQL, or choose `skip: true`")
    return make(dtype, rule)


def _cast(dtype: pl.DataType, rule: ColumnRule) -> Carrier | Refusal:
    assert rule.type is not None  # noqa: S101  (the caller looked)
    target = _CASTS[rule.type]
    if dtype.is_nested() or dtype == pl.Binary:
        return Refusal(f"{dtype} cannot be cast to {rule.type}", "drop `type:` for the column")

    def cast(column: pl.Expr) -> pl.Expr:
        return column.cast(target, strict=False)

    lossy = Rule(
        "lossy-cast",
        f"values that `type: {rule.type}` would change",
        lambda c: cast(c).cast(dtype, strict=False).ne_missing(c),
    )
    plain = carrier(target, replace(rule, type=None))
    if isinstance(plain, Refusal):
        return plain
    rules = (lossy, *(_after(each, cast) for each in plain.rules))
    return replace(plain, value=lambda c: plain.value(cast(c)), rules=rules)


def fields(table: Table, schema: pl.Schema) -> tuple[Field, ...]:
    """The columns of `schema` that become properties, in their order.

    Raises `ValueRefusedError` that names every column whose type has no exact form.
    """
    made, refused = [], []
    for column, dtype in schema.items():
        rule = rule_of(table, column)
        if rule.skip:
            continue
        for name, how in _carriers(property_name(table, column), dtype, rule):
            if isinstance(how, Refusal):
                refused.append(f"{table.name}.{name} ({dtype}): {how.reason}; {how.remedy}")
            else:
                made.append(Field(column, name, how))
    if refused:
        raise ValueRefusedError(
            "these columns cannot be carried exactly:\n  " + "\n  ".join(refused),
            "set the policy under the column's config.meta.kgimport, or `skip: true`",
        )
    return tuple(made)


def _carriers(
    name: str, dtype: pl.DataType, rule: ColumnRule
) -> Iterator[tuple[str, Carrier | Refusal]]:
    """One carrier for a column, or one for each field of a struct that is to be flattened."""
    if not isinstance(dtype, pl.Struct) or rule.struct != "flatten":
        yield name, carrier(dtype, rule)
        return
    for field, inner in pl.Schema(dtype.to_schema()).items():
        for path, how in _carriers(f"{name}.{field}", inner, rule):
            yield path, how if isinstance(how, Refusal) else _within(how, field)


def _within(how: Carrier, field: str) -> Carrier:
    """The carrier of a struct's field, for the struct's column."""

    def inside(column: pl.Expr) -> pl.Expr:
        return column.struct.field(field)

    rules = tuple(_after(rule, inside) for rule in how.rules)
    return replace(how, value=lambda c: how.value(inside(c)), rules=rules)


# Labels and types made of these alone may stand in an argument of the importer.
_PLAIN = re.compile(r"\w[\w.\- ]*", re.ASCII)


def is_plain(name: str) -> bool:
    """Whether a label or type may stand in an argument; any other needs a column of its own."""
    return _PLAIN.fullmatch(name) is not None


def header_row(cells: Iterable[str]) -> str:
    """One CSV line of header cells, quoted where they need it."""
    line = io.StringIO()
    csv.writer(line, delimiter=DELIMITER, lineterminator="\n").writerow(cells)
    return line.getvalue()


def in_space(header: str, id_space: str) -> str:
    """An id header cell within its id space: `:ID(User)`."""
    return f"{header}({id_space})"
