"""Names: which ones properties, labels and types may have in each format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kgimport.targets.neo4j.spelling import ARRAY_DELIMITER
from kgimport.values import Refusal, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.graph import Table

# Neo4j can store it in a label or a type, but Cypher cannot name one that contains it.
NUL = "\x00"
# The characters that the importer strips from a label that it reads from Parquet (Java's trim).
BLANKS = "".join(map(chr, range(ord(" ") + 1)))
# Labels and types that match may be in an argument of the importer, which drops blanks at its end.
_PLAIN = re.compile(r"\w([\w.\- ]*[\w.\-])?", re.ASCII)
_WORDS = re.compile(r"\w+(\.\w+)*")
# The header cells of Neo4j that need no name. Only ID is known to fail; the others are refused too.
_MARKS = frozenset({"ID", "LABEL", "START_ID", "END_ID", "TYPE"})

_UNSPELLABLE = Refusal(
    "Neo4j's headers cannot hold `(`, `{` or a line break in a property's name",
    "choose another name with `property:`",
)
_UNSPELLABLE_IN_PARQUET = Refusal(
    "in Neo4j's headers for Parquet a property's name consists of letters, digits, _ and dots "
    "between them, and is not ID, LABEL, START_ID, END_ID or TYPE",
    "choose another name with `property:`, or --format csv",
)
_NO_KEY = Refusal(
    "Cypher cannot name U+0000, so no node could be found by its key",
    "choose another name with `property:`",
)


def is_plain(name: str) -> bool:
    """Whether a label or type may be in an argument; any other one needs a column of its own."""
    return _PLAIN.fullmatch(name) is not None


def misnamed(table: Table, column: str, name: str) -> Refusal | None:
    """Return why a column cannot become the property of that name in CSV; None if it can.

    Neo4j 5 reads what follows a parenthesis as an id space, and both lines of Neo4j read what
    follows a brace as options. No header cell may have a line break.
    """
    if refusal := _no_key(table, column, name):
        return refusal
    return _UNSPELLABLE if any(mark in name for mark in "({\r\n") else None


def misnamed_in_parquet(table: Table, column: str, name: str) -> Refusal | None:
    """Return why a column cannot become the property of that name in Parquet; None if it can.

    Many names in a header for Parquet crash both lines of Neo4j (only dots or blanks, the names of
    its own columns, some that are not valid regular expressions), and not all of the reasons are
    understood. So only words are accepted.
    """
    if refusal := _no_key(table, column, name):
        return refusal
    spellable = _WORDS.fullmatch(name) is not None and name not in _MARKS
    return None if spellable else _UNSPELLABLE_IN_PARQUET


def _no_key(table: Table, column: str, name: str) -> Refusal | None:
    # Neo4j stores such properties, but only `properties(n)` shows them; a key is needed by name.
    return _NO_KEY if NUL in name and table.kind == "node" and column in table.key else None


def unfit_names(table: Table) -> Iterator[str]:
    """Yield a line for each label or type that the importer would change or Cypher cannot name."""
    for name in table.names:
        yield from _unfit(table, name)


def unfit_names_in_parquet(table: Table) -> Iterator[str]:
    """Yield the lines of `unfit_names`, and one for each name that would lose blanks around it."""
    for name in table.names:
        yield from _unfit(table, name)
        if name != name.strip(BLANKS):
            yield f"{_named(table, name)} has blanks around it, which --format parquet loses"


def _unfit(table: Table, name: str) -> Iterator[str]:
    if table.kind == "node" and ARRAY_DELIMITER in name:
        yield f"{_named(table, name)} contains U+001F, which separates labels"
    if NUL in name:
        yield f"{_named(table, name)} contains U+0000, which Cypher cannot name"


def _named(table: Table, name: str) -> str:
    return f"{table.name}: the {table.word} {name!r}"


def name_rules(word: str) -> tuple[Rule, ...]:
    """Return the rules for names in a column that the importer would change or Cypher cannot name.

    `word` is "label" or "type".
    """
    return (
        Rule(
            f"array-delimiter-in-{word}",
            f"U+001F in a {word}",
            lambda c: c.str.contains(ARRAY_DELIMITER, literal=True),
        ),
        Rule(
            f"nul-in-{word}",
            f"U+0000 in a {word}, which Cypher cannot name",
            lambda c: c.str.contains(NUL, literal=True),
        ),
    )


def name_rules_in_parquet(word: str) -> tuple[Rule, ...]:
    """Return the rules of `name_rules`, and one for names that would lose blanks around them."""
    around = Rule(
        f"blanks-around-{word}",
        f"blanks around a {word}, which --format parquet loses",
        lambda c: c.str.strip_chars(BLANKS) != c,
    )
    return (around, *name_rules(word))


MARKED_KEY = Rule(
    "marked-key",
    "a byte order mark (U+FEFF) before the key",  # the importer would take it for the file's own
    lambda c: c.str.starts_with("\ufeff"),
)
