"""Many samples through one store: exported, imported by the importer, read from a server."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport import importer
from kgimport.errors import ImportFailedError, KgimportError, ValueRefusedError
from kgimport.pipeline.export import export
from kgimport.pipeline.proof import ExportOptions, prove
from kgimport.pipeline.resolution import resolved
from kgimport.pipeline.scanning import scan
from kgimport.pipeline.serve import connected
from kgimport.runtime.config import configure
from tests.roundtrip import bolt, expected, samples
from tests.roundtrip.samples import Links, Nodes, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from neo4j import Driver

    from kgimport.graph import Graph
    from kgimport.runtime.programs import Neo4j
    from tests.roundtrip.reference import Held


def quiet(_: str, __: float | None) -> None:
    """Progress that nobody watches."""


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone with the block."""
    with tempfile.TemporaryDirectory(prefix="roundtrip-") as place:
        yield Path(place)


@dataclass(frozen=True, slots=True)
class Kept:
    """What an export takes of a sample, and the reasons for which it refused the rest."""

    sample: Sample
    refusals: Counter[str]


def kept(sample: Sample) -> Kept:
    """Exports a sample alone; asserts that exactly what must be refused is."""
    try:
        return _kept(sample)
    except (
        pl.exceptions.PanicException
    ) as panic:  # which is no Exception, so nobody would shrink it
        raise AssertionError(f"Polars panics: {panic}") from panic


def _kept(sample: Sample) -> Kept:
    refusals: Counter[str] = Counter()
    with scratch() as place:
        graph = samples.write(sample, place / "first")
        refused = list(expected.unfit(sample))
        if refused:
            refusals["column"] += len(refused)
            _assert_unfit(graph, refused)
            sample = expected.fit(sample)
            graph = samples.write(sample, place / "fit")
        there = resolved(graph, scan(graph), place, 256, quiet)
        findings = prove(graph, there, "keys", quiet).findings
        told = expected.disagreements(sample, findings)
        assert not told, "\n".join([*told, str(sample)])
        refusals.update({each.check: each.count for each in findings})
        whole = sample
        sample = expected.sound(sample, findings)
        if sample != whole:
            graph = samples.write(sample, place / "sound")
        export(graph, place / "build", quiet, ExportOptions(ids="keys"))
    return Kept(sample, refusals)


def _assert_unfit(graph: Graph, wanted: list[str]) -> None:
    try:
        scan(graph)
    except ValueRefusedError as error:
        told = error.message
        assert all(each in told for each in wanted), (wanted, told)
        lines = sum(told.count(f"\n  {table.name}") for table in graph.tables)
        assert lines == len(wanted), (wanted, told)
    else:
        raise AssertionError(f"{wanted} must be refused")


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
    columns = tuple(
        replace(each, cells=tuple(_woven(cell, mark) for cell in each.cells))
        if each.name == table.type_column
        else each
        for each in table.columns
    )
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
    """Samples that lie together in one build directory."""

    samples: tuple[Sample, ...]
    build: Path


def exported(chosen: Iterable[Sample], folder: Path) -> Batch:
    """Exports sound samples as one graph."""
    all_of_them = tuple(placed(sample, at) for at, sample in enumerate(chosen))
    graphs = [samples.write(each, folder / "in" / str(at)) for at, each in enumerate(all_of_them)]
    export(samples.joined(graphs), folder / "build", quiet, ExportOptions(ids="keys"))
    return Batch(all_of_them, folder / "build")


@contextmanager
def imported(build: Path, neo4j: Neo4j) -> Iterator[Driver]:
    """A driver to a server on what the importer makes of a build directory."""
    with scratch() as place:
        home, data = place / "home", place / "data"
        configure(neo4j, home=home, data=data, settings={})
        importer.import_full(
            neo4j,
            build,
            home,
            database="neo4j",
            options=(f"--report-file={place / 'report'}",),
            heap_mb=1024,
            progress=quiet,
        )
        shutil.rmtree(home)
        with connected(neo4j, data) as driver:
            yield driver


@dataclass(frozen=True, slots=True)
class Compared:
    """What was compared: values by their type, and the differences by sample."""

    values: Counter[str]
    differences: dict[int, str]


def compared(batch: Batch, neo4j: Neo4j) -> Compared:
    """Imports a batch, reads all of it back and compares."""
    with imported(batch.build, neo4j) as driver:
        nodes, links = bolt.read(driver)
    labels = {table.labels[0]: at for at, each in enumerate(batch.samples) for table in each.nodes}
    types = {
        name: at
        for at, each in enumerate(batch.samples)
        for table in each.links
        for name in _types(table)
    }
    nodes_of: dict[int, list[bolt.FoundNode]] = {}
    links_of: dict[int, list[bolt.FoundRelationship]] = {}
    for node in nodes:
        owners = {labels[label] for label in node[0] if label in labels}
        assert len(owners) == 1, node
        nodes_of.setdefault(owners.pop(), []).append(node)
    for link in links:
        links_of.setdefault(types[link[1]], []).append(link)
    values = Counter(held.cypher for _, p in nodes for held in p.values())
    values += Counter(held.cypher for _, _, p, _ in links for held in p.values())
    told = {
        at: "\n".join(different(each, nodes_of.get(at, []), links_of.get(at, [])))
        for at, each in enumerate(batch.samples)
    }
    return Compared(values, {at: text for at, text in told.items() if text})


def different(
    sample: Sample, found: Sequence[bolt.FoundNode], links: Sequence[bolt.FoundRelationship]
) -> Iterator[str]:
    """What differs between a sample and what was found of it."""
    for nodes in sample.nodes:
        own = [each for each in found if nodes.labels[0] in each[0]]
        yield from _unequal(
            Counter(expected.nodes(nodes)), Counter(_node(sample, each) for each in own)
        )
    for table in sample.links:
        names = _json_properties(table)
        wanted = Counter(expected.relationships(sample, table))
        stored = Counter(
            (_node(sample, start), word, _properties(held, names), _node(sample, end))
            for start, word, held, end in links
            if word in _types(table)
        )
        yield from _unequal(wanted, stored)


def _node(sample: Sample, found: bolt.FoundNode) -> expected.Node:
    owner = next(table for table in sample.nodes if table.labels[0] in found[0])
    return found[0], _properties(found[1], _json_properties(owner))


def _json_properties(table: Nodes | Links) -> frozenset[str]:
    return frozenset(
        part.property
        for each in table.columns
        for part in expected.parts(each)
        if _holds_struct(part.dtype)
    )


def _holds_struct(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List | pl.Array):
        return _holds_struct(samples.inner_type(dtype))
    return isinstance(dtype, pl.Struct)


def _properties(found: dict[str, Held], json: frozenset[str]) -> expected.Properties:
    held = bolt.as_json(found, json)
    return frozenset((name, each.cypher, each.value) for name, each in held.items())


def _unequal(wanted: Counter[Any], found: Counter[Any]) -> Iterator[str]:
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


def trial(chosen: Sequence[Sample], neo4j: Neo4j) -> dict[int, str]:
    """What differs after a round trip, by the sample's position.

    A sample that is refused, or of which the export knows less than it should, is no failure of
    the round trip.
    """
    taken = {at: sample for at, each in enumerate(chosen) if (sample := _taken(each)) is not None}
    told = _tried(list(taken.values()), neo4j)
    return {at: told[n] for n, at in enumerate(taken) if n in told}


def _taken(sample: Sample) -> Sample | None:
    try:
        return kept(sample).sample
    except (AssertionError, KgimportError):
        return None


def _tried(chosen: Sequence[Sample], neo4j: Neo4j) -> dict[int, str]:
    """As `trial`; where the importer breaks off, both halves are tried, down to one sample."""
    if not chosen:
        return {}
    try:
        with scratch() as place:
            return compared(exported(chosen, place), neo4j).differences
    except ImportFailedError as error:
        if len(chosen) == 1:
            return {0: str(error)}
    half = len(chosen) // 2
    first, second = _tried(chosen[:half], neo4j), _tried(chosen[half:], neo4j)
    return {**first, **{at + half: text for at, text in second.items()}}
