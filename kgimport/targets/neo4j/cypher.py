"""Quoting of names for Cypher: any label, type, property or index name stays a name."""

from __future__ import annotations

from typing import Any


def quoted(name: str) -> str:
    """Return a label, type, property or index name in backquotes, for any text."""
    return "`" + name.replace("`", "``") + "`"


def statement(text: str) -> Any:
    """Return a statement with `quoted` names, typed for the driver, which accepts literals only."""
    return text
