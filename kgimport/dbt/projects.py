"""A dbt project's folder, and what can be known of it without dbt."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from kgimport.dbt.settings import target_path
from kgimport.errors import DeclarationError, short

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = "dbt_project.yml"
_BESIDE = Path("dbt")
_LINE = 400


def is_project(folder: Path) -> bool:
    """Return whether a folder is a dbt project's."""
    return (folder / PROJECT).is_file()


def default_project() -> Path:
    """Return the project to take if none is named: the folder we are in if it is one, else dbt/."""
    here = Path()
    return here if is_project(here) else _BESIDE


def artifacts(project: Path) -> Path:
    """Return the folder in which dbt leaves `manifest.json`; ask dbt only about a template."""
    chosen = _setting("TARGET_PATH") or _target_path(project)
    return target_path(project) if "{" in chosen else project / chosen


def _setting(name: str) -> str | None:
    """Return the environment's value of a dbt option; the newer prefix wins, as in dbt itself."""
    return os.environ.get(f"DBT_ENGINE_{name}") or os.environ.get(f"DBT_{name}")


def _target_path(project: Path) -> str:
    value = _yaml(project / PROJECT).get("target-path")
    if value is not None and not isinstance(value, str):
        raise DeclarationError(f"target-path in {project / PROJECT} should be text", "fix it")
    return value or "target"


def _yaml(path: Path) -> Mapping[str, object]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise DeclarationError(f"{path} cannot be read: {error.strerror}", "fix it") from error
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        reason = short(" ".join(str(error).split()), _LINE)
        raise DeclarationError(f"{path} is not YAML: {reason}", "fix it") from error
    if not isinstance(content, dict):
        raise DeclarationError(f"{path} should be a mapping of keys to values", "fix it")
    return content
