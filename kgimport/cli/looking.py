"""The commands that look at something: serve, verify, show, schema, doctor."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import (
    NEO4J,
    OUTPUT,
    GraphFile,
    Image,
    Name,
    Project,
    Runtime,
    RuntimeKind,
    StorePath,
    Tables,
    Target,
    Version,
    chosen_graph,
    chosen_neo4j,
)
from kgimport.errors import ExitCode, ReconciliationError, ServerError

if TYPE_CHECKING:
    from kgimport.commands.doctor import Symptom
    from kgimport.neo4j.runtime.config import Limits
    from kgimport.neo4j.runtime.server import Server


@command("kgimport serve stores/lms")
def serve(
    store: StorePath,
    neo4j: Version = None,
    runtime: RuntimeKind = Runtime.EMBEDDED,
    image: Image = None,
    bolt_port: Annotated[
        int, typer.Option(min=0, max=65535, help="0: any free one.", rich_help_panel=NEO4J)
    ] = 7687,
    http_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Neo4j Browser's.", rich_help_panel=NEO4J)
    ] = 7474,
    writable: Annotated[
        bool, typer.Option("--writable", help="Accept writes.", rich_help_panel=NEO4J)
    ] = False,
    timeout_s: Annotated[
        int | None,
        typer.Option(
            min=0, help="A transaction ends after it; default: 120.", rich_help_panel=NEO4J
        ),
    ] = None,
    query_mb: Annotated[
        int | None,
        typer.Option(min=0, help="Heap for each transaction; default: 256.", rich_help_panel=NEO4J),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the server's log.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Serve a store on this machine until Ctrl-C: read-only, with Neo4j Browser.

    Anyone on this machine may read it, and any page in its browser, unless KGIMPORT_PASSWORD
    holds a password. 0 lifts a limit, and so does --writable where none is given.
    """
    from kgimport.commands.serve import served
    from kgimport.neo4j import stores
    from kgimport.options import ServeOptions

    place = stores.find(store)
    program = chosen_neo4j(neo4j or stores.read_store(place).neo4j, runtime, image)
    password = os.environ.get("KGIMPORT_PASSWORD") or None
    limits = _limits(writable, memory_mb=query_mb, timeout_s=timeout_s)
    options = ServeOptions(bolt_port, http_port, writable, password, limits)
    # A shell has its background programs ignore Ctrl-C, which is the way to stop this one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with ExitStack() as stack:
        with console.progress() as tell:
            tell("start Neo4j", None)
            log = console.note if verbose else _quiet
            server = stack.enter_context(served(place, program, options, log))
        _announce(server, place, password)
        try:
            code = server.wait()
        except KeyboardInterrupt:
            return  # how a server is meant to be stopped
        raise ServerError(f"Neo4j ended by itself with exit code {code}", "see it with --verbose")


def _limits(writable: bool, **chosen: int | None) -> Limits:
    from kgimport.neo4j.runtime.config import Limits

    given = {name: value for name, value in chosen.items() if value is not None}
    return replace(Limits(0, 0) if writable else Limits(), **given)


def _quiet(_: str) -> None:
    """Keep the server's log to itself."""


def _announce(server: Server, place: Path, password: str | None) -> None:
    # With this, Neo4j Browser connects by itself where no password is asked for.
    connect = "" if password else "?preselectAuthMethod=NO_AUTH"
    console.facts(
        {
            "serving": str(place),
            "Bolt": server.bolt_uri,
            "Neo4j Browser": f"{server.http_uri}/browser/{connect}",
        }
    )
    if not password:
        console.note("no password (KGIMPORT_PASSWORD): programs and web pages here can read it")
    console.note("Ctrl-C stops it")


@command("kgimport verify stores/lms")
def verify(
    store: StorePath,
    neo4j: Version = None,
    runtime: RuntimeKind = Runtime.EMBEDDED,
    image: Image = None,
    samples: Annotated[
        int, typer.Option(min=0, help="Rows to compare in each table.", rich_help_panel=OUTPUT)
    ] = 100,
) -> None:
    """Compare a store with the tables that it was built from: counts, and sampled rows."""
    from kgimport.commands.verify import verify as run
    from kgimport.neo4j import stores

    place = stores.find(store)
    program = chosen_neo4j(neo4j or stores.read_store(place).neo4j, runtime, image)
    with console.progress() as tell:
        result = run(place, program, samples=samples, progress=tell)
    if result.differences:
        raise ReconciliationError(
            f"{place} does not hold its source:\n  " + "\n  ".join(result.differences),
            "build it again with `kgimport build-db`",
        )
    console.store_counts(result.record, str(place))
    if result.changed:
        changed = ", ".join(result.changed)
        console.note(f"rows not compared: {changed} changed since the export")
    else:
        console.say(f"{result.compared:,} rows agree with their Parquet")


@command("kgimport show --dbt dbt --out lms.svg")
def show(
    graph: GraphFile = None,
    dbt: Project = Path("dbt"),
    name: Name = None,
    target: Target = None,
    tables: Tables = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The SVG file; default: GRAPH.svg.", rich_help_panel=OUTPUT),
    ] = None,
) -> None:
    """Draw the declared graph with its labels, types, properties and counts, as SVG."""
    from kgimport.commands.show import show as run

    declared = chosen_graph(graph, dbt, name, target, tables)
    place = out or Path(f"{declared.name}.svg")
    run(declared, place)
    typer.echo(str(place))


@command("kgimport schema > graph.schema.json")
def schema() -> None:
    """Print the JSON Schema of graph.yml, by which editors complete it."""
    from kgimport.declaration import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


@command("kgimport prepare --neo4j 2026")
def prepare(
    neo4j: Version = None,
    runtime: RuntimeKind = Runtime.EMBEDDED,
    image: Image = None,
) -> None:
    """Fetch all of Neo4j ahead, and have Java keep its classes: every start is quicker then."""
    from kgimport.commands.prepare import prepare as run
    from kgimport.neo4j.runtime.programs import describe

    program = chosen_neo4j(neo4j, runtime, image)
    with console.progress() as tell:
        run(program, tell)
    console.facts(describe(program))


@command("kgimport doctor")
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show what is there and what is missing: Java, Neo4j, dbt, Docker, AWS, disk, memory."""
    from kgimport.commands.doctor import examine

    findings = examine(Path.cwd())
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in findings], indent=2))
    else:
        console.facts({each.subject: _told(each) for each in findings})
    if any(each.needed and not each.good for each in findings):
        raise typer.Exit(ExitCode.RUNTIME)


def _told(symptom: Symptom) -> str:
    remedy = f" → {symptom.remedy}" if symptom.remedy else ""
    return f"{symptom.mark:<7}  {symptom.state}{remedy}"
