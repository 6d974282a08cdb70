"""`store.json`: what `kgimport build-db` left in a store."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (pydantic reads the annotations)
from dataclasses import dataclass

from kgimport.notebook import Summary, as_html, summary
from kgimport.records.parts import (  # noqa: TC001  (pydantic reads the annotations)
    BuildId,
    Count,
    GraphName,
    Release,
)

STORE_RECORD, STORE_FORM = "store.json", 4


@dataclass(frozen=True, slots=True)
class StoreRecord:
    """What `kgimport build-db` left in a store."""

    graph: GraphName  # its name
    build_id: BuildId  # of the build directory
    kgimport: str  # the version that wrote it
    neo4j: Release  # the version that imported it, and must serve it
    database: str  # its name in Neo4j
    labels: Mapping[str, Count]  # nodes per label
    types: Mapping[str, Count]  # relationships per type
    schema: tuple[str, ...]  # the names of constraints and indexes, all of them online
    compared: Count  # sampled rows that agree with their source
    bytes: Count  # on disk
    seconds: Mapping[str, float]  # by stage
    version: int = STORE_FORM  # the number of the record's form

    def summary(self) -> Summary:
        """Return what the store holds, per label and type."""
        rows = [(f"(:{label})", count) for label, count in self.labels.items()]
        rows += [(f"[:{name}]", count) for name, count in self.types.items()]
        title = f"graph {self.graph}, build {self.build_id}, Neo4j {self.neo4j}"
        return summary(title, ("label or type", "count"), rows)

    def _repr_html_(self) -> str:
        return as_html(self.summary())
