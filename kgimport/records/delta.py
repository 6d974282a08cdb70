"""`delta.json`: what `kgimport diff` left in a delta, or counted."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (pydantic reads the annotations)
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from kgimport.choices import Dialect  # noqa: TC001  (pydantic reads the annotations)
from kgimport.notebook import Summary, as_html, summary
from kgimport.records.parts import (  # noqa: TC001  (pydantic reads the annotations)
    BuildId,
    Count,
    GraphName,
    Sha256,
)

DELTA_RECORD, DELTA_FORM = "delta.json", 1

DeltaPath = Annotated[
    str,
    Field(
        pattern=r"^(removed/[a-z_]+\.(csv|gremlin|cypher)"
        r"|(vertices|edges)/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+\.csv(\.gz)?)$"
    ),
]


@dataclass(frozen=True, slots=True)
class Changes:
    """How many vertices of a label, or edges of a type, are new, other than before, gone, or equal.

    `changed + vanished + same` is the number in the old build, `added + changed + same` that in the
    new one.
    """

    added: Count  # that only the new build has
    changed: Count  # that both builds have, with another property or label
    vanished: Count  # that only the old build has
    same: Count  # in both builds


@dataclass(frozen=True, slots=True)
class DeltaFile:
    """One file of a delta: its path in the delta, and what is in it."""

    path: DeltaPath  # below the delta
    rows: Count  # of data, or statements
    bytes: Count  # of the file, compressed if it is
    sha256: Sha256  # of the file


@dataclass(frozen=True, slots=True)
class DeltaRecord:
    """What differs between two builds of a graph, and the files that make the new one of the old.

    Without `files`, the differences were only counted.
    """

    graph: GraphName  # its name
    dialect: Dialect  # of both builds
    old: BuildId  # the build that the delta is applied to
    new: BuildId  # the build that it makes
    kgimport: str  # the version that wrote it
    labels: Mapping[str, Changes]  # vertices per label
    types: Mapping[str, Changes]  # edges per type
    # The files, in the order in which they are applied: removals, vertices to load, edges to load.
    files: tuple[DeltaFile, ...]
    seconds: Mapping[str, float]  # by stage
    version: int = DELTA_FORM  # the number of the record's form

    def summary(self) -> Summary:
        """Return what differs, per label and type."""
        named = [(f"(:{name})", each) for name, each in self.labels.items()]
        named += [(f"[:{name}]", each) for name, each in self.types.items()]
        return summary(
            f"graph {self.graph}, from build {self.old} to {self.new}",
            ("label or type", "added", "changed", "vanished", "same"),
            ((name, e.added, e.changed, e.vanished, e.same) for name, e in named),
        )

    def _repr_html_(self) -> str:
        return as_html(self.summary())
