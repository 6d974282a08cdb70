"""What a session of benchmarks is run with: how large, how often, on which Neo4j."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.data import People, people

ROOT = Path(__file__).parents[2]
LINES = {"5": "5.26.30", "2026": "2026.08.1"}


@dataclass(frozen=True, slots=True)
class Setting:
    """The cache holds the data and, below `work`, what is made and removed in each run."""

    cache: Path
    scale: float = 1.0
    runs: int = 3
    versions: tuple[str, ...] = tuple(LINES.values())
    memory: str = ""  # for `kgimport export --memory`; empty: its own default

    @property
    def work(self) -> Path:
        """Where contestants work."""
        return self.cache / "work"

    def people(self, share: float = 1.0) -> People:
        """The people graph, or a smaller one of the same kind."""
        return people(self.cache, self.scale * share)
