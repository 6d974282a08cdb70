"""The ways on which samples travel: which ids the nodes have, and what carries the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.options import ExportOptions

if TYPE_CHECKING:
    from kgimport.choices import Ids
    from kgimport.targets import Format


@dataclass(frozen=True, slots=True)
class Lane:
    """What an export is told, and what must be refused or come back depends on."""

    ids: Ids
    format: Format

    def __str__(self) -> str:
        return f"{self.ids} {self.format}"

    @property
    def options(self) -> ExportOptions:
        """The lane as the export takes it."""
        return ExportOptions(self.ids, self.format, memory_mb=256)


# Between them they differ in both; dense ids in CSV are what all other tests use.
KEYS_CSV, DENSE_PARQUET = Lane("keys", "csv"), Lane("dense", "parquet")
LANES = (KEYS_CSV, DENSE_PARQUET)
