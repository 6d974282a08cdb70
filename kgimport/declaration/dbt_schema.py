"""The JSON Schema of dbt's YAML, as far as it declares graphs: `meta.kgimport` of models and so on.

Everything else in such a file is left to dbt: editors can check a file by several schemas.
"""

from __future__ import annotations

from typing import Any

from kgimport.declaration.spec import json_schema

# What a graph.yml states of a table, and dbt knows by itself.
_KNOWN = {"location"}
_TABLE = "What a model's rows become."
_NAME = "The name of the graph that the model is part of."


def dbt_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the YAML files of a dbt project."""
    ours = json_schema()
    column, default = _ref("ColumnSpec"), _ref("DefaultsSpec")
    tables = _each({**_with(_model(ours)), "columns": _each(_with(column))})
    more = {"defaults": default, "features": ours["properties"]["features"]}
    of_exposure = _mapping({"graph": _graph(ours), **more}, required=["graph"])
    return {
        "$schema": ours["$schema"],
        "title": "dbt properties with graphs of kgimport",
        "type": "object",
        "properties": {
            **dict.fromkeys(("models", "seeds", "snapshots"), tables),
            "exposures": _each(_with(of_exposure)),
        },
        "$defs": {name: each for name, each in ours["$defs"].items() if name != "TableSpec"},
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def _mapping(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _each(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": properties}}


def _with(declared: dict[str, Any]) -> dict[str, Any]:
    """Return the two places of `meta` in dbt: dbt 1.10 moved it to `config`."""
    meta = {"type": "object", "properties": {"kgimport": declared}}
    return {"meta": meta, "config": {"type": "object", "properties": {"meta": meta}}}


def _model(ours: dict[str, Any]) -> dict[str, Any]:
    table = ours["$defs"]["TableSpec"]
    words = {name: each for name, each in table["properties"].items() if name not in _KNOWN}
    return {
        **_mapping({"graph": _graph(ours), **words}, required=["graph"]),
        "description": _TABLE,
    }


def _graph(ours: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a graph's name, or of a mapping of it and what holds for the graph."""
    name = {**ours["properties"]["graph"], "description": _NAME}
    more = {"defaults": _ref("DefaultsSpec"), "features": ours["properties"]["features"]}
    return {"anyOf": [name, _mapping({"name": name, **more}, ["name"])], "description": _NAME}
