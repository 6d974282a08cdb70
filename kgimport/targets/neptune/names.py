"""Names: which ones properties, labels and types may have, and how a header spells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.targets.neptune.rules import MOST_BYTES
from kgimport.values import Refusal, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.graph import Table
    from kgimport.values.value import Transform

_UNSPELLABLE = Refusal(
    "a header of Neptune cannot hold a blank, a comma, a quote, a backslash, a line break or "
    "U+0000 in a property's name",
    "choose another name with `property:`",
)
_SYSTEM = Refusal(
    "names of Neptune's own columns begin with ~", "choose another name with `property:`"
)
_FORBIDDEN = frozenset(' ,"\\\r\n\0')
# Why a label or a type cannot be written, by what it contains.
_MARKS = {
    ";": ("`;`", "which separates labels for Neptune"),
    "::": ("`::`", "which separates labels for Gremlin"),
    "\0": ("U+0000", "which Neptune's loader does not support"),
}


def misnamed(_: Table, __: str, name: str) -> Refusal | None:
    """Return why a column cannot become the property of that name; None if it can."""
    if name.startswith("~"):
        return _SYSTEM
    return _UNSPELLABLE if _FORBIDDEN & set(name) else None


def in_header(name: str) -> str:
    r"""Return a property's name as a header cell spells it: a colon is written `\:`."""
    return name.replace(":", r"\:")


def unfit_names(table: Table) -> Iterator[str]:
    """Yield a line for each label or type that Neptune would take for others, or reject."""
    for name in table.names:
        named = f"{table.name}: the {table.word} {name!r}"
        yield from (
            f"{named} contains {', '.join(why)}" for mark, why in _MARKS.items() if mark in name
        )
        if name != name.strip():
            yield f"{named} has blanks around it, which Neptune's loader drops"


def name_rules(word: str) -> tuple[Rule, ...]:
    """Return the rules for names in a column; `word` is "label" or "type"."""
    return (
        Rule(f"semicolon-in-{word}", _inside(";", word), _containing(";")),
        Rule(f"colons-in-{word}", _inside("::", word), _containing("::")),
        Rule(f"nul-in-{word}", _inside("\0", word), _containing("\0")),
        Rule(
            f"blanks-around-{word}",
            f"blanks around a {word}, which Neptune's loader drops",
            lambda c: c.str.strip_chars() != c,
        ),
        Rule(
            f"{word}-too-long",
            f"a {word} of more than 55 MB, which Neptune's loader does not take",
            lambda c: c.str.len_bytes() > MOST_BYTES,
        ),
    )


def _inside(mark: str, word: str) -> str:
    name, why = _MARKS[mark]
    return f"{name} in a {word}, {why}"


def _containing(mark: str) -> Transform:
    return lambda names: names.str.contains(mark, literal=True)
