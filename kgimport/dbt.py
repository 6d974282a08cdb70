"""What kgimport needs of a dbt project: to run it, and to know where its tables lie."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from kgimport.errors import DeclarationError, RuntimeMissingError, SourceError
from kgimport.runtime.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def manifest(project: Path) -> Path:
    """Where dbt leaves its manifest."""
    return project / "target" / "manifest.json"


def athena(project: Path, target: str | None = None) -> Mapping[str, str] | None:
    """What a target of type athena says: its `workgroup`, `results`, `region` and `profile`."""
    output = _output(project, target)
    if output.get("type") != "athena":
        return None
    return {ours: str(output[theirs]) for ours, theirs in _OF_ATHENA.items() if output.get(theirs)}


_OF_ATHENA = {
    "workgroup": "work_group",
    "results": "s3_staging_dir",
    "region": "region_name",
    "profile": "aws_profile_name",
}


def tables(project: Path, target: str | None = None) -> str:
    """The folder of the graph tables: `external_root` of the profile's target.

    A relative one is relative to the project, in which kgimport starts dbt.
    Raises `DeclarationError` where the profile names no such folder.
    """
    root = _output(project, target).get("external_root")
    if not root:
        raise DeclarationError(
            "the target of the dbt profile has no external_root",
            "add it, or say with --tables where the graph models' Parquet lies",
        )
    return str(root) if "://" in str(root) else str(project / str(root))


def is_local(project: Path, target: str | None = None) -> bool:
    """Whether the warehouse is DuckDB over local files, which can be seen to be unchanged."""
    return bool(_output(project, target).get("type") == "duckdb")


def _output(project: Path, target: str | None) -> dict[str, Any]:
    profile = _profile(project)
    name = target or profile.get("target") or "default"
    outputs: dict[str, dict[str, Any]] = profile.get("outputs") or {}
    if name not in outputs:
        raise DeclarationError(
            f"the dbt profile has no target {name}", f"choose one of {', '.join(outputs)}"
        )
    return outputs[name]


def build(
    project: Path,
    *,
    target: str | None = None,
    data: Path | None = None,
    on_line: Callable[[str], None] = lambda _: None,
) -> None:
    """Runs `dbt build`; its models read `data` where the sources are a folder of Parquet.

    Raises `SourceError` with dbt's own last words when it fails.
    """
    profiles = () if "DBT_PROFILES_DIR" in os.environ else ("--profiles-dir", ".")
    argv = (_program(), "build", *profiles, *(("--target", target) if target else ()))
    env = {"KGIMPORT_DATA": str(data.absolute())} if data else {}
    quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_USE_COLORS": "false"}
    finished = run(Command(argv, {**quiet, **env}), cwd=project, on_line=on_line)
    if finished.exit_code:
        told = [line for line in finished.tail if "rror" in line or "FAIL" in line]
        reason = "\n  ".join(told[:_SHOWN] or finished.tail[-_SHOWN:])
        raise SourceError(
            f"dbt build failed:\n  {reason}", f"mend the models; its log is {project / 'logs'}"
        )


_SHOWN = 12


def _program() -> str:
    beside = Path(sys.executable).with_name("dbt")
    found = str(beside) if beside.exists() else shutil.which("dbt")
    if found is None:
        raise RuntimeMissingError("dbt is not installed", "pip install 'kgimport[dbt]'")
    return found


def _profile(project: Path) -> dict[str, Any]:
    name = _yaml(project / "dbt_project.yml").get("profile", "default")
    for folder in _profile_folders(project):
        if (folder / "profiles.yml").is_file():
            profile: dict[str, Any] = _yaml(folder / "profiles.yml").get(name) or {}
            return profile
    raise DeclarationError(
        f"no profiles.yml for the dbt project {project}", "say with --tables where its Parquet lies"
    )


def _profile_folders(project: Path) -> tuple[Path, ...]:
    chosen = os.environ.get("DBT_PROFILES_DIR")
    return (*((Path(chosen),) if chosen else ()), project, Path.home() / ".dbt")


def _yaml(path: Path) -> dict[str, Any]:
    """A dbt file, with the one function rendered that profiles use: `env_var`."""
    try:
        from jinja2 import Environment, TemplateError  # noqa: PLC0415  (comes with dbt)
    except ModuleNotFoundError as error:
        raise RuntimeMissingError(
            "dbt is not installed", "pip install 'kgimport[dbt]', or say --tables"
        ) from error
    try:
        text = path.read_text(encoding="utf-8")
        if path.name == "profiles.yml":
            text = Environment(autoescape=False).from_string(text).render(env_var=_env_var)  # noqa: S701  (YAML, not HTML)
        content: dict[str, Any] = yaml.safe_load(text) or {}
    except (OSError, TemplateError, yaml.YAMLError, KeyError) as error:
        raise DeclarationError(f"{path} cannot be read: {error}", "mend it") from error
    return content


def _env_var(name: str, default: str | None = None) -> str:
    return os.environ[name] if default is None else os.environ.get(name, default)
