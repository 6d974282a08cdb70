"""`export.json`: what `kgimport export` left in a build directory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping  # noqa: TC003  (pydantic reads the annotations)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kgimport.choices import Ids  # noqa: TC001  (pydantic reads the annotations)
from kgimport.findings import Finding  # noqa: TC001  (pydantic reads the annotations)
from kgimport.graph import Graph  # noqa: TC001  (pydantic reads the annotations)
from kgimport.notebook import Summary, as_html, summary
from kgimport.properties import PropertyType  # noqa: TC001  (pydantic reads the annotations)
from kgimport.records.parts import (  # noqa: TC001  (pydantic reads the annotations)
    BuildId,
    Count,
    FilePath,
    GraphName,
    Sha256,
)
from kgimport.targets import Format, SchemaItem  # noqa: TC001  (pydantic reads the annotations)

if TYPE_CHECKING:
    from collections.abc import Iterable

EXPORT_RECORD, EXPORT_FORM = "export.json", 5


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of rows: its path within the build directory and what is in it."""

    path: FilePath
    rows: Count
    bytes: Count
    sha256: Sha256
    # Some field holds a line break, which the importer has to know.
    multiline: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What all values of a column are together, in no order.

    `digest` is a sum of DuckDB's hashes, `signs` counts the numbers below zero (and -0.0), and
    `sums` are those of `kgimport.sums`, which a store can compute, too.
    """

    values: Count
    digest: int
    signs: Count
    sums: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CellRecord:
    """A column of the files that were written: what it must hold, and who has read it.

    `property` is empty where it holds ids, labels or types. `read_by` is "duckdb" where the source
    was read by the second reader, "polars" where only Polars reads those values.
    """

    property: str
    type: PropertyType
    facts: Facts
    read_by: Literal["duckdb", "polars"]


@dataclass(frozen=True, slots=True)
class HeaderFile:
    """A table's header: its path within the build directory, and its content's digest."""

    path: FilePath
    sha256: Sha256


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """A column, the property that it became, and the types on both sides of the door."""

    column: str
    property: str
    dtype: str
    header: str
    cypher: str


@dataclass(frozen=True, slots=True)
class TableRecord:
    """One table's way into the build directory.

    `rows` is what the source holds; `rows == written + rejected`. `properties` counts values.
    """

    name: str
    kind: Literal["node", "relationship"]
    # Nodes per label, or relationships per type.
    counts: Mapping[str, Count]
    # The labels or the type in the importer's argument; empty where a column of the CSV has them.
    argument: str
    # Changes when a source file does: names, sizes and times of change.
    fingerprint: str
    # The files that were read, by their names below the table's location.
    sources: tuple[str, ...]
    rows: Count
    written: Count
    rejected: Count
    properties: Count
    fields: tuple[FieldRecord, ...]
    header: HeaderFile
    files: tuple[DataFile, ...]
    # The columns of the files, in their order.
    cells: tuple[CellRecord, ...]
    # What both ends' ids of all relationships are together; absent where ids are keys.
    ends: int | None


@dataclass(frozen=True, slots=True)
class QueryRecord:
    """A query that Athena ran for a table, and the bytes that it scanned: what it is billed by."""

    table: str
    query: str  # the id by which Athena knows it
    bytes_scanned: Count
    seconds: float


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """What `kgimport export` left in a build directory."""

    graph: GraphName
    build_id: BuildId
    kgimport: str
    ids: Ids
    format: Format
    tables: tuple[TableRecord, ...]
    schema: tuple[SchemaItem, ...]
    declaration: Graph
    longest_row: Count
    # What made the digests: they can be compared only with those that it made.
    witness: str
    findings: tuple[Finding, ...]
    seconds: Mapping[str, float]
    queries: tuple[QueryRecord, ...] = ()
    version: int = EXPORT_FORM

    def summary(self) -> Summary:
        """Return what was written, table by table."""
        return summary(
            f"graph {self.graph}, build {self.build_id}",
            ("table", "becomes", "rows", "rejected", "properties", "MB"),
            (
                (
                    each.name,
                    ("(:{})" if each.kind == "node" else "[:{}]").format(", ".join(each.counts)),
                    each.written,
                    each.rejected,
                    each.properties,
                    round(sum(file.bytes for file in each.files) / 1e6, 1),
                )
                for each in self.tables
            ),
        )

    def _repr_html_(self) -> str:
        return as_html(self.summary())

    @property
    def files(self) -> tuple[HeaderFile | DataFile, ...]:
        """Every header and every file of rows, in the order of the tables."""
        files: list[HeaderFile | DataFile] = []
        for table in self.tables:
            files += (table.header, *table.files)
        return tuple(files)

    @property
    def nodes(self) -> int:
        """How many nodes the store must hold."""
        return sum(table.written for table in self.tables if table.kind == "node")

    @property
    def relationships(self) -> int:
        """How many relationships the store must hold."""
        return sum(table.written for table in self.tables if table.kind == "relationship")


def build_id(graph: str, tables: Iterable[TableRecord], schema: Iterable[SchemaItem]) -> str:
    """Twelve hexadecimal digits that are the same exactly when the graph's content is.

    They stand for the graph's name, every header and data file by its SHA-256, and the schema;
    not for where the tables lay or how long it took.
    """
    content = [
        graph,
        *(_identity(table) for table in tables),
        *([item.name, item.cypher] for item in schema),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def _identity(table: TableRecord) -> list[Any]:
    files = [[file.path, file.sha256] for file in table.files]
    header = [table.header.path, table.header.sha256]
    return [table.name, table.kind, table.argument, header, files]
