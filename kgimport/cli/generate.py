"""`kgimport generate`: write sample data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgimport import samples
from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import OUTPUT
from kgimport.errors import UsageError


@command("kgimport generate lms --scale 0.1 --out sample")
def generate(
    sample: Annotated[samples.Name, typer.Argument(help="Which sample.")],
    out: Annotated[Path, typer.Option(help="The folder to write.", rich_help_panel=OUTPUT)],
    scale: Annotated[
        float, typer.Option(help="1: as committed in data/; linear.", rich_help_panel=OUTPUT)
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.", rich_help_panel=OUTPUT)] = 7,
) -> None:
    """Write sample data.

    lms: Parquet of three fictional customers of a learning platform. books: CSV of books, readers
    and ratings, with the dirt of real ones.
    """
    try:
        from kgimport.samples import writing

        found = samples.find(sample)
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is missing", "pip install 'kgimport[sample]'") from error

    with console.progress() as report:
        made = writing.generate(
            found, out, scale=scale, seed=seed, progress=lambda stage: report(stage, None)
        )
    rows = ((each.table, each.rows, each.files) for each in made.tables)
    console.table(f"sample {sample} in {out}", ("table", "rows", "files"), rows)
    console.say(f"{made.rows:,} rows, {made.bytes / 1e6:.1f} MB")
