"""A stand-in for Neptune: a graph in dicts, and a loader with the limits that its guide states.

A load adds labels, properties and values of sets, and in Gremlin's form replaces single values; it
deletes nothing. An edge's ends and type stay. Everything that it would refuse is an error here.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A property's header cell, which has its type, and its values.
Properties = dict[str, tuple[str, frozenset[str]]]
_CELL = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\n|\Z)')
_SYSTEM = {
    "neptune-gremlin": ("~id", "~label", "~from", "~to"),
    "neptune-opencypher": (":ID", ":LABEL", ":START_ID", ":END_ID", ":TYPE"),
}


@dataclass
class Vertex:
    """Labels and properties."""

    labels: frozenset[str] = frozenset()
    properties: Properties = field(default_factory=dict)


@dataclass
class Edge:
    """Start, end and type, and properties."""

    ends: tuple[str, str, str]
    properties: Properties = field(default_factory=dict)


@dataclass
class Store:
    """A graph."""

    dialect: str
    vertices: dict[str, Vertex] = field(default_factory=dict)
    edges: dict[str, Edge] = field(default_factory=dict)

    def drop_edges(self, ids: list[str]) -> None:
        """Drop edges, each of which must be there."""
        for each in ids:
            del self.edges[each]

    def drop_vertices(self, ids: list[str]) -> None:
        """Drop vertices, each of which must be there, and its edges must have been dropped."""
        for each in ids:
            del self.vertices[each]
            assert not [edge for edge in self.edges.values() if each in edge.ends[:2]]

    def unset(self, where: str, pairs: list[list[str]]) -> None:
        """Drop properties, each of which must be there."""
        for each, name in pairs:
            del getattr(self, where)[each].properties[name]

    def load(self, folder: Path) -> None:
        """Load the prefix `vertices/`, then `edges/`; each must hold data alone."""
        for path in files(folder / "vertices"):
            for row in rows(path):
                self._load_vertex(row)
        for path in files(folder / "edges"):
            for row in rows(path):
                self._load_edge(row)

    def _load_vertex(self, row: dict[str, str | None]) -> None:
        name, labels = (row.pop(each) for each in _SYSTEM[self.dialect][:2])
        assert name is not None
        assert labels
        vertex = self.vertices.setdefault(name, Vertex())
        vertex.labels |= {*labels.split(";")}
        self._set(vertex.properties, row, single="(single)")

    def _load_edge(self, row: dict[str, str | None]) -> None:
        name, *ends = (row.pop(each) for each in _SYSTEM[self.dialect] if each in row)
        kind, start, end = ends if self.dialect == "neptune-gremlin" else [ends[2], *ends[:2]]
        assert name is not None
        assert kind is not None
        assert start in self.vertices
        assert end in self.vertices
        edge = self.edges.setdefault(name, Edge((start, end, kind)))
        assert edge.ends == (start, end, kind), "ID_ASSIGNED_TO_MULTIPLE_EDGES"
        self._set(edge.properties, row, single="")

    def _set(self, held: Properties, row: dict[str, str | None], single: str) -> None:
        for cell, value in row.items():
            if value is None:
                continue
            name = re.sub(r"(?<!\\):[^:]*$", "", cell).replace("\\:", ":")
            many = cell.endswith("[]")
            new = frozenset(re.split(r"(?<!\\);", value)) if many else frozenset({value})
            if self.dialect == "neptune-opencypher":
                held.setdefault(name, (cell, new))
            elif many:
                kind, old = held.get(name, (cell, frozenset()))
                assert kind == cell, "a value of another type beside the old ones"
                held[name] = (cell, old | new)
            else:
                assert single in cell
                held[name] = (cell, new)


def files(prefix: Path) -> list[Path]:
    """All files below a prefix, which all must be data."""
    found = sorted(each for each in prefix.rglob("*") if each.is_file())
    assert [each for each in found if not re.search(r"\.csv(\.gz)?$", each.name)] == []
    return found


def rows(path: Path) -> Iterator[dict[str, str | None]]:
    """The rows of a file by its header; a blank cell is None, and `""` is an empty text."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    header, *others = _records(text)
    names = [name or "" for name in header]
    assert len({*names}) == len(names)
    for each in others:
        yield dict(zip(names, each, strict=True))


def _records(text: str) -> Iterator[list[str | None]]:
    at, record = 0, list[str | None]()
    while at < len(text):
        found = _CELL.match(text, at)
        assert found, text[at : at + 80]
        quoted, plain, end = found.groups()
        # Outer spaces are dropped, unless they are in quotes.
        bare = (plain or "").strip(" ") or None
        record.append(bare if quoted is None else quoted.replace('""', '"'))
        at = found.end()
        if end != ",":
            yield record
            record = []
