"""Which words a column's type calls for, from the name that a warehouse gives the type: pure.

A word that cannot change a value is part of the draft, any other is a comment: `decimal: double`
refuses every number whose digits a double does not keep.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kgimport.drafting.draft import Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DECIMAL = re.compile(r"(?:decimal|numeric|number|bignumeric)\b\s*(?:\(\s*\d+\s*(?:,\s*(\d+))?\))?")
_EXACT = "a double, if it keeps all digits of every value; or decimal: string"
_CHOICES = (
    (re.compile(r"struct|row\(|record|object|map|variant|super|json"), "struct", "json", "flatten"),
    (re.compile(r"blob|bytea|bytes|binary|varbinary"), "binary", "base64", "hex, bytes"),
    (re.compile(r"ubigint|uint64"), "uint64", "string", "a cast in SQL"),
)
_REFUSED = re.compile(r"interval|timetz|time(\(\d+\))? with time zone")
_TEXTS = re.compile(r"char|text|string|uuid|enum|name")
_INTEGERS = re.compile(r"(big|small|tiny|huge)?int|serial|byteint")


def lines(columns: Mapping[str, str]) -> Iterator[Line]:
    """Yield what to declare for columns of some types, given by name."""
    for name, kind in columns.items():
        if line := _line(name, kind.strip().lower()):
            yield line


def _line(name: str, kind: str) -> Line | None:
    if kind.endswith("[]") or kind.startswith(("list", "array")):
        return None
    if found := _DECIMAL.match(kind):
        whole = found[1] == "0" or (found[1] is None and "(" in kind)
        return None if whole else Line({name: {"decimal": "double"}}, f"{kind}: {_EXACT}")
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
