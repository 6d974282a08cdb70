"""What Neptune must hold of the round trip's samples, and what must be refused of them.

The round trip knows, without kgimport, what Neo4j must hold (`tests.roundtrip.reference`). Here is
which of that Neptune's formats can state, as its pages have it, and how.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.options import ExportOptions
from tests.neptune import values
from tests.roundtrip import expected, samples
from tests.roundtrip.lanes import KEYS_CSV
from tests.roundtrip.reference import ABSENT, DAY, SECOND, UTC_NAMES, parsed_json
from tests.roundtrip.samples import Links, Nodes, Sample

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from kgimport.graph import ColumnRule
    from tests.neptune.headers import Format
    from tests.neptune.reader import Graph, Properties
    from tests.neptune.values import Value
    from tests.roundtrip.samples import Table

Held = frozenset[tuple[str, "Value"]]
Node = tuple[frozenset[str], Held]
Link = tuple[Node, str, Held, Node]
# (table, column); for an edge that is like another, there is no column.
Place = tuple[str, str]

OPTIONS: Mapping[Format, ExportOptions] = {
    "gremlin": ExportOptions(dialect="neptune-gremlin", memory_mb=256),
    "opencypher": ExportOptions(dialect="neptune-opencypher", memory_mb=256),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# None of them can be in a header cell as Neptune reads it, or none that its pages show.
_UNSPELLABLE = frozenset(' ,"\\\r\n\0')
_IN_NAMES = (";", "::", "\0")  # of labels and types


def value(cypher: str, held: Any, form: Format) -> Value | None:
    """A value of Neo4j as Neptune has it, or None if a file cannot state it."""
    match cypher:
        case "INTEGER":
            made: Value | None = ("Long", held)
        case "FLOAT":
            made = _double(held)
        case "BOOLEAN":
            made = ("Bool", held)
        case "JSON" | "STRING":
            made = (cypher.capitalize(), held)
        case "DATE":
            made = _instant(held * DAY)
        case "ZONED DATETIME":
            made = _instant(*held)
        case _:
            made = None
    return None if made and _is_lost(cypher, made, form) else made


def _is_lost(cypher: str, made: Value, form: Format) -> bool:
    if form == "opencypher" and (cypher == "DATE" or made == ("String", "")):
        return True
    return made[0] == "String" and "\0" in made[1]


def _double(bits: Any) -> Value:
    return values.decimal("Double", float("nan") if bits == "NaN" else struct.unpack(">d", bits)[0])


def _instant(ticks: int, zone: str = "Z") -> Value | None:
    seconds, rest = divmod(ticks, SECOND)
    return None if rest or zone != "Z" else ("Date", _EPOCH + timedelta(seconds=seconds))


def carried(dtype: pl.DataType, rule: ColumnRule, form: Format) -> bool:
    """Whether a column of that type can be a property."""
    kind = dtype.base_type()
    if rule.type is not None:
        return rule.type not in {"date", "localdatetime"} or (
            rule.type == "date" and form == "gremlin"
        )
    if isinstance(dtype, pl.Datetime):
        in_utc = dtype.time_zone is not None and rule.zone == "utc"
        return in_utc or (dtype.time_zone or rule.timezone) in UTC_NAMES
    if kind == pl.Date:
        return form == "gremlin" or rule.temporal == "string"
    if kind == pl.List and rule.list == "json":
        return True
    if kind == pl.Binary:
        return rule.binary != "bytes"
    return kind not in {pl.List, pl.Array, pl.Time, pl.Duration}


@dataclass(frozen=True, slots=True)
class Fit:
    """A sample without what must be refused, and where that is."""

    sample: Sample
    columns: frozenset[Place]
    names: frozenset[tuple[str, str]]
    points: frozenset[Place]
    rows: frozenset[Place]


def fit(sample: Sample, form: Format) -> Fit:
    """Take out of a sample, all of which Neo4j holds, what Neptune cannot."""
    columns = frozenset(
        (table.name, part.property)
        for table in sample.tables
        for each, parts in expected.parts_of(table)
        for part in parts
        if _is_unspellable(part.property) or not carried(part.dtype, each.rule, form)
    )
    names = frozenset(
        (table.name, name) for table in sample.tables for name in _names(table) if _is_unfit(name)
    )
    points = frozenset(
        (each.name, point.property) for each in sample.nodes for point in each.points
    )
    found = Fit(sample, columns, names, points, frozenset())
    sound, rows = _sound(carried_only(sample, found), form)
    return replace(found, sample=sound, rows=rows)


def _is_unspellable(name: str) -> bool:
    return name.startswith("~") or bool(_UNSPELLABLE & set(name))


def _is_unfit(name: str) -> bool:
    return name != name.strip() or any(mark in name for mark in _IN_NAMES)


def _names(table: Nodes | Links) -> Sequence[str]:
    return table.labels if isinstance(table, Nodes) else (table.type,)


def _plain(name: str) -> str:
    for mark in _IN_NAMES:
        name = name.replace(mark, "")
    return name.replace(":", "").strip() or "plain"


def _without(table: Table, unfit: frozenset[Place]) -> Table:
    """The table whose columns are all carried; its names are plain."""
    columns = tuple(
        replace(each, rule=replace(each.rule, skip=True, required=False), listed=False)
        if any((table.name, part.property) in unfit for part in parts)
        else each
        for each, parts in expected.parts_of(table)
    )
    made = replace(table, columns=columns)
    if isinstance(made, Links):
        return replace(made, type=_plain(made.type) if _is_unfit(made.type) else made.type)
    labels = dict.fromkeys(_plain(each) if _is_unfit(each) else each for each in made.labels)
    return replace(made, labels=tuple(labels), points=())


def carried_only(sample: Sample, found: Fit) -> Sample:
    """The sample without what no row can change: as `fit` leaves it, but with all rows."""
    return Sample(
        tuple(_without(table, found.columns) for table in sample.nodes),
        tuple(_without(table, found.columns) for table in sample.links),
    )


def _sound(sample: Sample, form: Format) -> tuple[Sample, frozenset[Place]]:
    """The sample without the rows that must be refused, and in which columns they are."""
    hit: set[Place] = set()
    nodes = []
    for table in sample.nodes:
        bad = _bad_rows(table, range(samples.rows(table)), form)
        hit |= {(table.name, name) for _, name in bad}
        nodes.append(_rows(table, {at for at, _ in bad}))
    links = []
    for link in sample.links:
        looked_at = expected._looked_at(sample, link)
        bad = _bad_rows(link, looked_at, form)
        twins = _twins(sample, link)
        hit |= {(link.name, name) for _, name in bad}
        hit |= {(link.name, "") for _ in twins}
        links.append(_rows(link, {at for at, _ in bad} | twins))
    left = Sample(tuple(nodes), tuple(links))
    whole = tuple(expected._sound_links(left, table) for table in left.links)
    return replace(left, links=whole), frozenset(hit)


def _rows(table: Table, bad: set[int]) -> Table:
    return samples.only_rows(table, (at for at in range(samples.rows(table)) if at not in bad))


def _bad_rows(table: Nodes | Links, looked_at: Sequence[int], form: Format) -> set[tuple[int, str]]:
    """The rows with a value or a name that Neptune cannot hold, and the columns of it."""
    bad = set()
    for name, _, results in expected._all_outcomes(table, KEYS_CSV):
        for at in looked_at:
            held = expected._held([results[at]])[0]
            if held != ABSENT and value(held.cypher, held.value, form) is None:
                bad.add((at, name))
    _, words = expected._word_column(table)
    if words is not None:
        found = expected._names(table)
        bad |= {(at, words) for at in looked_at if any(_is_unfit(each) for each in found[at])}
    return bad | _bad_keys(table)


def _bad_keys(table: Nodes | Links) -> set[tuple[int, str]]:
    """The rows of nodes whose id would hold U+0000."""
    if isinstance(table, Links):
        return set()
    return {
        (at, name)
        for name in table.key
        for at, cell in enumerate(samples.column(table, name).cells)
        if "\0" in str(cell)
    }


def _twins(sample: Sample, table: Links) -> set[int]:
    """The rows that make an edge like another: Neptune would need a key to keep them apart."""
    types = expected._names(table)
    found: dict[Hashable, int] = {}
    both = (samples.key_rows(table, names) for _, names in (table.start, table.end))
    ends = list(zip(*both, strict=True))
    rows = expected.joined_rows(sample, table)
    for at in rows:
        found.setdefault((types[at], ends[at]), at)
    return set(rows) - set(found.values())


def nodes(sample: Sample, form: Format) -> Iterator[Node]:
    """The vertices that a fit sample becomes."""
    for table in sample.nodes:
        yield from (_node(each, form) for each in expected.nodes(table, KEYS_CSV))


def links(sample: Sample, form: Format) -> Iterator[Link]:
    """The edges that a fit sample becomes."""
    for table in sample.links:
        for start, word, held, end in expected.relationships(sample, table, KEYS_CSV):
            yield _node(start, form), word, _held(held, form), _node(end, form)


def _node(node: expected.Node, form: Format) -> Node:
    return node[0], _held(node[1], form)


def _held(properties: expected.Properties, form: Format) -> Held:
    made = ((name, value(cypher, held, form)) for name, cypher, held in properties)
    return frozenset((name, each) for name, each in made if each is not None)


def found(graph: Graph, json: frozenset[tuple[str, str]]) -> tuple[Counter[Node], Counter[Link]]:
    """What a graph holds; `json` has (label or type, property) of texts that are JSON."""
    vertices = {
        each: (vertex.labels, _single(vertex.properties, vertex.labels, json))
        for each, vertex in graph.vertices.items()
    }
    edges = Counter(
        (
            vertices[edge.start],
            edge.label,
            _single(edge.properties, {edge.label}, json),
            vertices[edge.end],
        )
        for edge in graph.edges.values()
    )
    return Counter(vertices.values()), edges


def _single(
    properties: Properties, names: frozenset[str] | set[str], json: frozenset[tuple[str, str]]
) -> Held:
    made = set()
    for name, several in properties.items():
        (one,) = several
        is_json = any((each, name) in json for each in names)
        made.add((name, ("Json", parsed_json(one[1])) if is_json else one))
    return frozenset(made)
