"""The header cells of Neptune's two forms of CSV, and of Neo4j's, and what each column means.

Gremlin's: `~id`, `~label`, `~from`, `~to`, then `name:Type(single)`, `name:Type[]` for a set, or
`name:Type` on edges. openCypher's: `:ID`, `:LABEL`, `:START_ID`, `:END_ID`, `:TYPE`, then
`name:Type`. A colon within a name is written `\\:` (Neptune user guide, "Load Data Formats").
"""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from kgimport.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Role = Literal["id", "start", "end", "label", "property"]

_ROLES: dict[str, Role] = {
    "~id": "id",
    "~from": "start",
    "~to": "end",
    "~label": "label",
    ":ID": "id",
    ":START_ID": "start",
    ":END_ID": "end",
    ":LABEL": "label",
    ":TYPE": "label",
}
# Neo4j's ids, with keys for ids: each in its id space.
_IN_SPACE = re.compile(r"(?P<cell>:(?:ID|START_ID|END_ID))\((?P<space>.*)\)")
# The last colon that is not part of a name.
_TYPED = re.compile(r"(?P<name>(?:\\:|\\(?!:)|[^:\\])+):(?P<type>[^:]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its header cell, what it means, and the name of its property.

    `many` is true if a cell may hold several values without an order: the labels of a vertex, and
    sets. `space` is the id space of Neo4j's ids; Neptune's have it in the cells.
    """

    cell: str
    role: Role
    name: str
    many: bool
    space: str = ""

    @property
    def is_text(self) -> bool:
        """Whether its cells are quoted: outer spaces of others would be lost."""
        return self.role != "property" or ":string" in self.cell.lower()


def read(path: Path, *, edges: bool) -> tuple[Column, ...]:
    """Return the columns of a file of rows for Neptune, from its first line.

    Raises `DestinationError` if it has no `id`, or not both ends of an edge.
    """
    found = tuple(_column(cell, edges=edges) for cell in _first_line(path))
    needed = {"id", "start", "end", "label"} if edges else {"id"}
    roles = [each.role for each in found if each.role != "property"]
    if len({*roles}) < len(roles) or not needed <= {*roles}:
        raise DestinationError(
            f"{path.name} of {path.parent.name} is not a file of Neptune: {_shown(found)}",
            "export again with --dialect",
        )
    return found


def read_neo4j(path: Path, *, edges: bool) -> tuple[Column, ...]:
    """Return the columns of a table for Neo4j, from its header file. An array has an order."""
    found = (_column(cell, edges=edges) for cell in _first_line(path))
    return tuple(replace(each, many=each.many and each.role == "label") for each in found)


def _first_line(path: Path) -> Iterable[str]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        return next(csv.reader(file, strict=True), [])


def _shown(found: Sequence[Column]) -> str:
    return ", ".join(each.cell for each in found)[:200] or "it is empty"


def _column(cell: str, *, edges: bool) -> Column:
    placed = _IN_SPACE.fullmatch(cell)
    if role := _ROLES.get(placed["cell"] if placed else cell):
        space = placed["space"] if placed else ""
        return Column(cell, role, cell, role == "label" and not edges, space)
    parts = _TYPED.fullmatch(cell)
    name, kind = (parts["name"], parts["type"]) if parts else (cell, "String")
    return Column(cell, "property", name.replace("\\:", ":"), many=kind.endswith("[]"))
