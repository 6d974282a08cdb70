"""The pages of docs/ that are generated from the code: `make docs` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.reference import commands, declaration, environment, records

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCS = Path(__file__).parents[2] / "docs"


def pages() -> Mapping[Path, str]:
    """Return the text of each page, by its file."""
    return {
        DOCS / "environment.md": environment.page(),
        DOCS / "reference" / "commands.md": commands.page(),
        DOCS / "reference" / "declaration.md": declaration.page(),
        DOCS / "reference" / "records.md": records.page(),
    }
