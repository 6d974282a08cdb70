"""`kgimport generate`: write sample data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kgimport import samples
from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import OUTPUT
from kgimport.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kgimport.samples.sample import Sample
    from kgimport.samples.writing import Generated

_OF_IDENTITY = "Of the sample identity"


@command("kgimport generate lms --scale 0.1 --out sample")
def generate(
    sample: Annotated[samples.Name, typer.Argument(help="Which sample.")],
    out: Annotated[Path, typer.Option(help="The folder to write.", rich_help_panel=OUTPUT)],
    scale: Annotated[
        float | None,
        typer.Option(
            help="1, the default: as committed in data/; linear. Not of identity.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.", rich_help_panel=OUTPUT)] = 7,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Also show how large each table is, and what was drawn.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    records: Annotated[
        int | None,
        typer.Option(
            help="Accounts and purchases of the initial load: 10000 by default.",
            rich_help_panel=_OF_IDENTITY,
        ),
    ] = None,
    uniqueness: Annotated[
        int | None,
        typer.Option(
            help="IP addresses and device ids, for a hundred records: 30 by default.",
            rich_help_panel=_OF_IDENTITY,
        ),
    ] = None,
    incremental: Annotated[
        int | None,
        typer.Option(
            help="Add the increment of this number, from 1; 0, the default, is the initial load.",
            rich_help_panel=_OF_IDENTITY,
        ),
    ] = None,
    form: Annotated[
        Literal["parquet", "csv"] | None,
        typer.Option(
            "--format",
            help="Parquet by default; csv: every cell as text.",
            rich_help_panel=_OF_IDENTITY,
        ),
    ] = None,
) -> None:
    """Write sample data.

    lms: Parquet of three fictional customers of a learning platform. books: CSV of books, readers
    and ratings, with the dirt of real ones. identity: what a shop knows of its customers, in four
    sets, with increments and the hidden truth.
    """
    options = {
        "scale": scale,
        "records": records,
        "uniqueness": uniqueness,
        "incremental": incremental,
        "format": form,
    }
    given = {name: value for name, value in options.items() if value is not None}
    _check_options(sample, given)
    given.pop("scale", None)
    try:
        from kgimport.samples import writing

        found = samples.find(sample, **given)
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is missing", "pip install 'kgimport[sample]'") from error

    with console.progress() as report:
        made = writing.generate(
            found,
            out,
            scale=1.0 if scale is None else scale,
            seed=seed,
            progress=lambda stage: report(stage, None),
        )
    rows = ((each.table, each.rows, each.files) for each in made.tables)
    console.table(f"sample {sample} in {out}", ("table", "rows", "files"), rows)
    console.say(f"{made.rows:,} rows, {made.bytes / 1e6:.1f} MB")
    if debug:
        _say_more(found, made, seed)


def _check_options(sample: samples.Name, given: Mapping[str, object]) -> None:
    """Refuse options of another sample."""
    own = samples.OPTIONS[sample]
    if strange := [f"--{name}" for name in given if name not in own]:
        listed = ", ".join(f"--{name}" for name in own)
        raise UsageError(
            f"{', '.join(strange)} is not an option of the sample {sample}",
            f"take {listed}, --seed",
        )


def _say_more(sample: Sample, made: Generated, seed: int) -> None:
    drawn = " ".join(part for part in (sample.settings, sample.part, f"seed={seed}") if part)
    console.say(f"drawn by {drawn}")
    for each in made.tables:
        console.say(f"{each.table}: {each.rows:,} rows in {each.bytes:,} bytes")
