"""kgimport's command line with some of its checks taken out, to see what they cost.

    python -m tests.benchmarks.unchecked values,reader export --graph graph.yml --out build

`values` are the checks of every value, `reader` is the second reader, with what it tells of the
columns that are written. Only the benchmark does this: there is no such option, because the checks
are what makes a store worth trusting.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kgimport.checks import agreement, rules
from kgimport.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kgimport.checks.rules import Check
    from kgimport.targets import Field


def no_checks(_: Iterable[Field]) -> tuple[Check, ...]:
    """Asks nothing of any value."""
    return ()


def no_plan(*_: object) -> agreement.Plan:
    """Has the second reader read nothing."""
    return agreement.Plan("")


def nothing(*_: object, **__: object) -> dict[str, object]:
    """Tells of no column."""
    return {}


def take_out(what: str) -> None:
    """Takes out the checks of that name."""
    if what == "values":
        rules.value_checks = no_checks  # type: ignore[assignment]
        return
    agreement.plan = no_plan  # type: ignore[assignment]
    agreement.compare = nothing  # type: ignore[assignment]
    agreement.cell_records = lambda *_: ()
    agreement.facts_of_ends = lambda *_: ((), 0)  # type: ignore[assignment]


if __name__ == "__main__":
    for each in sys.argv.pop(1).split(","):
        take_out(each)
    main()
