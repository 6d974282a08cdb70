"""The documents that the README names are there, and the index names every page."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]


def linked(page: str) -> set[str]:
    return {part.split(")")[0] for part in (ROOT / page).read_text().split("](")[1:]}


def test_every_document_that_the_readme_names_is_there() -> None:
    assert [link for link in sorted(linked("README.md")) if not (ROOT / link).exists()] == []


def test_the_index_names_every_page() -> None:
    docs = ROOT / "docs"
    pages = {str(path.relative_to(docs)) for path in docs.rglob("*.md")} - {"README.md"}

    assert pages - linked("docs/README.md") == set()


def templates() -> Iterator[str]:
    """Every text of the code; what is inserted when it runs is a `…`."""
    for file in (ROOT / "kgimport").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                constants = (getattr(part, "value", "") for part in node.values)
                yield "".join(each if isinstance(each, str) else "…" for each in constants)


def test_every_message_that_troubleshooting_quotes_is_in_the_code() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^### `(.+)`$", page, re.MULTILINE)
    known = set(templates())

    assert len(quoted) > 30
    assert [message for message in quoted if not any(says(each, message) for each in known)] == []


def says(template: str, message: str) -> bool:
    """Whether a text of the code is the message, or begins with it."""
    fixed = [re.escape(part) for part in message.split("…") if part.strip(" :")]
    pattern = ".*" * message.startswith("…") + ".*".join(fixed)
    return bool(fixed) and re.match(pattern, template, re.DOTALL) is not None


def test_a_message_that_is_not_in_the_code_is_noticed() -> None:
    assert says("no Parquet file at …", "no Parquet file at …")
    assert not says("no Parquet file at …", "no Parquet files at …")
    assert not says("there is no Parquet file at …", "no Parquet file at …")


def test_no_page_has_the_same_section_twice() -> None:
    pages = {
        str(path.relative_to(ROOT)): re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
        for path in (ROOT / "docs").rglob("*.md")
    }

    assert {name: some for name, some in pages.items() if len(set(some)) < len(some)} == {}
