"""A file of somebody else's for Neptune, and the graph that TinkerPop packs of the same data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.neptune import held, reader
from tests.neptune.reader import Graph

if TYPE_CHECKING:
    from gremlin_python.driver.client import Client

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
