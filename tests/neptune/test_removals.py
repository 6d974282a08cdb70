"""A real Gremlin Server does what the statements of a delta are for."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from tests.deltas.generated import Export, Part, changed, graph, write
from tests.deltas.neptune import Store
from tests.deltas.test_delta import made, without
from tests.neptune.held import held, load
from tests.neptune.reader import read

if TYPE_CHECKING:
    from pathlib import Path

    from gremlin_python.driver.client import Client

GREMLIN = "neptune-gremlin"
# As docs/increments.md has them.
ORDER = ("edges", "vertices", "vertex_properties", "edge_properties")
Shape = dict[str, set[str]]


def test_the_server_removes_what_the_lists_name(gremlin: Client, tmp_path: Path) -> None:
    spoken = set()
    for seed in range(12):
        random = Random(seed)
        one = graph(random, GREMLIN) if seed else _edge("x")
        two = changed(random, GREMLIN, one) if seed else _edge(None)
        place = tmp_path / str(seed)
        old, new = write(place / "old", one), write(place / "new", two)
        if not [table for table in old if table.edges]:
            continue
        made(place / "delta", old, new, GREMLIN)
        load(gremlin, read(place / "old", "gremlin"))

        for name in ORDER:
            file = place / "delta" / "removed" / f"{name}.gremlin"
            if file.exists():
                spoken.add(name)
                for line in file.read_text(encoding="utf-8").removesuffix("\n").split("\n"):
                    gremlin.submit(line).all().result()

        store = Store(GREMLIN)
        store.load(place / "old")
        left = without(store, place / "delta")
        found = held(gremlin)
        assert _names(found.vertices) == _names(left.vertices), seed
        assert _names(found.edges) == _names(left.edges), seed
    assert spoken == {*ORDER}


def _edge(value: str | None) -> Export:
    """A graph of one edge, whose property may be blank."""
    vertex = Part("v", ("~id", "~label"), (("S:1", "A"),))
    cells = ("~id", "~from", "~to", "~label", "it's:String")
    return Export((vertex,), (Part("e", cells, (("e'1", "S:1", "S:1", "T", value),)),))


def _names(elements: object) -> Shape:
    """The names of the properties of each vertex or edge."""
    assert isinstance(elements, dict)
    return {each: {*element.properties} for each, element in elements.items()}
