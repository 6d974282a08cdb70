"""docs/values.md says what the value contract is today."""

from __future__ import annotations

from pathlib import Path

from tests.roundtrip import document

VALUES = Path(__file__).parents[2] / "docs" / "values.md"


def test_the_generated_parts_stand_between_their_marks() -> None:
    before = "# Values\n\n<!-- begin: checks -->old<!-- end -->\n\nText.\n"

    after = document.renewed(before)

    assert after == before.replace("old", f"\n\n{document.checks()}\n\n")
    assert document.renewed(after) == after


def test_the_document_of_values_is_what_the_command_makes_of_it() -> None:
    text = VALUES.read_text(encoding="utf-8")

    assert text == document.renewed(text)
