"""A dbt project: running it, and finding where it writes its artifacts, logs and models."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from kgimport.errors import DeclarationError, RuntimeMissingError, SourceError, listed, short
from kgimport.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROJECT, PROFILES = "dbt_project.yml", "profiles.yml"
_MEMORY = ":memory:"
_OF_ATHENA = {
    "workgroup": "work_group",
    "results": "s3_staging_dir",
    "region": "region_name",
    "profile": "aws_profile_name",
}
_SHOWN, _LINE = 12, 400  # lines of dbt's output in a message, and characters of each


def artifacts(project: Path) -> Path:
    """Return the folder in which dbt leaves `manifest.json` and `run_results.json`."""
    return _folder(project, "TARGET_PATH", "target-path", "target")


def logs(project: Path) -> Path:
    """Return the folder of dbt's own log."""
    return _folder(project, "LOG_PATH", "log-path", "logs")


def _folder(project: Path, setting: str, key: str, default: str) -> Path:
    chosen = _setting(setting) or _text(_yaml(project / PROJECT), key, PROJECT) or default
    return project / chosen


def _setting(name: str) -> str | None:
    """Return the environment's value of a dbt option; the newer prefix wins, as in dbt itself."""
    return os.environ.get(f"DBT_ENGINE_{name}") or os.environ.get(f"DBT_{name}")


def is_project(folder: Path) -> bool:
    """Whether a folder is a dbt project's."""
    return (folder / PROJECT).is_file()


def target_type(project: Path, target: str | None = None) -> str:
    """Return the type of a target, which is its adapter's name; "" where it has none."""
    return _text(_output(project, target), "type", PROFILES) or ""


def settings(project: Path, target: str | None, keys: Mapping[str, str]) -> dict[str, str]:
    """Return what a target says: its values for `keys` (ours: the profile's), those that it has."""
    output = _output(project, target)
    said = {ours: _text(output, theirs, PROFILES) for ours, theirs in keys.items()}
    return {ours: value for ours, value in said.items() if value}


def external_root(project: Path, target: str | None = None) -> str:
    """Return the folder below which dbt-duckdb writes external models, as the target sets it.

    A relative folder starts at the project, where kgimport starts dbt; so does the adapter's
    default. Raises `DeclarationError` if the target is not a DuckDB target.
    """
    output = _output(project, target)
    kind = _text(output, "type", PROFILES)
    if kind != "duckdb":
        raise DeclarationError(
            f"the target of the dbt profile is of type {short(kind)}, not duckdb, athena or "
            "postgres",
            "name the folder of the graph models' Parquet with --tables",
        )
    return _text(output, "external_root", PROFILES) or "."


def is_local(project: Path, target: str | None = None) -> bool:
    """Return whether the warehouse is a DuckDB of local files, whose changes are visible."""
    output = _output(project, target)
    elsewhere = any(output.get(key) for key in ("attach", "plugins", "remote", "filesystems"))
    return (
        _text(output, "type", PROFILES) == "duckdb"
        and not elsewhere
        and ":" not in (_text(output, "path", PROFILES) or "").removeprefix(_MEMORY)
    )


def database(project: Path, target: str | None = None) -> Path | None:
    """Return the file of a DuckDB warehouse, or None if it is in memory."""
    path = _text(_output(project, target), "path", PROFILES)
    return project / path if path and path != _MEMORY else None


def profiles(project: Path) -> Path:
    """Return the `profiles.yml` in effect: from DBT_PROFILES_DIR, the project, or ~/.dbt."""
    chosen = _setting("PROFILES_DIR")
    folders = [project, Path.home() / ".dbt"]
    for folder in [Path(chosen), *folders] if chosen else folders:
        if (folder / PROFILES).is_file():
            return folder / PROFILES
    raise DeclarationError(
        f"the dbt project {project} has no profiles.yml",
        "name the folder of its Parquet with --tables",
    )


def _output(project: Path, target: str | None) -> Mapping[str, object]:
    file = profiles(project)
    name = _setting("PROFILE") or _text(_yaml(project / PROJECT), "profile", PROJECT) or "default"
    profile = _part(_yaml(file), name, f"{file} has no profile")
    outputs = _part(profile, "outputs", f"profile {short(name)} of {file} has no")
    chosen = target or _setting("TARGET") or _text(profile, "target", PROFILES) or "default"
    return _part(outputs, chosen, "the dbt profile has no target")


def _part(whole: Mapping[str, object], name: str, lacking: str) -> Mapping[str, object]:
    part = whole.get(name)
    if not isinstance(part, dict):
        raise DeclarationError(
            f"{lacking} {short(name)}" + (", but something else" if name in whole else ""),
            f"there is: {listed(whole) or 'nothing'}",
        )
    return part


def build(
    project: Path,
    *,
    target: str | None = None,
    data: Path | None = None,
    on_line: Callable[[str], None] = lambda _: None,
) -> None:
    """Run `dbt build`; sources that are a folder of Parquet are read from `data`.

    Raises `SourceError` with dbt's last messages if it fails.
    """
    places = ("--project-dir", ".", "--profiles-dir", str(profiles(project).parent.absolute()))
    argv = (_program(), "build", *places, *(("--target", target) if target else ()))
    env = {"KGIMPORT_DATA": str(data.absolute())} if data else {}
    quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_USE_COLORS": "false"}
    finished = run(Command(argv, {**quiet, **env}), cwd=project, on_line=on_line)
    if finished.exit_code:
        errors = [line for line in finished.tail if "rror" in line or "FAIL" in line]
        lines = errors[:_SHOWN] or finished.tail[-_SHOWN:]
        reason = "\n  ".join(short(line, _LINE) for line in lines)
        raise SourceError(
            f"dbt build failed:\n  {reason}", f"fix the models; dbt's log is in {logs(project)}"
        )


def _program() -> str:
    neighbour = Path(sys.executable).with_name("dbt")
    found = str(neighbour) if neighbour.exists() else shutil.which("dbt")
    if found is None:
        raise RuntimeMissingError("dbt is not installed", "pip install 'kgimport[dbt]'")
    return found


def _yaml(path: Path) -> Mapping[str, object]:
    """Return the content of a dbt settings file, with its templates unrendered."""
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


def _text(settings: Mapping[str, object], key: str, file: str) -> str | None:
    """Return a setting as text, rendered if it is a template; None if it is missing."""
    value = settings.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise DeclarationError(f"{key} in {file} should be text", "fix it")
    return _rendered(str(value), f"{key} in {file}")


def _rendered(text: str, place: str) -> str:
    """Render a template with what dbt's profiles use most: `env_var` and the type filters."""
    if "{{" not in text and "{%" not in text:
        return text
    try:
        from jinja2 import Environment  # noqa: PLC0415  (comes with dbt)
    except ModuleNotFoundError as error:
        raise RuntimeMissingError(
            "dbt is not installed", "pip install 'kgimport[dbt]', or use --tables"
        ) from error
    environment = Environment(autoescape=False)  # noqa: S701  (settings, not HTML)
    environment.filters |= dict.fromkeys(("as_text", "as_native", "as_number", "as_bool"), _same)
    try:
        return str(environment.from_string(text).render(env_var=_env_var))
    except DeclarationError:
        raise
    except Exception as error:  # a template can raise anything
        reason = short(error, _LINE)
        raise DeclarationError(f"{place} cannot be rendered: {reason}", "fix it") from error


def _same(value: Any) -> Any:
    return value


def _env_var(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise DeclarationError(
            f"the environment variable {short(name)}, which dbt's settings name, is not set",
            "set it as for dbt itself",
        )
    return str(value)
