"""infra/ keeps every rule, and each rule catches the defect that it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra import rules
from tests.infra.configuration import INFRA

pytestmark = pytest.mark.infra  # fetches the provider's type definitions

BROKEN = Path(__file__).parent / "broken"


def findings(root: Path) -> list[str]:
    found = [f"syntax: {finding}" for finding in rules.syntax(root)]
    if found:  # nothing else can be read then
        return found
    return [f"{rule.__name__}: {finding}" for rule in rules.RULES for finding in rule(root)]


def test_infra_has_no_findings() -> None:
    assert findings(INFRA) == []


@pytest.mark.parametrize("defect", sorted(path.name for path in BROKEN.iterdir()))
def test_each_defect_is_found_and_nothing_else(defect: str) -> None:
    expected = (BROKEN / defect / "findings.txt").read_text(encoding="utf-8").splitlines()

    assert findings(BROKEN / defect) == expected


def test_every_rule_has_a_defect_that_it_finds() -> None:
    lines = "".join(path.read_text(encoding="utf-8") for path in BROKEN.glob("*/findings.txt"))

    assert [rule.__name__ for rule in rules.RULES if f"{rule.__name__}: " not in lines] == []
