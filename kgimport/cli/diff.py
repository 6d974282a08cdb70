"""`kgimport diff`: compare two builds of a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import OUTPUT, AsJson, Memory


@command("kgimport diff build/monday build/tuesday --out build/delta")
def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="A build, such as the one that Neptune holds.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="A later build of the same graph.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="A folder for the delta: rows to load, and what is removed before. Without it, "
            "the differences are only counted.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    memory: Memory = 1024,
    as_json: AsJson = False,
) -> None:
    """Compare two builds of a graph: what is new, changed or gone; write a delta for Neptune."""
    from kgimport import records
    from kgimport.commands.diff import diff as compare

    with console.progress() as report:
        record = compare(old, new, out=out, memory_mb=memory, progress=report)
    if as_json:
        typer.echo(records.dump(record), nl=False)
    else:
        console.show(record.summary())
        if out is not None:
            console.say(f"delta: {out}")
