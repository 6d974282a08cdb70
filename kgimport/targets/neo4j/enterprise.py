"""Constraints that only Neo4j Enterprise has: which properties exist, and of which type they are.

The export has proved them for all rows; Enterprise would keep them so. Community refuses to create
them, so they are in a script of their own, which kgimport never runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.targets.neo4j.cypher import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kgimport.graph import Table
    from kgimport.records import ExportRecord, TableRecord

SCRIPT = "enterprise.cypher"
_HEAD = """\
// What the export has proved, as constraints that Neo4j Enterprise keeps. Community refuses them.
// cypher-shell --file enterprise.cypher
"""
_BYTES = "byte[]"  # in a header; Cypher has no type for them
_NO_VALUE = "NULL"
_NUL = "\x00"  # Cypher cannot name a property that contains it


@dataclass(frozen=True, slots=True)
class _Made:
    """What a table became: its labels or types, its properties' types, and which have no null.

    The type of bytes is empty.
    """

    names: tuple[str, ...]
    types: Mapping[str, str]
    exist: frozenset[str]


def extras(record: ExportRecord) -> dict[str, str]:
    """Return the script by its name; nothing if there is no constraint to create."""
    statements = [f"{each};\n" for each in constraints(record)]
    return {SCRIPT: "".join((_HEAD, *statements))} if statements else {}


def constraints(record: ExportRecord) -> Iterator[str]:
    """Yield the statements, each once: properties that exist, and the types of properties.

    Several tables may have the same label; what is stated of it holds for the rows of all of them.
    """
    tables = list(zip(record.declaration.tables, record.tables, strict=True))
    for kind, pattern in (("node", "(e:{})"), ("relationship", "()-[e:{}]-()")):
        made = [_made(table, each) for table, each in tables if table.kind == kind]
        claims = (claim for each in made for claim in (*_existing(each, made), *_typed(each, made)))
        for name, prop, claim in dict.fromkeys(claims):
            on = pattern.replace("{}", quoted(name))
            yield f"CREATE CONSTRAINT IF NOT EXISTS FOR {on} REQUIRE e.{quoted(prop)} {claim}"


def _made(table: Table, record: TableRecord) -> _Made:
    fields = [each for each in record.fields if _NUL not in each.property]
    kept = (each.property for each in fields if _has_no_null(table, each.column))
    types = {each.property: each.cypher for each in fields if each.cypher != _NO_VALUE}
    of_bytes = {each.property: "" for each in fields if each.header == _BYTES}
    names = dict.fromkeys((*table.names, *record.counts))
    return _Made(tuple(names), {**types, **of_bytes}, frozenset(kept))


def _has_no_null(table: Table, column: str) -> bool:
    return column in table.key or table.rule(column).required


def _existing(table: _Made, tables: Sequence[_Made]) -> Iterator[tuple[str, str, str]]:
    """Yield each property without nulls, on the first name of which all rows have it."""
    for prop in (each for each in table.types if each in table.exist):
        for name in table.names:
            if all(prop in each.exist for each in tables if name in each.names):
                yield name, prop, "IS NOT NULL"
                break


def _typed(table: _Made, tables: Sequence[_Made]) -> Iterator[tuple[str, str, str]]:
    """Yield each property with the types that it has in the rows of the first name."""
    for name in table.names[:1]:
        alike = [each.types for each in tables if name in each.names]
        for prop in table.types:
            types = sorted({types[prop] for types in alike if prop in types})
            if all(types):
                yield name, prop, f"IS :: {' | '.join(types)}"
