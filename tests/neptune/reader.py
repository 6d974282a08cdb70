"""The graph that Neptune's loader makes of a build directory's files, or why it makes none."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.neptune import headers, values
from tests.neptune.csv_cells import UnreadableError, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tests.neptune.csv_cells import Cell
    from tests.neptune.headers import Column, Format, Header, Kind
    from tests.neptune.values import Value

Properties = dict[str, frozenset["Value"]]
_ELEMENT_END = re.compile(r"(?<!\\);")


@dataclass(slots=True)
class Vertex:
    """Labels and values; `sets` are the properties that keep an old value next to a new one."""

    labels: frozenset[str]
    properties: Properties
    sets: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(slots=True)
class Edge:
    """Where it starts, what it is, where it ends, and its values."""

    start: str
    label: str
    end: str
    properties: Properties


@dataclass(slots=True)
class Graph:
    """Vertices and edges by their ids."""

    vertices: dict[str, Vertex] = field(default_factory=dict)
    edges: dict[str, Edge] = field(default_factory=dict)
    # How many rows had the id of another; the loader merges them.
    repeated: int = field(default=0, compare=False)


def read(build: Path, form: Format) -> Graph:
    """Load `vertices/`, then `edges/`, each as the prefix of a loader's job."""
    return loaded(_files(build / "vertices"), _files(build / "edges"), form)


def loaded(vertices: Iterable[Path], edges: Iterable[Path], form: Format) -> Graph:
    """Load files of vertices, then files of edges."""
    graph = Graph()
    for path in vertices:
        for row in _rows(path, form, "vertices"):
            _merge_vertex(graph, row)
    for path in edges:
        for row in _rows(path, form, "edges"):
            _merge_edge(graph, row)
    return graph


def _files(prefix: Path) -> list[Path]:
    # Every object under a prefix is read as data.
    found = sorted(each for each in prefix.rglob("*") if each.is_file())
    strange = [each for each in found if not each.name.endswith((".csv", ".csv.gz"))]
    if strange:
        raise UnreadableError(f"not data: {strange}")
    return found


@dataclass(slots=True)
class _Row:
    """A record: its system columns by what they are, and its properties."""

    system: Mapping[str, Cell]
    properties: Properties
    sets: frozenset[str]

    def text(self, name: str) -> str:
        """An id, an end or a label, which must be there."""
        cell = self.system[name]
        if cell.blank or (name == "label" and not cell.text):
            raise UnreadableError(f"a row without {name}: {self.system}")
        return cell.text


def _rows(path: Path, form: Format, kind: Kind) -> Iterator[_Row]:
    found = records(path)
    first = next(found, None)
    if first is None:
        raise UnreadableError(f"{path.name} has no header")
    header = headers.parse(first, form, kind)
    sets = frozenset(each.name for each in header.columns.values() if not each.single)
    for record in found:
        yield _Row(_system(header, record), _properties(header, record, form), sets)


def _system(header: Header, record: tuple[Cell, ...]) -> dict[str, Cell]:
    return {name: record[at] for name, at in header.places.items()}


def _properties(header: Header, record: tuple[Cell, ...], form: Format) -> Properties:
    return {
        column.name: frozenset(_values(column, record[at], form))
        for at, column in header.columns.items()
        if not record[at].blank
    }


def _values(column: Column, cell: Cell, form: Format) -> list[Value]:
    if form == "opencypher" and not cell.text:
        raise UnreadableError(f"{column.name}: only Gremlin's parser keeps an empty string")
    if not column.many:
        return [values.value(column.type, cell.text)]
    elements = [each.replace("\\;", ";") for each in _ELEMENT_END.split(cell.text)]
    found = [values.value(column.type, each) for each in elements]
    if "" in elements or len(set(found)) < len(found):
        raise UnreadableError(f"{column.name}: a set loses something of {cell.text!r}")
    return found


def _merge_vertex(graph: Graph, row: _Row) -> None:
    new = Vertex(frozenset(_labels(row.text("label"))), row.properties, row.sets)
    old = graph.vertices.setdefault(row.text("id"), new)
    if old is new:
        return
    graph.repeated += 1
    old.labels |= new.labels
    old.sets |= new.sets
    for name, held in new.properties.items():
        both = old.properties.get(name, frozenset()) | held
        if len(both) > 1 and name not in row.sets:
            raise UnreadableError(f"SINGLE_CARDINALITY_VIOLATION: {name} of {row.text('id')}")
        old.properties[name] = both


def _labels(text: str) -> list[str]:
    labels = text.split(";")
    if "" in labels:  # one that is stated twice is one label
        raise UnreadableError(f"not labels: {text!r}")
    return labels


def _merge_edge(graph: Graph, row: _Row) -> None:
    new = Edge(row.text("from"), row.text("label"), row.text("to"), row.properties)
    if not {new.start, new.end} <= graph.vertices.keys():
        raise UnreadableError(f"FROM_OR_TO_VERTEX_ARE_MISSING: {new}")
    old = graph.edges.setdefault(row.text("id"), new)
    if old is not new:
        graph.repeated += 1
        if old != new:
            raise UnreadableError(f"ID_ASSIGNED_TO_MULTIPLE_EDGES: {old} and {new}")
