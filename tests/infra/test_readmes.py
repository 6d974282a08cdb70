"""infra/'s READMEs say what its files say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.infra import tables
from tests.infra.configuration import INFRA, ROOT, literal, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDERS = [INFRA, *sorted(path for path in (INFRA / "modules").iterdir())]


def test_every_module_has_the_five_files() -> None:
    wanted = {"README.md", "main.tf", "outputs.tf", "variables.tf", "versions.tf"}

    assert {f: wanted - {path.name for path in f.iterdir()} for f in FOLDERS} == {
        folder: set() for folder in FOLDERS
    }


@pytest.mark.parametrize("readme", tables.readmes(), ids=lambda path: path.parent.name)
def test_the_tables_are_as_the_files_say(readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")

    assert "<!-- inputs -->" in text
    assert "<!-- outputs -->" in text
    assert text == tables.current(readme), "python -m tests.infra.tables writes them"


# Of each module with roles of its own: its policies, as the table of its README names them.
ROLES = {
    "loader": {"start", "task", "bake", "login"},
    "neptune": {"find", "read", "load", "export"},
}


def _statements(module: str) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Role, statement and actions of a module's policies."""
    for block in load(INFRA / "modules" / module).of("data"):
        for statement in block.body.get("statement", []):
            if "sid" in statement:
                actions = frozenset(str(literal(action)) for action in statement["actions"])
                yield block.labels[1], str(literal(statement["sid"])), actions


@pytest.mark.parametrize("module", ROLES)
def test_every_right_of_a_role_is_in_the_table_with_its_reason(module: str) -> None:
    text = (INFRA / "modules" / module / "README.md").read_text(encoding="utf-8")
    rows = [
        (cells[0], cells[1], frozenset(re.findall(r"`([\w:-]+)`", cells[2])), cells[4])
        for line in text.splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 5
        and cells[0] in ROLES[module]
    ]

    assert sorted(row[:3] for row in rows) == sorted(_statements(module))
    assert [row[1] for row in rows if len(row[3].split()) < 4] == []


def test_every_path_that_the_readmes_name_is_there() -> None:
    missing = {
        (readme.parent.name, link)
        for readme in [*tables.readmes(), ROOT / "docs" / "capacity.md"]
        for link in re.findall(r"\]\(([^)#]+)", readme.read_text(encoding="utf-8"))
        if "://" not in link and not (readme.parent / link).exists()
    }

    assert missing == set()
