"""The options that several commands share, with their help, in panels."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgimport.errors import RuntimeMissingError, UsageError

if TYPE_CHECKING:
    from kgimport.aws import Session
    from kgimport.graph import Graph
    from kgimport.neo4j.runtime.programs import Neo4j


class Runtime(StrEnum):
    """How Neo4j's programs are run."""

    EMBEDDED = "embedded"
    INSTALLED = "installed"
    DOCKER = "docker"
    AUTO = "auto"


class Ids(StrEnum):
    """What nodes and ends are called in the importer's input."""

    DENSE = "dense"
    KEYS = "keys"


class Format(StrEnum):
    """What a build directory carries the rows in."""

    CSV = "csv"
    PARQUET = "parquet"


GRAPH, SOURCE, NEO4J, OUTPUT = "Graph", "Source", "Neo4j", "Output"

GraphFile = Annotated[
    Path | None,
    typer.Option("--graph", help="A graph.yml, for graphs without dbt.", rich_help_panel=GRAPH),
]
Project = Annotated[
    Path, typer.Option("--dbt", help="The dbt project's folder.", rich_help_panel=GRAPH)
]
Name = Annotated[
    str | None,
    typer.Option(help="Which graph, where a dbt project declares several.", rich_help_panel=GRAPH),
]
Target = Annotated[
    str | None, typer.Option(help="The dbt target; default: the profile's.", rich_help_panel=SOURCE)
]
Tables = Annotated[
    str | None,
    typer.Option(
        help="Where the dbt models' Parquet lies, a folder or s3://…; default: as the target says.",
        rich_help_panel=SOURCE,
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="TABLE=SQL",
        help="Take a table's rows from a query that Athena runs; may be repeated.",
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
        help="Below which Athena writes results; default: the target's, else the workgroup's.",
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
        min=128, help="The importer's Java heap; default: from the memory.", rich_help_panel=NEO4J
    ),
]
IdKind = Annotated[
    Ids,
    typer.Option(
        "--ids",
        help="dense: record ids, never looked up again; keys: portable CSV with :ID(Space).",
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
        help="Do nothing where the current store is of this build.",
        rich_help_panel=OUTPUT,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the record as JSON.", rich_help_panel=OUTPUT)
]
StorePath = Annotated[
    Path, typer.Argument(metavar="STORE", help="A store, or the folder of a graph's stores.")
]


def chosen_graph(
    file: Path | None,
    project: Path,
    name: str | None,
    target: str | None,
    tables: str | None,
    selected: list[str] | None = None,
    *,
    workgroup: str | None = None,
    results: str | None = None,
    built: bool = True,
) -> Graph:
    """Return the graph that a command line means: a graph.yml, or one of a dbt project's.

    With `built`, dbt's last run must have made the project's tables.
    """
    from kgimport import dbt
    from kgimport.commands.load_graph import load_graph

    if file is None and not dbt.is_project(project):
        raise UsageError(
            f"{project} is no dbt project", "name a graph.yml with --graph, or a project with --dbt"
        )
    return load_graph(
        file or project,
        name=name,
        target=target,
        tables=tables,
        select=selected or (),
        built=built,
        workgroup=workgroup,
        results=results,
    )


def chosen_session(
    file: Path | None, project: Path, target: str | None, tables: str | None
) -> Session:
    """Return as whom AWS is asked: the dbt target, where the graph is read by it, may say it."""
    from kgimport.aws import ENVIRONMENT
    from kgimport.commands.load_graph import session

    return session(project, target) if file is None and tables is None else ENVIRONMENT


def chosen_neo4j(version: str | None, runtime: Runtime, image: str | None = None) -> Neo4j:
    """Return the Neo4j that a command line means.

    Jars or an image are fetched where they are missing.
    """
    from kgimport.neo4j.runtime import programs

    match runtime:
        case Runtime.AUTO:
            return _first_there(version, image)
        case Runtime.DOCKER:
            return _of_image(version, image)
        case Runtime.INSTALLED:
            home = os.environ.get("NEO4J_HOME")
            if not home:
                raise UsageError("NEO4J_HOME is not set", "set it, or use --runtime embedded")
            return programs.installed(Path(home))
        case Runtime.EMBEDDED:
            return _embedded(version)


def _first_there(version: str | None, image: str | None) -> Neo4j:
    from kgimport.cli.console import note

    if os.environ.get("NEO4J_HOME"):
        note("runtime: installed, as NEO4J_HOME is set")
        return chosen_neo4j(version, Runtime.INSTALLED)
    try:
        neo4j = _of_image(version, image)
    except RuntimeMissingError as error:
        note(f"runtime: embedded, as {error.message}")
        return _embedded(version)
    note(f"runtime: docker, {neo4j.image.name if neo4j.image else image}")
    return neo4j


def _of_image(version: str | None, image: str | None) -> Neo4j:
    from kgimport.cli.console import progress
    from kgimport.neo4j.runtime import programs

    with progress() as tell:
        return programs.of_image(image, version, lambda _: tell("pull Neo4j's image", None))


def _embedded(version: str | None) -> Neo4j:
    from kgimport.cli.console import progress
    from kgimport.neo4j.runtime import programs
    from kgimport.neo4j.runtime.jar_cache import DEFAULT_VERSION

    with progress() as tell:
        return programs.embedded(
            version or DEFAULT_VERSION,
            progress=lambda done, of: tell("download Neo4j's jars", done / of),
        )
