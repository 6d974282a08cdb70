"""The records that the stages leave on disk: `export.json` and `store.json`.

Each states the number of its form; older forms that can be upgraded are read, too.
"""

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
    SchemaItem,
    TableRecord,
    build_id,
)
from kgimport.records.forms import dump, parse
from kgimport.records.layout import folder_of
from kgimport.records.store import STORE_FORM, STORE_RECORD, StoreRecord

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
    "SchemaItem",
    "StoreRecord",
    "TableRecord",
    "build_id",
    "dump",
    "folder_of",
    "parse",
]
