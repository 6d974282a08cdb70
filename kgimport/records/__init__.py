"""The records that the stages leave on disk: `export.json`, `store.json` and `delta.json`.

Each states the number of its form; older forms that can be upgraded are read, too.
"""

from kgimport.records.delta import DELTA_FORM, DELTA_RECORD, Changes, DeltaFile, DeltaRecord
from kgimport.records.export import (
    EXPORT_FORM,
    EXPORT_RECORD,
    CellRecord,
    ComponentRecord,
    ComponentsRecord,
    DataFile,
    ExportRecord,
    Facts,
    FeatureRecord,
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
    "DELTA_FORM",
    "DELTA_RECORD",
    "EXPORT_FORM",
    "EXPORT_RECORD",
    "STORE_FORM",
    "STORE_RECORD",
    "CellRecord",
    "Changes",
    "ComponentRecord",
    "ComponentsRecord",
    "DataFile",
    "DeltaFile",
    "DeltaRecord",
    "ExportRecord",
    "Facts",
    "FeatureRecord",
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
