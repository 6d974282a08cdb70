"""The records that the stages leave on disk: `export.json` and `store.json`.

Each carries the version of its form; a reader refuses a form that it does not know. What is read
back is believed no more than a declaration: names, paths and numbers are what kgimport writes, or
the record is damaged. So a path in it stays within its build directory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping  # noqa: TC003  (pydantic reads the annotations)
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from kgimport.choices import Ids  # noqa: TC001  (pydantic reads the annotations)
from kgimport.errors import DestinationError
from kgimport.findings import Finding  # noqa: TC001  (pydantic reads the annotations)
from kgimport.graph import GRAPH_NAME, Graph, flaws
from kgimport.notebook import Summary, as_html, summary
from kgimport.sums import Kind, sums
from kgimport.targets.neo4j import Format, is_plain
from kgimport.targets.neo4j.schema import SchemaItem  # noqa: TC001  (pydantic reads the annotations)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


VERSION = 4
EXPORT_RECORD, STORE_RECORD = "export.json", "store.json"

GraphName = Annotated[str, Field(pattern=GRAPH_NAME)]
BuildId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# As the writer names files; the importer reads paths as lists, and names as regular expressions.
FilePath = Annotated[
    str, Field(pattern=r"^(csv|parquet)/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+\.(csv|parquet)$")
]
# Part of a store's folder's name, of a lock's, of an image's.
Release = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+_-]*$")]
Count = Annotated[int, Field(ge=0, lt=2**63)]


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of rows: its path within the build directory and what is in it."""

    path: FilePath
    rows: Count
    bytes: Count
    sha256: Sha256
    # Some field holds a line break, so the importer has to be told.
    multiline: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What all values of a column are together, in no order.

    `digest` is a sum of DuckDB's hashes, `signs` counts the numbers below zero (and -0.0), and
    `sums` are those of `kgimport.sums`, which a store can tell, too.
    """

    values: Count
    digest: int
    signs: Count
    sums: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CellRecord:
    """A column of the files that were written: what it must hold, and who says so.

    `property` is empty where it holds ids, labels or types. `told_by` is "duckdb" where the source
    was read by the second reader, "polars" where only Polars reads those values.
    """

    property: str
    kind: Kind
    facts: Facts
    told_by: Literal["duckdb", "polars"]


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
    version: int = VERSION

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


@dataclass(frozen=True, slots=True)
class StoreRecord:
    """What `kgimport build-db` left in a store."""

    graph: GraphName
    build_id: BuildId
    kgimport: str
    neo4j: Release
    database: str
    labels: Mapping[str, Count]
    types: Mapping[str, Count]
    schema: tuple[str, ...]
    compared: Count
    bytes: Count
    seconds: Mapping[str, float]
    version: int = VERSION

    def summary(self) -> Summary:
        """Return what the store holds, per label and type."""
        rows = [(f"(:{label})", count) for label, count in self.labels.items()]
        rows += [(f"[:{name}]", count) for name, count in self.types.items()]
        title = f"graph {self.graph}, build {self.build_id}, Neo4j {self.neo4j}"
        return summary(title, ("label or type", "count"), rows)

    def _repr_html_(self) -> str:
        return as_html(self.summary())


Record = TypeVar("Record", ExportRecord, StoreRecord)


@cache
def _adapters() -> dict[type, TypeAdapter[Any]]:
    """Return what reads and writes each form, made once.

    That takes longer than to read a record.
    """
    return {form: TypeAdapter(form) for form in (ExportRecord, StoreRecord)}


def dump(record: ExportRecord | StoreRecord) -> str:
    """Return the record as JSON that is the same for the same record."""
    text = _adapters()[type(record)].dump_json(record, indent=2)
    return text.decode() + "\n"


def parse(form: type[Record], text: str, name: str) -> Record:
    """Read a record back; `DestinationError` where it is damaged or of another form."""
    try:
        version = json.loads(text)["version"]
        if version == VERSION:
            record: Record = _adapters()[form].validate_json(text, strict=True)
            return _sound(record)
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        raise DestinationError(
            f"{name} is damaged: {_reason(error)}", "run the stage before again"
        ) from error
    raise DestinationError(
        f"{name} has form {str(version)[:_SHOWN]}, this kgimport reads form {VERSION}",
        "run the stage before again with this version",
    )


_SHOWN = 60


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part)[:_SHOWN] for part in first['loc'])}: {first['msg']}"
    return str(error)


def _sound(record: Record) -> Record:
    """Return the same record.

    `ValueError` where it contradicts itself, as none that we write does.
    """
    if isinstance(record, ExportRecord):
        for contradiction in _contradictions(record):
            raise ValueError(contradiction)
    return record


def _contradictions(record: ExportRecord) -> Iterator[str]:
    for flaw in flaws(record.declaration):
        yield f"declaration: {flaw}"
    paths = [file.path for file in record.files]
    if len(set(paths)) < len(paths) or any(not p.startswith(f"{record.format}/") for p in paths):
        yield "tables: two of them have one file, or one is of another format"
    if record.graph != record.declaration.name:
        yield "graph: the declaration has another name"
    if [(t.name, t.kind) for t in record.tables] != list(_declared(record.declaration)):
        yield "tables: the declaration has others"
    if not all(_is_told(table, record.ids) for table in record.tables):
        yield "tables: their columns are not those that are told of"
    if not all(map(_adds_up, record.tables)):
        yield "tables: rows, labels or types do not add up"
    if record.build_id != build_id(record.graph, record.tables, record.schema):
        yield "build_id: the content has another"


def _declared(graph: Graph) -> Iterator[tuple[str, str]]:
    yield from ((table.name, "node") for table in graph.nodes)
    yield from ((table.name, "relationship") for table in graph.relationships)


def _is_told(table: TableRecord, ids: Ids) -> bool:
    """Whether there are facts of every column, the sums of its kind, and of ends what there is."""
    names = [cell.property for cell in table.cells]
    marks = len(names) - len(table.fields)
    of_kind = all(list(c.facts.sums) == [s.name for s in sums(c.kind)] for c in table.cells)
    both = table.kind == "relationship" and ids == "dense"
    least = 1 if table.kind == "node" else 2
    return (
        marks in {least, least + 1}
        and names == [*[""] * marks, *(field.property for field in table.fields)]
        and of_kind
        and (table.ends is not None) == both
    )


def _adds_up(table: TableRecord) -> bool:
    plain = not table.argument or all(map(is_plain, table.argument.split(":")))
    all_rows = table.rows == table.written + table.rejected
    return plain and all_rows and table.written == sum(file.rows for file in table.files)


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
