"""Many samples through one store: exported, imported by the importer, read from a server."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

import kgimport
from tests.roundtrip import bolt, expected, samples
from tests.roundtrip.importing import ImportFailedError, imported, scratch
from tests.roundtrip.samples import Links, Nodes, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kgimport.findings import Finding
    from kgimport.neo4j.runtime.programs import Neo4j
    from tests.roundtrip.lanes import Lane
    from tests.roundtrip.reference import Held


@dataclass(frozen=True, slots=True)
class Kept:
    """What an export takes of a sample, and the reasons for which it refused the rest."""

    sample: Sample
    refusals: Counter[str]


def kept(sample: Sample, lane: Lane) -> Kept:
    """Exports a sample alone; asserts that exactly what must be refused is."""
    try:
        return _kept(sample, lane)
    except (
        pl.exceptions.PanicException
    ) as panic:  # which is no Exception, so nobody would shrink it
        raise AssertionError(f"Polars panics: {panic}") from panic


def _kept(sample: Sample, lane: Lane) -> Kept:
    refusals: Counter[str] = Counter()
    with scratch() as place:
        graph = samples.write(sample, place / "first")
        refused = list(expected.unfit(sample, lane))
        if refused:
            refusals["column"] += len(refused)
            _assert_unfit(graph, refused, lane)
            sample = expected.fit(sample, lane)
            graph = samples.write(sample, place / "fit")
        findings = _findings(graph, place / "build", lane)
        told = expected.disagreements(sample, findings, lane)
        assert not told, "\n".join([*told, str(sample)])
        refusals.update({each.check: each.count for each in findings})
        whole = sample
        sample = expected.sound(sample, findings, lane)
        if findings or sample != whole:
            graph = samples.write(sample, place / "sound")
            kgimport.export(graph, place / "build", options=lane.options)
    return Kept(sample, refusals)


def _findings(graph: kgimport.Graph, build: Path, lane: Lane) -> tuple[Finding, ...]:
    """What an export finds wrong in the rows; where that is nothing, it has written them."""
    try:
        kgimport.export(graph, build, options=lane.options)
    except kgimport.KgimportError as error:
        if not error.findings:
            raise
        return error.findings
    return ()


def _assert_unfit(graph: kgimport.Graph, wanted: list[str], lane: Lane) -> None:
    refusal = _refusal(graph, lane)
    assert refusal is not None, f"{wanted} must be refused"
    assert (refusal.exit_code.name, refusal.findings) == ("VALUE", ()), refusal
    told = refusal.message
    assert all(each in told for each in wanted), (wanted, told)
    lines = sum(told.count(f"\n  {table.name}") for table in graph.tables)
    assert lines == len(wanted), (wanted, told)


def _refusal(graph: kgimport.Graph, lane: Lane) -> kgimport.KgimportError | None:
    try:
        kgimport.check(graph, options=lane.options)
    except kgimport.KgimportError as error:
        return error
    return None


def placed(sample: Sample, at: int) -> Sample:
    """The sample with names of its own among many samples."""
    names = {table.name: f"{at} {table.name}" for table in sample.tables}
    nodes = tuple(
        replace(
            table,
            name=names[table.name],
            labels=(_woven(table.labels[0], f"{at}.{n}"), *table.labels[1:]),
            id_space=_woven(table.id_space, f"{at}.{n}"),
        )
        for n, table in enumerate(sample.nodes)
    )
    links = tuple(
        replace(
            _typed(table, f"{at}.{n}"),
            name=names[table.name],
            start=(names[table.start[0]], table.start[1]),
            end=(names[table.end[0]], table.end[1]),
        )
        for n, table in enumerate(sample.links)
    )
    return Sample(nodes, links)


def _typed(table: Links, mark: str) -> Links:
    if table.type_column is None:
        return replace(table, type=_woven(table.type, mark))
    words = samples.column(table, table.type_column)
    cells = tuple(_woven(cell, mark) for cell in words.cells)
    dtype = pl.Enum(cells) if words.dtype == pl.Enum else words.dtype
    made = replace(words, cells=cells, dtype=dtype)
    columns = tuple(made if each is words else each for each in table.columns)
    return replace(table, columns=columns)


def _types(table: Links) -> set[str]:
    if table.type_column is None:
        return {table.type}
    return set(samples.column(table, table.type_column).cells)


def _woven(name: str, mark: str) -> str:
    # Between the first and the second character, so that both ends of a name stay what they are.
    return f"{name[:1]}{mark}_{name[1:]}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples, by their numbers, that lie together in one build directory."""

    samples: Mapping[int, Sample]
    build: Path
    lane: Lane


def exported(chosen: Mapping[int, Sample], folder: Path, lane: Lane) -> Batch:
    """Exports sound samples as one graph."""
    all_of_them = {at: placed(sample, at) for at, sample in chosen.items()}
    graphs = [samples.write(each, folder / "in" / str(at)) for at, each in all_of_them.items()]
    kgimport.export(samples.joined(graphs), folder / "build", options=lane.options)
    return Batch(all_of_them, folder / "build", lane)


@dataclass(frozen=True, slots=True)
class Compared:
    """What was compared: values by their type; by sample, what was found and what differs."""

    values: Counter[str]
    found: Mapping[int, Found]
    differences: Mapping[int, str]


def compared(batch: Batch, neo4j: Neo4j) -> Compared:
    """Imports a batch, reads all of it back and compares."""
    with imported(batch.build, neo4j, batch.lane) as driver:
        nodes, links = bolt.read(driver)
    values = Counter(held.cypher for _, p in nodes for held in p.values())
    values += Counter(held.cypher for _, _, p, _ in links for held in p.values())
    found = _by_sample(batch.samples, nodes, links)
    told = {
        at: "\n".join(different(each, found[at], batch.lane)) for at, each in batch.samples.items()
    }
    return Compared(values, found, {at: text for at, text in told.items() if text})


@dataclass(frozen=True, slots=True)
class Found:
    """What a store holds of one sample."""

    nodes: Counter[expected.Node]
    links: Counter[expected.Relationship]


def _by_sample(
    chosen: Mapping[int, Sample],
    nodes: Sequence[bolt.FoundNode],
    links: Sequence[bolt.FoundRelationship],
) -> dict[int, Found]:
    """All that is in a store, each thing with the sample that it belongs to."""
    labels = {table.labels[0]: at for at, each in chosen.items() for table in each.nodes}
    types = {
        name: (at, table)
        for at, each in chosen.items()
        for table in each.links
        for name in _types(table)
    }
    found = {at: Found(Counter(), Counter()) for at in chosen}
    for node in nodes:
        owners = {labels[label] for label in node[0] if label in labels}
        assert len(owners) == 1, node
        at = owners.pop()
        found[at].nodes[_node(chosen[at], node)] += 1
    for start, word, held, end in links:
        at, table = types[word]
        ends = _node(chosen[at], start), _node(chosen[at], end)
        found[at].links[ends[0], word, _properties(held, _json_properties(table)), ends[1]] += 1
    return found


def different(sample: Sample, found: Found, lane: Lane) -> Iterator[str]:
    """What differs between a sample and what was found of it."""
    nodes = Counter(node for table in sample.nodes for node in expected.nodes(table, lane))
    yield from unequal(nodes, found.nodes)
    links = Counter(
        link for table in sample.links for link in expected.relationships(sample, table, lane)
    )
    yield from unequal(links, found.links)


def _node(sample: Sample, found: bolt.FoundNode) -> expected.Node:
    owner = next(table for table in sample.nodes if table.labels[0] in found[0])
    return found[0], _properties(found[1], _json_properties(owner))


def _json_properties(table: Nodes | Links) -> frozenset[str]:
    return frozenset(
        part.property
        for _, parts in expected.parts_of(table)
        for part in parts
        if _holds_struct(part.dtype)
    )


def _holds_struct(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List | pl.Array):
        return _holds_struct(samples.inner_type(dtype))
    return isinstance(dtype, pl.Struct)


def _properties(found: dict[str, Held], json: frozenset[str]) -> expected.Properties:
    held = bolt.as_json(found, json)
    return frozenset((name, each.cypher, each.value) for name, each in held.items())


def unequal(wanted: Counter[Any], found: Counter[Any]) -> Iterator[str]:
    """What is missing beside what is there instead, without what both have."""
    missing, extra = list((wanted - found).elements()), list((found - wanted).elements())
    for one in missing[:_SHOWN]:
        nearest = max(extra, key=lambda other: len(_facts(one) & _facts(other)), default=())
        lacking, instead = _facts(one) - _facts(nearest), _facts(nearest) - _facts(one)
        yield f"wanted {_sorted(lacking)}"
        yield f"found  {_sorted(instead) if nearest else 'nothing'}"
    if len(extra) > len(missing):
        yield f"found {len(extra) - len(missing)} more than wanted, such as {extra[0]!r}"


_SHOWN = 3


def _facts(thing: Any, place: str = "") -> set[Any]:
    """Labels, type and properties of a node or relationship, each with where it stands."""
    if isinstance(thing, frozenset):
        return {(place, each) for each in thing}
    if isinstance(thing, str):
        return {(place, thing)}
    parts = (_facts(part, f"{place}{at}") for at, part in enumerate(thing))
    return set().union(*parts)


def _sorted(facts: set[Any]) -> str:
    return ", ".join(sorted(repr(fact) for _, fact in facts))


def trial(chosen: Sequence[Sample], neo4j: Neo4j, lane: Lane) -> dict[int, str]:
    """What differs after a round trip, by the sample's position.

    A sample that is refused, or of which the export knows less than it should, is no failure of
    the round trip.
    """
    both = ((at, _taken(each, lane)) for at, each in enumerate(chosen))
    return tried({at: sample for at, sample in both if sample is not None}, neo4j, lane)


def _taken(sample: Sample, lane: Lane) -> Sample | None:
    try:
        return kept(sample, lane).sample
    except (AssertionError, kgimport.KgimportError):
        return None


def tried(chosen: Mapping[int, Sample], neo4j: Neo4j, lane: Lane) -> dict[int, str]:
    """As `trial`; where the importer breaks off, both halves are tried, down to one sample."""
    if not chosen:
        return {}
    try:
        with scratch() as place:
            return dict(compared(exported(chosen, place, lane), neo4j).differences)
    except ImportFailedError as error:
        if len(chosen) == 1:
            return dict.fromkeys(chosen, str(error))
    numbers = list(chosen)
    half = len(numbers) // 2
    return {
        at: text
        for part in (numbers[:half], numbers[half:])
        for at, text in tried({at: chosen[at] for at in part}, neo4j, lane).items()
    }
