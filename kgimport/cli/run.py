"""`kgimport run`: dbt build, export and build-db."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import kgimport
from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import (
    BUILDS,
    SOURCE,
    AsJson,
    FormatKind,
    GraphFile,
    Heap,
    IdKind,
    IfChanged,
    Image,
    Keep,
    Memory,
    Name,
    Project,
    Results,
    RuntimeKind,
    Stores,
    Target,
    Version,
    Workgroup,
    chosen_neo4j,
    chosen_source,
)


@command("kgimport run --dbt dbt --data data")
def run(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- DBT_ARGUMENTS]",
            help="After --: further arguments of dbt build (--select, --vars, --full-refresh …).",
            show_default=False,
        ),
    ] = None,
    graph: GraphFile = None,
    dbt: Project = None,
    data: Annotated[
        Path,
        typer.Option(help="Raw data that dbt reads, as KGIMPORT_DATA.", rich_help_panel=SOURCE),
    ] = Path("data"),
    name: Name = None,
    target: Target = None,
    workgroup: Workgroup = None,
    results: Results = None,
    stores: Stores = Path("stores"),
    neo4j: Version = None,
    runtime: RuntimeKind = "embedded",
    image: Image = None,
    heap_mb: Heap = None,
    keep: Keep = 2,
    if_changed: IfChanged = False,
    ids: IdKind = None,
    form: FormatKind = "csv",
    memory: Memory = 1024,
    as_json: AsJson = False,
) -> None:
    """Run dbt build, export and build-db, one after the other."""
    from kgimport.commands import run

    program = chosen_neo4j(neo4j, runtime, image)
    project = run.Project(
        chosen_source(graph, dbt),
        data,
        BUILDS,
        stores,
        target,
        name,
        kgimport.ExportOptions(ids, form, memory),
        workgroup,
        results,
        tuple(arguments or ()),
    )
    options = kgimport.BuildOptions(keep=keep, if_changed=if_changed, heap_mb=heap_mb)
    with console.progress() as report:
        built, seconds = run.run(project, neo4j=program, options=options, progress=report)
    console.build_summary(built, stores, seconds, as_json=as_json)
