"""`store.json`: what `kgimport build-db` left in a store."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (pydantic reads the annotations)
from dataclasses import dataclass

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
