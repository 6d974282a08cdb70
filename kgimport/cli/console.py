"""What the command line shows: progress on stderr, results as tables on stdout."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from datetime import datetime
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

_ALMOST = 0.9999  # a bar that looks full, but still moves


@contextmanager
def progress() -> Iterator[Progress]:
    """Show progress: a bar if stderr is a terminal, else a line with the time for each stage."""
    if not sys.stderr.isatty():
        with _logged() as report:
            yield report
        return
    stage = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), stage, BarColumn(), TimeElapsedColumn())
    with rich.progress.Progress(*columns, console=err, transient=True) as bars:
        task = bars.add_task("", total=None)
        shown = bars.tasks[0]

        def report(stage: str, done: float | None) -> None:
            # For `update`, None means "as before"; and a task that was complete no longer moves.
            shown.total = None if done is None else 1.0
            bars.update(task, description=stage, completed=min(done or 0.0, _ALMOST))

        yield report


@contextmanager
def _logged() -> Iterator[Progress]:
    """Print a line when a stage begins, and one when the last of them has ended.

    So the log of a night shows how long each stage took.
    """
    last = ""

    def report(stage: str, _: float | None) -> None:
        nonlocal last
        if stage != last:
            _log(stage)
            last = stage

    try:
        yield report
    except BaseException:
        if last:
            _log("stopped")
        raise
    if last:
        _log("done")


def _log(text: str) -> None:
    """Print a line on stderr after the time: ISO 8601, to the second, with the zone's offset."""
    note(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {text}")


def say(text: str) -> None:
    """Print a line on stdout, without wrapping it."""
    out.print(text, soft_wrap=True, markup=False)


def note(text: str) -> None:
    """Print a line on stderr, without wrapping it."""
    err.print(text, soft_wrap=True, markup=False)


def program() -> str:
    """Return how the user can call kgimport: its name, or the path of this call."""
    called = Path(sys.argv[0])
    return "kgimport" if shutil.which("kgimport") else os.path.relpath(called)


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows on stdout as a table; numbers are aligned to the right."""
    show(summary(title, heads, rows))


def show(counts: Summary) -> None:
    """Print a table on stdout; numbers are aligned to the right."""
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
    """Print what an export wrote; what it computed, on stderr."""
    show(record.summary())
    for feature in record.features:
        for line in feature.lines():
            note(line)
    say(f"build directory: {place}")


def store_counts(record: StoreRecord, place: str) -> None:
    """Print a store's counts, per label and type, and its path."""
    show(record.summary())
    say(f"store: {place}")


def store_summary(record: StoreRecord, place: str, seconds: Mapping[str, float]) -> None:
    """Print the counts, path, proofs, size, and seconds per stage of a build."""
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
    """Print what a build made, or that it was there already, and the next commands."""
    from kgimport import records

    if not built.fresh:
        note("nothing to do: the current store is from this build")
    if as_json:
        typer.echo(records.dump(built.record), nl=False)
        return
    store_summary(built.record, str(built.path), seconds)
    place = stores / built.record.graph
    note(f"look at it:   {program()} serve {place}")
    note(f"check again:  {program()} verify {place}")


def facts(rows: Mapping[str, str]) -> None:
    """Print named facts on stdout, one per line, without wrapping them."""
    width = max(map(len, rows), default=0)
    for name, fact in rows.items():
        say(f"{name:<{width}}  {fact}".rstrip())
