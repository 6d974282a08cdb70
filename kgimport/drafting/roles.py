"""What each table becomes: a node by one of its keys, or a relationship between two others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from kgimport.drafting import names
from kgimport.drafting.evidence import Layer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kgimport.drafting.evidence import Key, Reference, Table

_ENDS = 2


@dataclass(frozen=True, slots=True)
class Things:
    """The tables that stand for others, by the ids of all, and the key of each node table."""

    tables: Mapping[str, Table]
    keys: Mapping[str, Key]

    def key(self, table: Table) -> Key | None:
        """Return the key of a table that becomes nodes; None for any other."""
        return self.keys.get(table.id)

    def end(self, reference: Reference) -> Table | None:
        """Return the table of the nodes that a reference names; None if there are none."""
        found = self.tables.get(reference.to)
        return found if found and found.id in self.keys else None

    def fits(self, reference: Reference) -> bool:
        """Whether a reference holds the key of its node."""
        end = self.end(reference)
        return end is not None and self.keys[end.id].columns == reference.key


def things(tables: Mapping[str, Table]) -> Things:
    """Decide for tables that stand for others (by the ids of all) which of them become nodes."""
    standing = {each.id: each for each in tables.values()}
    wanted = Counter(
        (tables[each.to].id, each.key)
        for table in standing.values()
        for each in table.references
        if each.to in tables
    )
    chosen = {
        each.id: key for each in standing.values() if (key := _node_key(each, tables, wanted))
    }
    return Things(tables, chosen)


def _node_key(
    table: Table, tables: Mapping[str, Table], wanted: Mapping[tuple[str, tuple[str, ...]], int]
) -> Key | None:
    if table.layer == Layer.SOURCE or not table.sound:
        return None
    single = [key for key in table.sound if len(key.columns) == 1]
    links = outward(table, tables)
    if not single:
        joins = len(links) >= _ENDS or names.is_join(table.name)
        return None if joins or has_doubtful_key(table) else table.sound[0]

    def rank(key: Key) -> tuple[object, ...]:
        (column,) = key.columns
        own = names.stem(column) == names.thing(table.name)
        return wanted.get((table.id, key.columns), 0), own, names.is_marked(column)

    best = max(single, key=rank)
    return None if _is_association(best, links) else best


def has_doubtful_key(table: Table) -> bool:
    """Whether one column may be the key of a table, but not all tests say so."""
    return any(each.doubt and len(each.columns) == 1 for each in table.keys)


def may_join(table: Table) -> bool:
    """Whether a table may become relationships: unless it has a key that is not one of its ends."""
    named = set(names.words(table.name)[:1])
    composite = [set(key.columns) for key in table.keys]
    held = {column for each in table.references for column in each.columns}
    return not named & {"dim", "dimension"} and all(
        len(key & held) > 1 for key in composite if len(key) > 1
    )


def outward(table: Table, tables: Mapping[str, Table]) -> list[Reference]:
    """Return one reference of each set of columns of a table, as `referring` gives them."""
    return [first for first, *_ in referring(table, tables).values()]


def every(table: Table, tables: Mapping[str, Table]) -> list[Reference]:
    """Return all references that `referring` gives."""
    return list(chain.from_iterable(referring(table, tables).values()))


def referring(table: Table, tables: Mapping[str, Table]) -> dict[tuple[str, ...], list[Reference]]:
    """Return the references of a table to other things, and to other rows of its own, by columns.

    Tests that a mart has all keys of its staging table are none. References of the same columns to
    several things are all in doubt: which of them a row means is not known.
    """
    found: dict[tuple[str, ...], list[Reference]] = {}
    own = {key.columns for key in table.sound}
    for each in ordered(table):
        to = tables.get(each.to)
        if to is None or to.id != table.id or each.columns not in own:
            found.setdefault(each.columns, []).append(each)
    weighed = {columns: _weighed(same, tables) for columns, same in found.items()}
    return {columns: kept for columns, kept in weighed.items() if kept}


def _weighed(same: Sequence[Reference], tables: Mapping[str, Table]) -> list[Reference]:
    """Return the references of the same columns, each with the doubt that the others cast on it.

    Of those to one thing, one that nothing speaks against is enough.
    """
    kept: list[Reference] = []
    for each in same:
        alike = [one for one in kept if _is_same(one, each, tables)]
        if each.to in tables and all(one.doubt not in ("", each.doubt) for one in alike):
            kept.append(each)
    return [replace(each, doubt=_doubt(each, same, tables)) for each in kept]


def _doubt(each: Reference, same: Sequence[Reference], tables: Mapping[str, Table]) -> str:
    others = {_named(one, tables) for one in same if not _is_same(one, each, tables)}
    also = f"{', '.join(each.columns)} also refers to {', '.join(sorted(others))}" if others else ""
    return ", and ".join(filter(None, (each.doubt, also)))


def _named(reference: Reference, tables: Mapping[str, Table]) -> str:
    """Return the name of the table to which a reference leads, even if there is no such table."""
    to = tables.get(reference.to)
    return to.name if to else reference.to.rsplit(".", maxsplit=1)[-1]


def _is_same(one: Reference, two: Reference, tables: Mapping[str, Table]) -> bool:
    """Whether two references lead to one thing, which may be a table and what it is made from."""
    ends = [tables.get(each.to) for each in (one, two)]
    ids = [end.id if end else each.to for end, each in zip(ends, (one, two), strict=True)]
    above = {each for end in ends if end for each in end.made_from}
    things = {names.thing(_named(each, tables)) for each in (one, two)}
    return ids[0] == ids[1] or (len(things) == 1 and not above.isdisjoint(ids))


def ordered(table: Table) -> list[Reference]:
    """Return a table's references in the order of its columns, those in doubt last."""
    at = {name: number for number, name in enumerate(table.columns)}
    return sorted(
        table.references,
        key=lambda each: (at.get(each.columns[0], len(at)), each.doubt != ""),
    )


def _is_association(key: Key, links: Sequence[Reference]) -> bool:
    """Whether a table's key is itself the key of another thing, which has one more of these."""
    sound = [each for each in links if not each.doubt]
    return len(links) == len(sound) == _ENDS and any(each.columns == key.columns for each in sound)


def ends(table: Table, chosen: Things) -> tuple[Reference, Reference] | None:
    """Return the two references that become the ends of a table's relationships.

    They are in the order of the table's columns. Of more than two, those of its key come first.
    """
    identifying = {column for key in table.sound for column in key.columns}
    usable = [
        each for each in outward(table, chosen.tables) if chosen.fits(each) and not each.doubt
    ]
    if len(usable) > _ENDS:
        usable.sort(key=lambda each: not identifying.issuperset(each.columns))
    return (usable[0], usable[1]) if len(usable) >= _ENDS else None


def also_unique(table: Table, key: Key) -> Iterator[str]:
    """Yield a text for each of a table's other keys, and for those that are in doubt."""
    for each in table.keys:
        if each.columns != key.columns:
            what = ", ".join(each.columns)
            yield f"also unique: {what} ({each.doubt or each.reason})"
