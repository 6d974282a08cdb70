"""What is wrong with a build directory, as `build-db` would be told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport import witness
from kgimport.pipeline import readback

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.report import ExportRecord


def differences(build: Path, record: ExportRecord) -> list[str]:
    """All of it, read by a DuckDB of its own."""
    with witness.database(1024) as made:
        return list(readback.differences(made, build, record))
