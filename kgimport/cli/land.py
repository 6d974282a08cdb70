"""`kgimport land`: upload the customers' Parquet to the lake, or load CSV into Postgres."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import OUTPUT, SOURCE

if TYPE_CHECKING:
    from kgimport.lake import Landed


@command("kgimport land data s3://my-lake/raw --prefix dev_")
def land(
    data: Annotated[
        Path,
        typer.Argument(
            help="CUSTOMER/TABLE/[COLUMN=VALUE/]….parquet, or CUSTOMER/initial/TABLE/….parquet and "
            "CUSTOMER/incremental/TABLE/YYYYMMDD_HHMMSS/….parquet."
        ),
    ],
    to: Annotated[
        str,
        typer.Argument(
            metavar="S3_URI", help="The prefix to upload below; or postgres://DATABASE for CSV."
        ),
    ],
    register: Annotated[
        bool,
        typer.Option(help="Register the tables in Glue; not needed if a crawler does."),
    ] = True,
    prefix: Annotated[
        str,
        typer.Option(
            envvar="KGIMPORT_GLUE_PREFIX",
            help="Begins the names of the customers' Glue databases, or of Postgres' schemas.",
            rich_help_panel=OUTPUT,
        ),
    ] = "",
    delete: Annotated[
        bool,
        typer.Option(
            "--delete",
            allow_from_autoenv=False,
            help="Delete objects that no longer have a file here.",
            rich_help_panel=SOURCE,
        ),
    ] = False,
) -> None:
    """Upload new files of the customers' Parquet to S3, and register the tables in Glue.

    A table in loads has the column load_folder in Glue: initial, or the time of the increment.
    CUSTOMER/truth stays here then.

    With postgres://, load FOLDER/FILE.csv into Postgres instead, as tables of text; the PG…
    variables of libpq state where it is.
    """
    from kgimport.commands import land

    if to.startswith("postgres://"):
        with console.progress() as report:
            loaded = land.load(data, to, prefix, report)
        rows = ((f"{raw.schema}.{raw.table}", count) for raw, count in loaded)
        console.table(f"{data} in Postgres", ("table", "rows"), rows)
        return
    with console.progress() as report:
        landed = land.land(data, to, prefix if register else None, report, delete=delete)
    console.table(
        f"{data} in {to}",
        ("table", "written", "already there", "without a file"),
        (_row(each) for each in landed),
    )
    stale = sum(len(each.stale) for each in landed)
    if stale and not delete:
        console.note(f"{stale} objects no longer have a file here; --delete removes them")


def _row(landed: Landed) -> tuple[str, int, int, int]:
    name = f"{landed.table.customer}/{landed.table.name}"
    return name, landed.written, landed.same, len(landed.stale)
