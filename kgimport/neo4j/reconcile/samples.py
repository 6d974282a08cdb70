"""Compare sampled rows of every table with the store: each property, and its type."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport import findings
from kgimport.identity import ID
from kgimport.neo4j.reconcile import by_id, by_key, values
from kgimport.targets.neo4j.cypher import statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from neo4j import Driver

    from kgimport.graph import Graph, Table
    from kgimport.neo4j.reconcile.rows import Rows
    from kgimport.targets import Field

Key = tuple[Any, ...]
Properties = frozenset[tuple[str, Any]]
Found = Mapping[Key, Counter[Properties]]

_RUN = 10
_SHOWN = 5
# The name that stands for the labels or the type among the properties.
_NAMES = ""


@dataclass(frozen=True, slots=True)
class Samples:
    """How many sampled rows were compared, and what differed."""

    compared: int
    differences: tuple[str, ...]


def samples(
    driver: Driver, graph: Graph, rows: Mapping[str, Rows], *, seed: str, size: int
) -> Samples:
    """Compare up to `size` rows of every table, drawn by `seed`, with the store.

    They are looked up by record id. If ids are keys, they are found by the properties that hold the
    keys, and a table whose key columns do not become properties is left out.
    """
    how = by_id if all(rows[node.name].first is not None for node in graph.nodes) else by_key
    tables = [table for table in graph.tables if how.can_be_found(graph, table)]

    def one(table: Table) -> Samples:
        drawn = samples_of(rows[table.name], f"{seed} {table.name}", size)
        keyed, keys = how.keyed(graph, table, rows, drawn)
        wanted = _wanted(table, keyed, keys, rows[table.name].fields)
        query = how.query(graph, table, rows)
        found = _fetched(driver, query, list(wanted), rows[table.name].computed)

        def named(key: Key) -> str:
            row = keyed[keys.index(key)].select(_key_columns(table))
            return ", ".join(findings.printable(row)[0].values())

        return _compared(table.name, wanted, found, named)

    # The server runs a query on one core, and without an index it scans a lot.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(one, tables))
    differences = [text for each in found for text in each.differences]
    return Samples(sum(each.compared for each in found), tuple(differences))


def samples_of(rows: Rows, seed: str, size: int) -> pl.DataFrame:
    """Return runs of rows from all over a table, including its first and last; a small table whole.

    Runs, because Parquet is read in pages: as many single rows would read most of the file.
    """
    frame = rows.frame
    if rows.first is not None:
        frame = frame.with_row_index(ID, rows.first)
    count = int(frame.select(pl.len()).collect(engine="streaming").item())
    if count <= size:
        return frame.collect(engine="streaming")
    length = max(1, min(size // 2, _RUN))  # two runs at least: the first and the last
    starts = _starts(count, size // length, length, random.Random(seed))  # noqa: S311
    return pl.concat(frame.slice(start, length).collect() for start in starts)


def _starts(count: int, runs: int, length: int, draw: random.Random) -> list[int]:
    """Return where runs of that length begin among `count` rows: one in each of equal parts.

    They do not overlap, because there are at least `runs * length` rows.
    """
    ends = [at * count // runs for at in range(runs + 1)]
    drawn = [draw.randint(start, end - length) for start, end in pairwise(ends)]
    return sorted({0, *drawn[1:-1], count - length})


def _wanted(
    table: Table, rows: pl.DataFrame, keys: Sequence[Key], fields: Sequence[Field]
) -> dict[Key, Counter[Properties]]:
    """Return the rows' properties by key, each with its count: a pair of nodes may repeat."""
    columns = [(field.name, values.column(field, rows)) for field in fields]
    columns.append((_NAMES, _names_of(table, rows)))
    wanted: dict[Key, Counter[Properties]] = {}
    for at, each in enumerate(keys):
        present = ((name, column[at]) for name, column in columns if column[at] is not None)
        wanted.setdefault(each, Counter())[frozenset(present)] += 1
    return wanted


def _names_of(table: Table, rows: pl.DataFrame) -> list[tuple[str, ...]]:
    names = table.names
    if (column := table.name_column) is None:
        return [tuple(sorted(names))] * rows.height
    more = rows.get_column(column).to_list()
    return [tuple(sorted({*names, *(each if isinstance(each, list) else [each])})) for each in more]


def _fetched(
    driver: Driver, query: str, keys: list[Key], without: frozenset[str]
) -> dict[Key, Counter[Properties]]:
    """Return what the store holds under each of the keys, without some properties."""
    found: dict[Key, Counter[Properties]] = {}
    rows = driver.execute_query(statement(query), keys=[list(key) for key in keys]).records
    for row in rows:
        held = frozenset(
            [
                (_NAMES, tuple(sorted(row["names"]))),
                *((n, values.plain(each)) for n, each in row["p"].items() if n not in without),
            ]
        )
        found.setdefault(tuple(row["key"]), Counter())[held] += 1
    return found


def _key_columns(table: Table) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(table.keys)))


def _compared(table: str, wanted: Found, found: Found, named: Callable[[Key], str]) -> Samples:
    count = sum(each.total() for each in wanted.values())
    differences = islice(_differences(table, wanted, found, named), _SHOWN)
    return Samples(count, tuple(differences))


def _differences(
    table: str, wanted: Found, found: Found, named: Callable[[Key], str]
) -> Iterable[str]:
    """Yield a sentence for each row that differs; `named` returns its key as in the table."""
    for key, rows in wanted.items():
        held = found.get(key, Counter())
        missing = rows - held
        if missing:
            one, other = next(iter(missing)), next(iter(held), frozenset())
            names = sorted({name or "labels or type" for name, _ in one ^ other})
            found_there = f"differs in {', '.join(names)}" if held else "is not in the store"
            yield f"{table} {named(key)} {found_there}"
