"""The records of build directories and stores, read from their folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.errors import DestinationError
from kgimport.records import (
    DELTA_RECORD,
    EXPORT_RECORD,
    STORE_RECORD,
    DeltaRecord,
    ExportRecord,
    StoreRecord,
    parse,
)

if TYPE_CHECKING:
    from pathlib import Path


def read_export(folder: Path) -> ExportRecord:
    """Return the record of a build directory, or of the export that a store was built from."""
    return parse(ExportRecord, _read(folder / EXPORT_RECORD, "kgimport export"), EXPORT_RECORD)


def read_store(folder: Path) -> StoreRecord:
    """Return the record of a store."""
    return parse(StoreRecord, _read(folder / STORE_RECORD, "kgimport build-db"), STORE_RECORD)


def read_delta(folder: Path) -> DeltaRecord:
    """Return the record of a delta."""
    return parse(DeltaRecord, _read(folder / DELTA_RECORD, "kgimport diff"), DELTA_RECORD)


def _read(path: Path, made_by: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DestinationError(
            f"{path} cannot be read: {error.strerror}", f"`{made_by}` makes it: run that first"
        ) from error
    except UnicodeDecodeError as error:
        raise DestinationError(f"{path} is damaged: {error}", f"run `{made_by}` again") from error
