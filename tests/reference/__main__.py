"""`make docs`: write the pages that are generated from the code."""

from __future__ import annotations

from tests.reference import pages

for file, text in pages().items():
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
