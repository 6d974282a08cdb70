"""What a project's models read besides its own tables, from the SQL that dbt compiled: pure text.

Nobody declares a file that a model reads by itself as an input. So if the SQL names one outside the
folders that are watched, or asks for the time or for chance, nobody knows whether the tables would
be the same again.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")
_CHANGING = re.compile(
    r"\b(?:current_(?:date|time|timestamp)\b|(?:now|today|random|uuid|gen_random_uuid|getenv)\s*\()",
    re.IGNORECASE,
)
_GLOB = re.compile(r"[*?\[{]")


def depend_on_more(artifacts: Path, project: Path, places: Iterable[Path]) -> bool:
    """Return whether the models of dbt's last run read more than files below some places.

    A manifest that is missing or damaged says nothing, and so counts as if they did.
    """
    try:
        content = json.loads((artifacts / "manifest.json").read_text(encoding="utf-8"))
        nodes = list(content["nodes"].values())
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return True
    known = [_absolute(each) for each in places]
    return any(_is_more(node, project, known) for node in nodes if _is_model(node))


def _is_model(node: object) -> bool:
    return isinstance(node, dict) and node.get("resource_type") in {"model", "snapshot"}


def _is_more(node: Mapping[str, Any], project: Path, known: list[Path]) -> bool:
    if node.get("language") == "python":
        return True
    sql = str(node.get("compiled_code") or node.get("raw_code") or "")
    return bool(_CHANGING.search(sql)) or any(
        not any(each.is_relative_to(place) for place in known) for each in _paths(sql, project)
    )


def _paths(sql: str, project: Path) -> Iterator[Path]:
    """Yield the quoted texts that are paths outside of the project, up to their first wildcard."""
    for single, double in _QUOTED.findall(sql):
        text = single or double
        if "://" in text:
            yield Path("/", text)  # not below any folder that is watched
        elif text.startswith(("/", "~/", "../")):
            path = _absolute(project / Path(_GLOB.split(text)[0]).expanduser())
            if len(path.parts) > 1 and os.path.exists(Path(*path.parts[:2])):  # noqa: PTH110  (of any text)
                yield path


def _absolute(path: Path) -> Path:
    return Path(os.path.realpath(path))  # also of what is not a path
