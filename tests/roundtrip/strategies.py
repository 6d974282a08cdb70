"""Samples as hypothesis draws them: any mix of types, values, rules and names.

A column draws a few values and lets its rows choose among them, so that thirty rows of twelve
columns stay within what one example may draw.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import polars as pl
from hypothesis import strategies as st

from kgimport.graph import NO_RULE, CastType, ColumnRule, Crs, Point
from tests.roundtrip.cells import CATEGORIES, ZONES, cells, names, texts, types
from tests.roundtrip.expected import parts
from tests.roundtrip.samples import Column, Links, Nodes, Sample, column, key_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from tests.roundtrip.samples import Table


@st.composite
def rules(draw: DrawFn, dtype: pl.DataType) -> ColumnRule:
    """A rule for a column: mostly what lets its values through."""
    if draw(st.integers(0, 9)) == 0:
        return NO_RULE
    zones = st.sampled_from(("Europe/Stockholm", "America/New_York"))
    rule = ColumnRule(
        timezone=draw(st.none() | zones | st.sampled_from(ZONES)) if dtype == pl.Datetime else None,
        epoch=draw(st.sampled_from(["no", "ms", "us", "ns"])) if dtype == pl.Int64 else "no",
        decimal=draw(st.sampled_from(["string", "double", "refuse"])),
        uint64=draw(st.sampled_from(["refuse", "string"])),
        binary=draw(st.sampled_from(["base64", "hex", "bytes"])),
        struct=draw(st.sampled_from(["json", "flatten"])),
        empty_list=draw(st.sampled_from(["refuse", "null", "null"])),
        null_in_list=draw(st.sampled_from(["refuse", "drop", "drop"])),
    )
    cast = draw(st.integers(0, 7)) == 0 and not isinstance(dtype, pl.Struct)
    return replace(rule, type=draw(_casts(dtype))) if cast else rule


def _casts(dtype: pl.DataType) -> SearchStrategy[CastType | None]:
    targets = [target for target in get_args(CastType) if _may_cast(dtype, target)]
    return st.sampled_from(targets) if targets else st.none()


def _may_cast(dtype: pl.DataType, target: str) -> bool:
    # How Polars spells a float is no part of the contract.
    return not (dtype.is_float() and target == "string")


@st.composite
def columns(draw: DrawFn, count: int, taken: Sequence[str]) -> tuple[Column, ...]:
    """Up to eleven columns of `count` rows, with names of their own."""
    many = draw(st.sampled_from((0, 1, 2, 3, 4, 5, 6, 8, 11)))
    free = names().filter(lambda name: name not in taken)
    heads = draw(st.lists(free, min_size=many, max_size=many, unique=True))
    used = {*taken, *heads}
    made = []
    for name in heads:
        dtype = draw(types())
        rule = draw(rules(dtype))
        title = draw(names()) if draw(st.integers(0, 5)) == 0 else None
        if title is not None and title not in used:
            used.add(title)
            rule = replace(rule, property=title)
        skip, required = (draw(st.integers(0, 19)) == 0 for _ in range(2))
        rule = replace(rule, skip=skip, required=required)
        made.append(Column(name, dtype, draw(_filled(dtype, count)), rule))
    return tuple(made)


@st.composite
def _filled(draw: DrawFn, dtype: pl.DataType, count: int) -> tuple[Any, ...]:
    """`count` cells out of a few values and null."""
    pool = [None, *draw(st.lists(cells(dtype), min_size=1, max_size=5))]
    # Null comes up one time in as many as there are values, and never in one column of two.
    first = draw(st.integers(0, 1)) if dtype != pl.Null else 0
    at = draw(st.lists(st.integers(first, len(pool) - 1), min_size=count, max_size=count))
    return tuple(pool[each] for each in at)


_KEY_TYPES = (
    *(pl.Int8(), pl.Int64(), pl.UInt64(), pl.Int128(), pl.String(), pl.String(), pl.String()),
    *(pl.Categorical(), pl.Enum(CATEGORIES), pl.Boolean(), pl.Date()),
    *(pl.Decimal(9, 0), pl.Decimal(38, 0)),
    *(pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("ns"), pl.Datetime("us", "UTC")),
    pl.Datetime("us", "Europe/Stockholm"),
)
_CLASHING = ("1", "12", "123", "23", "3", "1:1", "1:", ":", "2:12", "1:23")


def _key_cells(dtype: pl.DataType) -> SearchStrategy[Any]:
    if dtype == pl.Datetime:
        return st.integers(0, 4_000_000_000_000)
    if dtype == pl.Date:
        return st.integers(-700_000, 2_900_000)
    if dtype == pl.String:
        return st.sampled_from(_CLASHING) | texts() | st.sampled_from(_CLASHING)
    return cells(dtype)


def _plain_key(dtype: pl.DataType, at: int) -> Any:
    """One of many keys that are alike, for the rows after the nasty ones."""
    if dtype.base_type() in {pl.String, pl.Categorical}:
        return f"key {at}"
    if dtype == pl.Enum:
        return CATEGORIES[at % len(CATEGORIES)]
    return bool(at % 2) if dtype == pl.Boolean else at % 128


@st.composite
def _key_columns(draw: DrawFn, most: int) -> tuple[Column, ...]:
    """The columns of a key; now and then one is null, empty or the same as another."""
    dtypes = draw(st.lists(st.sampled_from(_KEY_TYPES), min_size=1, max_size=3))
    heads = draw(st.lists(names(), min_size=len(dtypes), max_size=len(dtypes), unique=True))
    one = st.tuples(*(_key_cells(dtype) for dtype in dtypes))
    keys = draw(st.lists(one, max_size=min(most, 6)))
    count = draw(st.sampled_from((0, 1, 2, 3, 5, 8, 13, 20, most)))
    keys += [tuple(_plain_key(dtype, at) for dtype in dtypes) for at in range(len(keys), count)]
    if draw(st.integers(0, 9)):
        keys = list(dict.fromkeys(keys))
    found = list(zip(*keys, strict=True)) or [()] * len(dtypes)
    return tuple(Column(*each) for each in zip(heads, dtypes, found, strict=True))


def _unalike(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns without those one of whose properties an earlier column has."""
    taken: set[str] = set()
    kept = []
    for each in columns:
        own = {part.property for part in parts(each)}
        if not own & taken:
            kept.append(each)
            taken |= own
    return tuple(kept)


@st.composite
def node_tables(draw: DrawFn, name: str, most: int = 30) -> Nodes:
    """A node table of up to `most` rows."""
    key = draw(_key_columns(most))
    count = len(key[0].cells)
    more = draw(columns(count, [each.name for each in key]))
    labels = tuple(draw(st.lists(names(), min_size=1, max_size=3, unique=True)))
    keys = tuple(each.name for each in key)
    table = Nodes(name, labels, keys, draw(names()), _unalike([*key, *more]))
    if draw(st.integers(0, 7)) == 0:
        table = draw(_labelled(table, count))
    table = draw(_pointed(table, count)) if draw(st.integers(0, 7)) == 0 else table
    return draw(_listing(table)) if draw(st.integers(0, 4)) == 0 else table


@st.composite
def _listing(draw: DrawFn, table: Table) -> Table:
    """The table with a list of the columns that become properties, which may be empty."""
    often = draw(st.sampled_from((0, 1, 3)))
    listed = (
        replace(each, listed=not each.rule.skip and draw(st.integers(0, 3)) < often)
        for each in table.columns
    )
    return replace(table, columns=tuple(listed), lists=True)


@st.composite
def _labelled(draw: DrawFn, table: Nodes, count: int) -> Nodes:
    """The table with a column of labels."""
    one = st.one_of(names(), names(), names(), names(), st.sampled_from(("", None, "a\x1fb")))
    some = (
        one if draw(st.booleans()) else st.lists(one, min_size=draw(st.integers(0, 1)), max_size=3)
    )
    pool = draw(st.lists(some, min_size=1, max_size=3))
    found = draw(st.lists(st.sampled_from(pool), min_size=count, max_size=count))
    listed = any(isinstance(cell, list) for cell in found)
    dtype = pl.List(pl.String()) if listed else pl.String()
    rule = ColumnRule(skip=listed or draw(st.booleans()))
    made = Column("labels_of_each", dtype, tuple(found), rule)
    return replace(table, columns=(*table.columns, made), label_column=made.name)


@st.composite
def _pointed(draw: DrawFn, table: Nodes, count: int) -> Nodes:
    """The table with a point, its coordinates in columns of their own."""
    crs = draw(st.sampled_from(get_args(Crs)))
    axes = [f"axis_{at}" for at in range(3 if crs.endswith("3d") else 2)]
    axis = st.floats(-90, 90) | st.sampled_from((-180.0, 90.0, 180.0, -0.0, 5e-324, 1e-7, 90.5))
    row = st.lists(axis, min_size=len(axes), max_size=len(axes))
    holed = st.lists(axis | st.none() | st.floats(), min_size=len(axes), max_size=len(axes))
    pool = draw(st.lists(row | row | st.just([None] * len(axes)) | holed, min_size=1, max_size=4))
    found = draw(st.lists(st.sampled_from(pool), min_size=count, max_size=count))
    made = [
        Column(name, pl.Float64(), tuple(each[at] for each in found), ColumnRule(skip=bool(at % 2)))
        for at, name in enumerate(axes)
    ]
    points = (Point("where_it_is", tuple(axes), crs),)
    return replace(table, columns=(*table.columns, *made), points=points)


@st.composite
def link_tables(draw: DrawFn, name: str, start: Nodes, end: Nodes) -> Links:
    """A relationship table between two node tables; some ends are no node."""
    count = draw(st.integers(0, 12))
    ours, theirs = draw(_end_columns("from", start, count)), draw(_end_columns("to", end, count))
    taken = [each.name for each in (*ours, *theirs)]
    more = draw(columns(count, taken))
    table = Links(
        name=name,
        type=draw(names()),
        start=(start.name, tuple(each.name for each in ours)),
        end=(end.name, tuple(each.name for each in theirs)),
        columns=_unalike([*ours, *theirs, *more]),
        on_missing=draw(st.sampled_from(["error", "skip", "skip"])),
        on_null=draw(st.sampled_from([None, None, "error", "skip", "skip"])),
    )
    table = draw(_typed(table, count)) if draw(st.integers(0, 7)) == 0 else table
    return draw(_listing(table)) if draw(st.integers(0, 3)) == 0 else table


@st.composite
def _typed(draw: DrawFn, table: Links, count: int) -> Links:
    """The table with a column of types."""
    words = tuple(draw(st.lists(names(), min_size=count, max_size=count)))
    rule = ColumnRule(skip=draw(st.booleans()))
    made = Column("type_of_each", pl.String(), words, rule)
    return replace(table, columns=(*table.columns, made), type="", type_column=made.name)


@st.composite
def _end_columns(draw: DrawFn, side: str, nodes: Nodes, count: int) -> tuple[Column, ...]:
    picked = draw(_picked_keys(nodes, count))
    dtypes = [column(nodes, name).dtype for name in nodes.key]
    found = list(zip(*picked, strict=True)) or [()] * len(dtypes)
    return tuple(
        Column(f"{side} {at}", dtype, tuple(cells))
        for at, (dtype, cells) in enumerate(zip(dtypes, found, strict=True))
    )


@st.composite
def _picked_keys(draw: DrawFn, nodes: Nodes, count: int) -> list[tuple[Any, ...]]:
    known = key_rows(nodes, nodes.key)
    holes = st.just((None,) * len(nodes.key))
    choice = st.sampled_from(known) if known else holes
    one = st.one_of(choice, choice, choice, choice, choice, holes) if known else holes
    return draw(st.lists(one, min_size=count, max_size=count))


@st.composite
def samples(draw: DrawFn) -> Sample:
    """One or two node tables, and sometimes relationships between them."""
    first = draw(node_tables("nodes"))
    if draw(st.integers(0, 2)):
        return Sample((first,))
    second = draw(node_tables("more nodes", 8))
    if second.id_space == first.id_space:
        second = replace(second, id_space=f"{first.id_space} too")
    nodes = (first, second)
    start, end = draw(st.sampled_from([(0, 0), (0, 1), (1, 0)]))
    return Sample(nodes, (draw(link_tables("links", nodes[start], nodes[end])),))
