"""`kgimport schema`: the JSON Schema of graph.yml."""

from __future__ import annotations

import json

import typer

from kgimport.cli.app import command


@command("kgimport schema > graph.schema.json")
def schema() -> None:
    """Print the JSON Schema of graph.yml, by which editors complete it."""
    from kgimport.declaration import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))
