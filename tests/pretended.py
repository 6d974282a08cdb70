"""A Neo4j that says what a test has it say, for what `build-db` itself decides by its answers.

No importer and no server runs; what they really say is for the tests that are marked `neo4j`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from neo4j import Record

from kgimport.commands import build_db, verify
from kgimport.neo4j import importer
from kgimport.neo4j.reconcile import Samples
from kgimport.neo4j.runtime.programs import Neo4j

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pytest

# The graph of `tests.graphs.people`, as both of Neo4j's programs should count it.
IMPORTED = {"nodes": 3, "relationships": 2, "properties": 7}
LABELS, TYPES = {"Person": 3}, {"KNOWS": 2}


@dataclass(slots=True)
class Pretended:
    """What the importer and the server answer, and what they were asked."""

    imported: Mapping[str, int] = field(default_factory=lambda: dict(IMPORTED))
    labels: Mapping[str, int] = field(default_factory=lambda: dict(LABELS))
    types: Mapping[str, int] = field(default_factory=lambda: dict(TYPES))
    # What adds up otherwise, and which samples differ.
    totals: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    # By name; those that are not online.
    indexes: Mapping[str, str] = field(default_factory=dict)
    # Something else that happens while the importer runs.
    meanwhile: Callable[[], object] = lambda: None
    # Something else that happens while rows are compared.
    compares: Callable[[], object] = lambda: None
    heap_mb: int | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def neo4j(self) -> Neo4j:
        """The Neo4j whose programs these would be."""
        return Neo4j("2026.08.1", "embedded")

    @property
    def other_neo4j(self) -> Neo4j:
        """One of the other line."""
        return replace(self.neo4j, version="5.26.30")

    def import_full(self, *_: object, heap_mb: int | None, **__: object) -> Mapping[str, int]:
        """In place of the importer."""
        self.heap_mb = heap_mb
        self.meanwhile()
        return self.imported

    def execute_query(self, query: str, **_: object) -> Answer:
        """In place of the driver."""
        self.asked.append(query)
        return Answer([Record(row) for row in self._rows(query)])  # type: ignore[no-untyped-call]

    def _rows(self, query: str) -> Iterator[dict[str, Any]]:
        counts = {
            "(n)": sum(self.labels.values()),
            "()-[n]->()": sum(self.types.values()),
            **{f"(n:`{name}`)": count for name, count in self.labels.items()},
            **{f"()-[n:`{name}`]->()": count for name, count in self.types.items()},
        }
        if query.startswith("CALL db.labels"):
            yield from ({"name": name} for name in self.labels)
        elif query.startswith("CALL db.relationshipTypes"):
            yield from ({"name": name} for name in self.types)
        elif query.startswith("MATCH "):
            yield from ({"count": counts[each.split()[1]]} for each in query.split(" UNION ALL "))
        elif query.startswith("SHOW INDEXES"):
            yield from ({"name": name, "state": state} for name, state in self.indexes.items())


@dataclass(frozen=True, slots=True)
class Answer:
    """The part of a driver's answer that is looked at."""

    records: list[Record]


def instead_of_neo4j(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    """A Neo4j that holds the graph of people, unless the test says otherwise."""
    it = Pretended()

    @contextmanager
    def private_driver(_: Neo4j, __: Path) -> Iterator[Pretended]:
        yield it

    monkeypatch.setattr(importer, "import_full", it.import_full)

    def compare(*_: object) -> Samples:
        it.compares()
        return Samples(5, it.differences)

    for module in (build_db, verify):
        monkeypatch.setattr(module, "private_driver", private_driver)
        monkeypatch.setattr(module, "compare", compare)
        monkeypatch.setattr(module.reconcile, "total_differences", lambda *_: it.totals)
    return it
