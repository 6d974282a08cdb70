"""The sample for Neptune is the graph that Neo4j holds of the same tables, thing by thing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars import selectors

import kgimport
from kgimport.graph import ColumnRule
from kgimport.locations import LocalPath
from tests.neptune import imported, reader, wanted
from tests.neptune.wanted import OPTIONS
from tests.roundtrip import bolt
from tests.roundtrip.reference import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j
    from tests.neptune.headers import Format
    from tests.neptune.values import Value
    from tests.neptune.wanted import Held, Link, Node
    from tests.roundtrip.reference import Held as HeldByNeo4j

pytestmark = [pytest.mark.neptune, pytest.mark.neo4j, pytest.mark.dbt]
on_one_line = pytest.mark.parametrize("neo4j", ["2026.08.1"], indirect=True)

# Neptune has no lists, and a date of openCypher would be text.
_LISTS = {
    ("node_asset", "tags"): "tags",
    ("node_course", "tags"): "tags",
    ("node_user", "languages"): "languages",
    ("node_user", "skills"): "skills",
}
_DATES = {("node_course", "published_on"): "publishedOn", ("node_user", "hired_on"): "hiredOn"}
_UNFIT: dict[Format, dict[tuple[str, str], str]] = {
    "gremlin": _LISTS,
    "opencypher": {**_LISTS, **_DATES},
}


@pytest.fixture(scope="module")
def gremlin_build(lms_graph: kgimport.Graph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's build directory for Gremlin."""
    return _exported(lms_graph, "gremlin", tmp_path_factory)


@pytest.fixture(scope="module")
def opencypher_build(lms_graph: kgimport.Graph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's build directory for openCypher."""
    return _exported(lms_graph, "opencypher", tmp_path_factory)


def _exported(
    graph: kgimport.Graph, form: Format, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    place = tmp_path_factory.mktemp("lms")
    fit = partial(_fit, form=form, place=place)
    made = replace(
        graph,
        nodes=tuple(map(fit, graph.nodes)),
        relationships=tuple(map(fit, graph.relationships)),
    )
    kgimport.export(made, place / form, options=OPTIONS[form])
    return place / form


def _fit(table: Any, form: Format, place: Path) -> Any:
    """The table without what Neptune cannot hold; it has no fractions of a second."""
    whole = pl.read_parquet(table.location.path)
    moments = selectors.datetime().dt.truncate("1s")
    whole.with_columns(moments).write_parquet(place / f"{table.name}.parquet")
    skipped = {c: ColumnRule(skip=True) for name, c in _UNFIT[form] if name == table.name}
    return replace(
        table,
        location=LocalPath(str(place / f"{table.name}.parquet")),
        columns={**table.columns, **skipped},
    )


@on_one_line
def test_both_formats_hold_what_neo4j_holds(
    lms: Driver, gremlin_build: Path, opencypher_build: Path
) -> None:
    vertices, edges = bolt.read(lms)
    forms: tuple[tuple[Format, Path], ...] = (
        ("gremlin", gremlin_build),
        ("opencypher", opencypher_build),
    )
    for form, build in forms:
        graph = reader.read(build, form)
        found = wanted.found(graph, frozenset())
        node = partial(_node, form=form)
        links: Counter[Link] = Counter(
            (node(start), word, _held(each, form), node(end)) for start, word, each, end in edges
        )
        assert found == (Counter(map(node, vertices)), links)
        assert graph.repeated == 0


@on_one_line
def test_neo4j_imports_the_opencypher_files_as_the_same_graph(
    neo4j: Neo4j, opencypher_build: Path
) -> None:
    with imported.imported(opencypher_build, neo4j) as driver:
        assert imported.held(driver) == reader.read(opencypher_build, "opencypher")


def _node(found: bolt.FoundNode, form: Format) -> Node:
    return found[0], _held(found[1], form)


def _held(found: dict[str, HeldByNeo4j], form: Format) -> Held:
    unfit = _UNFIT[form].values()
    made = ((name, _value(each, form)) for name, each in found.items() if name not in unfit)
    return frozenset((name, each) for name, each in made if each is not None)


def _value(found: HeldByNeo4j, form: Format) -> Value | None:
    if found.cypher == "ZONED DATETIME":
        assert isinstance(found.value, tuple)
        ticks, zone = found.value
        return wanted.value(found.cypher, (ticks // SECOND * SECOND, zone), form)
    return wanted.value(found.cypher, found.value, form)
