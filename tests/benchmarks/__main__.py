"""How fast kgimport is, beside what else does the work, in one session on one machine.

    make bench
    make bench BENCH="--only export --scale 0.02 --runs 1"

Makes the data (kept in .cache/bench), runs the parts, prints their tables on stdout and merges
their entries into a JSON file. `make bench-docs` writes docs/performance.* from that file.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.commands.prepare import prepare
from kgimport.neo4j.runtime.programs import embedded
from tests.benchmarks import (
    checks_cost,
    contest,
    end_to_end,
    export,
    growth,
    importer_settings,
    lake,
    old_way,
    postgres,
    results,
    tables,
)
from tests.benchmarks.setting import LINES, ROOT, Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.benchmarks.contest import Contestant

ENTRANTS: dict[str, Callable[[Setting], Iterable[Contestant]]] = {
    export.PART: export.contestants,
    checks_cost.PART: checks_cost.contestants,
    lake.PART: lake.contestants,
    postgres.PART: postgres.contestants,
    end_to_end.PART: end_to_end.contestants,
    old_way.PART: old_way.contestants,
    growth.PART: growth.contestants,
    growth.EXPORT: growth.exports,
    growth.LARGE: growth.large,
    importer_settings.PART: importer_settings.contestants,
}
WITHOUT_NEO4J = {export.PART, checks_cost.PART, lake.PART, postgres.PART}
# These take hours, and are run when they are named.
ASKED_FOR = (growth.LARGE, importer_settings.PART)


def main(arguments: Sequence[str]) -> None:
    """Runs the chosen parts, and shows and keeps their results."""
    chosen = parser().parse_args(arguments)
    cache = chosen.cache.absolute()
    os.environ.setdefault("KGIMPORT_CACHE", str(ROOT / ".cache"))
    versions = tuple(LINES[line] for line in chosen.neo4j or LINES)
    setting = Setting(cache, chosen.scale, chosen.runs, versions, chosen.memory)
    file = chosen.json or cache / "performance.json"
    parts = chosen_parts(chosen.only or (), large=chosen.large)
    for version in versions if set(parts) - WITHOUT_NEO4J else ():
        prepare(embedded(version), progress=lambda stage, _: tell(stage))
    for part in parts:
        tell(f"{part}:")
        run(part, setting, file, without=chosen.without or ())
        sys.stdout.write(f"\n## {part}\n\n{tables.render(results.read(file)['entries'], part)}\n")
        sys.stdout.flush()


def run(part: str, setting: Setting, file: Path, *, without: Sequence[str] = ()) -> None:
    """Runs one part and merges its entries into the file; leaves no work behind."""
    runs = 1 if part == growth.LARGE else setting.runs

    def left_out(name: str) -> bool:
        return any(re.search(pattern, name) for pattern in without)

    try:
        entrants = [one for one in ENTRANTS[part](setting) if not left_out(one.name)]
        entries = contest.compare(entrants, runs, setting.work, tell)
    finally:
        end_to_end.clear(setting)
    results.merge(file, tuple(ENTRANTS), entries, tables.BASES, spare=left_out)


def chosen_parts(only: Sequence[str], *, large: bool) -> list[str]:
    """The parts to run, in their order: those named, or all but those that take hours."""
    wanted = only or [part for part in ENTRANTS if part not in ASKED_FOR]
    return [part for part in ENTRANTS if part in wanted or (large and part == growth.LARGE)]


def tell(text: str) -> None:
    """News of what runs, on stderr."""
    sys.stderr.write(f"{text}\n")


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--only", action="append", choices=tuple(ENTRANTS), help="repeatable")
    made.add_argument(
        "--without", action="append", help="a pattern: contestants to leave out, by name"
    )
    made.add_argument("--scale", type=float, default=1.0, help="1: a million nodes; LMS likewise")
    made.add_argument("--runs", type=int, default=3, help="runs of each contestant")
    made.add_argument("--neo4j", action="append", choices=tuple(LINES), help="repeatable")
    made.add_argument("--memory", default="", help="for kgimport export --memory")
    made.add_argument("--large", action="store_true", help="the people graph five times as large")
    made.add_argument("--cache", type=Path, default=ROOT / ".cache" / "bench", help="data and work")
    made.add_argument("--json", type=Path, help="results; default: performance.json in the cache")
    return made


if __name__ == "__main__":
    main(sys.argv[1:])
