"""`kgimport prepare`: download what a build needs of Neo4j, and make its starts faster."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from kgimport import build_db, export, load_graph, temporary
from kgimport.neo4j.runtime import classes
from kgimport.neo4j.runtime.choice import chosen
from kgimport.neo4j.runtime.programs import with_parquet
from kgimport.progress import silent

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.progress import Progress


_GRAPH = """\
graph: sample
tables:
  person:
    location: person.parquet
    node: {labels: [Person], key: [name]}
  knows:
    location: knows.parquet
    relationship:
      type: KNOWS
      start: {node: person, key: [one]}
      end: {node: person, key: [other]}
"""


def prepare(neo4j: Neo4j | str | None = None, *, progress: Progress = silent) -> bool:
    """Download what the importer needs to read Parquet, and have Java cache Neo4j's classes.

    Java records them while it builds a graph of a few rows. Returns whether it did: not if they are
    cached already, if this Java cannot do so, or if Neo4j runs from an image.
    """
    program = chosen(neo4j, progress)
    if not program.image:
        with_parquet(program, progress)
    folder = program.classes
    if folder is None or classes.size(folder):
        return False
    with temporary.folder() as work, classes.recording(folder) as kept:
        progress("record Java's classes, which takes half a minute", None)
        _build_sample(work, replace(program, classes=kept, records_classes=True))
    return True


def _build_sample(work: Path, neo4j: Neo4j) -> None:
    """Build a store of values of several kinds, so that the classes that read them are recorded."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_901)  # noqa: DTZ001  (meant to have no zone)
    names = ["Ada", "Grace", 'Mary "May"']
    people = pl.DataFrame({"name": names, "age": [36, 85, None], "tags": [["a", "b"], None, ["c"]]})
    people.write_parquet(work / "person.parquet")
    knows = {"one": names[:2], "other": names[1:], "weight": [0.5, 1.5], "since": [moment] * 2}
    pl.DataFrame(knows).write_parquet(work / "knows.parquet")
    (work / "graph.yml").write_text(_GRAPH, encoding="utf-8")
    export(load_graph(work / "graph.yml"), work / "build")
    build_db(work / "build", work / "stores", neo4j=neo4j)
