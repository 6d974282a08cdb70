"""Neo4j's jars: fetched once from Maven Central, and checked against a lock on each use.

A lock file names each jar of a class path: `sha256  group:artifact:version[:classifier]`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from kgimport.errors import RuntimeMissingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

DEFAULT_VERSION = "2026.08.1"
LINES = {"2026": "2026.08.1", "5": "5.26.30"}  # what a user may write instead of the version

_THREADS = 8
_ATTEMPTS = 3
_TIMEOUT_S = 60
_STALE_S = 24 * 60 * 60
_INCOMING = ".incoming-"


@dataclass(frozen=True, slots=True, order=True)
class Jar:
    """One line of a lock file."""

    coordinates: str  # group:artifact:version[:classifier]
    sha256: str

    @property
    def path(self) -> Path:
        """Its path in the cache, as in any Maven repository."""
        group, artifact, version, *classifier = self.coordinates.split(":")
        name = "-".join((artifact, version, *classifier)) + ".jar"
        return Path(*group.split("."), artifact, version, name)


def supported_versions() -> tuple[str, ...]:
    """Return the Neo4j versions that have a committed lock, the default first."""
    return tuple(dict.fromkeys((DEFAULT_VERSION, *LINES.values())))


def resolve_version(name: str) -> str:
    """Return the locked version for a name: a version, or a line such as "5".

    Raises UsageError with the known ones.
    """
    version = LINES.get(name, name)
    if version not in supported_versions():
        known = ", ".join((*supported_versions(), *LINES))
        raise UsageError(f"there is no lock for Neo4j {name}", f"choose one of {known}")
    return version


def locked(version: str) -> tuple[Jar, ...]:
    """Return the jars of the committed lock of one version."""
    return _read_lock(f"neo4j-{version}")


def _read_lock(name: str) -> tuple[Jar, ...]:
    lock = resources.files("kgimport.neo4j.runtime") / "locks" / f"{name}.lock"
    return parse_lock(lock.read_text(encoding="utf-8"))


def parse_lock(text: str) -> tuple[Jar, ...]:
    """Read a lock file's text; `#` begins a comment line."""
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(Jar(coordinates, sha256) for sha256, coordinates in rows)


def cache_dir() -> Path:
    """Return where jars are kept: KGIMPORT_CACHE, or the user's cache directory."""
    chosen = os.environ.get("KGIMPORT_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("kgimport")


def fetch(
    version: str, cache: Path, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> tuple[Path, ...]:
    """Return the class path of a version, downloading what is missing (about 190 MB at first).

    `progress` gets (jars done, jars to download). Runs may share a cache.

    Raises RuntimeMissingError if a jar cannot be downloaded, or differs from the lock.
    """
    return provide(locked(version), cache.absolute() / "jars", progress)


def fetch_parquet(
    cache: Path, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> tuple[Path, ...]:
    """Return the jars for reading Parquet, in the same way as `fetch` (about 50 MB at first)."""
    return provide(_read_lock("parquet"), cache.absolute() / "jars", progress)


def provide(
    jars: Sequence[Jar], root: Path, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> tuple[Path, ...]:
    """Return the paths of any jars in any directory, downloading those that are missing."""
    missing = [jar for jar in jars if not (root / jar.path).is_file()]
    if missing:
        _download(missing, root, progress)
    # Hashing them all takes 0.1 s, so no marker file needs to be trusted.
    with ThreadPoolExecutor(_THREADS) as pool:
        return tuple(pool.map(lambda jar: _checked(jar, root / jar.path), jars))


def _checked(jar: Jar, path: Path) -> Path:
    with path.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if actual != jar.sha256:
        raise RuntimeMissingError(
            f"{jar.coordinates} differs from its lock: expected SHA-256 {jar.sha256}, got {actual}",
            f"delete {path} and run again; if it differs again, do not trust the download",
        )
    return path


def _download(jars: Sequence[Jar], root: Path, progress: Callable[[int, int], None]) -> None:
    with _incoming(root) as directory, _pool() as pool:
        context = _maven(directory)
        waiting = [pool.submit(_bring, jar, context, root) for jar in jars]
        for done, finished in enumerate(as_completed(waiting), start=1):
            finished.result()
            progress(done, len(jars))


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="jar")
    try:
        yield pool
    finally:  # cancel what has not begun: something failed, or everything is done
        pool.shutdown(cancel_futures=True)


@contextmanager
def _incoming(root: Path) -> Iterator[Path]:
    """Provide a directory next to the jars, from which a rename moves a whole jar into place."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix=_INCOMING, dir=root))
    except OSError as error:
        raise RuntimeMissingError(
            f"the cache {root} cannot be written: {error.strerror}",
            "set KGIMPORT_CACHE to a directory that can",
        ) from error
    _sweep(root)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Remove what killed runs left behind, but not what may still be in progress."""
    for left in root.glob(f"{_INCOMING}*"):
        if left.stat().st_mtime < time.time() - _STALE_S:
            shutil.rmtree(left, ignore_errors=True)


def _maven(directory: Path) -> Any:
    try:
        from jgo.config import GlobalSettings  # noqa: PLC0415  # optional
        from jgo.maven import MavenContext  # noqa: PLC0415
    except ImportError as error:
        raise RuntimeMissingError(
            "Neo4j's jars are not in the cache, and the package that fetches them is missing",
            "pip install 'kgimport[embedded]'",
        ) from error
    context = MavenContext(repo_cache=directory, local_repos=[], timeout=_TIMEOUT_S)
    # A mirror from the user's jgo settings comes first: Maven Central may be out of reach.
    context.remote_repos = {**GlobalSettings.load().repositories, **context.remote_repos}
    return context


def _bring(jar: Jar, context: Any, root: Path) -> None:
    group, artifact, version, *classifier = jar.coordinates.split(":")
    component = context.project(group, artifact).at_version(version)
    path = _checked(jar, _resolve(jar, component.artifact("".join(classifier))))
    (root / jar.path).parent.mkdir(parents=True, exist_ok=True)
    # Not `files.replacing`: jgo chooses where it downloads to, which is on the same disk.
    path.replace(root / jar.path)


def _resolve(jar: Jar, artifact: Any) -> Path:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return Path(artifact.resolve())
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            Path(artifact.cached_path).unlink(missing_ok=True)
            if attempt == _ATTEMPTS:
                raise RuntimeMissingError(
                    f"{jar.coordinates} cannot be downloaded: {error}",
                    "check the network, or name a mirror in jgo's settings, or copy a filled cache "
                    "from another machine and set KGIMPORT_CACHE to it",
                ) from error
            time.sleep(attempt)
    raise AssertionError
