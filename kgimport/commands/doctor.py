"""`kgimport doctor`: report what is installed and what is missing."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from kgimport.commands import versions
from kgimport.errors import KgimportError
from kgimport.neo4j.runtime import classes, docker, jar_cache, jvm
from kgimport.neo4j.runtime.programs import minimum_java

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_GIB = 2**30
_LITTLE_DISK, _LITTLE_MEMORY = 5 * _GIB, 2 * _GIB


@dataclass(frozen=True, slots=True)
class Symptom:
    """A thing that kgimport uses: its state, and a remedy if that is not good.

    Without a `needed` thing nothing can be built; the others are for some commands or options.
    """

    subject: str  # its name
    good: bool  # whether it can be used
    state: str  # its version, its place, or what is missing
    remedy: str = ""  # the next step
    needed: bool = False

    @property
    def mark(self) -> str:
        """The word for it in the command's output."""
        if self.good:
            return "ok"
        return "MISSING" if self.needed else "-"

    def as_dict(self) -> dict[str, Any]:
        """Return it as a dict for JSON."""
        return asdict(self)


def examine(place: Path) -> tuple[Symptom, ...]:
    """Return the state of everything that a build of a graph below `place` may need."""
    return (
        _itself(),
        _java(),
        *_neo4j(),
        _package("dbt", "dbt", "kgimport[dbt]"),
        _package("Athena", "pyathena", "kgimport[athena]"),
        _package("sample data", "numpy", "kgimport[sample]"),
        _docker(),
        _aws(),
        _disk(place),
        _memory(),
    )


def _itself() -> Symptom:
    used = ", ".join(f"{name} {number}" for name, number in versions.packages().items())
    state = f"{versions.own()['kgimport']} with Python {platform.python_version()}, {used}"
    return Symptom("kgimport", good=True, state=state)


def _java() -> Symptom:
    try:
        found = jvm.find(21)
    except KgimportError as error:
        return Symptom("Java", good=False, state=error.message, remedy=error.hint, needed=True)
    return Symptom("Java", good=True, state=f"{found.version} ({found.program})", needed=True)


def _neo4j() -> Iterator[Symptom]:
    for version in jar_cache.supported_versions():
        yield _embedded(version)
    home = os.environ.get("NEO4J_HOME")
    yield Symptom("Neo4j installed", good=bool(home), state=home or "NEO4J_HOME is not set")


def _embedded(version: str) -> Symptom:
    root = jar_cache.cache_dir() / "jars"
    paths = [root / jar.path for jar in jar_cache.locked(version)]
    here = sum(path.is_file() for path in paths)
    subject, state = f"Neo4j {version}", f"{here} of {len(paths)} jars in {root}"
    if here < len(paths):
        remedy = "downloaded by the first build, or by `kgimport prepare`"
        return Symptom(subject, good=False, state=state, remedy=remedy)
    folder = _classes(version, paths)
    if folder is None:
        return Symptom(subject, good=True, state=state)
    if classes.size(folder):
        return Symptom(subject, good=True, state=f"{state}, and its classes are cached")
    remedy = f"it starts faster after `kgimport prepare --neo4j {version}`"
    return Symptom(subject, good=True, state=state, remedy=remedy)


def _classes(version: str, paths: Sequence[Path]) -> Path | None:
    try:
        found = jvm.find(minimum_java(version))
    except KgimportError:
        return None
    return classes.place(version, found, paths, jar_cache.cache_dir())


def _package(subject: str, module: str, extra: str) -> Symptom:
    good = find_spec(module) is not None
    remedy = "" if good else f"pip install '{extra}'"
    state = "installed" if good else "not installed"
    return Symptom(subject, good=good, state=state, remedy=remedy)


def _docker() -> Symptom:
    remedy = "only for --runtime docker, image and rollout"
    if shutil.which(docker.PROGRAM) is None:
        return Symptom("Docker", good=False, state="no docker on the path", remedy=remedy)
    version = docker.ask("version", "--format", "{{.Server.Version}}")
    state, remedy = (f"engine {version}", "") if version else ("no engine answers", remedy)
    return Symptom("Docker", good=bool(version), state=state, remedy=remedy)


def _aws() -> Symptom:
    named = [n for n in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN") if n in os.environ]
    state = f"credentials from {named[0]}" if named else "no credentials in the environment"
    return Symptom("AWS", good=bool(named), state=state)


def _disk(place: Path) -> Symptom:
    free = shutil.disk_usage(place).free
    good = free > _LITTLE_DISK
    remedy = (
        "" if good else "a build needs about three times the size of its Parquet, plus the store"
    )
    return Symptom("disk", good=good, state=f"{free / _GIB:.0f} GiB free", remedy=remedy)


def _memory() -> Symptom:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    good = total > _LITTLE_MEMORY
    remedy = "" if good else "Neo4j's importer needs 1 GiB of heap"
    return Symptom("memory", good=good, state=f"{total / _GIB:.0f} GiB", remedy=remedy)
