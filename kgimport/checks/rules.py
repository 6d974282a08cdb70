"""The checks of a table's rows: they find what would break the graph before anything is written.

A check is a predicate that marks the offending rows of one table; all checks of a table run in one
pass over it. Only duplicate keys, which may be in two tables, are found elsewhere
(`kgimport.checks.joins`). Nothing here reads a file: the caller runs the queries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from kgimport.findings import SAMPLES
from kgimport.identity import END, START, null_ends
from kgimport.values import is_text
from kgimport.values.columns import are_listed, as_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kgimport.findings import Kind
    from kgimport.graph import RelationshipTable, Table
    from kgimport.targets import Field
    from kgimport.values import Rule


@dataclass(frozen=True, slots=True)
class Check:
    """A check of every row of a table: `offends` is true for the rows that fail it."""

    name: str
    kind: Kind
    columns: tuple[str, ...]
    sentence: str
    offends: pl.Expr


def key_checks(key: tuple[str, ...], schema: pl.Schema) -> Iterator[Check]:
    """Yield the checks of a key: no part of it may be null or an empty string."""
    for column in key:
        yield Check("null-key", "integrity", (column,), "a null key", pl.col(column).is_null())
        if is_text(schema[column]):
            empty = pl.col(column).cast(pl.String) == ""
            yield Check("empty-key", "integrity", (column,), "an empty key", empty)


def first_cell_checks(
    key: tuple[str, ...], schema: pl.Schema, refused: Sequence[Rule]
) -> Iterator[Check]:
    """Yield the checks of a text key that an importer may find as the first cell of a file."""
    if len(key) == 1 and is_text(schema[key[0]]):
        for rule in refused:
            offends = rule.offends(pl.col(*key).cast(pl.String))
            yield Check(rule.name, "value", key, rule.sentence, offends)


def end_checks(table: RelationshipTable) -> Iterator[Check]:
    """Yield the checks that no key of an end is null, and that all ends exist.

    The ids of the ends have been looked up; an end that does not exist has none.
    """
    for (side, end), identified in zip(table.ends, (START, END), strict=True):
        one = f"{'an' if side == 'end' else 'a'} {side} node"
        null = null_ends(end.key)
        if table.refuses_nulls:
            yield Check("null-end", "integrity", end.key, f"a null key of {one}", null)
        if table.on_missing == "error":
            missing = pl.col(identified).is_null() & ~null
            sentence = f"{one} that does not exist"
            yield Check("dangling-end", "integrity", end.key, sentence, missing)


def required_checks(table: Table, schema: pl.Schema, fields: Iterable[Field]) -> Iterator[Check]:
    """Yield the checks of required columns: they and the properties made of them have a value."""
    made = {column: [field for field in fields if field.column == column] for column in schema}
    for column, properties in made.items():
        if table.rule(column).required and (properties or table.name == table.origin):
            values = (field.carrier.value(pl.col(column)) for field in properties)
            empty = pl.any_horizontal(each.is_null() for each in (pl.col(column), *values))
            yield Check("required", "integrity", (column,), "no value", empty)


def name_checks(
    column: str, dtype: pl.DataType, word: str, refused: Sequence[Rule]
) -> Iterator[Check]:
    """Yield the checks of a column of labels or types.

    Each row needs one, or a list of at least one; none may be empty or break a `refused` rule.
    """
    each = as_names(column, dtype) if are_listed(dtype) else pl.concat_list(as_names(column, dtype))
    names = pl.element()
    empty = (each.list.len() == 0) | each.list.eval(names.is_null() | (names == "")).list.any()
    offends = pl.col(column).is_null() | empty.fill_null(value=True)
    yield Check(f"empty-{word}", "value", (column,), f"no {word}, or an empty one", offends)
    for rule in refused:
        some = each.list.eval(rule.offends(names)).list.any()
        yield Check(rule.name, "value", (column,), rule.sentence, some)


def value_checks(fields: Iterable[Field]) -> Iterator[Check]:
    """Yield a check for each rule of each field: values that its carrier cannot carry."""
    for field in fields:
        for rule in field.carrier.rules:
            offends = rule.offends(pl.col(field.column)).fill_null(value=False)
            yield Check(rule.name, "value", (field.column,), rule.sentence, offends)


def counts(checks: Sequence[Check]) -> list[pl.Expr]:
    """Return aggregations that count each check's offending rows, in columns named by position."""
    return [check.offends.sum().alias(f"check:{at}") for at, check in enumerate(checks)]


def failed(checks: Sequence[Check], row: Mapping[str, int | None]) -> Iterator[tuple[Check, int]]:
    """Yield each check that found something, with its count, from the row that `counts` gives."""
    for at, check in enumerate(checks):
        count = row[f"check:{at}"] or 0
        if count:
            yield check, count


def samples(frame: pl.LazyFrame, check: Check, key: Iterable[str]) -> pl.LazyFrame:
    """Return up to five offending rows: their key, and the columns that the check is about."""
    shown = dict.fromkeys([*key, *check.columns])
    return frame.filter(check.offends).head(SAMPLES).select(list(shown))
