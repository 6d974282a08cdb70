"""`kgimport show`: draw the declared graph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgimport.cli.app import command
from kgimport.cli.options import OUTPUT, GraphFile, Name, Project, Tables, Target, chosen_graph


@command("kgimport show --dbt dbt --out lms.svg")
def show(
    graph: GraphFile = None,
    dbt: Project = None,
    name: Name = None,
    target: Target = None,
    tables: Tables = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The SVG file; default: GRAPH.svg.", rich_help_panel=OUTPUT),
    ] = None,
) -> None:
    """Draw the declared graph with its labels, types, properties and counts, as SVG."""
    from kgimport.commands import show

    declared = chosen_graph(graph, dbt, name, target, tables)
    place = out or Path(f"{declared.name}.svg")
    show.show(declared, place)
    typer.echo(str(place))
