"""Where the files of rows are in a build directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kgimport.choices import Dialect, Format


def folder_of(dialect: Dialect, form: Format, kind: Literal["node", "relationship"]) -> str:
    """Return the folder of a build directory that holds the tables of a kind.

    Amazon Neptune's loader reads every file below a prefix, and vertices before edges, so each kind
    has a folder that holds nothing else.
    """
    if dialect == "neo4j":
        return form
    return "vertices" if kind == "node" else "edges"
