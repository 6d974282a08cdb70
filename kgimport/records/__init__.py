"""The records that the stages leave on disk: `export.json` and `store.json`.

Each carries the number of its form, and is read in its last two forms.
"""

from typing import TYPE_CHECKING

from kgimport.records.export import (
    EXPORT_FORM,
    EXPORT_RECORD,
    CellRecord,
    DataFile,
    ExportRecord,
    Facts,
    FieldRecord,
    HeaderFile,
    QueryRecord,
    TableRecord,
    build_id,
)
from kgimport.records.forms import dump, parse
from kgimport.records.store import STORE_FORM, STORE_RECORD, StoreRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    # How long work reports that it is alive: the stage, and how much of it is done (0 to 1).
    Progress = Callable[[str, float | None], None]

__all__ = [
    "EXPORT_FORM",
    "EXPORT_RECORD",
    "STORE_FORM",
    "STORE_RECORD",
    "CellRecord",
    "DataFile",
    "ExportRecord",
    "Facts",
    "FieldRecord",
    "HeaderFile",
    "QueryRecord",
    "StoreRecord",
    "TableRecord",
    "build_id",
    "dump",
    "parse",
]
