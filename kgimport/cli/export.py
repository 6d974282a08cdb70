"""`kgimport export`: write tables to a build directory."""

from __future__ import annotations

from typing import Annotated

import typer

import kgimport
from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import (
    BUILDS,
    OUTPUT,
    AsJson,
    Compress,
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
    chosen_session,
)


@command("kgimport export --dbt dbt --out build/lms")
def export(
    graph: GraphFile = None,
    dbt: Project = None,
    name: Name = None,
    target: Target = None,
    tables: Tables = None,
    select: Select = None,
    workgroup: Workgroup = None,
    results: Results = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="The build directory, here or s3://…; default: build/GRAPH. If a build-db reads "
            "the one that is there, export waits for it, an hour at most.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    ids: IdKind = None,
    form: FormatKind = "csv",
    dialect: DialectKind = "neo4j",
    compress: Compress = "none",
    memory: Memory = 1024,
    as_json: AsJson = False,
) -> None:
    """Prove the tables' integrity and write a build directory.

    It is for `build-db`, or with `--dialect neptune-…` for the bulk loader of Amazon Neptune.
    """
    from kgimport import records

    declared = chosen_graph(
        graph, dbt, name, target, tables, select, workgroup=workgroup, results=results
    )
    session = chosen_session(graph, dbt, target, tables)
    options = kgimport.ExportOptions(ids, form, memory, session, dialect, compress)
    place = out or str(BUILDS / declared.name)
    with console.progress() as report:
        record = kgimport.export(declared, place, options=options, progress=report)
    if as_json:
        typer.echo(records.dump(record), nl=False)
    else:
        console.export_summary(record, place)
