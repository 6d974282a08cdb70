"""`kgimport schema`: print the JSON Schema of graph.yml."""

from __future__ import annotations

import json

import typer

from kgimport.cli.app import command


@command("kgimport schema > graph.schema.json")
def schema() -> None:
    """Print the JSON Schema of graph.yml, with which editors complete and check it."""
    from kgimport.declaration import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))
