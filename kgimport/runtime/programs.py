"""A Neo4j that can be run, and the command lines of its programs.

Paths: a *home* is a directory that kgimport makes per use (conf, logs, and links to the data and
to an installed Neo4j's jars). Nothing is written into an installed Neo4j.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kgimport.errors import RuntimeMissingError
from kgimport.runtime import jars as jar_cache
from kgimport.runtime import java as javas
from kgimport.runtime.process import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Kind = Literal["embedded", "installed"]

ADMIN_CLASS = "org.neo4j.cli.AdminTool"
# Neo4j reaches into these; the neo4j.conf that it is delivered with opens them too.
OPENED = tuple(
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in ("java.nio", "java.io", "sun.nio.ch")
)


@dataclass(frozen=True, slots=True)
class Neo4j:
    """One Neo4j Community that can be run."""

    version: str  # e.g. "2026.08.1"
    kind: Kind
    java: javas.Java
    jars: tuple[Path, ...] = ()  # embedded: the class path
    installation: Path | None = None  # installed: its directory, NEO4J_HOME

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, for comparing, e.g. (2026, 8, 1)."""
        return release(self.version)


def embedded(
    version: str = jar_cache.DEFAULT_VERSION,
    *,
    cache: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Neo4j:
    """Return a Neo4j made of Maven Central's jars, fetched into the cache where they are missing.

    `version` may be a line such as "5"; `progress` is told (jars done, jars to download).
    """
    version = jar_cache.resolve_version(version)
    java = javas.find(minimum_java(version))
    jars = jar_cache.fetch(version, cache or jar_cache.cache_dir(), progress)
    return Neo4j(version, "embedded", java, jars=jars)


def installed(neo4j_home: Path) -> Neo4j:
    """Return the Neo4j that is unpacked or installed at `neo4j_home`.

    Raises RuntimeMissingError when the directory is no Neo4j.
    """
    home = neo4j_home.absolute()
    version = _installed_version(home)
    if version is None or not (home / "bin" / "neo4j-admin").is_file():
        raise RuntimeMissingError(
            f"{home} is no installed Neo4j: it lacks bin/neo4j-admin or lib/neo4j-kernel-*.jar",
            "set NEO4J_HOME to the directory that has both, or use the embedded runtime",
        )
    return Neo4j(version, "installed", javas.find(minimum_java(version)), installation=home)


def admin_command(
    neo4j: Neo4j, args: Sequence[str], *, home: Path, heap_mb: int | None = None
) -> Command:
    """Build the command line of neo4j-admin in a configured home.

    `args` begin with the subcommand ("database", "import", "full", …). Without `heap_mb` Java
    takes a quarter of the machine's memory.
    """
    if neo4j.installation:
        heap = {"HEAP_SIZE": f"{heap_mb}m"} if heap_mb else {}
        program = str(neo4j.installation / "bin" / "neo4j-admin")
        return Command((program, *args), {**_environment(neo4j, home), **heap})
    argv = (*_java(neo4j, heap_mb), ADMIN_CLASS, *args)
    return Command(argv, _environment(neo4j, home))


def server_command(neo4j: Neo4j, *, home: Path, heap_mb: int | None = None) -> Command:
    """Build the command line of the server in the foreground, in a configured home.

    An installed Neo4j reads its heap from `server.memory.heap.max_size` in that home instead.
    """
    if neo4j.installation:
        program = str(neo4j.installation / "bin" / "neo4j")
        return Command((program, "console"), _environment(neo4j, home))
    conf = home / "conf"
    options = (f"--home-dir={home}", f"--config-dir={conf}", "--console-mode")
    argv = (*_java(neo4j, heap_mb), _server_class(neo4j.version), *options)
    return Command(argv, _environment(neo4j, home))


def java_flags(major: int) -> tuple[str, ...]:
    """Return what Neo4j needs of a Java release so that it works, and works without warnings."""
    native = ("--enable-native-access=ALL-UNNAMED",)
    unsafe = ("--sun-misc-unsafe-memory-access=allow",) if major >= 23 else ()  # JEP 471  # noqa: PLR2004
    return (*OPENED, *native, *unsafe)


def minimum_java(version: str) -> int:
    """Return the Java release that a Neo4j version was compiled for."""
    return 17 if release(version) < (2025,) else 21


def release(version: str) -> tuple[int, ...]:
    """Return a version as numbers, for comparing."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def describe(neo4j: Neo4j) -> dict[str, str]:
    """Say in words what will be run."""
    place = {"NEO4J_HOME": str(neo4j.installation)} if neo4j.installation else _jar_facts(neo4j)
    return {
        "neo4j": f"{neo4j.version} ({neo4j.kind})",
        "java": f"{neo4j.java.version} ({neo4j.java.program})",
        **place,
    }


def _jar_facts(neo4j: Neo4j) -> dict[str, str]:
    size = sum(jar.stat().st_size for jar in neo4j.jars)
    return {"jars": f"{len(neo4j.jars)} ({size / 1e6:.0f} MB)"}


def _java(neo4j: Neo4j, heap_mb: int | None) -> tuple[str, ...]:
    heap = (f"-Xmx{heap_mb}m",) if heap_mb else ()
    return (str(neo4j.java.program), *java_flags(neo4j.java.major), *heap)


def _environment(neo4j: Neo4j, home: Path) -> Mapping[str, str]:
    # Java encodes file names after the locale, and under POSIX it cannot open "é"; messages that
    # we read are in English. 240 jars in the environment keep the command line readable in `ps`.
    common = {"NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf"), "LC_ALL": "C.UTF-8"}
    if neo4j.installation:
        return {**common, "JAVA_HOME": str(neo4j.java.program.parent.parent)}
    return {**common, "CLASSPATH": os.pathsep.join(map(str, neo4j.jars))}


def _server_class(version: str) -> str:
    """Return the server's main class: it was renamed between 5.26.30 and 2026.08.1."""
    name = "CommunityEntryPoint" if release(version) < (2025,) else "Neo4jCommunity"
    return f"org.neo4j.server.{name}"


def _installed_version(home: Path) -> str | None:
    kernels = sorted(home.glob("lib/neo4j-kernel-[0-9]*.jar"))
    return kernels[-1].stem.removeprefix("neo4j-kernel-") if kernels else None
