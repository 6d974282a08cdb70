"""The pages that are generated from the code are those that the code gives now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kgimport.cli import COMMANDS
from kgimport.errors import ExitCode
from tests.reference import DOCS, pages

if TYPE_CHECKING:
    from pathlib import Path

PAGES = pages()
REFERENCE = [page for page in PAGES if page.parent.name == "reference"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_generated_page_is_as_the_code_is(page: Path) -> None:
    there = page.read_text(encoding="utf-8") if page.exists() else ""

    assert there == PAGES[page], "run `make docs`"


@pytest.mark.parametrize("page", REFERENCE, ids=lambda page: page.name)
def test_every_key_and_every_option_has_a_meaning_or_is_explained_with_another(page: Path) -> None:
    unexplained = []
    for section in PAGES[page].split("\n## ")[1:]:
        rows = re.findall(r"^\| (`.+?`) \|(.*)\|$", section, re.MULTILINE)
        explained = "| meaning |" in section
        unexplained += [
            f"{section.split()[0]}: {key}"
            for key, cells in rows
            if not (explained and cells.split("|")[-1].strip()) and section.count(key) < 2
        ]

    assert unexplained == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_generated_page_lead_somewhere(page: Path) -> None:
    text = PAGES[page]
    headings = {
        re.sub("[^a-z0-9 -]", "", line.strip("# ").lower()).replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }
    links = re.findall(r"\]\(([^)]+)\)", text)

    assert {link[1:] for link in links if link.startswith("#")} <= headings
    files = [link.partition("#")[0] for link in links if not link.startswith("#")]
    assert [file for file in files if not (page.parent / file).exists()] == []


def test_every_command_and_every_exit_code_has_its_place() -> None:
    text = PAGES[DOCS / "reference" / "commands.md"]

    names = [name.replace("_", "-") for name in COMMANDS]
    assert [name for name in names if f"## kgimport {name}\n" not in text] == []
    assert [code for code in ExitCode if f"\n| {code.value} |" not in text] == []
