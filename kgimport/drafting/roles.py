"""What each table becomes: a node by one of its keys, or a relationship between two others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
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
    """Return the references of a table to other things, and to other rows of its own.

    Tests that a mart has all keys of its staging table are none. One of each set of columns.
    """
    found: dict[tuple[str, ...], Reference] = {}
    own = {key.columns for key in table.sound}
    for each in ordered(table):
        to = tables.get(each.to)
        if to is not None and not (to.id == table.id and each.columns in own):
            found.setdefault(each.columns, each)
    return list(found.values())


def ordered(table: Table) -> list[Reference]:
    """Return a table's references in the order of its columns."""
    at = {name: number for number, name in enumerate(table.columns)}
    return sorted(table.references, key=lambda each: at.get(each.columns[0], len(at)))


def _is_association(key: Key, links: Sequence[Reference]) -> bool:
    """Whether a table's key is itself the key of another thing, which has one more of these."""
    return len(links) == _ENDS and any(each.columns == key.columns for each in links)


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
