"""`kgimport init`: draft a declaration, from a dbt project or from Parquet files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import GRAPH, OUTPUT, SOURCE
from kgimport.errors import UsageError, short

if TYPE_CHECKING:
    from kgimport.commands.init import Drafted


@command("kgimport init --out graph.yml")
def init(
    dbt: Annotated[
        Path | None,
        typer.Option(
            "--dbt",
            help="A dbt project's folder; default: this folder, or dbt/.",
            rich_help_panel=SOURCE,
        ),
    ] = None,
    parquet: Annotated[
        Path | None,
        typer.Option(
            "--parquet",
            help="Instead: a folder with a Parquet file, or a folder of some, per table.",
            rich_help_panel=SOURCE,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="The graph's name; default: the project's or the folder's.", rich_help_panel=GRAPH
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A file that does not exist yet; default: stdout.", rich_help_panel=OUTPUT
        ),
    ] = None,
) -> None:
    """Draft a graph.yml: nodes from tested keys, relationships from tested foreign keys."""
    from kgimport.commands import init
    from kgimport.graph import GRAPH_NAME

    if name is not None and not re.fullmatch(GRAPH_NAME, name):
        raise UsageError(
            f"{short(name)} cannot be the name of a graph", "begin with a letter, without blanks"
        )
    if dbt is not None and parquet is not None:
        raise UsageError("--dbt and --parquet are two sources", "choose one")
    home = out.parent if out else Path()
    if out is not None:
        init.must_be_new(out)
    if parquet is not None:
        with console.progress() as report:
            drafted = init.from_parquet(parquet, home, name, report)
    else:
        drafted = init.from_dbt(_project(dbt), home, name)
    if out is None:
        typer.echo(drafted.text, nl=False)
    else:
        init.write(drafted.text, out)
    _report(drafted, out)


def _project(chosen: Path | None) -> Path:
    from kgimport import dbt

    folder = chosen or dbt.default_project()
    if not dbt.is_project(folder):
        raise UsageError(
            f"{chosen or 'this folder'} is not a dbt project",
            "name a project with --dbt, or a folder of Parquet with --parquet",
        )
    return folder


def _report(drafted: Drafted, out: Path | None) -> None:
    """Show on stderr what the draft has, what is left to decide, and the next command."""
    draft = drafted.draft
    console.note(
        f"drafted {_many(draft.nodes, 'node table')} and "
        f"{_many(draft.relationships, 'relationship')} from {draft.origin}"
    )
    left = {"relationship": draft.candidates, "table": len(draft.offered)}
    if shown := [_many(number, what) for what, number in left.items() if number]:
        console.note(f"left to you, as comments with their reasons: {' and '.join(shown)}")
    for note in draft.notes:
        console.note(short(note, 200))
    if drafted.unknown:
        console.note(
            f"columns and types are known from the project's YAML only ({drafted.unknown}); "
            "after `dbt docs generate`, init knows all of them"
        )
    saved = "" if out else "save it as graph.yml, then: "
    console.note(f"next: {saved}{console.program()} check --graph {out or 'graph.yml'}")


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
