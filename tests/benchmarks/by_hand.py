"""Neo4j's importer without kgimport around it: the floor of every import."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from kgimport.neo4j.runtime.config import configure
from kgimport.neo4j.runtime.programs import Neo4j, admin_command
from tests.benchmarks.contest import Facts, Step
from tests.benchmarks.measure import Cost, Program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_IMPORTED = re.compile(r"^\s+(\d+) (nodes|relationships)$", re.MULTILINE)
BUILD_DIRECTORY = ("@import.args",)


def heap_mb() -> int:
    """The heap that build-db gives: a quarter of the memory, between half a GiB and four."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(512, min(4096, total // 4))


def importing(
    neo4j: Neo4j,
    arguments: Sequence[str],
    *,
    inputs: Path,
    folder: Path,
    heap: int | None = None,
    java: Sequence[str] = (),
) -> Step:
    """The step that imports into a fresh store below `folder`; paths are relative to `inputs`.

    `java` are further flags of the virtual machine.
    """
    home = folder / "home"
    configure(neo4j, home=home, data=folder / "data", settings={})
    options = (f"--report-file={home / 'logs' / 'import.report'}", "neo4j")
    command = admin_command(
        replace(neo4j, classes=None),  # nobody prepares Java by hand
        ("database", "import", "full", *arguments, *options),
        home=home,
        heap_mb=heap or heap_mb(),
    )
    argv = (command.argv[0], *java, *command.argv[1:])
    return Step("import", Program(argv, command.env, inputs), imported)


def imported(cost: Cost) -> Facts:
    """The importer's own counts, and its whole process as the seconds of the import."""
    counts = {what: int(count) for count, what in _IMPORTED.findall(cost.output)}
    return {**counts, "seconds": {"import": cost.wall_s}}
