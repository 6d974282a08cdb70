"""What Gremlin Server is given, and what it then holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gremlin_python.statics import long

from tests.neptune import values
from tests.neptune.reader import Edge, Graph, Vertex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gremlin_python.driver.client import Client

    from tests.neptune.reader import Properties
    from tests.neptune.values import Value

_ROWS = 1_000  # of a request
_VERTICES = """
rows.each { row ->
    def v = graph.addVertex(T.id, row[0], T.label, row[1])
    row[2].each { v.property(it[1] ? single : set, it[0], it[2]) }
}
rows.size()
"""
_EDGES = """
rows.each { row ->
    def e = g.V(row[1]).next().addEdge(row[3], g.V(row[2]).next(), T.id, row[0])
    row[4].each { e.property(it[0], it[1]) }
}
rows.size()
"""
# The graph that the server has, or another that a script makes.
LOADED, PACKED = "graph", "TinkerFactory.createAirRoutes()"
_HELD_VERTICES = """
{graph}.traversal().V().toList()
    .collect {{ v -> [v.id(), v.label(), v.properties().collect {{ [it.key(), it.value()] }}] }}
    .collate(50)
"""
_HELD_EDGES = """
{graph}.traversal().E().toList()
    .collect {{ e -> [e.id(), e.outVertex().id(), e.label(), e.inVertex().id(),
                      e.properties().collect {{ [it.key(), it.value()] }}] }}
    .collate(50)
"""


def load(client: Client, graph: Graph) -> None:
    """Replace the server's graph."""
    client.submit("g.V().drop().iterate()").all().result()
    for script, rows in ((_VERTICES, _vertices(graph)), (_EDGES, _edges(graph))):
        found = list(rows)
        for at in range(0, len(found), _ROWS):
            client.submit(script, {"rows": found[at : at + _ROWS]}).all().result()


def _vertices(graph: Graph) -> Iterator[list[Any]]:
    for each, vertex in graph.vertices.items():
        held = [
            [name, name not in vertex.sets, _sent(value)]
            for name, found in vertex.properties.items()
            for value in found
        ]
        # As Neptune itself shows several labels.
        yield [each, "::".join(sorted(vertex.labels)), held]


def _edges(graph: Graph) -> Iterator[list[Any]]:
    for each, edge in graph.edges.items():
        held = [[name, _sent(value)] for name, (value,) in edge.properties.items()]
        yield [each, edge.start, edge.end, edge.label, held]


def held(client: Client, graph: str = LOADED) -> Graph:
    """All of a graph of the server's, with ids as text."""
    vertices = client.submit(_HELD_VERTICES.format(graph=graph)).all().result()
    edges = client.submit(_HELD_EDGES.format(graph=graph)).all().result()
    return Graph(
        {
            str(each): Vertex(frozenset(label.split("::")), _properties(pairs))
            for part in vertices
            for each, label, pairs in part
        },
        {
            str(each): Edge(str(start), label, str(end), _properties(pairs))
            for part in edges
            for each, start, label, end, pairs in part
        },
    )


def _properties(pairs: Sequence[tuple[str, Any]]) -> Properties:
    found: dict[str, set[Value]] = {}
    for name, value in pairs:
        found.setdefault(name, set()).add(_received(value))
    return {name: frozenset(each) for name, each in found.items()}


def _sent(value: Value) -> Any:
    match value:
        case ("Long", number):
            return long(number)
        case ("Double", digits):
            return float.fromhex(digits)
        case ("Bool" | "Int" | "String" | "Date", plain):
            return plain
        case _:
            raise AssertionError(value)


def _received(value: Any) -> Value:
    match value:
        case bool():
            return ("Bool", value)
        case float():
            return values.decimal("Double", value)
        case str():
            return ("String", value)
        case datetime():
            return ("Date", value.astimezone(UTC))
        case int():
            return ("Long" if isinstance(value, long) else "Int", int(value))
        case _:
            raise AssertionError(value)
