"""One table for each thing: a mart stands for the tables of other layers that it was made from.

Two tables are about the same thing if their names are, apart from layers (`stg_orders`,
`fct_orders`), one is made from the other, and the same columns are their key.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from kgimport.drafting.evidence import Key, Layer, Table
from kgimport.drafting.names import thing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def represented(tables: Sequence[Table]) -> dict[str, Table]:
    """Return for each table, by its id, the table that stands for it, with what is known of both.

    A table that stands for others takes over their keys and references, if it has the columns.
    """
    by_thing: dict[str, list[Table]] = {}
    for table in tables:
        by_thing.setdefault(thing(table.name), []).append(table)
    made: dict[str, Table] = {}
    for group in by_thing.values():
        for same in _connected([_with_inherited_key(each, group) for each in group]):
            best = _with_references(max(same, key=_rank), same)
            made.update({each.id: best for each in same})
    return made


def _rank(table: Table) -> tuple[object, ...]:
    """Return what decides which of the tables about one thing is drafted; the greatest is."""
    return table.layer, len(table.references), len(table.made_from), len(table.columns), table.name


def _with_inherited_key(table: Table, group: Sequence[Table]) -> Table:
    """Return a table without keys with those of the one table of its thing that it is made from.

    If it is made from several of one layer, as a union of them is, their keys may meet in it.
    """
    above = [each for each in group if each.id in table.made_from and each.sound]
    if table.keys or not above:
        return table
    nearest = max(each.layer for each in above)
    parents = [each for each in above if each.layer == nearest]
    if len(parents) > 1:
        return table
    (parent,) = parents
    keys = [
        Key(key.columns, f"{key.reason} in {parent.name}, from which it is made")
        for key in parent.sound
        if all(column in table.columns for column in key.columns)
    ]
    return replace(table, keys=tuple(keys))


def _connected(group: Sequence[Table]) -> Iterator[list[Table]]:
    """Yield the tables of a group that are about the same thing, together."""
    root = {each.id: each.id for each in group}

    def top(node: str) -> str:
        return node if root[node] == node else top(root[node])

    for one, two in combinations(group, 2):
        if _same(one, two):
            root[top(one.id)] = top(two.id)
    parts: dict[str, list[Table]] = {}
    for each in group:
        parts.setdefault(top(each.id), []).append(each)
    yield from parts.values()


def _same(one: Table, two: Table) -> bool:
    if one.id not in two.made_from and two.id not in one.made_from:
        return False
    keys = [{key.columns for key in each.sound} for each in (one, two)]
    return bool(keys[0] & keys[1]) or _is_same_association(one, two)


def _is_same_association(one: Table, two: Table) -> bool:
    """Whether two tables without keys of one column refer to others by the same columns."""
    if any(len(key.columns) == 1 for each in (one, two) for key in each.sound):
        return False
    columns = [{each.columns for each in table.references} for table in (one, two)]
    return len(columns[0] & columns[1]) > 1


def _with_references(best: Table, same: Sequence[Table]) -> Table:
    own = {(each.columns, each.to) for each in best.references}
    more = [
        replace(each, reason=f"{each.reason} in {table.name}, from which it is made")
        for table in same
        if table is not best and table.id in best.made_from
        for each in table.references
        if (each.columns, each.to) not in own
        and all(column in best.columns for column in each.columns)
    ]
    return replace(best, references=(*best.references, *more))


def principal(tables: Sequence[Table]) -> Mapping[str, Table]:
    """Return the tables of a draft, by id: the marts if there are any, else all."""
    marts = {each.id: each for each in tables if each.layer == Layer.MART}
    there = any(each.sound for each in marts.values())
    return marts if there else {each.id: each for each in tables if each.layer != Layer.SOURCE}
