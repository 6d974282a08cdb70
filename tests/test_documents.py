"""The documents that the README names are there."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_document_that_the_readme_names_is_there() -> None:
    linked = {part.split(")")[0] for part in (ROOT / "README.md").read_text().split("](")[1:]}

    assert [link for link in sorted(linked) if not (ROOT / link).exists()] == []
