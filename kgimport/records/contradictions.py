"""Contradictions in the record of an export: if its parts do not agree, it is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.records.export import build_id
from kgimport.records.flaws import flaws
from kgimport.records.layout import folder_of
from kgimport.sums import sums

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.graph import Graph
    from kgimport.records.export import CellRecord, ExportRecord, TableRecord


def contradictions(record: ExportRecord) -> Iterator[str]:
    """Yield a line for each contradiction in a record; one that kgimport wrote has none."""
    for flaw in flaws(record.declaration):
        yield f"declaration: {flaw}"
    if not _has_files(record):
        yield "tables: two of them share a file, or a file has another format"
    if record.graph != record.declaration.name:
        yield "graph: the declaration has another name"
    if [(t.name, t.kind) for t in record.tables] != list(_declared(record.declaration)):
        yield "tables: they are not those of the declaration"
    if not all(_has_facts(table, record) for table in record.tables):
        yield "tables: the facts are not those of their columns"
    if not all(map(_adds_up, record.tables)):
        yield "tables: rows do not add up"
    if record.build_id != build_id(record.graph, record.tables, record.schema):
        yield "build_id: it does not match the content"


def _declared(graph: Graph) -> Iterator[tuple[str, str]]:
    yield from ((table.name, "node") for table in graph.nodes)
    yield from ((table.name, "relationship") for table in graph.relationships)


def _has_files(record: ExportRecord) -> bool:
    """Whether the files are where the dialect has them, each once, in its format."""
    paths = [file.path for file in record.files]
    has_form = record.dialect == "neo4j" or (record.format, record.ids) == ("csv", "keys")
    in_place = all(_in_place(record, table) for table in record.tables)
    return has_form and in_place and len(set(paths)) == len(paths)


def _in_place(record: ExportRecord, table: TableRecord) -> bool:
    """Whether the files of a table are where its kind has them, with a header as the dialect has.

    Only for Neo4j a header is a file of its own.
    """
    folder = folder_of(record.dialect, record.format, table.kind)
    below = all(file.path.startswith(f"{folder}/") for file in table.all_files)
    return below and (table.header is not None) == (record.dialect == "neo4j")


def _has_facts(table: TableRecord, record: ExportRecord) -> bool:
    """Whether there are facts of every column, with the sums of its type, and of ends if needed."""
    names = [cell.property for cell in table.cells]
    marks = len(names) - len(table.fields)
    of_type = all(map(_adds_up_by_type, table.cells))
    both = table.kind == "relationship" and record.ids == "dense"
    least = 1 if table.kind == "node" else 2
    # Labels or a type may be outside the files of Neo4j; for Neptune each edge has an id, too.
    counts = {least, least + 1} if record.dialect == "neo4j" else {2 * least}
    return (
        marks in counts
        and names == [*[""] * marks, *(field.property for field in table.fields)]
        and of_type
        and (table.ends is not None) == both
    )


def _adds_up_by_type(cell: CellRecord) -> bool:
    made = cell.type
    return made.is_consistent and list(cell.facts.sums) == [each.name for each in sums(made)]


def _adds_up(table: TableRecord) -> bool:
    all_rows = table.rows == table.written + table.rejected + table.nulls
    return all_rows and table.written == sum(file.rows for file in table.files)
