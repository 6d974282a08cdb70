"""The header cells of Neptune's two forms of CSV, and what each column means.

Gremlin's: `~id`, `~label`, `~from`, `~to`, then `name:Type(single)`, `name:Type[]` for a set, or
`name:Type` on edges. openCypher's: `:ID`, `:LABEL`, `:START_ID`, `:END_ID`, `:TYPE`, then
`name:Type`. A colon within a name is written `\\:` (Neptune user guide, "Load Data Formats").
"""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kgimport.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Sequence
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
# The last colon that is not part of a name.
_TYPED = re.compile(r"(?P<name>(?:\\:|\\(?!:)|[^:\\])+):(?P<type>[^:]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its header cell, what it means, and the name of its property.

    `many` is true if a cell may hold several values, with `;` between them: the labels of a vertex,
    and sets.
    """

    cell: str
    role: Role
    name: str
    many: bool

    @property
    def is_text(self) -> bool:
        """Whether its cells are quoted: outer spaces of others would be lost."""
        return self.role != "property" or ":string" in self.cell.lower()


def columns(cells: Sequence[str], *, edges: bool) -> tuple[Column, ...]:
    """Return what the columns of a table of vertices or of edges mean."""
    return tuple(_column(cell, edges=edges) for cell in cells)


def read(path: Path, *, edges: bool) -> tuple[Column, ...]:
    """Return the columns of a file of rows, from its first line.

    Raises `DestinationError` if it has no `id`, or not both ends of an edge.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        found = columns(next(csv.reader(file, strict=True), []), edges=edges)
    needed = {"id", "start", "end", "label"} if edges else {"id"}
    roles = [each.role for each in found if each.role != "property"]
    if len({*roles}) < len(roles) or not needed <= {*roles}:
        raise DestinationError(
            f"{path.name} of {path.parent.name} is not a file of Neptune: {_shown(found)}",
            "export again with --dialect",
        )
    return found


def _shown(found: Sequence[Column]) -> str:
    return ", ".join(each.cell for each in found)[:200] or "it is empty"


def _column(cell: str, *, edges: bool) -> Column:
    if role := _ROLES.get(cell):
        return Column(cell, role, cell, many=role == "label" and not edges)
    parts = _TYPED.fullmatch(cell)
    name, kind = (parts["name"], parts["type"]) if parts else (cell, "String")
    return Column(cell, "property", name.replace("\\:", ":"), many=kind.endswith("[]"))
