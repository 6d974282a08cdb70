"""kgimport's command line with the value checks taken out, to see what they cost.

    python -m tests.benchmarks.unchecked export --graph graph.yml --out build

Only the benchmark does this: there is no such option, because the checks are what makes a store
worth trusting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport import checks
from kgimport.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kgimport.checks import Check
    from kgimport.dialect import Field


def no_checks(_: Iterable[Field]) -> tuple[Check, ...]:
    """Asks nothing of any value."""
    return ()


if __name__ == "__main__":
    checks.value_checks = no_checks  # type: ignore[assignment]
    main()
