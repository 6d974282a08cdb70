"""Constraints and indexes: the Cypher statements that create them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kgimport.errors import DeclarationError
from kgimport.records import SchemaItem
from kgimport.targets.neo4j.cypher import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kgimport.graph import Graph, Index, NodeTable, Table


SCRIPT = "schema.cypher"


def items(graph: Graph) -> tuple[SchemaItem, ...]:
    """Return all constraints and indexes of a graph, constraints first, each name once.

    Raises `DeclarationError` if two different ones have the same name.
    """
    constraints = [item for table in graph.nodes for item in _constraints(table)]
    indexes = [item for table in graph.tables for item in _plain_indexes(table)]
    unique: dict[str, SchemaItem] = {}
    for item in [*constraints, *indexes, *_fulltext(graph)]:
        if unique.setdefault(item.name, item) != item:
            raise DeclarationError(
                f"two indexes are named {item.name}", "give one of them another `name:`"
            )
    return tuple(unique.values())


def script(schema: Iterable[SchemaItem]) -> str:
    """Return the content of `schema.cypher`: the statements, as cypher-shell reads them."""
    return "".join(f"{item.cypher};\n" for item in schema)


def _name(*parts: str) -> str:
    return "_".join(re.sub(r"\W", lambda m: f"x{ord(m.group()):x}", part) for part in parts)


def _constraints(table: NodeTable) -> Iterator[SchemaItem]:
    label = table.labels[0]
    for columns in table.unique:
        properties = [table.property_name(column) for column in columns]
        name = _name(label, *properties, "unique")
        each = ", ".join(f"n.{quoted(prop)}" for prop in properties)
        yield SchemaItem(
            name,
            f"CREATE CONSTRAINT {quoted(name)} IF NOT EXISTS "
            f"FOR (n:{quoted(label)}) REQUIRE ({each}) IS UNIQUE",
        )


def _entity(table: Table) -> tuple[str, str]:
    word = next(iter(table.names), "")  # empty if a column holds the types
    return word, f"(e:{quoted(word)})" if table.kind == "node" else f"()-[e:{quoted(word)}]-()"


def _plain_indexes(table: Table) -> Iterator[SchemaItem]:
    word, pattern = _entity(table)
    for index in table.indexes:
        if index.kind == "fulltext":
            continue
        name = index.name or _name(word, *index.properties, index.kind)
        each = ", ".join(f"e.{quoted(prop)}" for prop in index.properties)
        yield SchemaItem(
            name,
            f"CREATE {index.kind.upper()} INDEX {quoted(name)} IF NOT EXISTS "
            f"FOR {pattern} ON ({each})",
        )


def _fulltext(graph: Graph) -> Iterator[SchemaItem]:
    """Yield one full-text index per name, over the labels (or types) of all tables that have it."""
    found: dict[tuple[str, bool], list[tuple[Table, Index]]] = {}
    for table in graph.tables:
        for index in table.indexes:
            if index.kind == "fulltext":
                name = index.name or _name(_entity(table)[0], *index.properties, "fulltext")
                found.setdefault((name, table.kind == "node"), []).append((table, index))
    for (name, on_nodes), members in found.items():
        words = "|".join(dict.fromkeys(quoted(_entity(table)[0]) for table, _ in members))
        names = dict.fromkeys(prop for _, index in members for prop in index.properties)
        each = ", ".join(f"e.{quoted(prop)}" for prop in names)
        pattern = f"(e:{words})" if on_nodes else f"()-[e:{words}]-()"
        yield SchemaItem(
            name,
            f"CREATE FULLTEXT INDEX {quoted(name)} IF NOT EXISTS FOR {pattern} ON EACH [{each}]",
        )
