"""The names of columns: patterns for them, and what they are in camelCase."""

from __future__ import annotations

import re


def matches(pattern: str, column: str) -> bool:
    """Whether a column's name is what a pattern stands for: `*` is any number of characters."""
    parts = map(re.escape, pattern.split("*"))
    return re.fullmatch(".*".join(parts), column, re.DOTALL) is not None


def camel_case(name: str) -> str:
    """Return a name in camelCase: `first_name`, `First-Name` and `FIRST_NAME` are `firstName`.

    A name that is already in camelCase stays as it is, and so do underscores before it.
    """
    words = [word for word in re.split(r"[_\-\s]+", name) if word]
    if not words:
        return name
    first, *others = (word.lower() if word.isupper() else word for word in words)
    marks = name[: len(name) - len(name.lstrip("_"))]
    return f"{marks}{first[0].lower()}{first[1:]}{''.join(w[0].upper() + w[1:] for w in others)}"
