"""How many nodes have each label, and how many relationships each type."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.cypher import statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neo4j import Driver

    from kgimport.report import ExportRecord


@dataclass(frozen=True, slots=True)
class Counts:
    """Nodes per label, relationships per type, and both in total."""

    nodes: int
    relationships: int
    labels: Mapping[str, int]
    types: Mapping[str, int]


def expected(record: ExportRecord) -> Counts:
    """What the store must hold, by the rows that the export wrote."""
    labels: Counter[str] = Counter()
    types: Counter[str] = Counter()
    for table in record.tables:
        (labels if table.kind == "node" else types).update(table.counts)
    return Counts(record.nodes, record.relationships, _positive(labels), _positive(types))


def _positive(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count}


def actual(driver: Driver) -> Counts:
    """What the store holds, by all of its nodes and relationships.

    One query for all labels and one for all types: one for each would take minutes where there are
    thousands, and so does the procedure that gives the count store.
    """
    labels = _counted(driver, "MATCH (n) UNWIND labels(n) AS name RETURN name, count(*) AS count")
    types = _counted(driver, "MATCH ()-[r]->() RETURN type(r) AS name, count(*) AS count")
    nodes = _counted(driver, "MATCH (n) RETURN '' AS name, count(*) AS count")
    return Counts(sum(nodes.values()), sum(types.values()), _positive(labels), _positive(types))


def _counted(driver: Driver, query: str) -> dict[str, int]:
    rows = driver.execute_query(statement(query)).records
    return {str(row["name"]): int(row["count"]) for row in rows}


def count_differences(wanted: Counts, found: Counts) -> Iterator[str]:
    """One sentence for each label, type or total that differs."""
    yield from _unequal("nodes", wanted.nodes, found.nodes)
    yield from _unequal("relationships", wanted.relationships, found.relationships)
    for word, one, other in (
        ("label", wanted.labels, found.labels),
        ("type", wanted.types, found.types),
    ):
        for name in sorted({*one, *other}):
            yield from _unequal(f"{word} {name}", one.get(name, 0), other.get(name, 0))


def _unequal(what: str, wanted: int, found: int) -> Iterator[str]:
    if wanted != found:
        yield f"{what}: the source has {wanted:,}, the store {found:,}"
