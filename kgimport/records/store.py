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

    graph: GraphName
    build_id: BuildId
    kgimport: str
    neo4j: Release
    database: str
    labels: Mapping[str, Count]
    types: Mapping[str, Count]
    schema: tuple[str, ...]
    compared: Count
    bytes: Count
    seconds: Mapping[str, float]
    version: int = STORE_FORM

    def summary(self) -> Summary:
        """Return what the store holds, per label and type."""
        rows = [(f"(:{label})", count) for label, count in self.labels.items()]
        rows += [(f"[:{name}]", count) for name, count in self.types.items()]
        title = f"graph {self.graph}, build {self.build_id}, Neo4j {self.neo4j}"
        return summary(title, ("label or type", "count"), rows)

    def _repr_html_(self) -> str:
        return as_html(self.summary())
