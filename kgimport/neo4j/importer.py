"""Runs `neo4j-admin database import full`: its arguments, its progress, its errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kgimport.errors import ImportFailedError, RuntimeMissingError
from kgimport.neo4j.runtime.programs import admin_command
from kgimport.process import Finished, run
from kgimport.targets.neo4j.arguments import ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.progress import Progress

_STAGE = re.compile(r"^\((\d)/(\d)\) (.+?) \d{4}-")
_PERCENT = re.compile(r"(\d+)% ∆")
_IMPORTED = re.compile(r"^\s+(\d+) (nodes|relationships|properties)$")
_SOURCE = re.compile(r"(?:csv|parquet)/([A-Za-z0-9_-]+)/")
_KNOWN = (
    ("No space left on device", "the disk is full", "free some space, or choose another --stores"),
    ("OutOfMemoryError", "the importer ran out of memory", "give it more with --heap-mb"),
    ("Java heap space", "the importer ran out of memory", "give it more with --heap-mb"),
)
_ASK_AGAIN = "Run with '--verbose' for a more detailed error message."
_JAVA = re.compile(r"^(Caused by: )?([\w.$]+(Exception|Error): )+")
_NOISE = re.compile(r"^(at |Run with|WARNING|Full exc|Please|-{5}|\.{3} |Peak|Data st)")
_CELL = ("data source:", "in field:", "raw field value:", "original error:")
_ENTRY = ("more than once", "missing node", "Invalid relationship", "Missing end quote")


def check_reads_parquet(neo4j: Neo4j) -> None:
    """Refuse versions of Neo4j that lose labels of nodes read from Parquet, or crash on it.

    Raises `RuntimeMissingError`. Others reported which versions do so (biocypher/biocypher#522).
    """
    first = (5, 26, 26) if neo4j.release < (2025,) else (2026, 3, 1)
    if neo4j.release < first:
        raise RuntimeMissingError(
            f"the importer of Neo4j {neo4j.version} does not read Parquet correctly",
            f"use {'.'.join(map(str, first))} or later, or export with --format csv",
        )


def import_full(
    neo4j: Neo4j,
    build: Path,
    home: Path,
    *,
    database: str,
    options: tuple[str, ...],
    heap_mb: int | None,
    progress: Progress,
) -> Mapping[str, int]:
    """Import a build directory into a fresh database below `home`.

    Returns the importer's own counts of nodes, relationships and properties. Raises
    `ImportFailedError` with the importer's reason and the table concerned.
    """

    def ended(*more: str) -> Finished:
        args = ("database", "import", "full", f"@{ARGUMENTS}", *options, *more, database)
        command = admin_command(neo4j, args, home=home, heap_mb=heap_mb, cwd=build)
        return run(command, cwd=build, on_line=follower)

    follower = _Follower(progress)
    finished = ended("--overwrite-destination=false")
    if finished.exit_code == 0:
        return follower.counts
    if _ASK_AGAIN in finished.tail and not _reasons(finished.tail):
        # Neo4j 5 gives its reason only with --verbose, which in turn shows no progress.
        finished = ended("--overwrite-destination=true", "--verbose")
    raise _failure(finished)


class _Follower:
    """Turns the importer's lines into progress, and keeps its final counts."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.counts: dict[str, int] = {}
        self.stage, self.before, self.share = "", 0.0, 0.0

    def __call__(self, line: str) -> None:
        if stage := _STAGE.match(line):
            self.stage, self.share = stage[3].lower(), 1 / int(stage[2])
            self.before = (int(stage[1]) - 1) * self.share
            self._report(0)
        elif percent := _PERCENT.search(line):
            self._report(int(percent[1]))
        elif imported := _IMPORTED.match(line):
            self.counts[imported[2]] = int(imported[1])

    def _report(self, percent: int) -> None:
        self.progress(f"import: {self.stage}", self.before + self.share * percent / 100)


def _failure(finished: Finished) -> ImportFailedError:
    text = "\n".join(finished.tail)
    for sign, reason, step in _KNOWN:
        if sign in text:
            return ImportFailedError(reason, step)
    source = _SOURCE.search("\n".join(_lines(finished.tail, (*_CELL, ".csv: line"))))
    table = f" in table {source[1]}" if source else ""
    reasons = _reasons(finished.tail) or _last(finished.tail)
    return ImportFailedError(
        f"neo4j-admin refused the data{table}: {'; '.join(reasons)}",
        "export again and retry; if it fails again, this is a defect of kgimport: please report it",
    )


def _lines(tail: tuple[str, ...], signs: tuple[str, ...]) -> list[str]:
    """Return the lines with one of the signs, once each, without Java's names of exceptions."""
    plain = (_JAVA.sub("", line.strip()) for line in tail)
    return list(dict.fromkeys(line for line in plain if any(sign in line for sign in signs)))


def _reasons(tail: tuple[str, ...]) -> list[str]:
    """Return the importer's own description of what failed, where, and with which value."""
    return _lines(tail, _CELL) or _lines(tail, _ENTRY)


def _last(tail: tuple[str, ...]) -> list[str]:
    lines = [_JAVA.sub("", line.strip()) for line in tail]
    return [line for line in lines if line and not _NOISE.match(line)][-1:]
