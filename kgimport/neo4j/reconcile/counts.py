"""Counts of the nodes with each label, and of the relationships with each type."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.targets.neo4j.cypher import quoted, statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neo4j import Driver

    from kgimport.records import ExportRecord

_FEW = 64  # the most names that are looked up in the count store


@dataclass(frozen=True, slots=True)
class Counts:
    """Nodes per label, relationships per type, and both in total."""

    nodes: int
    relationships: int
    labels: Mapping[str, int]
    types: Mapping[str, int]


def expected(record: ExportRecord) -> Counts:
    """Return what the store must hold: the counts of the rows that the export wrote."""
    labels: Counter[str] = Counter()
    types: Counter[str] = Counter()
    for table in record.tables:
        (labels if table.kind == "node" else types).update(table.counts)
    return Counts(record.nodes, record.relationships, _positive(labels), _positive(types))


def _positive(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count}


def actual(driver: Driver) -> Counts:
    """Return what the store holds: from its count store for few names, by a scan for many.

    Both take one query for all labels and one for all types. A query for each of thousands of names
    would take minutes, and so does the procedure that returns the whole count store.
    """
    labels = _names(driver, "CALL db.labels() YIELD label AS name RETURN name")
    types = _names(driver, "CALL db.relationshipTypes() YIELD relationshipType AS name RETURN name")
    (nodes,) = _looked_up(driver, ["(n)"])
    (relationships,) = _looked_up(driver, ["()-[n]->()"])
    if len(labels) > _FEW:
        by_label = _all_of_them(driver, "MATCH (n) UNWIND labels(n) AS name")
    else:
        by_label = _by_name(driver, labels, "(n:{})")
    if len(types) > _FEW:
        by_type = _all_of_them(driver, "MATCH ()-[r]->() WITH type(r) AS name")
    else:
        by_type = _by_name(driver, types, "()-[n:{}]->()")
    return Counts(nodes, relationships, _positive(by_label), _positive(by_type))


def _names(driver: Driver, query: str) -> list[str]:
    return [str(row["name"]) for row in driver.execute_query(statement(query)).records]


def _by_name(driver: Driver, names: list[str], pattern: str) -> dict[str, int]:
    found = _looked_up(driver, [pattern.format(quoted(name)) for name in names])
    return dict(zip(names, found, strict=True))


def _looked_up(driver: Driver, patterns: list[str]) -> list[int]:
    """Return the count of each pattern, in one query whose parts each read the count store."""
    if not patterns:
        return []
    query = " UNION ALL ".join(f"MATCH {each} RETURN count(n) AS count" for each in patterns)
    return [int(row["count"]) for row in driver.execute_query(statement(query)).records]


def _all_of_them(driver: Driver, match: str) -> dict[str, int]:
    rows = driver.execute_query(statement(f"{match} RETURN name, count(*) AS count")).records
    return {str(row["name"]): int(row["count"]) for row in rows}


def count_differences(wanted: Counts, found: Counts) -> Iterator[str]:
    """Yield a sentence for each label, type or total that differs."""
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
