"""Sampled rows of every table, compared with the store property by property, with their types."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport import dialect, values
from kgimport.cypher import quoted, statement
from kgimport.graph import NodeTable, property_name, rule_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from neo4j import Driver

    from kgimport.dialect import Carrier, Field
    from kgimport.graph import Graph, RelationshipTable, Table

    Kept = Callable[[pl.LazyFrame], pl.LazyFrame]
    # A table's rows, which of some of them are exported, and the columns that are properties.
    Rows = Callable[[Table], tuple[pl.LazyFrame, Kept, tuple[Field, ...]]]

SAMPLES = 100
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Samples:
    """How many sampled rows were compared, and what differed."""

    compared: int
    differences: tuple[str, ...]


def samples(driver: Driver, graph: Graph, rows: Rows, *, size: int = SAMPLES) -> Samples:
    """Compares up to `size` evenly spread rows of every table with the store.

    A table whose key columns are no properties cannot be found again and is left out.
    """
    tables = [
        table
        for table in graph.tables
        if all(_keeps_key(graph.node(name)) for name in _node_names(table))
    ]

    def one(table: Table) -> Samples:
        frame, kept, fields = rows(table)
        sample = kept(_spread(frame, size).lazy()).collect()
        return _table_samples(driver, graph, table, sample, fields)

    # The server answers a query on one core, and without an index it has much to look at.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(one, tables))
    differences = [text for each in found for text in each.differences]
    return Samples(sum(each.compared for each in found), tuple(differences))


def _node_names(table: Table) -> list[str]:
    return [table.name] if isinstance(table, NodeTable) else [end.node for _, end in table.ends]


def _keeps_key(table: NodeTable) -> bool:
    return not any(rule_of(table, column).skip for column in table.key)


def _table_samples(
    driver: Driver, graph: Graph, table: Table, rows: pl.DataFrame, fields: Sequence[Field]
) -> Samples:
    key = tuple(_key_parts(graph, table, rows.schema))
    wanted = _wanted(table, rows, key, fields)
    if isinstance(table, NodeTable):
        query = _nodes_query(table, key)
    else:
        query = _relationships_query(graph, table, key)
    return _compared(table.name, wanted, _fetched(driver, query, list(wanted)))


# Cypher has a function of the same name for each of them.
_MOMENTS = ("date", "localdatetime", "datetime")


@dataclass(frozen=True, slots=True)
class _KeyPart:
    """A column that holds a part of a node's key, and the property that holds it in the store."""

    column: str
    name: str
    carrier: Carrier

    @property
    def _moment(self) -> str:
        kind = self.carrier.header.partition("{")[0]
        return kind if kind in _MOMENTS else ""

    def parameter(self) -> pl.Expr:
        """The values as the driver takes them: moments as text, for Cypher to read exactly.

        A driver's own datetime knows microseconds only, and CPython's zoneinfo reads foreign
        memory when the driver asks it for an offset.
        """
        values = self.carrier.value(pl.col(self.column))
        if not self._moment:
            return values
        zone = "Z" if "{timezone:Z}" in self.carrier.header else ""
        return self.carrier.spell(values) + zone

    def among(self, at: int) -> str:
        """Cypher: the parts of all keys at that position, as the store holds them."""
        return f"[key IN $keys | {self._moment}(key[{at}])]"

    def equals(self, alias: str, at: int) -> str:
        """Cypher: this property of `alias` is the key's part at that position."""
        return f"{alias}.{quoted(self.name)} = {self._moment}(key[{at}])"


def _key_parts(graph: Graph, table: Table, schema: pl.Schema) -> Iterator[_KeyPart]:
    """The parts of a row's key (of both ends' keys), each as the node's table carries it."""
    if isinstance(table, NodeTable):
        pairs = [(column, table, column) for column in table.key]
    else:
        ends = [(end, graph.node(end.node)) for _, end in table.ends]
        pairs = [
            (ours, node, theirs)
            for end, node in ends
            for ours, theirs in zip(end.key, node.key, strict=True)
        ]
    for column, node, theirs in pairs:
        how = dialect.carrier(schema[column], rule_of(node, theirs))
        assert isinstance(how, dialect.Carrier)  # noqa: S101  (the export has carried it)
        yield _KeyPart(column, property_name(node, theirs), how)


def _spread(frame: pl.LazyFrame, size: int) -> pl.DataFrame:
    """Runs of rows at even distances, the first and the last among them; small tables whole.

    Runs, because Parquet is read in pages: that many single rows would read most of it.
    """
    count = int(frame.select(pl.len()).collect(engine="streaming").item())
    if count <= size:
        return frame.collect(engine="streaming")
    runs, length = -(-size // _RUN), min(size, _RUN)
    starts = {round(run * (count - length) / max(runs - 1, 1)) for run in range(runs)}
    return pl.concat(frame.slice(start, length).collect() for start in sorted(starts))


_RUN = 10


Key = tuple[Any, ...]
Properties = frozenset[tuple[str, Any]]


def _wanted(
    table: Table, rows: pl.DataFrame, key: Sequence[_KeyPart], fields: Sequence[Field]
) -> dict[Key, Counter[Properties]]:
    """The rows' properties by key; several relationships may join one pair of nodes."""
    keys = rows.select(part.parameter().alias(str(at)) for at, part in enumerate(key)).rows()
    columns = [(field.name, values.column(field, rows)) for field in fields]
    columns.append((_NAMES, _names_of(table, rows)))
    wanted: dict[Key, Counter[Properties]] = {}
    for at, each in enumerate(keys):
        present = ((name, column[at]) for name, column in columns if column[at] is not None)
        wanted.setdefault(each, Counter())[frozenset(present)] += 1
    return wanted


# Stands beside the properties for the labels of a node, or the type of a relationship.
_NAMES = ""


def _names_of(table: Table, rows: pl.DataFrame) -> list[tuple[str, ...]]:
    names = table.labels if isinstance(table, NodeTable) else tuple(filter(None, (table.type,)))
    column = table.label_column if isinstance(table, NodeTable) else table.type_column
    if column is None:
        return [tuple(sorted(names))] * rows.height
    more = rows.get_column(column).to_list()
    return [tuple(sorted({*names, *(each if isinstance(each, list) else [each])})) for each in more]


def _nodes_query(table: NodeTable, key: Sequence[_KeyPart]) -> str:
    labels = "".join(f":{quoted(label)}" for label in table.labels)
    return (
        f"WITH {key[0].among(0)} AS keys0 MATCH (n{labels}) WHERE n.{quoted(key[0].name)} IN keys0 "
        f"WITH n UNWIND $keys AS key WITH n, key WHERE {_is_key('n', key, 0)} "
        "RETURN key, properties(n) AS p, labels(n) AS names"
    )


def _relationships_query(graph: Graph, table: RelationshipTable, key: Sequence[_KeyPart]) -> str:
    """All relationships of the type between the nodes of the rows' keys.

    One look for the nodes of all keys, and not one for each: they may have no index.
    """
    start, end = (graph.node(each.node) for _, each in table.ends)
    split = len(start.key)
    of_type = f":{quoted(table.type)}" if table.type else ""
    return (
        f"WITH {key[0].among(0)} AS keys0, {key[split].among(split)} AS keys1 "
        f"MATCH (a:{_any_label(graph, start)})-[r{of_type}]->(b:{_any_label(graph, end)}) "
        f"WHERE a.{quoted(key[0].name)} IN keys0 AND b.{quoted(key[split].name)} IN keys1 "
        f"WITH a, r, b UNWIND $keys AS key WITH a, r, b, key "
        f"WHERE {_is_key('a', key[:split], 0)} AND {_is_key('b', key[split:], split)} "
        "RETURN key, properties(r) AS p, [type(r)] AS names"
    )


def _any_label(graph: Graph, table: NodeTable) -> str:
    """The labels of all nodes that an end may point to: an id space may have several tables."""
    members = graph.id_space(table.id_space)
    return "|".join(dict.fromkeys(quoted(member.labels[0]) for member in members))


def _is_key(alias: str, parts: Sequence[_KeyPart], first: int) -> str:
    """A node's key properties equal the parts of `key` from position `first` on."""
    return " AND ".join(part.equals(alias, at) for at, part in enumerate(parts, start=first))


def _fetched(driver: Driver, query: str, keys: list[Key]) -> dict[Key, Counter[Properties]]:
    found: dict[Key, Counter[Properties]] = {}
    rows = driver.execute_query(statement(query), keys=[list(key) for key in keys]).records
    for row in rows:
        held = frozenset(
            [
                (_NAMES, tuple(sorted(row["names"]))),
                *((name, values.plain(value)) for name, value in row["p"].items()),
            ]
        )
        found.setdefault(tuple(row["key"]), Counter())[held] += 1
    return found


def _compared(
    table: str, wanted: Mapping[Key, Counter[Properties]], found: Mapping[Key, Counter[Properties]]
) -> Samples:
    count = sum(each.total() for each in wanted.values())
    differences = list(_differences(table, wanted, found))
    return Samples(count, tuple(differences[:_SHOWN]))


def _differences(
    table: str, wanted: Mapping[Key, Counter[Properties]], found: Mapping[Key, Counter[Properties]]
) -> Iterable[str]:
    for key, rows in wanted.items():
        held = found.get(key, Counter())
        missing = rows - held
        if missing:
            one, other = next(iter(missing)), next(iter(held), frozenset())
            names = sorted({name or "labels or type" for name, _ in one ^ other})
            what = f"differs in {', '.join(names)}" if held else "is not in the store"
            yield f"{table} {', '.join(map(repr, key))} {what}"
