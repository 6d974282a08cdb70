"""Header cells of both formats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.neptune.csv_cells import UnreadableError
from tests.neptune.values import GREMLIN, OPENCYPHER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.neptune.csv_cells import Cell

Format = Literal["gremlin", "opencypher"]
Kind = Literal["vertices", "edges"]

# What each format calls the id, the ends and the label; all are required of our files.
SYSTEM: Mapping[Format, Mapping[Kind, Mapping[str, str]]] = {
    "gremlin": {
        "vertices": {"~id": "id", "~label": "label"},
        "edges": {"~id": "id", "~from": "from", "~to": "to", "~label": "label"},
    },
    "opencypher": {
        "vertices": {":ID": "id", ":LABEL": "label"},
        "edges": {":ID": "id", ":START_ID": "from", ":END_ID": "to", ":TYPE": "label"},
    },
}
_NAME = r"(?P<name>(?:[^:\\]|\\:|\\(?!:))+)"
_PROPERTY = {
    ("gremlin", "vertices"): re.compile(
        _NAME + r":(?P<type>[A-Za-z]+)(?P<single>\(single\))?(?P<set>\(set\))?(?P<many>\[\])?"
    ),
    ("gremlin", "edges"): re.compile(_NAME + r":(?P<type>[A-Za-z]+)"),
    ("opencypher", "vertices"): re.compile(_NAME + r":(?P<type>[A-Za-z]+)"),
    ("opencypher", "edges"): re.compile(_NAME + r":(?P<type>[A-Za-z]+)"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A property: its name, its type, whether new values replace old ones, and how many fit."""

    name: str
    type: str
    single: bool
    many: bool


@dataclass(frozen=True, slots=True)
class Header:
    """Where the id, the label and the ends are, and what the other columns hold."""

    places: Mapping[str, int]
    columns: Mapping[int, Column]


def parse(cells: Sequence[Cell], form: Format, kind: Kind) -> Header:
    """Read a header row."""
    names = [cell.text for cell in cells]
    system = SYSTEM[form][kind]
    places = {system[name]: at for at, name in enumerate(names) if name in system}
    if sorted(name for name in names if name in system) != sorted(system):
        raise UnreadableError(f"{names} must have each of {list(system)} once")
    columns = {at: column(name, form, kind) for at, name in enumerate(names) if name not in system}
    if len({each.name for each in columns.values()}) < len(columns):
        raise UnreadableError(f"a property twice in {names}")
    return Header(places, columns)


def column(text: str, form: Format, kind: Kind) -> Column:
    """Read a property's header cell. Ours all state a type."""
    found = _PROPERTY[form, kind].fullmatch(text)
    types = GREMLIN if form == "gremlin" else OPENCYPHER
    if not found or found["type"].lower() not in types or re.search(r"[ ,\r\n]", found["name"]):
        raise UnreadableError(f"not a header of a property: {text!r}")
    parts = found.groupdict()
    if parts.get("single") and (parts.get("set") or parts.get("many")):
        raise UnreadableError(f"single and several: {text!r}")
    single = kind == "edges" or form == "opencypher" or bool(parts.get("single"))
    name = found["name"].replace("\\:", ":")
    return Column(name, types[found["type"].lower()], single, bool(parts.get("many")))
