"""A digest of all inputs of dbt and export: if it is the same, so is the graph.

    build/lms/          a build directory
    build/lms.inputs    next to it: the digest of its inputs, and the digest of its own files

Files count by their names, sizes and modification times. What dbt itself writes into a project (the
warehouse, external models) counts as the run left it, so that changes by others are noticed and
dbt's own are not.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import files
from kgimport.builds.intact import changed_tables
from kgimport.errors import KgimportError
from kgimport.records import on_disk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    # The size of each file in bytes, and its modification time in nanoseconds since 1970.
    Facts = Mapping[str, tuple[int, int]]

_NOTE = ".inputs"
_NO_INPUTS = frozenset({".git", ".venv", "__pycache__", ".user.yml", ".DS_Store"})
_PACKAGES = ("kgimport", "dbt-core", "dbt-duckdb", "duckdb", "polars")
_CODE = (".sql", ".yml", ".yaml", ".py")
_TEMPLATES = (*_CODE, ".md")
_ZONES = ("TZ", "PGTZ")  # what a time means in SQL
_READ = rb"\b(?:env_var|environb?|getenvb?)\b"
_READING = re.compile(_READ)
_QUOTE = rb"\\?['\"]{1,2}"  # within YAML, too
# Where a name is written out, and nothing can follow that changes it.
_VARIABLE = re.compile(
    _READ
    + rb"(?:\.get)?\s*[(\[]\s*(?:(?:var|key)\s*=\s*)?"
    + _QUOTE
    + rb"(?P<name>[^'\"\\\s]+)"
    + _QUOTE
    + rb"\s*[,)\]]"
)


@dataclass(frozen=True, slots=True)
class Watched:
    """Which files and folders count as inputs, and which paths below them do not."""

    places: tuple[Path, ...]
    but: frozenset[Path] = frozenset()


def seen(watched: Watched) -> Facts:
    """Return size and modification time of all files that count."""
    facts = {}
    for file in _files(watched):
        try:
            at = file.stat()
        except OSError:  # removed meanwhile, or a dangling link
            continue
        facts[str(file)] = (at.st_size, at.st_mtime_ns)
    return facts


def _files(watched: Watched) -> Iterator[Path]:
    but = {_absolute(each) for each in watched.but}
    for place in watched.places:
        if place.is_dir():
            yield from _below(place, but)
        else:
            yield place


def _below(folder: Path, but: set[Path]) -> Iterator[Path]:
    """Yield all files below a folder, also behind links; visit each folder once."""
    walked: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        here = Path(place)
        if _is_again(here, walked):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if _counts(here / name, but))
        yield from (here / name for name in names if _counts(here / name, but))


def _is_again(folder: Path, walked: set[tuple[int, int]]) -> bool:
    """Return whether a folder was visited before by another name; links may form cycles."""
    at = folder.stat()
    before = len(walked)
    walked.add((at.st_dev, at.st_ino))
    return len(walked) == before


def _counts(path: Path, but: set[Path]) -> bool:
    return path.name not in _NO_INPUTS and _absolute(path) not in but


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  (links stay, `..` goes)


def settled(before: Facts, after: Facts, written: Iterable[Path]) -> Facts:
    """Return the facts to record: files as found before the run, those it wrote as it left them."""
    own = {_absolute(each) for each in written}
    theirs = {file: fact for file, fact in before.items() if not _is_of(file, own)}
    return {**theirs, **{file: fact for file, fact in after.items() if _is_of(file, own)}}


def _is_of(file: str, own: set[Path]) -> bool:
    path = _absolute(Path(file))
    return path in own or not own.isdisjoint(path.parents)


def digest(facts: Facts, *settings: object) -> str:
    """Return a digest of files and settings, and of the versions and variables behind them."""
    parts = (sorted(facts.items()), settings, [_version(each) for each in _PACKAGES])
    return hashlib.sha256(repr((*parts, _environment(facts))).encode()).hexdigest()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _environment(facts: Facts) -> list[tuple[str, str | None]]:
    """Return the variables of kgimport and dbt, and those that the project's files name."""
    ours = {name for name in os.environ if name.startswith(("KGIMPORT_", "DBT_"))}
    texts = (_bytes(file) for file in facts if file.endswith(_TEMPLATES))
    named = {os.fsdecode(name) for text in texts for name in _VARIABLE.findall(text)}
    return [(name, os.environ.get(name)) for name in sorted({*ours, *named, *_ZONES})]


def may_read_any_variable(facts: Facts) -> bool:
    """Return whether a project's file reads a variable whose name is not written out."""
    texts = (_bytes(file) for file in facts if file.endswith(_CODE))
    return any(len(_READING.findall(text)) > len(_VARIABLE.findall(text)) for text in texts)


def _bytes(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError:
        return b""


def note(build: Path, inputs: str) -> None:
    """Record, next to a build directory, the inputs that it was made from."""
    files.write_whole(build.with_name(f"{build.name}{_NOTE}"), _noted(build, inputs))


def made_of(builds: Path, inputs: str) -> Path | None:
    """Return the build directory of exactly these inputs, if it and its tables still match."""
    for each in sorted(builds.glob(f"*{_NOTE}")):
        build = each.with_name(each.name.removesuffix(_NOTE))
        if each.read_text(encoding="utf-8", errors="replace") == _noted(build, inputs):
            return build if _has_its_tables(build) else None
    return None


def _noted(build: Path, inputs: str) -> str:
    facts = sorted(seen(Watched((build,))).items())
    return f"{inputs}\n{hashlib.sha256(repr(facts).encode()).hexdigest()}\n"


def _has_its_tables(build: Path) -> bool:
    try:
        return not list(changed_tables(on_disk.read_export(build)))
    except KgimportError:
        return False
