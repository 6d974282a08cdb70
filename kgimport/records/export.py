"""`export.json`: what `kgimport export` left in a build directory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping  # noqa: TC003  (pydantic reads the annotations)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kgimport.choices import Dialect, Format, Ids, TargetName, target_name
from kgimport.features import FeatureKind  # noqa: TC001  (pydantic reads the annotations)
from kgimport.findings import Finding  # noqa: TC001  (pydantic reads the annotations)
from kgimport.graph import Graph  # noqa: TC001  (pydantic reads the annotations)
from kgimport.notebook import Summary, as_html, summary
from kgimport.properties import PropertyType  # noqa: TC001  (pydantic reads the annotations)
from kgimport.records.parts import (  # noqa: TC001  (pydantic reads the annotations)
    Argument,
    BuildId,
    Count,
    FilePath,
    GraphName,
    Sha256,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MORE = ("properties", "MB")
EXPORT_RECORD, EXPORT_FORM = "export.json", 7


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of rows: its path in the build directory and what is in it."""

    path: FilePath  # below the build directory
    rows: Count  # in the file
    bytes: Count  # of the file, compressed if it is
    sha256: Sha256  # of the file
    # Whether a field contains a line break; the importer must know that.
    multiline: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What all values of a column add up to, regardless of their order.

    `digest` is a sum of DuckDB's hashes, `signs` counts the numbers below zero (and -0.0), and
    `sums` are those of `kgimport.sums`, which a store can also compute.
    """

    values: Count  # those that are not null
    digest: int
    signs: Count
    sums: Mapping[str, int]  # each by its name


@dataclass(frozen=True, slots=True)
class CellRecord:
    """A column of the written files: what it must hold, and who read its source.

    `property` is empty for ids, labels and types. `read_by` is "duckdb" if the second reader read
    the source, "polars" if only Polars can read those values.
    """

    property: str
    type: PropertyType  # of its values, in the words of no target
    facts: Facts  # of the source's rows that were written
    read_by: Literal["duckdb", "polars"]


@dataclass(frozen=True, slots=True)
class HeaderFile:
    """A table's header: its path in the build directory, and its content's digest."""

    path: FilePath  # below the build directory
    sha256: Sha256  # of the file


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """A column, the property that it became, and the types of both."""

    column: str  # its name in the source
    property: str  # its name in the graph
    dtype: str  # the column's type, as Polars names it
    header: str  # the type in the importer's header
    cypher: str  # the property's type, as Cypher names it


@dataclass(frozen=True, slots=True)
class TableRecord:
    """What one table became in the build directory.

    `rows` is the number in the source; `rows == written + rejected + nulls`. `properties` counts
    values.
    """

    name: str  # as declared
    kind: Literal["node", "relationship"]  # what its rows become
    # Nodes per label, or relationships per type.
    counts: Mapping[str, Count]
    # The labels or the type in the importer's argument; empty if a column of the files has them.
    argument: Argument
    # Changes with a source file: its name, its size or its time of change.
    fingerprint: str
    # The files that were read, as paths below the table's location.
    sources: tuple[str, ...]
    rows: Count  # in the source
    written: Count  # to the files
    rejected: Count  # set aside, because an end does not exist and may be missing
    nulls: Count  # that make no relationship, because the key of an end is null and may be
    properties: Count
    fields: tuple[FieldRecord, ...]  # the columns that become properties
    # The first line, in a file of its own; absent if each file of rows has it.
    header: HeaderFile | None
    files: tuple[DataFile, ...]  # the rows, in the order in which the importer reads them
    # The columns of the files, in their order.
    cells: tuple[CellRecord, ...]
    # The sum over the ids of both ends of all relationships; absent if ids are keys.
    ends: int | None

    @property
    def all_files(self) -> tuple[HeaderFile | DataFile, ...]:
        """The header, if it is a file of its own, and the files of rows."""
        return (self.header, *self.files) if self.header else self.files


@dataclass(frozen=True, slots=True)
class QueryRecord:
    """A query that a warehouse ran for a table.

    Athena names it, and counts the bytes that it scanned, which AWS bills; others do neither.
    """

    table: str  # as declared
    query: str  # its id in Athena, or empty
    bytes_scanned: Count  # which AWS bills
    seconds: float  # that the query took


@dataclass(frozen=True, slots=True)
class SchemaItem:
    """A constraint or an index: its name, and the statement that creates it."""

    name: str  # in the store
    cypher: str  # the statement


@dataclass(frozen=True, slots=True)
class ComponentRecord:
    """A component of a graph: its name, which its nodes have as a property, and its size."""

    name: str  # the value of the property
    nodes: Count  # of the tables that get the property


@dataclass(frozen=True, slots=True)
class ComponentsRecord:
    """The components that a feature found among the nodes that get its property."""

    count: Count  # of components
    sizes: Mapping[str, Count]  # how many components have that many nodes
    largest: tuple[ComponentRecord, ...]  # ten at most, of more than one node
    # Relationships by type that joined nothing, because an end has too many neighbours.
    left_out: Mapping[str, Count]


@dataclass(frozen=True, slots=True)
class FeatureRecord:
    """A property that was computed from relationships, and of how many."""

    kind: FeatureKind  # what was computed
    property: str  # its name in the graph
    over: tuple[str, ...]  # the types of the relationships
    nodes: tuple[str, ...]  # the node tables that got the property
    relationships: Count  # of these types, which have both ends
    components: ComponentsRecord | None  # if the feature is a component
    seconds: float  # that it took

    def lines(self) -> Iterator[str]:
        """Yield lines for people: what was computed, of how much, and what was found."""
        yield (
            f"{self.property}: {self.kind} of {', '.join(self.nodes)} over "
            f"{self.relationships:,} relationships ({', '.join(self.over)}), {self.seconds:.1f} s"
        )
        if self.components:
            yield from (f"  {line}" for line in _component_lines(self.components))


def _component_lines(found: ComponentsRecord) -> Iterator[str]:
    yield f"{found.count:,} components; by their number of nodes: " + ", ".join(
        f"{size}: {count:,}" for size, count in found.sizes.items()
    )
    if found.largest:
        named = ", ".join(f"{each.name} ({each.nodes:,} nodes)" for each in found.largest)
        yield f"the largest: {named}"
    for kind, count in found.left_out.items():
        yield f"left out, because an end has too many neighbours: {count:,} of type {kind}"


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """What `kgimport export` left in a build directory."""

    graph: GraphName  # its name
    # The same exactly if the graph's content is: of headers, data files and schema.
    build_id: BuildId
    kgimport: str  # the version that wrote it
    ids: Ids  # how files name nodes and ends: by record ids, or by keys
    format: Format  # of the files of rows
    dialect: Dialect  # the store that they are written for
    tables: tuple[TableRecord, ...]  # node tables first
    schema: tuple[SchemaItem, ...]  # constraints and indexes, in the order of their creation
    declaration: Graph  # what was declared, with the location of every table
    longest_row: Count  # in bytes; it decides on the importer's buffers
    # What computed the digests; only digests of the same one can be compared.
    witness: str
    findings: tuple[Finding, ...]  # what the checks found, and a policy allows
    seconds: Mapping[str, float]  # by stage
    queries: tuple[QueryRecord, ...] = ()  # those that a warehouse ran
    features: tuple[FeatureRecord, ...] = ()  # in the order of their declaration
    version: int = EXPORT_FORM  # the number of the record's form

    def summary(self) -> Summary:
        """Return what was written, table by table."""
        nulls = any(each.nulls for each in self.tables)
        return summary(
            f"graph {self.graph}, build {self.build_id}",
            ("table", "becomes", "rows", "rejected", *(["without an end"] * nulls), *_MORE),
            (
                (
                    each.name,
                    ("(:{})" if each.kind == "node" else "[:{}]").format(", ".join(each.counts)),
                    each.written,
                    each.rejected,
                    *([each.nulls] * nulls),
                    each.properties,
                    round(sum(file.bytes for file in each.files) / 1e6, 1),
                )
                for each in self.tables
            ),
        )

    def _repr_html_(self) -> str:
        return as_html(self.summary())

    @property
    def target(self) -> TargetName:
        """The name of the target that wrote the files."""
        return target_name(self.dialect, self.format)

    @property
    def files(self) -> tuple[HeaderFile | DataFile, ...]:
        """Every header and every file of rows, in the order of the tables."""
        files: list[HeaderFile | DataFile] = []
        for table in self.tables:
            files += table.all_files
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
    """Return twelve hexadecimal digits that are the same exactly if the graph's content is.

    They cover the graph's name, the SHA-256 of every header and data file, and the schema, but not
    where the tables were or how long the export took.
    """
    content = [
        graph,
        *(_identity(table) for table in tables),
        *([item.name, item.cypher] for item in schema),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def _identity(table: TableRecord) -> list[Any]:
    files = [[file.path, file.sha256] for file in table.files]
    header = [table.header.path, table.header.sha256] if table.header else []
    return [table.name, table.kind, table.argument, header, files]
