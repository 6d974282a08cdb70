"""`kgimport verify`: compare a store with its tables."""

from __future__ import annotations

from typing import Annotated

import typer

import kgimport
from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import (
    OUTPUT,
    Image,
    RuntimeKind,
    StorePath,
    Version,
    neo4j_of_store,
)


@command("kgimport verify stores/lms")
def verify(
    store: StorePath,
    neo4j: Version = None,
    runtime: RuntimeKind = "embedded",
    image: Image = None,
    samples: Annotated[
        int,
        typer.Option(min=0, help="How many rows of each table to compare.", rich_help_panel=OUTPUT),
    ] = 100,
) -> None:
    """Compare a store with the tables that it was built from: counts, and sampled rows."""
    program = neo4j_of_store(store, neo4j, runtime, image)
    with console.progress() as report:
        result = kgimport.verify(store, neo4j=program, samples=samples, progress=report)
    console.store_counts(result.record, str(result.path))
    if result.changed:
        changed = ", ".join(result.changed)
        console.note(f"rows not compared: {changed} changed since the export")
    else:
        console.say(f"{result.compared:,} rows agree with their Parquet")
