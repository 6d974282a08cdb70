"""YAML and JSON files as plain values, or an error that names the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from kgimport.errors import DeclarationError, SourceError, short

if TYPE_CHECKING:
    from pathlib import Path

# PyYAML passes on Python's errors, too, where a tag or a scalar is not what it claims to be.
_NOT_YAML = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)
_LONGEST = 400


class _Loader(yaml.SafeLoader):
    """YAML without duplicate keys: PyYAML would silently keep the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that its mapping has already."""
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value} occurs twice in one mapping", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> object:
    """Return the content of a YAML file; `SourceError` or `DeclarationError` names the file."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  (a SafeLoader)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}", "name a graph.yml") from error
    except _NOT_YAML as error:
        reason = short(" ".join(str(error).split()), _LONGEST)
        raise DeclarationError(f"{path} is not YAML: {reason}", "fix the file there") from error


def read_json(path: Path) -> object:
    """Return the content of one of dbt's files; `SourceError` or `DeclarationError` names it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}",
            "run `kgimport run`, which starts with `dbt build`, or `dbt build` itself",
        ) from error
    except (ValueError, RecursionError) as error:
        reason = short(error, _LONGEST)
        raise DeclarationError(f"{path} is not JSON: {reason}", "run `dbt build` again") from error
