"""openCypher's CSV as `neo4j-admin database import` reads it, and what Neo4j then holds.

Only header cells are others: the importer does not know `:ID` of a relationship, would not keep
that of a node, and takes the last colon of a cell for the one before the type.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.neptune import wanted
from tests.neptune.reader import Edge, Graph, Vertex
from tests.roundtrip import bolt
from tests.roundtrip.importing import imported as imported_folder
from tests.roundtrip.importing import scratch
from tests.roundtrip.lanes import KEYS_CSV

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j
    from tests.neptune.reader import Properties
    from tests.roundtrip.reference import Held

_ID = "its id"
_OPTIONS = ("--id-type=string", "--array-delimiter=;", "--multiline-fields=true")
_KINDS = (("vertices", "--nodes", "ID"), ("edges", "--relationships", "string"))


@contextmanager
def imported(build: Path, neo4j: Neo4j) -> Iterator[Driver]:
    """A driver to a server on what the importer makes of a build directory for openCypher."""
    with scratch() as folder:
        arguments = list(_OPTIONS)
        for kind, option, word in _KINDS:
            shutil.copytree(build / kind, folder / kind)
            for part in sorted((folder / kind).rglob("*.csv")):
                header, _, rows = part.read_bytes().partition(b"\n")
                assert header.startswith(b":ID,")
                named = header.replace(b":ID", f"{_ID}:{word}".encode(), 1)
                part.write_bytes(named.replace(b"\\:", b":") + b"\n" + rows)
                arguments.append(f"{option}={part.relative_to(folder)}")
        (folder / "import.args").write_text("".join(f'"{each}"\n' for each in arguments))
        with imported_folder(folder, neo4j, KEYS_CSV) as driver:
            yield driver


def held(driver: Driver) -> Graph:
    """All that Neo4j holds, by the ids of the files."""
    vertices, edges = bolt.read(driver)
    return Graph(
        {_id(found): Vertex(labels, _properties(found)) for labels, found in vertices},
        {
            _id(found): Edge(_id(start[1]), word, _id(end[1]), _properties(found))
            for start, word, found, end in edges
        },
    )


def _id(found: dict[str, Held]) -> str:
    return str(found[_ID].value)


def _properties(found: dict[str, Held]) -> Properties:
    made = {
        name: wanted.value(each.cypher, each.value, "opencypher")
        for name, each in found.items()
        if name != _ID
    }
    assert None not in made.values(), found
    return {name: frozenset({value}) for name, value in made.items() if value is not None}
