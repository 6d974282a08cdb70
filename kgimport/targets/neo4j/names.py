"""Names: what properties, labels and types may be called, in each format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kgimport.targets.neo4j.spelling import ARRAY_DELIMITER
from kgimport.values import Refusal, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.graph import Table

# Neo4j can store it in a label or a type, but no Cypher can name one that has it.
NUL = "\x00"
# What the importer takes off both ends of a label that it reads from Parquet, as Java's trim does.
BLANKS = "".join(map(chr, range(ord(" ") + 1)))
# Labels and types made of these alone may stand in an argument of the importer, which drops blanks
# at the end of one.
_PLAIN = re.compile(r"\w([\w.\- ]*[\w.\-])?", re.ASCII)
_WORDS = re.compile(r"\w+(\.\w+)*")
# What a header cell without a name is about. All but ID are here to be safe.
_MARKS = frozenset({"ID", "LABEL", "START_ID", "END_ID", "TYPE"})

_UNSPELLABLE = Refusal(
    "Neo4j's headers can hold no `(`, `{` or line break in a property's name",
    "choose another by `property:`",
)
_UNSPELLABLE_IN_PARQUET = Refusal(
    "in Neo4j's headers for Parquet a property's name is made of letters, digits, _ and dots "
    "between them, and is not ID, LABEL, START_ID, END_ID or TYPE",
    "choose another by `property:`, or --format csv",
)
_NO_KEY = Refusal(
    "no Cypher can name U+0000, so no node could be asked for by its key",
    "choose another name by `property:`",
)


def is_plain(name: str) -> bool:
    """Whether a label or type may stand in an argument; any other needs a column of its own."""
    return _PLAIN.fullmatch(name) is not None


def misnamed(table: Table, column: str, name: str) -> Refusal | None:
    """Return why a column cannot become the property of that name in CSV, if it cannot.

    Neo4j 5 takes what follows a parenthesis for an id space, both lines what follows a brace for
    options, and no header cell may have a line break.
    """
    if refusal := _no_key(table, column, name):
        return refusal
    return _UNSPELLABLE if any(mark in name for mark in "({\r\n") else None


def misnamed_in_parquet(table: Table, column: str, name: str) -> Refusal | None:
    """Return why a column cannot become the property of that name in Parquet, if it cannot.

    Over names in a header for Parquet both lines crash in more ways than have been understood (dots
    or blanks alone, the words of its own columns, some that are no regular expression), so only
    words are given to them.
    """
    if refusal := _no_key(table, column, name):
        return refusal
    spellable = _WORDS.fullmatch(name) is not None and name not in _MARKS
    return None if spellable else _UNSPELLABLE_IN_PARQUET


def _no_key(table: Table, column: str, name: str) -> Refusal | None:
    # Neo4j keeps any other such property, though only `properties(n)` shows it.
    return _NO_KEY if NUL in name and table.kind == "node" and column in table.key else None


def unfit_names(table: Table) -> Iterator[str]:
    """Yield the labels or the type that the importer would make others of, or that no one could
    ask.
    """
    for name in table.names:
        yield from _unfit(table, name)


def unfit_names_in_parquet(table: Table) -> Iterator[str]:
    """Yield them with those that lose the blanks around them."""
    for name in table.names:
        yield from _unfit(table, name)
        if name != name.strip(BLANKS):
            yield f"{_named(table, name)} has blanks around it, which --format parquet loses"


def _unfit(table: Table, name: str) -> Iterator[str]:
    if table.kind == "node" and ARRAY_DELIMITER in name:
        yield f"{_named(table, name)} holds U+001F, which parts labels"
    if NUL in name:
        yield f"{_named(table, name)} holds U+0000, which no Cypher can name"


def _named(table: Table, name: str) -> str:
    return f"{table.name}: the {table.word} {name!r}"


def name_rules(word: str) -> tuple[Rule, ...]:
    """Return which labels or types of a column, by that word, the importer makes others of."""
    return (
        Rule(
            f"array-delimiter-in-{word}",
            f"U+001F in a {word}",
            lambda c: c.str.contains(ARRAY_DELIMITER, literal=True),
        ),
        Rule(
            f"nul-in-{word}",
            f"U+0000 in a {word}, which no Cypher can name",
            lambda c: c.str.contains(NUL, literal=True),
        ),
    )


def name_rules_in_parquet(word: str) -> tuple[Rule, ...]:
    """Return them with those that lose the blanks around them."""
    around = Rule(
        f"blanks-around-{word}",
        f"blanks around a {word}, which --format parquet loses",
        lambda c: c.str.strip_chars(BLANKS) != c,
    )
    return (around, *name_rules(word))


MARKED_KEY = Rule(
    "marked-key",
    "a byte order mark (U+FEFF) before the key",  # which the importer takes for the file's own
    lambda c: c.str.starts_with("\ufeff"),
)
