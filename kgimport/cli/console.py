"""What a person sees: progress on stderr, results as tables on stdout."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import rich.progress
import typer
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from kgimport.notebook import summary, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kgimport.commands.build_db import Built
    from kgimport.notebook import Summary
    from kgimport.progress import Progress
    from kgimport.records import ExportRecord, StoreRecord

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_ALMOST = 0.9999  # of a bar: it looks full, and goes on moving


@contextmanager
def progress() -> Iterator[Progress]:
    """Show what is being done: a bar where stderr is a terminal, else a line for each stage."""
    if not sys.stderr.isatty():
        yield _line_teller()
        return
    stage = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), stage, BarColumn(), TimeElapsedColumn())
    with rich.progress.Progress(*columns, console=err, transient=True) as bars:
        task = bars.add_task("", total=None)
        shown = bars.tasks[0]

        def tell(stage: str, done: float | None) -> None:
            # `update` takes None for "as it was", and a task that was once complete stands still.
            shown.total = None if done is None else 1.0
            bars.update(task, description=stage, completed=min(done or 0.0, _ALMOST))

        yield tell


def _line_teller() -> Progress:
    last = ""

    def tell(stage: str, _: float | None) -> None:
        nonlocal last
        if stage != last:
            note(stage)
            last = stage

    return tell


def say(text: str) -> None:
    """Print one line on stdout, as long as it is."""
    out.print(text, soft_wrap=True, markup=False)


def note(text: str) -> None:
    """Print one line on stderr, as long as it is."""
    err.print(text, soft_wrap=True, markup=False)


def program() -> str:
    """How to call kgimport from where the user is: by its name, or by the path just used."""
    called = Path(sys.argv[0])
    return "kgimport" if shutil.which("kgimport") else os.path.relpath(called)


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows on stdout; numbers stand to the right."""
    show(summary(title, heads, rows))


def show(counts: Summary) -> None:
    """Print a table on stdout; numbers stand to the right."""
    shown = Table(box=None, pad_edge=False)
    for at, head in enumerate(counts.heads):
        cells = [row[at] for row in counts.rows]
        numeric = bool(cells) and all(isinstance(cell, int | float) for cell in cells)
        shown.add_column(head, justify="right" if numeric else "left")
    for row in counts.rows:
        shown.add_row(*(Text(text(value)) for value in row))
    if counts.title:
        say(counts.title)
    out.print(shown)


def export_summary(record: ExportRecord, place: str) -> None:
    """Print what an export wrote."""
    show(record.summary())
    say(f"build directory: {place}")


def store_counts(record: StoreRecord, place: str) -> None:
    """Print what a store holds, per label and type."""
    show(record.summary())
    say(f"store: {place}")


def store_summary(record: StoreRecord, place: str, seconds: Mapping[str, float]) -> None:
    """Print what a build made: counts, proofs, seconds per stage, size, and where it is."""
    store_counts(record, place)
    stages = ", ".join(f"{name} {spent:.1f} s" for name, spent in seconds.items())
    say(
        f"{len(record.schema)} constraints and indexes online; {record.compared:,} rows compared "
        "with their Parquet, property by property"
    )
    say(f"{record.bytes / 1e6:,.0f} MB on disk" + (f"; {stages}" if stages else ""))


def build_summary(
    built: Built, stores: Path, seconds: Mapping[str, float], *, as_json: bool
) -> None:
    """Print what a build made, or found made already, and what to do with it next."""
    from kgimport import records

    if not built.fresh:
        note("nothing to do: the current store is of this build")
    if as_json:
        typer.echo(records.dump(built.record), nl=False)
        return
    store_summary(built.record, str(built.path), seconds)
    place = stores / built.record.graph
    note(f"look at it:   {program()} serve {place}")
    note(f"check again:  {program()} verify {place}")


def facts(rows: Mapping[str, str]) -> None:
    """Named facts, one a line, as long as they are."""
    width = max(map(len, rows), default=0)
    for name, fact in rows.items():
        say(f"{name:<{width}}  {fact}".rstrip())
