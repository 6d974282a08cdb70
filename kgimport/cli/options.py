"""The options that several commands share, with their help texts and panels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgimport.choices import Compression, Dialect, Format, Ids, Runtime
from kgimport.errors import UsageError

if TYPE_CHECKING:
    from kgimport.aws import Session
    from kgimport.graph import Graph
    from kgimport.neo4j.runtime.programs import Neo4j


GRAPH, SOURCE, NEO4J, OUTPUT = "Graph", "Source", "Neo4j", "Output"
BUILDS = Path("build")  # where build directories are created, unless --out names another place

GraphFile = Annotated[
    Path | None,
    typer.Option(
        "--graph",
        help="A graph.yml, for graphs that no dbt model declares.",
        rich_help_panel=GRAPH,
    ),
]
Project = Annotated[
    Path | None,
    typer.Option(
        "--dbt",
        help="The dbt project's folder; default: this folder if it is one, else dbt.",
        rich_help_panel=GRAPH,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(help="Which graph, if a dbt project declares several.", rich_help_panel=GRAPH),
]
Target = Annotated[
    str | None, typer.Option(help="The dbt target; default: the profile's.", rich_help_panel=SOURCE)
]
Tables = Annotated[
    str | None,
    typer.Option(
        help="Where the dbt models' Parquet is, a folder or s3://…; default: the target's place.",
        rich_help_panel=SOURCE,
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="TABLE=SQL",
        allow_from_autoenv=False,  # a query has blanks, at which a variable's values are split
        help="Take a table's rows from a query of the target's warehouse; may be repeated.",
        rich_help_panel=SOURCE,
    ),
]
Workgroup = Annotated[
    str | None,
    typer.Option(
        envvar="KGIMPORT_ATHENA_WORKGROUP",
        help="Athena's workgroup; default: the target's, else primary.",
        rich_help_panel=SOURCE,
    ),
]
Results = Annotated[
    str | None,
    typer.Option(
        envvar="KGIMPORT_ATHENA_RESULTS",
        metavar="S3_URI",
        help="Where Athena writes results; default: the target's, else the workgroup's.",
        rich_help_panel=SOURCE,
    ),
]
Version = Annotated[
    str | None,
    typer.Option("--neo4j", help="Neo4j's version, or its line (2026, 5).", rich_help_panel=NEO4J),
]
RuntimeKind = Annotated[
    Runtime,
    typer.Option(
        "--runtime",
        envvar="KGIMPORT_RUNTIME",
        help="embedded: jars on a bundled Java; installed: the one in NEO4J_HOME; docker: an "
        "image; auto: the first of installed, docker, embedded that is there.",
        rich_help_panel=NEO4J,
    ),
]
Image = Annotated[
    str | None,
    typer.Option(
        "--image",
        envvar="KGIMPORT_IMAGE",
        help="An image with Neo4j; default: neo4j:VERSION-community.",
        rich_help_panel=NEO4J,
    ),
]
Heap = Annotated[
    int | None,
    typer.Option(
        min=128,
        help="The importer's Java heap in MiB; default: a quarter of the memory, 4096 at most.",
        rich_help_panel=NEO4J,
    ),
]
IdKind = Annotated[
    Ids | None,
    typer.Option(
        "--ids",
        help="For Neo4j. dense: record ids, never looked up again; keys: portable CSV with "
        ":ID(Space); default: dense.",
        rich_help_panel=OUTPUT,
    ),
]
FormatKind = Annotated[
    Format,
    typer.Option(
        "--format",
        help="csv: read by every Neo4j; parquet: imported faster, by 5.26.26 and 2026.03.1 on.",
        rich_help_panel=OUTPUT,
    ),
]
DialectKind = Annotated[
    Dialect,
    typer.Option(
        "--dialect",
        help="The store that the files are for: Neo4j, or Amazon Neptune's bulk loader, which "
        "reads Gremlin's CSV or openCypher's.",
        rich_help_panel=OUTPUT,
    ),
]
Compress = Annotated[
    Compression,
    typer.Option(
        "--compress",
        help="gzip: smaller files, which Neptune's loader reads as they are.",
        rich_help_panel=OUTPUT,
    ),
]
Memory = Annotated[
    int,
    typer.Option(
        "--memory",
        min=64,
        help="MiB for resolving ids, which spill to disk, and for rows written at a time.",
        rich_help_panel=OUTPUT,
    ),
]
Stores = Annotated[Path, typer.Option(help="Where stores are kept.", rich_help_panel=OUTPUT)]
Keep = Annotated[
    int, typer.Option(min=1, help="How many stores of a graph to keep.", rich_help_panel=OUTPUT)
]
IfChanged = Annotated[
    bool,
    typer.Option(
        "--if-changed",
        help="Do nothing if the current store is from this build.",
        rich_help_panel=OUTPUT,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the record as JSON.", rich_help_panel=OUTPUT)
]
StorePath = Annotated[
    Path, typer.Argument(metavar="STORE", help="A store, or the folder of a graph's stores.")
]


def chosen_source(file: Path | None, project: Path | None) -> Path:
    """Return the graph.yml, or the folder of the dbt project, that a command line names."""
    from kgimport import dbt

    folder = project or dbt.default_project()
    if file is None and not dbt.is_project(folder):
        raise UsageError(
            f"{project} is not a dbt project"
            if project
            else f"there is no dbt project here, and none in {folder}",
            "name a graph.yml with --graph, or a project with --dbt",
        )
    return file or folder


def chosen_graph(
    file: Path | None,
    project: Path | None,
    name: str | None,
    target: str | None,
    tables: str | None,
    selected: list[str] | None = None,
    *,
    workgroup: str | None = None,
    results: str | None = None,
    built: bool = True,
) -> Graph:
    """Return the graph that a command line names: a graph.yml's, or one of a dbt project's.

    With `built`, dbt's last run must have made the project's tables.
    """
    from kgimport.commands.load_graph import load_graph

    return load_graph(
        chosen_source(file, project),
        name=name,
        target=target,
        tables=tables,
        select=selected or (),
        built=built,
        workgroup=workgroup,
        results=results,
    )


def chosen_session(
    file: Path | None, project: Path | None, target: str | None, tables: str | None
) -> Session:
    """Return the AWS session: the dbt target's if that locates the tables, else the environment's.

    That is the case unless there is a graph.yml that names no dbt project, or `tables`.
    """
    from kgimport.aws import ENVIRONMENT
    from kgimport.commands.load_graph import session

    return session(chosen_source(file, project), target) if tables is None else ENVIRONMENT


def chosen_neo4j(version: str | None, runtime: Runtime, image: str | None = None) -> Neo4j:
    """Return the Neo4j that a command line names; fetch its jars or image if they are missing."""
    from kgimport import find_neo4j
    from kgimport.cli import console

    with console.progress() as report:
        return find_neo4j(
            version, runtime=runtime, image=image, progress=report, on_choice=console.note
        )


def neo4j_of_store(store: Path, version: str | None, runtime: Runtime, image: str | None) -> Neo4j:
    """Return the Neo4j to run a store: of the store's own version, unless one is named."""
    from kgimport.neo4j import stores
    from kgimport.records import on_disk

    return chosen_neo4j(version or on_disk.read_store(stores.find(store)).neo4j, runtime, image)
