"""From evidence to a draft: each thing once, as a node or a relationship, and what is left open."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kgimport.drafting import links, names, roles, types
from kgimport.drafting.draft import Draft, Entry
from kgimport.drafting.evidence import Layer
from kgimport.drafting.links import one_or_all
from kgimport.drafting.twins import principal, represented

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kgimport.drafting.evidence import Evidence, Key, Reference, Table
    from kgimport.drafting.roles import Things


def compose(evidence: Evidence) -> Draft:
    """Return the draft of a graph: what tests state is declared, the rest stands as comments."""
    tables = represented(evidence.tables)
    chosen = roles.things(tables)
    standing = {each.id: each for each in tables.values()}
    main = principal(list(standing.values()))
    joins = {key: ends for key, each in main.items() if (ends := _joins(each, chosen))}
    nodes = _nodes([main[key] for key in main if key in joins or chosen.keys.get(key)], chosen)
    labels = labelled(nodes.values())
    entries = [_node(each, chosen, nodes, labels) for each in _sorted(nodes)]
    entries += [
        _relationship(each, chosen, joins[each.id]) for each in _sorted(main) if each.id in joins
    ]
    others = {key: each for key, each in standing.items() if key not in {**nodes, **joins}}
    offered = list(_offered(others, chosen, nodes))
    notes = (*evidence.notes, *_left(others.values(), offered), *_doubtful(others.values(), chosen))
    drafted = [each for key, each in standing.items() if key in nodes or key in joins]
    return Draft(
        evidence.name,
        evidence.origin,
        tuple(entries),
        tuple(offered),
        notes,
        evidence.dbt,
        any(types.has_decimals(each.columns) for each in drafted),
    )


def _sorted(tables: Mapping[str, Table]) -> list[Table]:
    return sorted(tables.values(), key=lambda each: (each.name, each.id))


def _joins(table: Table, chosen: Things) -> tuple[Reference, Reference] | None:
    """Return the ends of the relationships that a table becomes, if it becomes any."""
    if chosen.key(table) or roles.has_doubtful_key(table) or not roles.may_join(table):
        return None
    return roles.ends(table, chosen)


def _nodes(drafted: Iterable[Table], chosen: Things) -> dict[str, Table]:
    """Return the node tables: of those that are drafted, and others to which one of them refers."""
    tables = list(drafted)
    found = {each.id: each for each in tables if chosen.key(each)}
    for table in tables:
        for reference in roles.outward(table, chosen.tables):
            if (end := chosen.end(reference)) and chosen.fits(reference):
                found.setdefault(end.id, end)
    return found


def labelled(tables: Iterable[Table]) -> dict[str, str]:
    """Return a label for each table, by id, that no other has: equal ones share their keys."""
    every = sorted(tables, key=lambda each: (each.name, each.id))
    made = {each.id: names.label(each.name) for each in every}
    for longer in (names.longer_label, _whole):
        shared = {name for name, count in Counter(made.values()).items() if count > 1}
        made.update({each.id: longer(each.name) for each in every if made[each.id] in shared})
    seen: Counter[str] = Counter()
    for key, name in made.items():
        seen[name] += 1
        made[key] = name if seen[name] == 1 else f"{name}{seen[name]}"
    return made


def _whole(name: str) -> str:
    *first, last = names.words(name) or ["table"]
    return "".join(word.capitalize() for word in (*first, names.singular(last)))


def _why(key: Key) -> str:
    return f"{', '.join(key.columns)}: {key.reason}"


def _node(
    table: Table, chosen: Things, nodes: Mapping[str, Table], labels: Mapping[str, str]
) -> Entry:
    key = chosen.keys[table.id]
    made = [*links.of_keys(table, chosen, nodes), *links.by_name(table, chosen, nodes)]
    return Entry(
        table.name,
        (_why(key), *roles.also_unique(table, key)),
        table.location,
        node={"labels": labels[table.id], "key": one_or_all(key.columns)},
        relationships=tuple(sorted(made, key=lambda line: not line.active)),
        columns=tuple(types.lines(table.columns)),
    )


def _relationship(table: Table, chosen: Things, ends: tuple[Reference, Reference]) -> Entry:
    start, end = ends
    from_, to = (chosen.tables[each.to] for each in ends)
    value: dict[str, Any] = {
        "type": names.table_type(table.name, from_.name, to.name),
        "start": {"node": from_.name, "key": one_or_all(start.columns)},
        "end": {"node": to.name, "key": one_or_all(end.columns)},
        **({"key": one_or_all(table.sound[0].columns)} if table.sound else {}),
        **links.exceptions(table, start, end),
    }
    used = {*start.columns, *end.columns}
    columns = {name: kind for name, kind in table.columns.items() if name not in used}
    return Entry(
        table.name,
        tuple(_ends_reasons(table, ends, chosen)),
        table.location,
        relationship=value,
        columns=tuple(types.lines(columns)),
    )


def _ends_reasons(table: Table, ends: Sequence[Reference], chosen: Things) -> Iterator[str]:
    for each in ends:
        yield f"{', '.join(each.columns)}: {'; '.join(links.reasons(each, chosen.tables[each.to]))}"
    for each in roles.every(table, chosen.tables):
        if each not in ends:
            why = f" {each.doubt}" if each.doubt else ""
            to = f"{chosen.tables[each.to].name}{why}"
            yield f"{', '.join(each.columns)}: refers to {to}, and a relationship has two ends"
    yield from (_why(key) for key in table.sound[:1])


def _offered(
    others: Mapping[str, Table], chosen: Things, nodes: Mapping[str, Table]
) -> Iterator[Entry]:
    """Yield the tables that stand as comments, those of the marts first."""
    for table in sorted(others.values(), key=lambda each: (-each.layer, each.name, each.id)):
        ends = links.ends_by_name(table, chosen, nodes)
        single = any(len(key.columns) == 1 for key in table.keys)
        if ends and not single and table.layer == Layer.MART:
            yield _relationship(table, chosen, ends)
        elif table.keys and table.layer != Layer.SOURCE:
            yield _offered_node(table, chosen, nodes)


def _offered_node(table: Table, chosen: Things, nodes: Mapping[str, Table]) -> Entry:
    key = chosen.key(table) or (table.sound or table.keys)[0]
    why = f"{', '.join(key.columns)}: {key.doubt or key.reason}"
    layer = table.layer.name.lower()
    reasons = [why] if table.layer == Layer.MART else [f"{why}; a table of the {layer} layer"]
    node = {"labels": names.label(table.name), "key": one_or_all(key.columns)}
    tested = (line for line in links.of_keys(table, chosen, nodes) if line.active)
    made = (*tested, *links.by_name(table, chosen, nodes))
    return Entry(table.name, tuple(reasons), table.location, node=node, relationships=made)


def _left(others: Iterable[Table], offered: Sequence[Entry]) -> Iterator[str]:
    """Yield which marts are left out of the draft, because nothing is known of their keys."""
    shown = {each.table for each in offered}
    left = sorted(each.name for each in others if each.layer == Layer.MART)
    if without := [name for name in left if name not in shown]:
        yield f"no key is known, and no two ends: {', '.join(without)}"


def _doubtful(others: Iterable[Table], chosen: Things) -> Iterator[str]:
    """Yield the references in doubt of tables that are not drafted, those of one doubt together."""
    found: dict[str, list[str]] = {}
    for table in sorted(others, key=lambda each: (each.name, each.id)):
        for each in roles.every(table, chosen.tables):
            columns = ", ".join(each.columns)
            what = f"{table.name}.{columns} to {chosen.tables[each.to].name}"
            found.setdefault(each.doubt, []).append(what)
    for doubt, references in found.items():
        if doubt:
            yield f"references of tables that are not drafted ({doubt}): {', '.join(references)}"
