"""Names in Cypher: whatever is in a label, type, property or index name, it stays a name."""

from __future__ import annotations

from typing import Any


def quoted(name: str) -> str:
    """Return a label, type, property or index name as Cypher takes it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def statement(text: str) -> Any:
    """Return a statement made of `quoted` names; the driver, by its types, takes literals only."""
    return text
