"""The records that the stages leave on disk: `export.json` and `store.json`.

Each carries the version of its form; a reader refuses a form that it does not know.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping  # noqa: TC003  (pydantic reads the annotations)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from kgimport.checks import Finding  # noqa: TC001  (pydantic reads the annotations)
from kgimport.dialect import Format  # noqa: TC001  (pydantic reads the annotations)
from kgimport.errors import DestinationError
from kgimport.graph import Graph  # noqa: TC001  (pydantic reads the annotations)
from kgimport.identity import Ids  # noqa: TC001  (pydantic reads the annotations)
from kgimport.sums import Kind  # noqa: TC001  (pydantic reads the annotations)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    # How long work tells that it is alive: the stage, and how much of it is done (0 to 1) if known.
    Progress = Callable[[str, float | None], None]

VERSION = 4
EXPORT_RECORD, STORE_RECORD = "export.json", "store.json"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of rows: its path within the build directory and what is in it."""

    path: str
    rows: int
    bytes: int
    sha256: str
    # Some field holds a line break, so the importer has to be told.
    multiline: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What all values of a column are together, in no order.

    `digest` is a sum of DuckDB's hashes, `signs` counts the numbers below zero (and -0.0), and
    `sums` are those of `kgimport.sums`, which a store can tell, too.
    """

    values: int
    digest: int
    signs: int
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
    counts: Mapping[str, int]
    # The labels or the type in the importer's argument; empty where a column of the CSV has them.
    argument: str
    # Changes when a source file does: names, sizes and times of change.
    fingerprint: str
    # The files that were read, by their names below the table's location.
    sources: tuple[str, ...]
    rows: int
    written: int
    rejected: int
    properties: int
    fields: tuple[FieldRecord, ...]
    header: str
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
    bytes_scanned: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SchemaItem:
    """A constraint or an index: its name and the Cypher that makes it."""

    name: str
    cypher: str


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """What `kgimport export` left in a build directory."""

    graph: str
    build_id: str
    kgimport: str
    ids: Ids
    format: Format
    tables: tuple[TableRecord, ...]
    schema: tuple[SchemaItem, ...]
    declaration: Graph
    longest_row: int
    # What made the digests: they can be compared only with those that it made.
    witness: str
    findings: tuple[Finding, ...]
    seconds: Mapping[str, float]
    queries: tuple[QueryRecord, ...] = ()
    version: int = VERSION

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

    graph: str
    build_id: str
    kgimport: str
    neo4j: str
    database: str
    labels: Mapping[str, int]
    types: Mapping[str, int]
    schema: tuple[str, ...]
    compared: int
    bytes: int
    seconds: Mapping[str, float]
    version: int = VERSION


Record = TypeVar("Record", ExportRecord, StoreRecord)


def dump(record: ExportRecord | StoreRecord) -> str:
    """The record as JSON that is the same for the same record."""
    text = TypeAdapter(type(record)).dump_json(record, indent=2)
    return text.decode() + "\n"


def parse(form: type[Record], text: str, name: str) -> Record:
    """Reads a record back; `DestinationError` where it is damaged or of another form."""
    try:
        version = json.loads(text)["version"]
        if version == VERSION:
            return TypeAdapter(form).validate_json(text)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise DestinationError(
            f"{name} is damaged: {_reason(error)}", "run the stage before again"
        ) from error
    raise DestinationError(
        f"{name} has form {version}, this kgimport reads form {VERSION}",
        "run the stage before again with this version",
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)


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
    return [table.name, table.kind, table.argument, table.header, files]
