"""Writes the schema of what infra/ uses, as the stand-in provider reads it: `… > schema.json`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from tests.infra import provider
from tests.infra.configuration import INFRA, tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.infra.provider import Argument, Schema

_TYPES = {"string": "string", "number": "number", "bool": "bool", "list": "list", "map": "map"}


def document() -> dict[str, Any]:
    """The schemas by mode and type."""
    used = {
        (block.kind, block.labels[0])
        for module in tree(INFRA).values()
        for block in module.of("resource", "data", "ephemeral")
    }
    found: dict[str, Any] = {"Resource": {}, "Data": {}, "Ephemeral": {}, "Provider": _PROVIDER}
    for kind, name in used:
        address = name if kind == "resource" else f"data.{name}"
        schema = provider.schemas([address])[address]
        found[kind.title()][name] = _block(schema.arguments, schema, top=True)
    return found


# The provider's own arguments, which the bindings keep elsewhere: those that infra/ uses.
_PROVIDER = {
    "Attributes": [{"Name": "region", "Type": "string", "Settable": True}],
    "Blocks": [
        {
            "Name": "default_tags",
            "Block": {"Attributes": [{"Name": "tags", "Type": "map", "Settable": True}]},
        }
    ],
}


def _block(known: Mapping[str, Argument], schema: Schema, *, top: bool = False) -> dict[str, Any]:
    attributes = [_attribute(name, of, top=top) for name, of in known.items() if of.kind != "block"]
    if top:
        attributes += [
            {"Name": name, "Type": _TYPES.get(kind, "dynamic"), "Computed": True}
            for name, kind in schema.attributes.items()
            if name not in known
        ]
    blocks = [
        {
            "Name": name,
            "Many": of.many,
            "Required": of.required,
            "Block": _block(schema.nested[of.nested], schema),
        }
        for name, of in known.items()
        if of.kind == "block"
    ]
    return {"Attributes": attributes, "Blocks": blocks}


def _attribute(name: str, of: Argument, *, top: bool) -> dict[str, Any]:
    kind = _TYPES.get(of.kind, "dynamic")
    optional = not of.required
    return {
        "Name": name,
        "Type": kind,
        "Required": of.required,
        "Settable": True,
        "Computed": top and optional,
    }


if __name__ == "__main__":
    json.dump(document(), sys.stdout)
