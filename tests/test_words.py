"""What kgimport writes for people is plain English, by the table of words in CONTRIBUTING.md."""

from __future__ import annotations

import io
import re
import tokenize
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]

# What is looked at. Of Python only comments, docstrings and other strings are read.
SCOPE = (
    "*.md",
    "Makefile",
    "docs/**/*.md",
    "data/*.md",
    "dbt/*.md",
    "dbt/models/**/*.md",
    "dbt/macros/*.sql",
    "docker/*",
    "infra/**/*.md",
    "infra/**/*.tf",
    "infra/**/*.yml",
    "infra/scripts/*",
    "kgimport/**/*.py",
    "kgimport/**/*.json",
)

# Good English that the table's words would find.
FINE = (
    r"there (?:is|are|was|were) no",
    r"(?:is|are) no (?:longer|language in common)",
    r"no more (?:than|connections)",
)

# Quotations: the file, and the text as it stands there.
QUOTED = (
    ("CONTRIBUTING.md", r"\n\| write \| not \|\n(?:\|.+\n)+"),
    ("docs/values.md", r"the empty string, beside null"),
)

PAGES = ("*.md", "docs/**/*.md", "data/*.md", "dbt/*.md", "infra/**/*.md")
WIDTH = 100
# A generated part, a block of code, a row of a table, an image: none of them can be wrapped.
UNWRAPPED = re.compile(
    r"<!-- (?:begin: )?([\w:-]+) -->.*?<!-- (?:end|/\1) -->|^```.*?^```|^(?: {4}|\||!\[).*?$",
    re.DOTALL | re.MULTILINE,
)


@cache
def words() -> list[str]:
    """The right column of the table."""
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("| write | not |")[1]
    rows = [line.split("|") for line in table.split("\n\n")[0].splitlines()[2:]]
    return [word.strip() for _, _, avoided, _ in rows for word in avoided.split(",")]


def unwanted(text: str) -> list[str]:
    """The words of the table that a text has, as often as it has them."""
    spelled = "|".join(word.replace(" ", r"\s+") for word in words())
    plain = re.sub("|".join(FINE).replace(" ", r"\s+"), "", text, flags=re.IGNORECASE)
    return [" ".join(found.split()) for found in re.findall(rf"(?i)\b(?:{spelled})\b", plain)]


def prose(path: Path) -> str:
    """What a file holds for people to read."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        return "\n".join(
            each.string for each in tokens if each.type in {tokenize.COMMENT, tokenize.STRING}
        )
    name = str(path.relative_to(ROOT))
    for _, quotation in (pair for pair in QUOTED if pair[0] == name):
        text, count = re.subn(quotation, "\n", text)
        assert count, f"{name} does not quote {quotation}"
    return text


def files(patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                yield path


def test_no_page_message_docstring_or_comment_has_a_word_to_avoid() -> None:
    found = {str(path.relative_to(ROOT)): unwanted(prose(path)) for path in files(SCOPE)}

    assert {name: some for name, some in found.items() if some} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The file is TOLD\nfrom others beside it.", ["TOLD", "beside"]),
        ("That is no\nfile, and these are no files.", ["is no", "are no"]),
        ("There is no\nfile, and it is no longer read.", []),
        ("a commendable remedy is besides amended", []),
    ],
)
def test_a_word_to_avoid_is_found_as_a_whole_word_and_across_lines(
    text: str, found: list[str]
) -> None:
    assert unwanted(text) == found


def test_of_python_the_comments_and_strings_are_read_and_names_are_not(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text('told = f"{told} is told"  # mend it\n', encoding="utf-8")

    assert unwanted(prose(code)) == ["told", "told", "mend"]


def test_the_pages_are_no_wider_than_they_may_be_and_end_no_line_with_a_blank() -> None:
    wide = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in files(PAGES)
        for line in UNWRAPPED.sub("", path.read_text(encoding="utf-8")).splitlines()
        if (len(line) > WIDTH and " " in line.strip()) or line != line.rstrip()
    ]

    assert wide == []
