"""Trino's server: fetched once from Maven Central, checked, and unpacked in part."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.errors import RuntimeMissingError
from kgimport.neo4j.runtime import jar_cache

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "476"  # later ones are not on Maven Central as one archive
SHA256 = "cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f"
# One catalog is served, of Hive tables.
_PLUGINS = ("hive",)


def provide(cache: Path) -> Path:
    """Return the unpacked server below the cache, downloading 820 MB where it is missing.

    Raises RuntimeMissingError when it cannot be downloaded, or is not what it should be.
    """
    home = cache.absolute() / "trino" / f"trino-server-{VERSION}"
    if not home.is_dir():
        _bring(home)
    return home


def _bring(home: Path) -> None:
    with jar_cache._incoming(home.parent) as directory:
        archive = _checked(_download(directory))
        _unpack(archive, directory)
        (directory / home.name).replace(home)


def _download(directory: Path) -> Path:
    component = jar_cache._maven(directory).project("io.trino", "trino-server").at_version(VERSION)
    try:
        return Path(component.artifact("", "tar.gz").resolve())
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
        raise RuntimeMissingError(
            f"Trino {VERSION} cannot be downloaded: {error}",
            "check the network, or copy .cache/trino from another machine",
        ) from error


def _checked(archive: Path) -> Path:
    with archive.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if actual != SHA256:
        raise RuntimeMissingError(
            f"Trino {VERSION} differs from its lock: expected SHA-256 {SHA256}, got {actual}",
            "run again; if it differs again, the download is not to be trusted",
        )
    return archive


def _unpack(archive: Path, directory: Path) -> None:
    with tarfile.open(archive) as every:
        origins = {e.linkname for e in every if e.islnk() and _is_used(e.name)}
    # Jars that plugins share are hard links to the first of them, which may lie in another plugin.
    with tarfile.open(archive, "r|gz") as stream:
        stream.extractall(directory, _chosen(stream, origins), filter="data")
    for plugin in (directory / f"trino-server-{VERSION}" / "plugin").iterdir():
        if plugin.name not in _PLUGINS:
            shutil.rmtree(plugin)


def _chosen(stream: tarfile.TarFile, origins: set[str]) -> Iterator[tarfile.TarInfo]:
    return (entry for entry in stream if _is_used(entry.name) or entry.name in origins)


def _is_used(name: str) -> bool:
    _, _, below = name.partition("/")
    folder, _, rest = below.partition("/")
    return folder != "plugin" or rest.partition("/")[0] in _PLUGINS
