"""Compare sums over all values of every property, and over the ends of all relationships.

A store cannot distinguish tables that share labels or types, so they are queried together: one
query for each such group goes through all of its nodes or relationships once.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.neo4j.reconcile.in_cypher import ZEROS, cypher_sums, ends_cypher, held
from kgimport.targets.neo4j.cypher import quoted, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor, Future

    from neo4j import Driver

    from kgimport.properties import PropertyType
    from kgimport.records import CellRecord, ExportRecord, TableRecord

    Row = list[int]

_MANY = 100_000  # the most rows that are queried in one share


def total_differences(driver: Driver, record: ExportRecord) -> Iterator[str]:
    """Yield a sentence for each sum that differs, of a property or of relationships' ends."""
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        asked = [(each, _shares(pool, driver, each, cores)) for each in questions(record)]
        for question, shares in asked:
            yield from _differences(question, [share.result() for share in shares])


def _shares(pool: Executor, driver: Driver, question: Question, cores: int) -> list[Future[Row]]:
    """Return the results of a query to come; a large one runs in shares, each on one core."""
    of = cores if question.rows > _MANY else 1
    return [pool.submit(_answer, driver, question, of, share) for share in range(of)]


def _answer(driver: Driver, question: Question, of: int, share: int) -> Row:
    (row,) = driver.execute_query(statement(question.query), of=of, share=share).records
    return list(row.values())


@dataclass(frozen=True, slots=True)
class Question:
    """A query over everything that some tables became, and the row of numbers that it must return.

    `wanted` has a description and the number for each column. The query covers the entities whose
    record id modulo `$of` is `$share`; the results of all shares are added.
    """

    tables: tuple[str, ...]
    query: str
    wanted: tuple[tuple[str, int], ...]

    @property
    def rows(self) -> int:
        """How many nodes or relationships it goes through."""
        return self.wanted[0][1]


def questions(record: ExportRecord) -> Iterator[Question]:
    """Yield all queries that compare a store with an export."""
    written = [table for table in record.tables if table.written]
    nodes = [table for table in written if table.kind == "node"]
    relationships = [table for table in written if table.kind == "relationship"]
    graph = record.declaration
    labels = {table.name: graph.node(table.name).labels[0] for table in nodes}
    for group in _groups(nodes, lambda a, b: labels[a.name] in b.counts):
        any_of = "|".join(dict.fromkeys(quoted(labels[table.name]) for table in group))
        yield _question(group, f"(n:{any_of})")
    types = {name for table in relationships for name in table.counts}
    for group in _groups(relationships, lambda a, b: not a.counts.keys().isdisjoint(b.counts)):
        names = dict.fromkeys(name for table in group for name in table.counts)
        any_of = "|".join(map(quoted, names))
        yield _question(group, f"(a)-[n{'' if types == names.keys() else f':{any_of}'}]->(b)")


def _groups(
    tables: Sequence[TableRecord], touch: Callable[[TableRecord, TableRecord], bool]
) -> list[list[TableRecord]]:
    """Return the tables in groups: two that `touch`, directly or through others, are in one."""
    groups: list[list[TableRecord]] = []
    for table in tables:
        near = [g for g in groups if any(touch(table, each) or touch(each, table) for each in g)]
        groups = [group for group in groups if group not in near]
        groups.append([*(each for group in near for each in group), table])
    return groups


def _question(group: Sequence[TableRecord], pattern: str) -> Question:
    cells = _by_property(group)
    held_as = ", ".join(
        f"{held(each[0].type, f'n.{quoted(name)}')} AS p{at}"
        for at, (name, each) in enumerate(cells.items())
    )
    asked = [("rows", "count(*)", sum(table.written for table in group))]
    for at, (name, each) in enumerate(cells.items()):
        asked += _asked(name, each, f"p{at}")
    if all(table.ends is not None for table in group):
        asked.append(("the ends", f"sum({ends_cypher('a', 'b')})", _ends(group)))
    zeros = ", ".join(f"{value} AS {name}" for name, value in ZEROS.items())
    columns = ", ".join(f"{sql} AS c{at}" for at, (_, sql, _) in enumerate(asked))
    values = f"WITH *, {held_as} " if held_as else ""
    some = "WHERE id(n) % $of = $share"
    query = f"WITH {zeros} MATCH {pattern} {some} {values}RETURN {columns}"
    wanted = tuple((name, number) for name, _, number in asked)
    return Question(tuple(table.name for table in group), query, wanted)


def _by_property(group: Iterable[TableRecord]) -> dict[str, list[CellRecord]]:
    found: dict[str, list[CellRecord]] = {}
    for table in group:
        for cell in table.cells:
            if cell.property:
                found.setdefault(cell.property, []).append(cell)
    return found


def _asked(name: str, cells: Sequence[CellRecord], value: str) -> Iterator[tuple[str, str, int]]:
    """Yield the count of values, and their sums if those of all tables are computed alike.

    Each is a description, the Cypher that computes it, and the number that it must give.
    """
    yield f"{name}: values", f"count({value})", sum(cell.facts.values for cell in cells)
    if len({tuple(_computed(cell.type, value)) for cell in cells}) > 1:
        return
    for each, cypher in cypher_sums(cells[0].type).items():
        total = sum(cell.facts.sums[each] for cell in cells)
        yield f"{name}: {each}", f"sum({cypher(value)})", total


def _computed(made: PropertyType, value: str) -> Iterator[str]:
    """Yield the Cypher of the sums, which is the same for types that can be added together.

    Such are instants in UTC and in other zones, and moments of any unit.
    """
    yield held(made, value)
    yield from (cypher(value) for cypher in cypher_sums(made).values())


def _ends(group: Sequence[TableRecord]) -> int:
    return sum(table.ends or 0 for table in group)


def _differences(question: Question, shares: Sequence[Row]) -> Iterator[str]:
    tables = ", ".join(question.tables)
    for (name, wanted), numbers in zip(question.wanted, zip(*shares, strict=True), strict=True):
        found = sum(numbers)
        if found != wanted:
            yield f"{tables}, {name}: the source has {wanted:,}, the store {found:,}"
