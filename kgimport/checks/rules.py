"""What would break the graph, found before anything is written.

A check is a predicate that marks the offending rows of one table; all checks of a table are
answered in one pass over it. Only duplicate keys, which may stand in two tables, are found by
`kgimport.checks.joins`. Nothing here reads a file: the caller collects.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (records are read back by annotation)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from kgimport.targets.neo4j import ARRAY_DELIMITER, BLANKS, NUL, are_listed, as_names, is_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kgimport.targets.neo4j import Field, Format

Kind = Literal["integrity", "value"]
SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Check:
    """A question to every row of a table: `offends` is true where the answer is wrong."""

    name: str
    kind: Kind
    columns: tuple[str, ...]
    sentence: str
    offends: pl.Expr


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that found something: in how many rows, and up to five of them."""

    check: str
    kind: Kind
    table: str
    columns: tuple[str, ...]
    sentence: str
    count: int
    samples: tuple[Mapping[str, str], ...] = ()

    def __str__(self) -> str:
        rows = "1 row" if self.count == 1 else f"{self.count:,} rows"
        head = f"{self.table}.{', '.join(self.columns)}: {rows} with {self.sentence} [{self.check}]"
        return "\n".join([head, *(f"    {_row(sample)}" for sample in self.samples)])


def _row(sample: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={text}" for name, text in sample.items())


def key_checks(key: tuple[str, ...], schema: pl.Schema) -> Iterator[Check]:
    """A node's key: no part of it null or the empty string."""
    for column in key:
        yield Check("null-key", "integrity", (column,), "a null key", pl.col(column).is_null())
        if is_text(schema[column]):
            empty = pl.col(column).cast(pl.String) == ""
            yield Check("empty-key", "integrity", (column,), "an empty key", empty)


def first_cell_checks(key: tuple[str, ...], schema: pl.Schema) -> Iterator[Check]:
    """A key that comes first in a file: the importer would take its mark for the file's own."""
    if len(key) == 1 and is_text(schema[key[0]]):
        marked = pl.col(*key).cast(pl.String).str.starts_with("\ufeff")
        yield Check("marked-key", "value", key, "a byte order mark (U+FEFF) before the key", marked)


def end_check(side: str, columns: tuple[str, ...], identified: str) -> Check:
    """A relationship's end: the column `identified` has no id where no node has its key."""
    sentence = f"{'an end' if side == 'end' else 'a start'} that is no node"
    return Check("dangling-end", "integrity", columns, sentence, pl.col(identified).is_null())


def name_checks(column: str, dtype: pl.DataType, word: str, form: Format) -> Iterator[Check]:
    """A column of labels or types: each row needs one (or a list of some), none of them empty."""
    each = as_names(column, dtype) if are_listed(dtype) else pl.concat_list(as_names(column, dtype))
    names = pl.element()
    if form == "parquet":
        around = each.list.eval(names.str.strip_chars(BLANKS) != names).list.any()
        sentence = f"blanks around a {word}, which --format parquet loses"
        yield Check(f"blanks-around-{word}", "value", (column,), sentence, around)
    empty = (each.list.len() == 0) | each.list.eval(names.is_null() | (names == "")).list.any()
    offends = pl.col(column).is_null() | empty.fill_null(value=True)
    yield Check(f"empty-{word}", "value", (column,), f"no {word}, or an empty one", offends)
    inside = each.list.eval(names.str.contains(ARRAY_DELIMITER, literal=True)).list.any()
    yield Check(f"array-delimiter-in-{word}", "value", (column,), f"U+001F in a {word}", inside)
    nul = each.list.eval(names.str.contains(NUL, literal=True)).list.any()
    sentence = f"U+0000 in a {word}, which no Cypher can name"
    yield Check(f"nul-in-{word}", "value", (column,), sentence, nul)


def value_checks(fields: Iterable[Field]) -> Iterator[Check]:
    """Every value that its carrier cannot carry."""
    for field in fields:
        for rule in field.carrier.rules:
            offends = rule.offends(pl.col(field.column)).fill_null(value=False)
            yield Check(rule.name, "value", (field.column,), rule.sentence, offends)


def counts(checks: Sequence[Check]) -> list[pl.Expr]:
    """Aggregations that count each check's offending rows, in columns named by position."""
    return [check.offends.sum().alias(f"check:{at}") for at, check in enumerate(checks)]


def offended(checks: Sequence[Check], row: Mapping[str, int | None]) -> Iterator[tuple[Check, int]]:
    """The checks that found something, by the row that `counts` has become."""
    for at, check in enumerate(checks):
        count = row[f"check:{at}"] or 0
        if count:
            yield check, count


def samples(frame: pl.LazyFrame, check: Check, key: Iterable[str]) -> pl.LazyFrame:
    """Up to five offending rows: their key, and the columns that offend."""
    shown = dict.fromkeys([*key, *check.columns])
    return frame.filter(check.offends).head(SAMPLES).select(list(shown))


def printable(rows: pl.DataFrame) -> tuple[dict[str, str], ...]:
    """A few rows as texts that fit a line and a JSON record."""
    shown = rows.with_columns(
        each.to_physical() for each in rows.iter_columns() if _is_beyond_python(each)
    )
    return tuple({name: _short(value) for name, value in row.items()} for row in shown.to_dicts())


def _is_beyond_python(values: pl.Series) -> bool:
    """Whether some date, instant or duration has no value in Python, and Polars panics over it."""
    dtype = values.dtype
    if isinstance(dtype, pl.List | pl.Array):
        return _is_beyond_python(values.explode())
    if isinstance(dtype, pl.Struct):
        return any(map(_is_beyond_python, values.struct.unnest().iter_columns()))
    if dtype.base_type() in {pl.Date, pl.Datetime}:
        # A day less on both ends, which a zone may shift.
        known = values.dt.year().is_between(2, 9998).fill_null(value=False)
    elif dtype == pl.Duration:
        known = values.dt.total_days().abs() < _PYTHON_DAYS
    else:
        return False
    return bool((values.is_not_null() & ~known).any())


_PYTHON_DAYS = 999_999_999


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Profile:
    """What one pass over a table's rows says about them.

    `properties` counts the values that become properties, as the importer does; `longest_row` is
    an upper bound in bytes, and `bytes` one for all rows; `unspelled` names the properties with
    values that Polars' own CSV writer does not spell as the importer reads them.
    """

    rows: int
    properties: int
    longest_row: int
    bytes: int
    unspelled: frozenset[str]

    @property
    def long_row(self) -> int:
        """Bytes of the longest row, or of sixteen usual ones where that alone is so long."""
        return min(self.longest_row, 16 * (self.bytes // max(self.rows, 1) + 1))


# No cell that is not text takes more bytes than this: an instant with the longest zone's name
# takes 69. Quotes at most double a text.
_CELL_BYTES = 80


def profile(fields: Sequence[Field]) -> list[pl.Expr]:
    """The aggregations that, selected from a table's rows, give its `Profile`."""
    present = [_value(field).is_not_null().sum().cast(pl.Int64) for field in fields]
    size = pl.sum_horizontal(pl.lit(0, pl.Int64), *map(_size, fields))
    return [
        pl.len().alias("rows"),
        pl.sum_horizontal(pl.lit(0, pl.Int64), *present).alias("properties"),
        size.max().alias("longest_row"),
        size.sum().alias("bytes"),
        *(_unspelled(field) for field in fields if field.carrier.native_unless),
    ]


def profiled(fields: Sequence[Field], row: Mapping[str, int | None]) -> Profile:
    """Reads the row that the aggregations of `profile` have become."""
    floats = (field.name for field in fields if field.carrier.native_unless)
    return Profile(
        rows=row["rows"] or 0,
        properties=row["properties"] or 0,
        longest_row=row["longest_row"] or 0,
        bytes=row["bytes"] or 0,
        unspelled=frozenset(name for name in floats if row[f"unspelled:{name}"]),
    )


def longest(fields: Sequence[Field]) -> list[pl.Expr]:
    """The aggregations that give, under each field's name, the bytes of its longest cell."""
    return [_size(field).max().alias(field.name) for field in fields]


def _value(field: Field) -> pl.Expr:
    return field.carrier.value(pl.col(field.column))


def _unspelled(field: Field) -> pl.Expr:
    assert field.carrier.native_unless is not None  # noqa: S101  (the caller filters)
    return field.carrier.native_unless(_value(field)).sum().alias(f"unspelled:{field.name}")


def _size(field: Field) -> pl.Expr:
    """How many bytes a field's cell takes at most."""
    values = _value(field)
    made = field.carrier.type
    if made.is_text:
        return _text_size(values.list.join(ARRAY_DELIMITER) if made.many else values)
    if made.kind == "bytes":
        return values.bin.size().fill_null(0).cast(pl.Int64) * len("-128,")
    if made.many:
        return values.list.len().fill_null(0).cast(pl.Int64) * _CELL_BYTES
    # A point has up to three coordinates in its cell.
    return pl.lit(3 * _CELL_BYTES, pl.Int64)


def _text_size(texts: pl.Expr) -> pl.Expr:
    return texts.str.len_bytes().fill_null(0).cast(pl.Int64) * 2
