"""Does a cluster hold what an export wrote? Its vertices and edges, and their values, are counted.

There is one query for each label and each type, so that none goes through more than it must. The
queries are openCypher, which Neptune runs on what it loaded from either kind of files. A cluster
may hold other graphs too: what has none of this graph's labels and types is counted, not compared.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from kgimport.neptune.cluster import asking, client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kgimport.neptune.cluster import Cluster
    from kgimport.progress import Progress
    from kgimport.records import ExportRecord, TableRecord

Kind = Literal["label", "type"]
_KINDS: Mapping[str, Kind] = {"node": "label", "relationship": "type"}
_MATCH: Mapping[Kind, str] = {"label": "(n{})", "type": "()-[n{}]->()"}
# botocore makes the call again even if a query took too long.
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Expected:
    """What has a label or a type: how many there are, and how many values each property has.

    There are no `values` if only some rows of a table have the label.
    """

    kind: Kind
    name: str
    rows: int
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Held:
    """What a cluster holds: the differences from an export, and what is not of its graph."""

    differences: tuple[str, ...]
    other_vertices: int
    other_edges: int


def expected(tables: Iterable[TableRecord]) -> list[Expected]:
    """Return what each label and each type must have: labels first, in the order of the tables."""
    having: dict[tuple[Kind, str], list[TableRecord]] = defaultdict(list)
    for table in tables:
        for name in table.counts:
            having[_KINDS[table.kind], name].append(table)
    return [_of_name(*key, of_it) for key, of_it in having.items()]


def _of_name(kind: Kind, name: str, tables: list[TableRecord]) -> Expected:
    values: dict[str, int] = defaultdict(int)
    # An empty list is a value in the record and none in the cluster.
    lists = {cell.property for table in tables for cell in table.cells if cell.type.many}
    if all(table.counts[name] == table.written for table in tables):
        for table in tables:
            for cell in table.cells:
                if cell.property and cell.property not in lists:
                    values[cell.property] += cell.facts.values
    return Expected(kind, name, sum(table.counts[name] for table in tables), dict(values))


def query(wanted: Expected) -> str:
    """Return openCypher that counts, in one row: `c0` things, then the values of each property."""
    counted = ["n", *(f"n.{_quoted(name)}" for name in wanted.values)]
    columns = ", ".join(f"count({each}) AS c{at}" for at, each in enumerate(counted))
    return f"MATCH {_MATCH[wanted.kind].format(':' + _quoted(wanted.name))} RETURN {columns}"


def total_query(kind: Kind) -> str:
    """Return openCypher that counts all vertices, or all edges, as `c0`."""
    return f"MATCH {_MATCH[kind].format('')} RETURN count(n) AS c0"


def _quoted(name: str) -> str:
    escaped = name.replace("`", "``")
    return f"`{escaped}`"


def compared(cluster: Cluster, record: ExportRecord, progress: Progress) -> Held:
    """Compare a cluster with an export, label by label and type by type."""
    wanted = expected(record.tables)
    differences: list[str] = []
    for at, each in enumerate(wanted):
        progress(f"count {each.name}", at / len(wanted))
        differences += difference(each, _answer(cluster, query(each)))
    progress("count all", None)
    vertices, edges = (_answer(cluster, total_query(kind))["c0"] for kind in _KINDS.values())
    return Held(tuple(differences), vertices - record.nodes, edges - record.relationships)


def already(cluster: Cluster, tables: Iterable[TableRecord]) -> list[str]:
    """Return a text for each label of the tables that vertices in a cluster have."""
    labels = [replace(each, values={}) for each in expected(tables) if each.kind == "label"]
    found = ((each.name, int(_answer(cluster, query(each))["c0"])) for each in labels)
    return [f"{count:,} of label {name}" for name, count in found if count]


def _answer(cluster: Cluster, text: str) -> dict[str, Any]:
    calls = client(cluster, _ATTEMPTS)
    with asking(cluster, "count what the cluster holds"):
        (found,) = calls.execute_open_cypher_query(openCypherQuery=text)["results"]
    row: dict[str, Any] = found
    return row


def difference(wanted: Expected, found: Mapping[str, int]) -> Iterator[str]:
    """Yield a line for each count that differs; `found` is the row of the query."""
    names = ["", *wanted.values]
    for at, count in enumerate((wanted.rows, *wanted.values.values())):
        there = int(found[f"c{at}"])
        if there != count:
            what = f", values of {names[at]}" if names[at] else ""
            few = f"{abs(there - count):,} {'more' if there > count else 'fewer'}"
            yield f"{wanted.kind} {wanted.name}{what}: {there:,} instead of {count:,}, {few}"


def cells(tables: Iterable[TableRecord]) -> tuple[int, int] | None:
    """Return the least and the most values that the loader counts in the files of vertices.

    It counts a label and each property. Whether several labels of a vertex count once or each is
    not documented, nor is how a list counts: with lists there is no answer.
    """
    nodes = [table for table in tables if table.kind == "node"]
    if any(cell.type.many for table in nodes for cell in table.cells):
        return None
    values = sum(table.properties for table in nodes)
    labels = sum(sum(table.counts.values()) for table in nodes)
    written = sum(table.written for table in nodes)
    return values + min(written, labels), values + max(written, labels)
