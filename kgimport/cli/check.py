"""`kgimport check`: check the declaration, and the integrity of the tables."""

from __future__ import annotations

from typing import Annotated

import typer

import kgimport
from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import (
    GRAPH,
    DialectKind,
    FormatKind,
    GraphFile,
    IdKind,
    Memory,
    Name,
    Project,
    Results,
    Select,
    Tables,
    Target,
    Workgroup,
    chosen_graph,
)


@command("kgimport check --graph graph.yml")
def check(
    graph: GraphFile = None,
    dbt: Project = None,
    name: Name = None,
    target: Target = None,
    tables: Tables = None,
    select: Select = None,
    workgroup: Workgroup = None,
    results: Results = None,
    declaration_only: Annotated[
        bool,
        typer.Option(
            "--declaration-only",
            allow_from_autoenv=False,
            help="Check the declaration alone; read no data.",
            rich_help_panel=GRAPH,
        ),
    ] = False,
    ids: IdKind = None,
    form: FormatKind = "csv",
    dialect: DialectKind = "neo4j",
    memory: Memory = 1024,
) -> None:
    """Check the declaration and the tables' integrity; write nothing."""
    declared = chosen_graph(
        graph,
        dbt,
        name,
        target,
        tables,
        select,
        workgroup=workgroup,
        results=results,
        built=not declaration_only,
    )
    if declaration_only:
        typer.echo(f"the declaration of graph {declared.name} is valid")
        return
    options = kgimport.ExportOptions(ids, form, memory, dialect=dialect)
    with console.progress() as report:
        proof = kgimport.check(declared, options=options, progress=report)
    console.show(proof.summary(f"graph {declared.name} is sound"))
