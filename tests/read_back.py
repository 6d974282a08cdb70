"""What is wrong with a build directory, as `build-db` would be told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport import second_reader
from kgimport.builds import readback

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.records import ExportRecord


def differences(build: Path, record: ExportRecord) -> list[str]:
    """All of it, read by a DuckDB of its own."""
    with second_reader.database(1024) as made:
        return list(readback.differences(made, build, record))
