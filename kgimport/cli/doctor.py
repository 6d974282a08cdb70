"""`kgimport doctor`: report what is installed and what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.errors import ExitCode

if TYPE_CHECKING:
    from kgimport.commands.doctor import Symptom


@command("kgimport doctor")
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show what is installed and what is missing: Java, Neo4j, dbt, Docker, AWS, disk, memory."""
    from kgimport.commands.doctor import examine

    findings = examine(Path.cwd())
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in findings], indent=2))
    else:
        console.facts({each.subject: _line(each) for each in findings})
    if any(each.needed and not each.good for each in findings):
        raise typer.Exit(ExitCode.RUNTIME)


def _line(symptom: Symptom) -> str:
    remedy = f" → {symptom.remedy}" if symptom.remedy else ""
    return f"{symptom.mark:<7}  {symptom.state}{remedy}"
