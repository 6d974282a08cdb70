"""What a call of Neptune's bulk loader needs besides addresses and a role, as a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgimport.records import ExportRecord

LOADER = "neptune.json"
_FORMATS = {"neptune-gremlin": "csv", "neptune-opencypher": "opencypher"}


def extras(record: ExportRecord) -> dict[str, str]:
    """Return the file by its name; it depends on the record alone."""
    return {LOADER: json.dumps(_content(record), indent=2) + "\n"}


def _content(record: ExportRecord) -> dict[str, Any]:
    kinds = ((_FOLDERS[kind], kind) for kind in _FOLDERS)
    return {
        "build_id": record.build_id,
        "loads": [
            {"source": f"{folder}/", **parameters(record)}
            for folder, kind in kinds
            if any(table.kind == kind and table.files for table in record.tables)
        ],
    }


_FOLDERS = {"node": "vertices", "relationship": "edges"}


def parameters(record: ExportRecord) -> dict[str, Any]:
    """Return the parameters of a load, as boto3's `start_loader_job` names them.

    Without `allowEmptyStrings` the loader drops empty strings, and without
    `updateSingleCardinalityProperties` a changed value is an error when it is loaded again.
    """
    gremlin = record.dialect == "neptune-gremlin"
    given = {"allowEmptyStrings": "true"} if gremlin else {}
    return {
        "format": _FORMATS[record.dialect],
        "mode": "NEW",
        "failOnError": True,
        "parserConfiguration": given,
        "updateSingleCardinalityProperties": gremlin,
        "userProvidedEdgeIds": True,
    }
