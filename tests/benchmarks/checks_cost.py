"""Part "checks": the same export with and without the checks of every value."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tests.benchmarks import ours
from tests.benchmarks.contest import Contestant, Step, Steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.setting import Setting

PART = "checks"
BASE = "without value checks"


def contestants(setting: Setting) -> Iterator[Contestant]:
    """Both exports, in the mode that is the default."""
    people = setting.people()
    mode = ours.DENSE_CSV

    checked = partial(ours.exporting, people.declaration, mode, setting.memory)

    def unchecked(out: Path) -> list[Step]:
        (step,) = checked(out)
        arguments = step.program.argv[step.program.argv.index("export") :]
        return [replace(step, program=ours.python("tests.benchmarks.unchecked", *arguments))]

    both: dict[str, Steps] = {"with value checks": checked, BASE: unchecked}
    for name, steps in both.items():
        yield Contestant(PART, name, people.nodes, people.relationships, steps)
