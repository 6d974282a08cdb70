"""Views of a DuckDB file that read other files by relative paths.

Such a path starts where dbt was started, which is the project's folder. DuckDB looks for it in the
folder that we are in first, where another file may have that name.
"""

from __future__ import annotations

import re
from glob import iglob
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.errors import SourceError, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

_VIEWS = "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal AND sql IS NOT NULL"
_TEXT = re.compile(r"'(?P<text>(?:[^']|'')*)'")
_OF_A_PATH = re.compile(r"[./]")
_SEPARATOR = ","  # of the folders in DuckDB's setting, which has no escape for it


def relative_to(made: DuckDBPyConnection, folder: str) -> None:
    """Let the relative paths of a database's views start at a folder.

    Raises `SourceError` for a view whose path leads to a file in the folder that we are in.
    """
    if Path.cwd() == Path(folder):
        return
    for view, sql in made.execute(_VIEWS).fetchall():
        for path in _here(str(sql)):
            raise SourceError(
                f"the view {short(view)} reads {short(path)}, relative to {folder}, but there is "
                "one in the current folder, which DuckDB would read",
                f"start kgimport in {folder}",
            )
    if _SEPARATOR not in folder:
        made.execute("SET file_search_path = ?", [folder])


def _here(sql: str) -> Iterator[str]:
    """Yield the relative paths in a view that lead to a file in the folder that we are in."""
    for found in _TEXT.finditer(sql):
        path = found["text"].replace("''", "'")
        relative = _OF_A_PATH.search(path) and not path.startswith(("/", "~")) and "://" not in path
        # Not Path.glob, which refuses some patterns that DuckDB takes.
        if relative and next(iglob(path, recursive=True), None) is not None:  # noqa: PTH207
            yield path
