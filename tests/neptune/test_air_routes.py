"""A file of somebody else's for Neptune, and the graph that TinkerPop packs of the same data."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import kgimport
from kgimport.graph import ColumnRule, End, NodeTable, RelationshipTable
from kgimport.locations import LocalPath
from kgimport.options import ExportOptions
from tests.neptune import held, reader
from tests.neptune.reader import Edge, Graph, Vertex

if TYPE_CHECKING:
    from gremlin_python.driver.client import Client

    from tests.neptune.reader import Properties

_FILES = Path(__file__).with_name("air_routes")

pytestmark = pytest.mark.neptune


@pytest.fixture(scope="session")
def packed(gremlin: Client) -> Graph:
    """All of the packed graph, as the server holds it."""
    return held.held(gremlin, held.PACKED)


@pytest.fixture(scope="session")
def read() -> Graph:
    """What the reader makes of the files."""
    return reader.loaded([_FILES / "nodes.csv"], [_FILES / "edges.csv"], "gremlin")


def test_the_packed_graph_is_whole(packed: Graph) -> None:
    assert (len(packed.vertices), len(packed.edges)) == (3_749, 57_645)


def test_the_reader_finds_in_the_files_what_the_packed_graph_holds(
    read: Graph, packed: Graph
) -> None:
    part = {each: packed.vertices[each] for each in read.vertices}
    edges = {
        each: edge for each, edge in packed.edges.items() if {edge.start, edge.end} <= part.keys()
    }
    assert len(part) == 96
    assert read == Graph(part, edges)


def test_the_server_holds_what_the_reader_found(read: Graph, gremlin: Client) -> None:
    held.load(gremlin, read)
    assert held.held(gremlin) == read


def test_the_packed_graph_comes_back_from_tables_and_an_export(
    packed: Graph, tmp_path: Path
) -> None:
    graph = _declared(packed, tmp_path)
    options = ExportOptions(dialect="neptune-gremlin")
    kgimport.export(graph, tmp_path / "build", options=options)

    found = reader.read(tmp_path / "build", "gremlin")
    assert found.vertices == {
        _id(packed, each): replace(vertex, properties=_wide(vertex.properties))
        for each, vertex in packed.vertices.items()
    }
    wanted = [
        Edge(_id(packed, e.start), e.label, _id(packed, e.end), _wide(e.properties))
        for e in packed.edges.values()
    ]
    assert found.edges == {_edge_id(e.label, e.start, e.end): e for e in wanted}


def _edge_id(*parts: str) -> str:
    """The id of an edge without a key, as docs/neptune.md has it."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _declared(packed: Graph, folder: Path) -> kgimport.Graph:
    """Tables of the packed graph: one for each label, and for each type between two labels."""
    nodes: dict[str, list[dict[str, Any]]] = {}
    for each, vertex in packed.vertices.items():
        nodes.setdefault(_label(vertex), []).append({"key": each, **_cells(vertex.properties)})
    links: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for edge in packed.edges.values():
        start, end = (_label(packed.vertices[each]) for each in (edge.start, edge.end))
        row = {"from": edge.start, "to": edge.end, **_cells(edge.properties)}
        links.setdefault((start, edge.label, end), []).append(row)
    return kgimport.Graph(
        "air_routes",
        tuple(_node_table(label, _table(folder / label, rows)) for label, rows in nodes.items()),
        tuple(
            _link_table(*names, _table(folder / "-".join(names), rows))
            for names, rows in links.items()
        ),
    )


def _table(path: Path, rows: list[dict[str, Any]]) -> LocalPath:
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
    return LocalPath(str(path))


def _node_table(label: str, location: LocalPath) -> NodeTable:
    rules = {"key": ColumnRule(skip=True)}
    return NodeTable(
        name=label, location=location, labels=(label,), key=("key",), id_space=label, columns=rules
    )


def _link_table(start: str, word: str, end: str, location: LocalPath) -> RelationshipTable:
    return RelationshipTable(
        name=f"{start}_{word}_{end}",
        location=location,
        type=word,
        start=End(start, ("from",)),
        end=End(end, ("to",)),
    )


def _cells(properties: Properties) -> dict[str, Any]:
    found = {name: next(iter(each)) for name, each in properties.items()}
    return {
        name: float.fromhex(value) if kind == "Double" else value
        for name, (kind, value) in found.items()
    }


def _wide(properties: Properties) -> Properties:
    """The values with integers of 64 bits, as kgimport has them all."""
    return {
        name: frozenset(("Long", v) if kind == "Int" else (kind, v) for kind, v in each)
        for name, each in properties.items()
    }


def _label(vertex: Vertex) -> str:
    (label,) = vertex.labels
    return label


def _id(packed: Graph, each: str) -> str:
    return f"{_label(packed.vertices[each])}:{each}"
