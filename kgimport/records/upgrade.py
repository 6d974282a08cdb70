"""Upgrades of older forms of a record, each a pure function from JSON to JSON of the next form.

A step changes only what differs between the two forms. It checks nothing: what is damaged stays so,
and is refused when the result is validated as the newest form.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgimport.properties import Kind

    Json = dict[str, Any]

_LIST_OF_INTEGERS = {"base": "long", "many": True, "unit": "", "axes": 0}
_KINDS: dict[str, Kind] = {
    "string": "string",
    "long": "integer",
    "double": "float",
    "boolean": "boolean",
    "date": "date",
    "localtime": "time",
    "localdatetime": "local_datetime",
    "utc": "instant",
    "datetime": "zoned_datetime",
    "duration": "duration",
    "point": "point",
}


def export_from_4(record: Json) -> Json:
    """Upgrade form 4 of `export.json` to 5: types without a target, and keys of relationships."""
    declaration = record["declaration"]
    declared = [_with_key(table) for table in declaration["relationships"]]
    return {
        **record,
        "tables": [{**table, "cells": [*_typed(table)]} for table in record["tables"]],
        "declaration": {**declaration, "relationships": declared},
        "version": 5,
    }


def export_from_5(record: Json) -> Json:
    """Upgrade form 5 of `export.json` to 6, which counts rows whose end is null by choice.

    What a declaration can state since then is absent, which has the same meaning as before.
    """
    return {
        **record,
        "tables": [{**table, "nulls": 0} for table in record["tables"]],
        "version": 6,
    }


def export_from_6(record: Json) -> Json:
    """Upgrade form 6 of `export.json` to 7: before it, every build directory was for Neo4j."""
    return {**record, "dialect": "neo4j", "version": 7}


def _with_key(table: Json) -> Json:
    """Return a relationship table with a key in place of `unique`, which could not be declared."""
    return {**_without(table, "unique"), "key": []}


def _typed(table: Json) -> list[Json]:
    headers = {field["property"]: field["header"] for field in table["fields"]}
    return [
        {
            **_without(cell, "kind", "told_by"),
            "type": _type(cell["kind"], headers.get(cell["property"], "")),
            "read_by": cell["told_by"],
        }
        for cell in table["cells"]
    ]


def _without(value: Json, *names: str) -> Json:
    return {name: each for name, each in value.items() if name not in names}


def _type(kind: Json, header: str) -> Json:
    """Return the type of a column, from its kind and, where that lacks something, its header cell.

    Neither has the zone of a moment, but that is not compared with a store.
    """
    if header == "byte[]" and kind == _LIST_OF_INTEGERS:
        return {"kind": "bytes"}
    srid = re.search(r"srid:(\d+)", header)
    return {
        "kind": _KINDS.get(kind["base"], kind["base"]),
        "many": kind["many"],
        "unit": None if kind["unit"] == "" else kind["unit"],
        "srid": int(srid[1]) if srid else None,
    }
