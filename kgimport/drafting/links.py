"""The relationships of a node table that come from its own foreign keys, tested or by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kgimport.drafting import names
from kgimport.drafting.draft import Line
from kgimport.drafting.evidence import Reference
from kgimport.drafting.roles import every, outward
from kgimport.drafting.types import family

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kgimport.drafting.evidence import Table
    from kgimport.drafting.roles import Things


# How much a column's name is like a key: the same, about the same thing, or how many letters of it.
_SAME, WHOLE = 1_000, 900


def one_or_all(columns: Sequence[str]) -> str | list[str]:
    """Return a list of columns as a declaration spells it: one column without the list."""
    return columns[0] if len(columns) == 1 else list(columns)


def of_keys(table: Table, chosen: Things, drafted: Mapping[str, Table]) -> Iterator[Line]:
    """Yield a relationship for each reference of a node table; those in doubt are comments."""
    taken: set[object] = set()
    for each in every(table, chosen.tables):
        if why := objection(table, each, chosen, drafted):
            end = chosen.tables[each.to]
            yield Line(_link(table, each, end, taken), f"{each.reason}, but {why}", active=False)
        else:
            end = chosen.tables[each.to]
            reason = "; ".join(reasons(each, end))
            yield Line(_link(table, each, end, taken), reason)


def reasons(reference: Reference, end: Table) -> Iterator[str]:
    """Yield why a reference is a relationship, and what is special about it."""
    yield reference.reason
    if reference.to != end.id:
        named = reference.to.split(".")[-1]
        yield f"to {named}, of which {end.name} is made"
    if reference.partial:
        yield reference.partial
    if reference.doubt:
        yield reference.doubt


def objection(
    table: Table, reference: Reference, chosen: Things, drafted: Mapping[str, Table]
) -> str:
    """Return why a reference cannot be an end of a relationship; empty if it can."""
    if reference.doubt:
        return reference.doubt
    end = chosen.end(reference)
    if end is None or end.id not in drafted:
        named = chosen.tables[reference.to].name
        return f"{named} is not a node of this draft"
    if not chosen.fits(reference):
        key = ", ".join(chosen.keys[end.id].columns)
        return f"it names {', '.join(reference.key)}, and the key of {end.name} is {key}"
    pairs = zip(reference.columns, reference.key, strict=True)
    for column, key in pairs:
        kinds = [table.columns.get(column, ""), end.columns.get(key, "")]
        if {family(kind) for kind in kinds} == {"text", "integer"}:
            return f"{column} is {kinds[0]}, and {end.name}.{key} is {kinds[1]}"
    return ""


def _link(table: Table, reference: Reference, end: Table, taken: set[object]) -> dict[str, Any]:
    kind = names.foreign_type(reference.columns, end.name)
    if kind in taken:
        kind = f"HAS_{'_'.join('_'.join(names.words(each)) for each in reference.columns).upper()}"
    taken.add(kind)
    columns = one_or_all(reference.columns)
    return {"type": kind, "end": {"node": end.name, "key": columns}, **exceptions(table, reference)}


def exceptions(table: Table, *references: Reference) -> dict[str, str]:
    """Return what a relationship does with rows that have no end, as far as tests leave it open."""
    found = {}
    if any(set(each.columns) - table.not_null for each in references):
        found["on_null"] = "skip"
    if any(each.partial for each in references):
        found["on_missing"] = "skip"
    return found


def by_name(table: Table, chosen: Things, drafted: Mapping[str, Table]) -> Iterator[Line]:
    """Yield a comment for each column that is called like the key of one other node."""
    taken: set[object] = set()
    for each in alike(table, chosen, drafted):
        link = _link(table, each, chosen.tables[each.to], taken)
        yield Line(link, each.reason, active=False)


def ends_by_name(
    table: Table, chosen: Things, drafted: Mapping[str, Table]
) -> tuple[Reference, Reference] | None:
    """Return two ends of a table's relationships of which at least one is known by name only."""
    tested = [each for each in outward(table, chosen.tables) if chosen.fits(each)]
    found = [*tested, *alike(table, chosen, drafted)]
    at = {name: number for number, name in enumerate(table.columns)}
    found.sort(key=lambda each: at.get(each.columns[0], len(at)))
    return (found[0], found[1]) if len(found) > 1 else None


def alike(table: Table, chosen: Things, drafted: Mapping[str, Table]) -> Iterator[Reference]:
    """Yield references that only the names of columns suggest, apart from those that are known."""
    own = chosen.key(table)
    known = {column for each in table.references for column in each.columns}
    for column in table.columns:
        if column in known or (own and column in own.columns):
            continue
        if end := _alike(column, table, chosen, drafted):
            (key,) = chosen.keys[end.id].columns
            yield Reference((column,), end.id, (key,), f"by name only: like {end.name}.{key}")


def _alike(column: str, table: Table, chosen: Things, drafted: Mapping[str, Table]) -> Table | None:
    """Return the one node whose key a column's name resembles most."""
    scores: dict[int, list[Table]] = {}
    for end in drafted.values():
        key = chosen.key(end)
        if not key or len(key.columns) > 1:
            continue
        if end.id == table.id or column == key.columns[0] or column not in end.columns:
            kinds = {family(table.columns[column]), family(end.columns.get(key.columns[0], ""))}
            score = likeness(column, key.columns[0], names.thing(end.name))
            if end.id == table.id and score >= WHOLE:
                continue  # `supply_id` is another name of a supply itself, `parent_supply_id` not
            if score and kinds != {"text", "integer"}:
                scores.setdefault(score, []).append(end)
    best = scores[max(scores)] if scores else []
    return best[0] if len(best) == 1 else None


def likeness(column: str, key: str, thing: str) -> int:
    """Return how much a column's name resembles a key of a thing, as a number; 0: not at all.

    `customer_id` is like `customers.customer_id`, and like `customers.id`; `billing_address_id` is
    like `addresses.id`, where no other thing is closer.
    """
    stem, of_key = names.stem(column), names.stem(key)
    if not stem:
        return 0
    if column == key:
        return _SAME
    if not names.is_marked(column):
        return 0
    if stem in (of_key, thing) or stem.replace("_", "") == thing.replace("_", ""):
        return WHOLE
    return max(
        (len(each) for each in (of_key, thing) if each and stem.endswith(f"_{each}")), default=0
    )
