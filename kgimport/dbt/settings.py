"""What dbt itself makes of a project's settings: paths, profile, target and credentials.

dbt is asked in a process of its own Python (`ask_dbt`), and answers through a pipe: credentials are
in no file, message, record or command line. One command asks once about the same question.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgimport.dbt.programs import Program, programs
from kgimport.errors import (
    DeclarationError,
    KgimportError,
    RuntimeMissingError,
    UsageError,
    listed,
    short,
)
from kgimport.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PROFILES = "profiles.yml"
_SCRIPT = Path(__file__).with_name("ask_dbt.py")
_LONGEST = 1200  # characters of dbt's words in a message
_NO_ADAPTER = "Could not find adapter type"
_OF_CLICK = {"NoSuchOption", "BadParameter", "BadOptionUsage", "UsageError", "Exit", "BadArgument"}
_OF_PROFILES = "--profiles-dir"  # whose default dbt checks like one that was given
_FOLDERS = ("DBT_PROFILES_DIR", "DBT_ENGINE_PROFILES_DIR")


@dataclass(frozen=True, slots=True)
class Settings:
    """A dbt project as dbt sees it, for one target.

    `packages` is the folder of installed packages, of which the project names `packages_named`.
    `sources` are the folders and files of models, seeds, macros and the like, in the project's
    folder or not. `default_target` is the target that dbt takes if none is named, and
    `default_profile` the profile that the project names. `variables` are those of the command line.
    `database` is the target's, by dbt's name. The adapter's keys in `credentials` are dbt's own;
    aliases are resolved.
    """

    folder: Path
    program: Program
    artifacts: Path
    logs: Path
    packages: Path
    packages_named: int
    sources: tuple[Path, ...]
    profiles: Path
    profile: str
    default_profile: str | None
    target: str
    default_target: str
    adapter: str
    database: str
    variables: Mapping[str, Any] = field(repr=False)
    credentials: Mapping[str, Any] = field(repr=False)

    def texts(self, keys: Mapping[str, str]) -> dict[str, str]:
        """Return the credentials for `keys` (ours: dbt's) that the profile has, as text.

        Lists and mappings are JSON, true and false are words.
        """
        has = {ours: self.credentials.get(theirs) for ours, theirs in keys.items()}
        return {ours: _text(value) for ours, value in has.items() if value not in (None, "")}

    @property
    def packages_missing(self) -> int:
        """The number of the packages that the project names and that are not installed."""
        there = sum(each.is_dir() for each in self.packages.glob("*"))
        return max(0, self.packages_named - there)


def settings(
    project: Path, target: str | None = None, arguments: Sequence[str] = ()
) -> Settings:
    """Return what dbt makes of a project for a target (default: dbt's own choice).

    `arguments` are those of `dbt build`, some of which choose settings, too. Raises
    `DeclarationError` with dbt's reason if it cannot load the project or its profile, `UsageError`
    for arguments that it does not take, and `RuntimeMissingError` if dbt, or the target's adapter,
    is not installed.
    """
    chosen = ("--target", target) if target else ()
    program, found = _asked(project, (*chosen, *arguments), with_profile=True)
    unset = found.get("unset")
    if unset is not None:
        raise _unset(unset)
    install_path, named = found["packages"]
    return Settings(
        folder=project,
        program=program,
        artifacts=project / found["target_path"],
        logs=project / found["log_path"],
        packages=project / install_path,
        packages_named=named,
        sources=tuple(project / each for each in found["sources"]),
        profiles=project / found["profiles_dir"] / PROFILES,
        profile=found["profile"],
        default_profile=found["default_profile"],
        target=found["target"],
        default_target=found["default_target"],
        adapter=found["adapter"],
        database=str(found["database"]),
        variables=found["variables"],
        credentials=found["credentials"],
    )


def target_path(project: Path) -> Path:
    """Return the folder of dbt's artifacts, for which dbt needs no profile."""
    _, found = _asked(project, (), with_profile=False)
    return project / str(found["target_path"])


def environment() -> dict[str, str]:
    """Return variables for any dbt that we start, which is always started in the project's folder.

    The folder of profiles is relative to where kgimport was started.
    """
    quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_USE_COLORS": "false"}
    return {**quiet, **_folders_of_profiles()}


def _folders_of_profiles() -> dict[str, str]:
    named = {name: os.environ[name] for name in _FOLDERS if os.environ.get(name)}
    return {name: str(Path(value).absolute()) for name, value in named.items()}


def _asked(
    project: Path, arguments: Sequence[str], *, with_profile: bool
) -> tuple[Program, Mapping[str, Any]]:
    """Ask the first dbt that has the target's adapter; return it, and its answer."""
    missing: list[tuple[Program, str]] = []
    variables = tuple(sorted({**os.environ, **environment()}.items()))
    content = _content(project)
    for program in programs():
        found = _answer(
            program, project.absolute(), tuple(arguments), with_profile, variables, content
        )
        reason = str(found.get("error", ""))
        if "error" not in found:
            return program, found
        if _NO_ADAPTER not in reason:
            raise _refusal(project, reason, str(found["kind"]))
        missing.append((program, reason))
    raise _without_adapter(missing)


@lru_cache(maxsize=32)
def _answer(
    program: Program,
    project: Path,
    arguments: tuple[str, ...],
    with_profile: bool,  # noqa: FBT001  (a cache's key)
    variables: tuple[tuple[str, str], ...],
    _content: str,
) -> Mapping[str, Any]:
    """Ask dbt; the same question, of files with the same content, has the same answer."""
    mark = secrets.token_hex(16)
    words = ("yes" if with_profile else "no", "--project-dir", ".", *arguments)
    lines: list[str] = []
    argv = (str(program.python), str(_SCRIPT), mark, *words)
    finished = run(Command(argv, dict(variables)), cwd=project, on_line=lines.append)
    output = "".join(lines)  # a line that is very long arrives in pieces
    _, there, answer = output.rpartition(mark)
    if not there:
        last = next((line for line in reversed(finished.tail) if line.strip()), "nothing")
        raise RuntimeMissingError(
            f"{program.python} cannot run dbt (exit code {finished.exit_code}): "
            f"{short(last, _LONGEST)}",
            f"repair the dbt of {program.dbt}, for example with pip install --force-reinstall",
        )
    found: dict[str, Any] = json.JSONDecoder().raw_decode(answer)[0]
    return found


def _content(project: Path) -> str:
    """Return a digest of the files that decide what dbt answers."""
    folders = [project, Path.home() / ".dbt", *map(Path, _folders_of_profiles().values())]
    files = sorted({file for each in folders for file in each.glob("*.yml")})
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file}\0".encode())
        digest.update(_bytes(file))
    return digest.hexdigest()


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # dbt will say what it makes of that
        return b""


def _refusal(project: Path, reason: str, kind: str) -> KgimportError:
    words = short(reason.strip(), _LONGEST)
    if kind in _OF_CLICK and _OF_PROFILES in reason:
        return DeclarationError(
            f"dbt finds no profiles.yml for the project {project}: {words}",
            "put one into the project's folder or into ~/.dbt, or set DBT_PROFILES_DIR; or name the "
            "folder of the tables' Parquet with --tables",
        )
    if kind in _OF_CLICK:
        return UsageError(
            f"dbt does not take these arguments: {words}", "`dbt build --help` lists them"
        )
    return DeclarationError(
        f"dbt cannot load the project {project}:\n  {words}",
        "`dbt debug` in that folder shows the same; to read Parquet without dbt's profile, name "
        "its folder with --tables",
    )


def _unset(unset: Mapping[str, Iterable[str]]) -> DeclarationError:
    """Return the error for templates that dbt left as they are: it does so under `password`."""
    names = sorted({name for each in unset.values() for name in each})
    what = f"the environment variable {listed(names)}" if names else "a template"
    return DeclarationError(
        f"{what}, from which dbt's profile takes {listed(unset)}, is not set",
        "set it as for dbt itself",
    )


def _without_adapter(missing: Sequence[tuple[Program, str]]) -> RuntimeMissingError:
    program, reason = missing[0]
    kind = reason.partition(_NO_ADAPTER)[2].strip().split("!", maxsplit=1)[0]
    everywhere = " and in ".join(str(each.python) for each, _ in missing)
    return RuntimeMissingError(
        f"dbt's adapter for {short(kind)} is not installed in {everywhere}",
        f"{program.python} -m pip install dbt-{short(kind)}, or name the folder of the tables' "
        "Parquet with --tables",
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)
