"""All shapes on their way through one build directory, and one store of each Neo4j line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from kgimport.commands.build_db import build_db
from kgimport.commands.export import export
from kgimport.errors import ImportFailedError, KgimportError, ReconciliationError
from kgimport.graph import Graph
from kgimport.neo4j.private import private_driver
from tests.corpus import plain
from tests.corpus.plain import Row
from tests.roundtrip import bolt, importing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j
    from tests.corpus.shape import Shape
    from tests.roundtrip.lanes import Lane


@dataclass(frozen=True, slots=True)
class Written:
    """A shape's files below a folder, and what is in them."""

    shape: Shape
    folder: Path
    table: pa.Table

    @property
    def rows(self) -> Counter[Row]:
        """The properties of the nodes that must become of it."""
        return Counter(plain.rows(self.table, self.shape.rules))


def written(shape: Shape, folder: Path) -> Written:
    """Has a shape's own writer write it."""
    folder.mkdir(parents=True)
    return Written(shape, folder, shape.make(folder))


def refusal(several: Sequence[Written], build: Path, lane: Lane) -> str | None:
    """What an export of shapes says; None where it takes them all."""
    tables = tuple(each.shape.declared(each.folder) for each in several)
    try:
        export(Graph("corpus", tables), build, options=lane.options)
    except KgimportError as error:
        return str(error)
    except pl.exceptions.PanicException as panic:  # which is no Exception
        return f"Polars panics: {panic}"
    return None


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export took, as one graph, and what it said of each of the others."""

    taken: tuple[Written, ...]
    refusals: Mapping[str, str]
    build: Path


def exported(several: Sequence[Written], place: Path, lane: Lane) -> Exported:
    """Exports shapes as one graph, or those that are left where some are refused."""
    if refusal(several, place / "build", lane) is None:
        return Exported(tuple(several), {}, place / "build")
    said = {
        each.shape.label: text
        for at, each in enumerate(several)
        if (text := refusal([each], place / str(at), lane)) is not None
    }
    left = tuple(each for each in several if each.shape.label not in said)
    assert refusal(left, place / "build", lane) is None
    return Exported(left, said, place / "build")


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store holds of each label; what stopped an import; what kgimport says of the store."""

    found: Mapping[str, Counter[Row]]
    stopped: Mapping[str, str]
    differences: str | None = None


def stored(taken: Exported, place: Path, neo4j: Neo4j, lane: Lane) -> Stored:
    """Builds a store of all that an export took, and reads all of it back."""
    try:
        return _built(taken, place, neo4j, lane)
    except ImportFailedError as error:
        if len(taken.taken) == 1:
            return Stored({}, {taken.taken[0].shape.label: str(error)})
    half = len(taken.taken) // 2
    parts = [
        stored(exported(part, place / name, lane), place / name, neo4j, lane)
        for name, part in (("first", taken.taken[:half]), ("second", taken.taken[half:]))
    ]
    return Stored(
        {label: rows for part in parts for label, rows in part.found.items()},
        {label: text for part in parts for label, text in part.stopped.items()},
        "\n".join(part.differences for part in parts if part.differences) or None,
    )


def _built(taken: Exported, place: Path, neo4j: Neo4j, lane: Lane) -> Stored:
    try:
        built = build_db(taken.build, place / "stores", neo4j=neo4j)
    except ReconciliationError as error:
        # So that each shape can still be told what became of it.
        with importing.imported(taken.build, neo4j, lane) as driver:
            return Stored(_found(taken, driver), {}, str(error))
    with private_driver(neo4j, built.path / "data") as driver:
        return Stored(_found(taken, driver), {})


def _found(taken: Exported, driver: Driver) -> dict[str, Counter[Row]]:
    found = {each.shape.label: Counter[Row]() for each in taken.taken}
    json = {
        each.shape.label: plain.json_properties(each.table, each.shape.rules)
        for each in taken.taken
    }
    nodes, links = bolt.read(driver)
    assert links == []
    for labels, held in nodes:
        (label,) = labels
        properties = bolt.as_json(held, json[label])
        found[label][frozenset((n, each.cypher, each.value) for n, each in properties.items())] += 1
    return found
