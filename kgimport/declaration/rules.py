"""What columns become: from the words of a graph, a table, a pattern and a column to rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kgimport.column_names import matches
from kgimport.graph import NO_RULE, ColumnRule, General

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kgimport.declaration.spec import TableSpec
    from kgimport.graph import Words

WILD = "*"


def general(defaults: Words, table: TableSpec) -> General:
    """Return what holds for all columns of a table; `defaults` are those of the graph."""
    words: dict[str, Any] = {**defaults, **table.defaults}
    naming = words.pop("naming", "unchanged")
    decimal = words.get("decimal", "refuse") != "refuse"
    rule = ColumnRule(**words, whole_as_integer=decimal)
    patterns = {name: _own(each) for name, each in table.columns.items() if WILD in name}
    return General(rule if rule != NO_RULE else NO_RULE, patterns, naming, _listed(table))


def _own(words: Words) -> dict[str, Any]:
    """Return words that are no longer only a default."""
    return {**words, "whole_as_integer": False} if "decimal" in words else dict(words)


def _listed(table: TableSpec) -> tuple[str, ...] | None:
    return None if table.properties is None else tuple(table.properties)


def of_columns(table: TableSpec, of_all: General) -> dict[str, ColumnRule]:
    """Return the rules of the columns that are named, with the words of patterns and defaults."""
    return {
        name: _rule(of_all, name, words)
        for name, words in table.columns.items()
        if WILD not in name
    }


def _rule(of_all: General, column: str, words: Words) -> ColumnRule:
    from_defaults = {name: getattr(of_all.rule, name) for name in ColumnRule.__slots__}
    return ColumnRule(**{**from_defaults, **of_all.words(column), **_own(words)})


def without_skips(words: Words) -> Words:
    """Return the words of a pattern for a table that lists its properties by itself."""
    return {name: each for name, each in words.items() if name != "skip"}


def unlike(patterns: Mapping[str, Words], column: str, own: Words) -> Iterator[str]:
    """Yield a line for each word on which the patterns that match a column do not agree.

    The words of the column's own rule come before them.
    """
    found: dict[str, tuple[str, object]] = {}
    for pattern, words in patterns.items():
        for word, value in words.items() if matches(pattern, column) else ():
            first, before = found.setdefault(word, (pattern, value))
            if word not in own and value != before:
                yield f"{first} and {pattern} both match {column}, but differ in `{word}:`"


def mistakes(name: str, table: TableSpec) -> Iterator[str]:
    """Yield what contradicts itself in the rules of a table's columns and in its properties."""
    one = table.relationship
    both = one is not None and one.properties is not None and table.properties is not None
    if both and not table.node:
        yield f"tables.{name}: declares twice which columns become properties; keep one of them"
    if table.properties is not None and not (table.node or one):
        yield f"tables.{name}.properties: its rows are neither nodes nor one kind of relationships"
    patterns = general({}, table).patterns
    for column, words in table.columns.items():
        place = f"tables.{name}.columns"
        if WILD not in column:
            yield from (f"{place}: {line}" for line in unlike(patterns, column, words))
            yield from (f"{place}.{column}: {line}" for line in _unlisted(table, column, words))


def _unlisted(table: TableSpec, column: str, words: Words) -> Iterator[str]:
    """Yield why a column's rule contradicts the list of properties, if it does."""
    if words.get("skip") and column in (table.properties or ()):
        yield "is skipped, but `properties:` lists it"
    lists = [each.properties for each in table.relationships]
    if table.relationship:
        lists.append(table.relationship.properties)
    all_of = _all_are_properties(table)
    known = {each for names in (table.properties, *lists) for each in names or ()}
    if not all_of and not words.get("skip") and column not in known:
        yield "has a rule, but `properties:` does not list it"


def _all_are_properties(table: TableSpec) -> bool:
    """Whether every column becomes a property, unless it is skipped."""
    if table.node or not table.relationship:
        return bool(table.node) and table.properties is None
    return table.properties is None and table.relationship.properties is None
