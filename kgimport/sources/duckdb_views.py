"""Views and macros of a DuckDB file that read other files by relative paths.

Such a path starts where dbt was started, which is the project's folder. DuckDB looks for it in the
folder that we are in first, where another file may have that name.
"""

from __future__ import annotations

import re
from glob import escape, iglob
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.errors import SourceError, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

_VIEWS = """
SELECT 'view ' || view_name, sql FROM duckdb_views() WHERE NOT internal AND sql IS NOT NULL
UNION ALL SELECT 'macro ' || function_name, macro_definition FROM duckdb_functions()
WHERE NOT internal AND macro_definition IS NOT NULL
"""
_QUOTED = re.compile(r"""'(?P<text>(?:[^']|'')*)'|"(?P<name>(?:[^"]|"")*)\"""")
_SEPARATOR = ","  # of the folders in DuckDB's setting, which has no escape for it


def relative_to(made: DuckDBPyConnection, folder: str) -> None:
    """Let the relative paths of a database's views start at a folder.

    Raises `SourceError` if a view's or macro's path leads to a file in the folder that we are in.
    """
    if Path.cwd() == Path(folder):
        return
    for view, sql in made.execute(_VIEWS).fetchall():
        for path in _here(str(sql)):
            raise SourceError(
                f"the {short(view)} reads {short(path)}, relative to {folder}, but there is "
                "one in the current folder, which DuckDB would read",
                f"start kgimport in {folder}",
            )
    if _SEPARATOR not in folder:
        made.execute("SET file_search_path = ?", [folder])


def _here(sql: str) -> Iterator[str]:
    """Yield what SQL quotes if it is the relative path, or pattern, of a file where we are.

    A name in double quotes may be that of a file, too.
    """
    for found in _QUOTED.finditer(sql):
        text, name = found["text"], found["name"]
        path = name.replace('""', '"') if text is None else text.replace("''", "'")
        if not path.startswith(("/", "~")) and "://" not in path and _is_here(path):
            yield path


def _is_here(path: str) -> bool:
    """Return whether a path, or a pattern, leads to a file or folder below the one we are in.

    It is taken as written, too, because DuckDB does so first. A point alone separates texts.
    """
    # Not Path.glob, which refuses some patterns that DuckDB takes.
    by_pattern = iglob(path, recursive=True, include_hidden=True)  # noqa: PTH207
    return any(found.strip("./") for found in chain(iglob(escape(path)), by_pattern))  # noqa: PTH207
