"""What dbt itself makes of a project's settings: run by dbt's Python, which may lack kgimport.

    python ask_dbt.py MARK WITH_PROFILE [ARGUMENTS OF dbt build …]

It is started in the project's folder and prints one line: MARK and JSON, with either what was found
or an `error`. dbt has no public interface for this; the functions are those of its own commands, so
flags, variables, profiles and templates mean what they mean to `dbt build`.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

# A script's folder comes first in Python's path; its modules must not hide any of dbt's.
sys.path[:] = [each for each in sys.path if Path(each or ".").resolve() != Path(__file__).parent]

_TYPE_CHECKING = False
if _TYPE_CHECKING:
    from typing import Any

_SECRET = re.compile("pass|secret|token|key|pwd|credential|auth|private", re.IGNORECASE)
_TEMPLATE = ("{{", "{%")
_VARIABLE = re.compile(r"env_var\(\s*['\"](\w+)['\"]")


def main(mark: str, with_profile: str, arguments: list[str]) -> None:
    """Print what dbt finds, on the standard output alone; all else goes to the standard error."""
    answers = os.dup(1)
    os.dup2(2, 1)
    found = answer(arguments, with_profile=with_profile == "yes")
    os.write(answers, f"\n{mark}{json.dumps(found, default=_as_dbt)}\n".encode())


def answer(arguments: list[str], *, with_profile: bool) -> dict[str, Any]:
    """Return what dbt finds in the current folder, or its `error` and what `kind` it is of."""
    secrets: set[str] = set()
    try:
        return _found(arguments, secrets, with_profile=with_profile)
    except BaseException as error:  # noqa: BLE001  (click exits, and templates raise anything)
        return {"error": _clean(_words(error), secrets), "kind": type(error).__name__}


def _found(arguments: list[str], secrets: set[str], *, with_profile: bool) -> dict[str, Any]:
    # ruff: noqa: PLC0415  (dbt is not installed in kgimport's own Python)
    from dbt.cli.flags import Flags, args_to_context
    from dbt.config.runtime import UnsetProfile, load_project
    from dbt.flags import set_flags
    from dbt.version import installed
    from dbt_common.context import set_invocation_context

    set_invocation_context(dict(os.environ))
    flags = Flags(args_to_context(["build", *arguments]))
    set_flags(flags)  # type: ignore[no-untyped-call]
    profile = _profile(flags, secrets) if with_profile else UnsetProfile()  # type: ignore[no-untyped-call]
    project = load_project(flags.PROJECT_DIR, False, profile, flags.VARS)
    packages = getattr(project.packages, "packages", ())
    return {
        "dbt": installed.to_version_string(skip_matcher=True),
        "name": project.project_name,
        "target_path": project.target_path,
        "log_path": project.log_path,
        "packages": [project.packages_install_path, len(packages)],
        "sources": _sources(project),
        "default_profile": project.profile_name,
        "variables": flags.VARS,
        **(_of_profile(profile, flags) if with_profile else {}),
    }


def _sources(project: Any) -> list[str]:
    """Return the paths of models, seeds, macros and the like; another dbt may have other kinds."""
    kinds = [value for name, value in vars(project).items() if name.endswith("_paths")]
    return sorted({path for paths in kinds for path in paths})


def _profile(flags: Any, secrets: set[str]) -> Any:
    from dbt.config.runtime import load_profile

    _collect(_raw_outputs(flags), secrets)
    return load_profile(flags.PROJECT_DIR, flags.VARS, flags.PROFILE, flags.TARGET)


def _raw_outputs(flags: Any) -> Any:
    from dbt.config.profile import read_profile

    return read_profile(flags.PROFILES_DIR)


def _collect(value: Any, secrets: set[str], key: str = "") -> None:
    """Collect what no message may contain: values under keys of secrets, as they are rendered."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _collect(inner, secrets, f"{key}.{name}")
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, secrets, key)
    elif value is not None and _SECRET.search(key):
        text = str(value)
        secrets.add(text)
        secrets.update(os.environ.get(name, "") for name in _VARIABLE.findall(text))


def _clean(text: str, secrets: set[str]) -> str:
    for secret in sorted(secrets - {""}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _of_profile(profile: Any, flags: Any) -> dict[str, Any]:
    credentials = profile.credentials.to_dict(omit_none=True)
    unset = dict(_unrendered(credentials))
    if unset:
        return {"unset": unset}
    return {
        "profiles_dir": str(flags.PROFILES_DIR),
        "profile": profile.profile_name,
        "target": profile.target_name,
        "default_target": _default_target(profile, flags),
        "adapter": profile.credentials.type,
        "database": profile.credentials.database,
        "schema": profile.credentials.schema,
        "credentials": credentials,
    }


def _unrendered(value: Any, key: str = "") -> list[tuple[str, list[str]]]:
    """Return the keys whose templates dbt left as they are, with the variables that they name."""
    if isinstance(value, dict):
        return [each for name, inner in value.items() for each in _unrendered(inner, str(name))]
    if isinstance(value, list):
        return [each for inner in value for each in _unrendered(inner, key)]
    if isinstance(value, str) and any(mark in value for mark in _TEMPLATE):
        return [(key, _VARIABLE.findall(value))]
    return []


def _default_target(profile: Any, flags: Any) -> str:
    """Return the target that dbt takes if none is named on the command line or in a variable."""
    from dbt.config.renderer import ProfileRenderer

    raw = _raw_outputs(flags)[profile.profile_name]
    return str(ProfileRenderer(flags.VARS).render_value(raw.get("target", "default")))


def _as_dbt(value: Any) -> str:
    """Return a value that JSON does not have as dbt's own results have it."""
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _words(error: BaseException) -> str:
    """Return an error's own words; click keeps them in `format_message`."""
    form = getattr(error, "format_message", None)
    return str(form()) if form else str(error) or type(error).__name__


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
