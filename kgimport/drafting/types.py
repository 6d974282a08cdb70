"""Which words a column's type calls for, from the name that a warehouse gives the type: pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kgimport.drafting.draft import Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DECIMAL = re.compile(r"(?:decimal|numeric|number|bignumeric)\b\s*(?:\(\s*\d+\s*(?:,\s*(\d+))?\))?")
_CHOICES = (
    (re.compile(r"struct|row\(|record|object|map|variant|super|json"), "struct", "json", "flatten"),
    (re.compile(r"blob|bytea|bytes|binary|varbinary"), "binary", "base64", "hex, bytes"),
    (re.compile(r"ubigint|uint64"), "uint64", "string", "a cast in SQL"),
)
_REFUSED = re.compile(r"interval|timetz|time(\(\d+\))? with time zone")
_TEXTS = re.compile(r"char|text|string|uuid|enum|name")
_INTEGERS = re.compile(r"(big|small|tiny|huge)?int|serial|byteint")


def has_decimals(columns: Mapping[str, str]) -> bool:
    """Whether a column is of decimals with a fraction."""
    return any(_is_fraction(kind.strip().lower()) for kind in columns.values())


def _is_fraction(kind: str) -> bool:
    found = _DECIMAL.match(kind)
    return found is not None and found[1] != "0" and not (found[1] is None and "(" in kind)


def lines(columns: Mapping[str, str]) -> Iterator[Line]:
    """Yield comments on what to declare for columns of types that need a choice, by name."""
    for name, kind in columns.items():
        if line := _line(name, kind.strip().lower()):
            yield line


def _line(name: str, kind: str) -> Line | None:
    if kind.endswith("[]") or kind.startswith(("list", "array")):
        return None
    for pattern, word, choice, others in _CHOICES:
        if pattern.match(kind) and kind not in ("json", "jsonb"):
            reason = f"{kind} is refused without a word; or {others}, or skip: true"
            return Line({name: {word: choice}}, reason, active=False)
    if _REFUSED.match(kind):
        return Line({name: {"skip": True}}, f"{kind} is refused; or cast it in SQL", active=False)
    return None


def family(kind: str) -> str:
    """Return whether a type is of texts or integers; empty for any other, and if it is unknown."""
    plain = kind.strip().lower()
    if _TEXTS.search(plain):
        return "text"
    decimal = _DECIMAL.match(plain)
    return "integer" if _INTEGERS.match(plain) or (decimal and decimal[1] == "0") else ""
