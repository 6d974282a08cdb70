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
from kgimport.values import is_text
from kgimport.values.columns import are_listed, as_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kgimport.findings import Kind
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


def end_check(side: str, columns: tuple[str, ...], identified: str) -> Check:
    """Return the check that an end exists: `identified` is the column of its node's id, or null."""
    sentence = f"{'an end' if side == 'end' else 'a start'} node that does not exist"
    return Check("dangling-end", "integrity", columns, sentence, pl.col(identified).is_null())


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
