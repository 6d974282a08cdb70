"""`kgimport schema`: print the JSON Schema of graph.yml, or of dbt's YAML files."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from kgimport.cli.app import command


@command("kgimport schema > graph.schema.json")
def schema(
    dbt: Annotated[
        bool, typer.Option("--dbt", help="Print the one of a dbt project's YAML files.")
    ] = False,
) -> None:
    """Print the JSON Schema of graph.yml, with which editors complete and check it."""
    from kgimport.declaration import dbt_json_schema, json_schema

    typer.echo(json.dumps(dbt_json_schema() if dbt else json_schema(), indent=2))
