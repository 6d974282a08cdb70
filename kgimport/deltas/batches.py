"""Statements that remove what a load cannot: texts of Gremlin or openCypher, one per line.

Neptune answers both languages for either form of its files; a delta has the one of its build.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kgimport.second_reader import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kgimport.choices import Dialect

Subject = Literal["edges", "vertices", "vertex_properties", "edge_properties"]

# How many ids a statement names: Neptune's own examples delete hundreds to thousands at a time.
BATCH = 500
# How both languages spell these within quotes; the backslash comes first.
_ESCAPES = (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\r", "\\r"))


@dataclass(frozen=True, slots=True)
class Language:
    """The suffix of its files, and for each subject what stands before and after a list of ids.

    `{}` stands for a property's name, in quotes.
    """

    suffix: str
    around: Mapping[Subject, tuple[str, str]]
    # SQL for a property's name, in quotes.
    name: str


def quoted(value: str) -> str:
    """Return SQL for a text in single quotes, as both languages spell it, on one line."""
    for sign, escape in _ESCAPES:
        value = f"replace({value}, {_literal(sign)}, {_literal(escape)})"
    return f"('''' || {value} || '''')"


def _literal(value: str) -> str:
    """Return a literal of SQL; line breaks are escaped, so that the query stays on its line."""
    return "e" + text(value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r"))


_GREMLIN = Language(
    "gremlin",
    {
        "edges": ("g.E(", ").drop()"),
        "vertices": ("g.V(", ").drop()"),
        "vertex_properties": ("g.V(", ").properties({}).drop()"),
        "edge_properties": ("g.E(", ").properties({}).drop()"),
    },
    quoted("name"),
)
_CYPHER = Language(
    "cypher",
    {
        "edges": ("MATCH ()-[r]->() WHERE id(r) IN [", "] DELETE r"),
        "vertices": ("MATCH (n) WHERE id(n) IN [", "] DETACH DELETE n"),
        "vertex_properties": ("MATCH (n) WHERE id(n) IN [", "] REMOVE n.{}"),
        "edge_properties": ("MATCH ()-[r]->() WHERE id(r) IN [", "] REMOVE r.{}"),
    },
    "('`' || replace(name, '`', '``') || '`')",
)


def language(dialect: Dialect) -> Language:
    """Return the language of the statements for a dialect's builds."""
    return _CYPHER if dialect == "neptune-opencypher" else _GREMLIN


def sql(spoken: Language, subject: Subject, relation: str) -> str:
    """Return SQL for the statements about the ids in a relation, each with up to `BATCH` of them.

    For properties, the relation has their `name`, too, and a statement is about one of them.
    """
    before, after = spoken.around[subject]
    named = "name" if subject.endswith("properties") else "''"
    start, end = f"{text(before)} || ", f" || {_after(spoken, after)}"
    return f"""
        SELECT {start}string_agg({quoted("id")}, ', ' ORDER BY id){end} FROM (
            SELECT id, {named} AS name,
                   (row_number() OVER (PARTITION BY {named} ORDER BY id) - 1) // {BATCH} AS batch
            FROM {relation}
        ) GROUP BY name, batch ORDER BY name, batch
    """  # noqa: S608  (our own words)


def _after(spoken: Language, after: str) -> str:
    left, mark, right = after.partition("{}")
    return f"{text(left)} || {spoken.name} || {text(right)}" if mark else text(after)
