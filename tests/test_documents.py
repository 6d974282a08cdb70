"""The documents that the README names are there, and the index names every page."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]


def linked(page: str) -> set[str]:
    return {part.split(")")[0] for part in (ROOT / page).read_text().split("](")[1:]}


def test_every_document_that_the_readme_names_is_there() -> None:
    assert [link for link in sorted(linked("README.md")) if not (ROOT / link).exists()] == []


def test_the_index_names_every_page() -> None:
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}

    assert pages - linked("docs/README.md") == set()
