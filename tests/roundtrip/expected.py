"""What an export must refuse of a sample, what is left of it then, and what the store must hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from tests.roundtrip import reference
from tests.roundtrip.reference import ABSENT, Held, Refused, Unsure
from tests.roundtrip.samples import (
    Links,
    Nodes,
    Sample,
    column,
    inner_type,
    key_rows,
    only_rows,
    rows,
    struct_parts,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from kgimport.findings import Finding
    from tests.roundtrip.lanes import Lane
    from tests.roundtrip.reference import Outcome
    from tests.roundtrip.samples import Cells, Column, Table

# (table, its columns, check)
Place = tuple[str, tuple[str, ...], str]
Properties = frozenset[tuple[str, str, "Hashable"]]
Node = tuple[frozenset[str], Properties]
Relationship = tuple[Node, str, Properties, Node]


@dataclass(frozen=True, slots=True)
class Part:
    """What one property is made of: a column, or a field of a flattened struct."""

    property: str
    dtype: pl.DataType
    cells: Cells


def parts(each: Column) -> list[Part]:
    """The properties of a column; none where it is skipped."""
    return [] if each.rule.skip else list(_parts(each.property, each.dtype, each.cells, each))


def parts_of(table: Nodes | Links) -> Iterator[tuple[Column, list[Part]]]:
    """Each column with its properties: none where it is not listed.

    Where nothing is listed, an end's key has none, unless it is given a name.
    """
    ends = _of_ends(table)
    for each in table.columns:
        points = each.name in ends and each.rule.property is None and not table.lists
        yield each, [] if points or _is_unlisted(table, each) else parts(each)


def _of_ends(table: Nodes | Links) -> tuple[str, ...]:
    return (*table.start[1], *table.end[1]) if isinstance(table, Links) else ()


def _is_unlisted(table: Nodes | Links, each: Column) -> bool:
    return table.lists and not each.listed


def _parts(name: str, dtype: pl.DataType, cells: Cells, each: Column) -> Iterator[Part]:
    if not isinstance(dtype, pl.Struct) or each.rule.struct != "flatten":
        yield Part(name, dtype, cells)
        return
    for field, inner in struct_parts(dtype):
        inside = tuple(None if cell is None else cell[field] for cell in cells)
        yield from _parts(f"{name}.{field}", inner, inside, each)


def unfit_parts(table: Nodes | Links, each: Column, made: list[Part], lane: Lane) -> list[str]:
    """The properties of a column that are refused whatever is in it."""
    if reference.patterned(each.name):
        needed = _of_ends(table) if isinstance(table, Links) else table.key
        unused = (each.rule.skip or _is_unlisted(table, each)) and each.name not in needed
        return [] if unused else [each.name]
    is_key = isinstance(table, Nodes) and each.name in table.key
    return [
        part.property
        for part in made
        if reference.misnamed(part.property, lane.format)
        or (is_key and "\x00" in part.property)
        or reference.unfit(part.dtype, each.rule)
    ]


def unfit_points(table: Nodes | Links, lane: Lane) -> Iterator[tuple[str, str]]:
    """The points that cannot be, each with the name of what is refused of it."""
    for point in table.points if isinstance(table, Nodes) else ():
        if reference.misnamed(point.property, lane.format):
            yield point.property, point.property
        for name in point.columns:
            if not reference.is_coordinate(column(table, name).dtype):
                yield point.property, name


def unfit(sample: Sample, lane: Lane) -> Iterator[str]:
    """What is refused whatever the rows hold, as the export names it."""
    for table in sample.tables:
        for each in parts_of(table):
            yield from (_line(table, name) for name in unfit_parts(table, *each, lane))
        yield from (_line(table, name) for _, name in unfit_points(table, lane))
        word, words = _word_column(table)
        if words is not None and not _holds_names(table, words):
            yield _line(table, words)
        for name in table.labels if isinstance(table, Nodes) else (table.type,):
            what = f"{table.name}: the {word} {name!r}"
            if isinstance(table, Nodes) and "\x1f" in name:
                yield f"{what} contains U+001F"
            if "\x00" in name:
                yield f"{what} contains U+0000"
            if _is_trimmed(name, lane):
                yield f"{what} has"


def _line(table: Nodes | Links, name: str) -> str:
    """How the line about a name begins: what no one would see of it is escaped."""
    seen = "".join(each if each.isprintable() else repr(each).strip("'") for each in name)
    return f"{table.name}.{seen} (" if name else f"{table.name}.'' ("


def _holds_names(table: Nodes | Links, name: str) -> bool:
    dtype = column(table, name).dtype
    if isinstance(dtype, pl.List | pl.Array) and isinstance(table, Nodes):
        dtype = inner_type(dtype)
    return dtype.base_type() in {*reference.TEXTS, pl.Null}


# What Java calls blank.
_BLANKS = "".join(map(chr, range(33)))


def _is_trimmed(name: str, lane: Lane) -> bool:
    return lane.format == "parquet" and name != name.strip(_BLANKS)


def _kept(name: str, lane: Lane) -> str:
    """The name without what a lane loses of it."""
    whole = name.replace("\x1f", "").replace("\x00", "")
    return (whole.strip(_BLANKS) if lane.format == "parquet" else whole) or "empty"


def fit(sample: Sample, lane: Lane) -> Sample:
    """The sample without the columns that are refused; keys and labels are renamed."""
    nodes = tuple(_fit(_renamed(table, lane), lane) for table in sample.nodes)
    links = (replace(table, type=table.type and _kept(table.type, lane)) for table in sample.links)
    return Sample(nodes, tuple(_fit(table, lane) for table in links))


def _fit(table: Table, lane: Lane) -> Table:
    of_ends = _of_ends(table)
    fitting = {
        each.name: not unfit_parts(table, each, made, lane) for each, made in parts_of(table)
    }
    kept = tuple(
        each if fitting[each.name] else replace(each, listed=False)
        for each in table.columns
        if fitting[each.name] or each.name in of_ends
    )
    _, words = _word_column(table)
    named = words is None or _holds_names(table, words)
    if isinstance(table, Links):
        made = replace(table, columns=kept)
        return made if named else replace(made, type="T", type_column=None)
    bad = {point for point, _ in unfit_points(table, lane)}
    return replace(
        table,
        columns=kept,
        points=tuple(point for point in table.points if point.property not in bad),
        label_column=table.label_column if named else None,
    )


def _renamed(table: Nodes, lane: Lane) -> Nodes:
    unfit = {each.name for each, made in parts_of(table) if unfit_parts(table, each, made, lane)}
    bad = [name for name in table.key if name in unfit]
    new = {name: f"key_{at}" for at, name in enumerate(bad)}
    columns = tuple(
        replace(each, name=new[each.name], rule=replace(each.rule, property=None))
        if each.name in new
        else each
        for each in table.columns
    )
    key = tuple(new.get(name, name) for name in table.key)
    labels = tuple(_kept(label, lane) for label in table.labels)
    return replace(table, columns=columns, key=key, labels=tuple(dict.fromkeys(labels)))


def _all_outcomes(table: Nodes | Links, lane: Lane) -> Iterator[tuple[str, str, list[Outcome]]]:
    """Column, property, and what must become of each row."""
    for each, made in parts_of(table):
        for part in made:
            cells = (reference.outcome(part.dtype, each.rule, c, lane.format) for c in part.cells)
            yield each.name, part.property, list(cells)
    for point in table.points if isinstance(table, Nodes) else ():
        axes = [column(table, name) for name in point.columns]
        dtypes = tuple(axis.dtype for axis in axes)
        together = zip(*(axis.cells for axis in axes), strict=True)
        results = [reference.point(point.crs, dtypes, found) for found in together]
        yield f"__point_{point.property}__", point.property, results
    word, words = _word_column(table)
    if words is not None:
        yield words, "", [_naming(word, cell, lane) for cell in column(table, words).cells]


def _word_column(table: Nodes | Links) -> tuple[str, str | None]:
    if isinstance(table, Nodes):
        return "label", table.label_column
    return "type", table.type_column


def _naming(word: str, cell: Any, lane: Lane) -> Outcome:
    names = cell if isinstance(cell, list) else [cell]
    checks = set()
    if not names or None in names or "" in names:
        checks.add(f"empty-{word}")
    if any("\x1f" in (name or "") for name in names):
        checks.add(f"array-delimiter-in-{word}")
    if any("\x00" in (name or "") for name in names):
        checks.add(f"nul-in-{word}")
    if any(_is_trimmed(name or "", lane) for name in names):
        checks.add(f"blanks-around-{word}")
    return Refused(frozenset(checks)) if checks else ABSENT


@dataclass(frozen=True, slots=True)
class Predicted:
    """Which checks find how many rows; those in `maybe` may find any number."""

    exact: Mapping[Place, int]
    maybe: frozenset[Place]
    # Columns of which at least one check in `maybe` must find something.
    some: frozenset[tuple[str, str]]


def predicted(sample: Sample, lane: Lane) -> Predicted:
    """What the export must find in a sample whose columns all fit."""
    exact: Counter[Place] = Counter()
    maybe: set[Place] = set()
    some: set[tuple[str, str]] = set()
    for table in sample.tables:
        looked_at = _looked_at(sample, table)
        for name, _, results in _all_outcomes(table, lane):
            for result in (results[at] for at in looked_at):
                places = [(table.name, (name,), check) for check in _checks(result)]
                if isinstance(result, Refused) and not result.loose:
                    exact.update(places)
                else:
                    maybe.update(places)
                if isinstance(result, Refused) and result.loose:
                    some.add((table.name, name))
        exact.update(_key_findings(sample, table, lane))
        for at in looked_at:
            lacking, doubtful = _without_value(table, at, lane)
            exact.update((table.name, (name,), "required") for name in lacking)
            maybe.update((table.name, (name,), "required") for name in doubtful)
    return Predicted(exact, frozenset(maybe), frozenset(some))


def _without_value(table: Nodes | Links, at: int, lane: Lane) -> tuple[set[str], set[str]]:
    """The required columns that lack a value in a row, and those that may lack one."""
    lacking, doubtful = set(), set()
    for each, made in parts_of(table):
        if each.rule.required and not reference.patterned(each.name):
            results = [
                reference.outcome(part.dtype, each.rule, part.cells[at], lane.format)
                for part in made
            ]
            if each.cells[at] is None or ABSENT in results:
                lacking.add(each.name)
            elif not all(isinstance(result, Held) for result in results):
                doubtful.add(each.name)
    return lacking, doubtful


def _looked_at(sample: Sample, table: Nodes | Links) -> Sequence[int]:
    """The rows that are checked: all but those that are set aside, or make no relationship."""
    if isinstance(table, Nodes):
        return range(rows(table))
    left_out = _left_out(sample, table)
    return [at for at in range(rows(table)) if at not in left_out]


def _left_out(sample: Sample, table: Links) -> set[int]:
    """The rows that may lack an end: its node, or its key."""
    joined = set(joined_rows(sample, table))
    keys = zip(*(key_rows(table, names) for _, names in (table.start, table.end)), strict=True)
    null = {at for at, (one, other) in enumerate(keys) if None in (*one, *other)}
    missing = set(range(rows(table))) - joined
    skipped = null if table.on_null == "skip" else set()
    if table.on_missing == "error":
        return skipped
    return skipped | (missing if table.on_null is None else missing - null)


def _checks(result: Outcome) -> Sequence[str]:
    if isinstance(result, Held):
        return ()
    return tuple(result.checks) if isinstance(result, Refused) else reference.DOUBTS


def _key_findings(sample: Sample, table: Nodes | Links, lane: Lane) -> Iterator[Place]:
    if isinstance(table, Nodes):
        yield from _unfit_keys(table, lane)
    else:
        yield from _dangling(sample, table)


def _unfit_keys(table: Nodes, lane: Lane) -> Iterator[Place]:
    keys = key_rows(table, table.key)
    for at, name in enumerate(table.key):
        yield from ((table.name, (name,), "null-key") for key in keys if key[at] is None)
        yield from ((table.name, (name,), "empty-key") for key in keys if key[at] == "")
    yield from ((table.name, table.key, "marked-key") for key in keys if _is_marked(key, lane))
    counts = Counter(key for key in keys if None not in key)
    more = (key for key in keys if counts[key] > 1)
    yield from ((table.name, table.key, "duplicate-key") for _ in more)


def _is_marked(key: Cells, lane: Lane) -> bool:
    """Whether a key, first in its file, starts with what the importer takes for a mark of it."""
    alone = lane.ids == "keys" and len(key) == 1
    return alone and isinstance(key[0], str) and key[0].startswith("\ufeff")


def _dangling(sample: Sample, table: Links) -> Iterator[Place]:
    refused = (table.on_null or table.on_missing) == "error"
    left_out = _left_out(sample, table)
    for node, names in (table.start, table.end):
        known = _keys(sample.table(node))
        for at, key in enumerate(key_rows(table, names)):
            if at in left_out:
                continue
            if None in key and refused:
                yield (table.name, names, "null-end")
            elif None not in key and key not in known and table.on_missing == "error":
                yield (table.name, names, "dangling-end")


def _keys(table: Nodes) -> set[tuple[object, ...]]:
    return {key for key in key_rows(table, table.key) if None not in key}


def disagreements(sample: Sample, findings: Sequence[Finding], lane: Lane) -> list[str]:
    """How what was found differs from what must be found."""
    wanted = predicted(sample, lane)
    found: Counter[Place] = Counter()
    for each in findings:
        found[each.table, each.columns, each.check] += each.count
    told = [
        f"{place} must find {count} rows, found {found[place]}"
        for place, count in wanted.exact.items()
        if found[place] != count and not (place in wanted.maybe and found[place] > count)
    ]
    told += [
        f"{place} found {count} rows for no reason"
        for place, count in found.items()
        if count and place not in wanted.exact and place not in wanted.maybe
    ]
    hit = {(table, columns[0]) for table, columns, _ in found}
    return [*told, *(f"{place} must be refused" for place in wanted.some - hit)]


def sound(sample: Sample, findings: Sequence[Finding], lane: Lane) -> Sample:
    """The sample without the rows that were refused."""
    hit = {(each.table, each.columns[0]) for each in findings}
    nodes = tuple(_sound_nodes(table, hit, lane) for table in sample.nodes)
    left = Sample(nodes, tuple(_sound_values(table, hit, lane) for table in sample.links))
    return replace(left, links=tuple(_sound_links(left, table) for table in left.links))


def _sound_values(table: Table, hit: set[tuple[str, str]], lane: Lane) -> Table:
    bad: set[int] = set()
    for name, _, results in _all_outcomes(table, lane):
        unsure = (table.name, name) in hit
        for at, result in enumerate(results):
            doubtful = isinstance(result, Unsure) and (unsure or result == reference.UNKNOWN)
            if isinstance(result, Refused) or doubtful:
                bad.add(at)
    for at in range(rows(table)):
        lacking, doubtful_ones = _without_value(table, at, lane)
        if lacking or any((table.name, name) in hit for name in doubtful_ones):
            bad.add(at)
    return only_rows(table, (at for at in range(rows(table)) if at not in bad))


def _sound_nodes(table: Nodes, hit: set[tuple[str, str]], lane: Lane) -> Nodes:
    table = _sound_values(table, hit, lane)
    firsts: dict[object, int] = {}
    for at, key in enumerate(key_rows(table, table.key)):
        if None not in key and "" not in key and not _is_marked(key, lane):
            firsts.setdefault(key, at)
    return only_rows(table, sorted(firsts.values()))


def _sound_links(sample: Sample, table: Links) -> Links:
    fine = {*joined_rows(sample, table), *_left_out(sample, table)}
    return only_rows(table, sorted(fine))


def joined_rows(sample: Sample, table: Links) -> list[int]:
    """The rows both of whose ends are nodes."""
    (start, ours), (end, theirs) = table.start, table.end
    starts, ends = _keys(sample.table(start)), _keys(sample.table(end))
    pairs = zip(key_rows(table, ours), key_rows(table, theirs), strict=True)
    return [at for at, (one, other) in enumerate(pairs) if one in starts and other in ends]


def nodes(table: Nodes, lane: Lane) -> list[Node]:
    """The nodes that a sound table becomes, row by row."""
    labels = frozenset(table.labels)
    each = zip(_names(table), _properties(table, lane), strict=True)
    return [(labels | more, held) for more, held in each]


def _names(table: Nodes | Links) -> list[frozenset[str]]:
    _, name = _word_column(table)
    cells = [[]] * rows(table) if name is None else column(table, name).cells
    return [frozenset(cell if isinstance(cell, list) else [cell]) for cell in cells]


def relationships(sample: Sample, table: Links, lane: Lane) -> list[Relationship]:
    """The relationships that a sound table becomes."""
    both = (table.start, table.end)
    starts, ends = (_ends(sample.table(node), key_rows(table, key), lane) for node, key in both)
    held = _properties(table, lane)
    types = [next(iter(names), table.type) for names in _names(table)]
    return [(starts[at], types[at], held[at], ends[at]) for at in joined_rows(sample, table)]


def _ends(table: Nodes, keys: Sequence[tuple[object, ...]], lane: Lane) -> dict[int, Node]:
    known = dict(zip(key_rows(table, table.key), nodes(table, lane), strict=True))
    return {at: known[key] for at, key in enumerate(keys) if key in known}


def _properties(table: Nodes | Links, lane: Lane) -> list[Properties]:
    columns = [(name, _held(results)) for _, name, results in _all_outcomes(table, lane) if name]
    return [
        frozenset(
            (name, held[at].cypher, held[at].value) for name, held in columns if held[at] != ABSENT
        )
        for at in range(rows(table))
    ]


def _held(results: list[Outcome]) -> list[Held]:
    held = [one.held if isinstance(one, Unsure) else one for one in results]
    assert all(isinstance(one, Held) for one in held), held
    return [one for one in held if isinstance(one, Held)]
