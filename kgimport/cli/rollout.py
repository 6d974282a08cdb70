"""`kgimport rollout`: replace the image that is served by another one."""

from __future__ import annotations

from typing import Annotated

import typer

from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import OUTPUT


@command("kgimport rollout lms:tomorrow --project lms")
def rollout(
    tag: Annotated[str, typer.Argument(metavar="IMAGE", help="What `kgimport image` made.")],
    project: Annotated[
        str, typer.Option(help="The compose project that serves it.", rich_help_panel=OUTPUT)
    ],
    drain_s: Annotated[
        float,
        typer.Option(min=0, help="Seconds that old connections may last.", rich_help_panel=OUTPUT),
    ] = 30,
    ready_s: Annotated[
        float,
        typer.Option(
            min=1, help="Seconds that new replicas may take to answer.", rich_help_panel=OUTPUT
        ),
    ] = 300,
    replicas: Annotated[
        int | None,
        typer.Option(min=1, help="How many; default: as many as now.", rich_help_panel=OUTPUT),
    ] = None,
) -> None:
    """Replace the replicas of docker/compose.yaml by those of another image, without a pause.

    Compose's variables (NEO4J_AUTH, …) must be set as they were for docker compose up.
    """
    from kgimport.commands import rollout

    with console.progress() as report:
        wanted = rollout.Rollout(project, tag, drain_s, ready_s, replicas)
        began, ended = rollout.rollout(wanted, progress=report)
    console.say(f"{project}: {began} replicas of {tag} serve, {ended} old ones are gone")
