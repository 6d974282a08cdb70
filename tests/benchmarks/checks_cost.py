"""Part "checks": the same export without the checks of every value, or without a second reader."""

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
BASE = "without either"
# What is taken out, by the contestants' names.
_OUT = {
    "without value checks": "values",
    "without a second reader": "reader",
    BASE: "values,reader",
}


def contestants(setting: Setting) -> Iterator[Contestant]:
    """All of them in the mode that is the default."""
    people = setting.people()
    mode = ours.DENSE_CSV

    checked = partial(ours.exporting, people.declaration, mode, setting.memory)

    def unchecked(what: str, out: Path) -> list[Step]:
        (step,) = checked(out)
        arguments = step.program.argv[step.program.argv.index("export") :]
        return [replace(step, program=ours.python("tests.benchmarks.unchecked", what, *arguments))]

    some = {name: partial(unchecked, what) for name, what in _OUT.items()}
    all_of_them: dict[str, Steps] = {"with both": checked, **some}
    for name, steps in all_of_them.items():
        yield Contestant(PART, name, people.nodes, people.relationships, steps)
