"""`kgimport serve`: run a server on a store."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

import kgimport
from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import (
    NEO4J,
    OUTPUT,
    Image,
    RuntimeKind,
    StorePath,
    Version,
    neo4j_of_store,
)
from kgimport.errors import ServerError
from kgimport.progress import unread

if TYPE_CHECKING:
    from kgimport.commands.serve import Served
    from kgimport.neo4j.runtime.config import Limits


@command("kgimport serve stores/lms")
def serve(
    store: StorePath,
    neo4j: Version = None,
    runtime: RuntimeKind = "embedded",
    image: Image = None,
    bolt_port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Bolt's port; 0: any free one.", rich_help_panel=NEO4J),
    ] = 7687,
    http_port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            help="The port of Neo4j Browser; 0: any free one.",
            rich_help_panel=NEO4J,
        ),
    ] = 7474,
    writable: Annotated[
        bool,
        typer.Option(
            "--writable",
            allow_from_autoenv=False,
            help="Accept writes, and set no limits.",
            rich_help_panel=NEO4J,
        ),
    ] = False,
    timeout_s: Annotated[
        int | None,
        typer.Option(min=0, help="Seconds per transaction; default: 120.", rich_help_panel=NEO4J),
    ] = None,
    query_mb: Annotated[
        int | None,
        typer.Option(min=0, help="MB per transaction; default: 256.", rich_help_panel=NEO4J),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the server's log.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Serve a store on this machine until Ctrl-C: read-only, with Neo4j Browser.

    Anyone on this machine may read it, and any page in its browser, unless KGIMPORT_PASSWORD
    holds a password. 0 lifts a limit; --writable lifts those that are not given.
    """
    program = neo4j_of_store(store, neo4j, runtime, image)
    password = os.environ.get("KGIMPORT_PASSWORD") or None
    limits = _limits(writable, memory_mb=query_mb, timeout_s=timeout_s)
    options = kgimport.ServeOptions(bolt_port, http_port, writable, password, limits)
    # Shells let background programs ignore SIGINT, with which this one is stopped.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with ExitStack() as stack:
        with console.progress() as report:
            log = console.note if verbose else unread
            serving = kgimport.serve(
                store, neo4j=program, options=options, progress=report, on_line=log
            )
            served = stack.enter_context(serving)
        _announce(served, password)
        try:
            code = served.wait()
        except KeyboardInterrupt:
            return  # the usual way to stop a server
        raise ServerError(f"Neo4j ended by itself with exit code {code}", "--verbose shows its log")


def _limits(writable: bool, **chosen: int | None) -> Limits:
    from kgimport.neo4j.runtime.config import Limits

    given = {name: value for name, value in chosen.items() if value is not None}
    return replace(Limits(0, 0) if writable else Limits(), **given)


def _announce(served: Served, password: str | None) -> None:
    # With this, Neo4j Browser connects by itself if no password is needed.
    connect = "" if password else "?preselectAuthMethod=NO_AUTH"
    console.facts(
        {
            "serving": str(served.store),
            "Bolt": served.uri,
            "Neo4j Browser": f"{served.http_uri}/browser/{connect}",
        }
    )
    if not password:
        console.note(
            "anyone on this machine, and pages open in its browser, can read it; "
            "KGIMPORT_PASSWORD sets a password"
        )
    console.note("Ctrl-C stops it")
