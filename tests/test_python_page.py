"""docs/python.md is what happens: its blocks are run in order, and give what their comments say."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PAGE = ROOT / "docs" / "python.md"


def blocks(text: str) -> list[str]:
    """The page's Python, each block with as many blank lines before it as its place in the page."""
    found = re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return ["\n" * text[: match.start(1)].count("\n") + match[1] for match in found]


def run(block: str, namespace: dict[str, Any]) -> Iterator[tuple[int, str, str]]:
    """Runs a block; gives, where a comment says a value: the line, the comment, and the value."""
    lines = block.splitlines()
    for statement in ast.parse(block).body:
        _, _, comment = lines[statement.end_lineno - 1].partition("  # ")  # type: ignore[operator]
        if comment and isinstance(statement, ast.Expr):
            code = compile(ast.Expression(statement.value), PAGE.name, "eval")
            yield statement.lineno, comment, repr(eval(code, namespace))
        else:
            exec(compile(ast.Module([statement], []), PAGE.name, "exec"), namespace)


def test_a_value_that_is_another_than_the_page_says_is_found() -> None:
    (block,) = blocks("Text.\n\n```python\nn = 2\nn + 1  # 4\n```\n")

    assert list(run(block, {})) == [(5, "4", "3")]


@pytest.mark.neo4j
@pytest.mark.dbt
def test_the_page_for_python_is_what_happens(
    lms_settings: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dbt").symlink_to(ROOT / "dbt")
    for name, value in lms_settings.items():
        monkeypatch.setenv(name, value)
    namespace: dict[str, Any] = {}

    values = [each for block in blocks(PAGE.read_text()) for each in run(block, namespace)]

    assert len(values) > 10
    assert [found for _, _, found in values] == [comment for _, comment, _ in values]
