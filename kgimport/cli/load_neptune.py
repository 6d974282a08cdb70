"""`kgimport load-neptune`: load a build directory in S3 into Neptune."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kgimport.choices import LoadMode, Parallelism  # noqa: TC001  (typer reads the annotations)
from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import OUTPUT

if TYPE_CHECKING:
    from kgimport.commands.load_neptune import NeptuneLoad

_ROLE = "arn:aws:iam::123456789012:role/neptune-s3"
NEPTUNE = "Neptune"


@command(
    "kgimport load-neptune s3://my-builds/lms --endpoint https://my-cluster.cluster-abc.us-east-1"
    f".neptune.amazonaws.com:8182 --role {_ROLE}",
    name="load-neptune",
)
def load_neptune(
    build: Annotated[
        str,
        typer.Argument(
            metavar="S3_URI", help="A build directory in S3, exported with a --dialect for Neptune."
        ),
    ],
    endpoint: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="The cluster's endpoint, https://HOST:8182; kgimport must run where it is "
            "reached.",
            rich_help_panel=NEPTUNE,
        ),
    ],
    role: Annotated[
        str,
        typer.Option(
            metavar="ARN",
            help="The role, attached to the cluster, with which it reads S3.",
            rich_help_panel=NEPTUNE,
        ),
    ] = "",
    parallelism: Annotated[
        Parallelism,
        typer.Option(
            help="How many threads the loader uses: an eighth, a half, one or two per vCPU.",
            rich_help_panel=NEPTUNE,
        ),
    ] = "HIGH",
    mode: Annotated[
        LoadMode,
        typer.Option(
            help="NEW loads all files; RESUME and AUTO skip those that an earlier job of the same "
            "place has loaded.",
            rich_help_panel=NEPTUNE,
        ),
    ] = "NEW",
    timeout: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Seconds to follow the jobs, which then go on; default: to their end.",
            rich_help_panel=NEPTUNE,
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            allow_from_autoenv=False,
            help="Load a build that the cluster has already.",
            rich_help_panel=NEPTUNE,
        ),
    ] = False,
    cancel: Annotated[
        bool,
        typer.Option(
            "--cancel",
            allow_from_autoenv=False,
            help="Only stop the jobs that an earlier call left running.",
            rich_help_panel=NEPTUNE,
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the record of the load.", rich_help_panel=OUTPUT),
    ] = False,
) -> None:
    """Load a build directory in S3 into Amazon Neptune, and count there what was exported.

    A build that the cluster has already is only counted. If interrupted, the loader goes on, and
    the next call follows it.
    """
    from kgimport.builds import loads
    from kgimport.commands import load_neptune as commands
    from kgimport.options import LoadOptions

    if cancel:
        _cancelled(commands.cancel(build, endpoint))
        return
    options = LoadOptions(mode, parallelism, timeout, again)
    with console.progress() as report:
        done = commands.load_neptune(build, endpoint, role=role, options=options, progress=report)
    _note(done)
    if as_json:
        typer.echo(loads.dump(done.load), nl=False)
    else:
        console.show(done.summary())


def _cancelled(stopped: tuple[str, ...]) -> None:
    for job in stopped:
        console.say(f"cancelled {job}; what it has loaded stays")
    if not stopped:
        console.note("nothing to cancel: no job of an earlier call is running")


def _note(done: NeptuneLoad) -> None:
    if not done.fresh:
        console.note("nothing loaded: the cluster has this build already; --again loads it again")
    if done.held.other_vertices or done.held.other_edges:
        console.note(
            f"the cluster also holds {done.held.other_vertices:,} vertices and "
            f"{done.held.other_edges:,} edges that are not of this graph"
        )
