"""A Neo4j that can be run, and the command lines of its programs.

A *home* is a directory that kgimport creates for each use (conf, logs, and a link to the data), so
nothing is written into an installed Neo4j. kgimport runs the jars of an installed Neo4j, not its
bin/neo4j-admin and bin/neo4j: these mistake a non-ASCII home for another one, and 5.26 then starts
a server on the default ports; they also start a second process, which outlives a kill of the first.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from kgimport.errors import RuntimeMissingError, UsageError
from kgimport.neo4j.runtime import classes, docker, jar_cache, jvm
from kgimport.process import Command
from kgimport.progress import silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kgimport.progress import Progress

Kind = Literal["embedded", "installed", "docker"]

ADMIN_CLASS = "org.neo4j.cli.AdminTool"


@dataclass(frozen=True, slots=True)
class Neo4j:
    """One Neo4j Community that can be run."""

    version: str  # e.g. "2026.08.1"
    kind: Kind
    java: jvm.Java | None = None  # docker: the image's own
    jars: tuple[Path, ...] = ()  # the class path
    installation: Path | None = None  # installed: its NEO4J_HOME
    image: docker.Image | None = None  # docker: the image of its containers
    java_options: tuple[str, ...] = ()  # further options; not for images
    classes: Path | None = None  # where Java keeps its classes, if anywhere
    records_classes: bool = False  # whether its programs write there, instead of reading

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
    """Return a Neo4j made of Maven Central's jars, fetched into the cache if they are missing.

    `version` may be a line such as "5"; `progress` gets (jars done, jars to download).
    """
    version = jar_cache.resolve_version(version)
    java = jvm.find(minimum_java(version))
    cache = cache or jar_cache.cache_dir()
    jars = jar_cache.fetch(version, cache, progress)
    kept = classes.place(version, java, jars, cache)
    return Neo4j(version, "embedded", java, jars=jars, classes=kept)


def reading_parquet(
    neo4j: Neo4j,
    *,
    cache: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Neo4j:
    """Return the same Neo4j with the jars with which its importer reads Parquet, after its own.

    Raises UsageError for an image, whose class path cannot be extended.
    """
    if neo4j.image:
        raise UsageError(
            f"the importer of {neo4j.image.name} is not known to read Parquet",
            "export with --format csv, or import with --runtime embedded",
        )
    jars = jar_cache.fetch_parquet(cache or jar_cache.cache_dir(), progress)
    return replace(neo4j, jars=(*neo4j.jars, *jars))


def with_parquet(neo4j: Neo4j, progress: Progress = silent) -> Neo4j:
    """Return the same Neo4j whose importer reads Parquet; what that takes may have to be fetched.

    Raises UsageError for an image, whose class path is its own.
    """
    return reading_parquet(
        neo4j, progress=lambda done, of: progress("download what reads Parquet", done / of)
    )


def with_fast_start(neo4j: Neo4j) -> Neo4j:
    """Return the same Neo4j without Java's second compiler.

    A start takes a third less processor time, but long work takes more: use it for small work.
    """
    return replace(neo4j, java_options=("-XX:TieredStopAtLevel=1",))


def with_bulk_collector(neo4j: Neo4j) -> Neo4j:
    """Return the same Neo4j with Java's collector for throughput, unless the user chose one.

    The importer makes much garbage, and nobody waits for its answers: it was measured to take about
    five per cent less time than with Java's default (docs/performance.md).
    """
    named = (os.environ.get(name, "") for name in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"))
    if any("GC" in options for options in named):
        return neo4j  # Java refuses to start with two collectors
    return replace(neo4j, java_options=(*neo4j.java_options, "-XX:+UseParallelGC"))


def installed(neo4j_home: Path) -> Neo4j:
    """Return the Neo4j that is unpacked or installed at `neo4j_home`.

    Raises RuntimeMissingError if the directory is not a Neo4j.
    """
    home = neo4j_home.absolute()
    jars = tuple(sorted(home.glob("lib/*.jar")))
    kernels = [jar.stem for jar in jars if re.match(r"neo4j-kernel-\d", jar.stem)]
    if not kernels:
        raise RuntimeMissingError(
            f"{home} is not an installed Neo4j: it has no lib/neo4j-kernel-<version>.jar",
            "set NEO4J_HOME to the directory that has it, or use the embedded runtime",
        )
    version = kernels[-1].removeprefix("neo4j-kernel-")
    java = jvm.find(minimum_java(version))
    kept = classes.place(version, java, jars, jar_cache.cache_dir())
    return Neo4j(version, "installed", java, jars, installation=home, classes=kept)


def of_image(
    name: str | None, version: str | None, progress: Callable[[str], None] = lambda _: None
) -> Neo4j:
    """Return the Neo4j of an image, by default the official one of `version`, pulled if missing.

    Raises RuntimeMissingError if there is no engine or no such image, UsageError if the image holds
    another version than `version`.
    """
    wanted = jar_cache.LINES.get(version, version) if version else None
    image = docker.find(name or docker.official(wanted or jar_cache.DEFAULT_VERSION), progress)
    found = docker.version(image)
    if wanted and found != wanted:
        raise UsageError(
            f"the image {image.name} holds Neo4j {found}, not {wanted}",
            "name another image, or another version with --neo4j",
        )
    return Neo4j(found, "docker", image=image)


def admin_command(
    neo4j: Neo4j,
    args: Sequence[str],
    *,
    home: Path,
    heap_mb: int | None = None,
    cwd: Path | None = None,
) -> Command:
    """Build the command line of neo4j-admin in a configured home.

    `args` begin with the subcommand ("database", "import", "full", …), and their paths are
    relative to `cwd`. Without `heap_mb` Java takes a quarter of the machine's memory.
    """
    if neo4j.image:
        return docker.admin(neo4j.image, args, home=home, heap_mb=heap_mb, cwd=cwd)
    argv = (*_java(neo4j, "admin", heap_mb), ADMIN_CLASS, *args)
    return Command(argv, _environment(neo4j, home))


def server_command(
    neo4j: Neo4j, *, home: Path, heap_mb: int | None = None, ports: Sequence[int] = ()
) -> Command:
    """Build the command line of the server in the foreground, in a configured home.

    `ports` are the ports in its configuration, for a container to publish.
    """
    home = home.absolute()
    if neo4j.image:
        return docker.server(neo4j.image, home=home, ports=ports)
    options = (f"--home-dir={home}", f"--config-dir={home / 'conf'}", "--console-mode")
    argv = (*_java(neo4j, "server", heap_mb), _server_class(neo4j.version), *options)
    return Command(argv, _environment(neo4j, home))


def java_flags(major: int) -> tuple[str, ...]:
    """Return the flags with which Neo4j works on a Java release, without warnings."""
    unsafe = ("--sun-misc-unsafe-memory-access=allow",) if major >= 23 else ()  # JEP 471  # noqa: PLR2004
    return (*jvm.NEEDED, *unsafe)


def minimum_java(version: str) -> int:
    """Return the Java release that a Neo4j version was compiled for."""
    return 17 if release(version) < (2025,) else 21


def release(version: str) -> tuple[int, ...]:
    """Return a version as numbers, for comparing."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


@contextmanager
def explaining_missing_files(neo4j: Neo4j) -> Iterator[None]:
    """Raise RuntimeMissingError if the block fails because Java or jars have disappeared.

    Without them, Java itself reports some other error, about a class or about its input.
    """
    try:
        yield
    except Exception as error:
        needed = (*neo4j.jars, *((neo4j.java.program,) if neo4j.java else ()))
        if gone := [path for path in needed if not path.is_file()]:
            raise RuntimeMissingError(
                f"{len(gone)} of the {len(needed)} files of Neo4j and Java are gone: {gone[0]}, …",
                "they were there at the start: make sure that nothing moves or cleans the cache "
                "meanwhile, and run again",
            ) from error
        raise


def describe(neo4j: Neo4j) -> dict[str, str]:
    """Return what will be run, in words, by topic."""
    if neo4j.java is None:
        return {"neo4j": f"{neo4j.version} ({neo4j.image.name if neo4j.image else neo4j.kind})"}
    size = sum(jar.stat().st_size for jar in neo4j.jars)
    return {
        "neo4j": f"{neo4j.version} ({neo4j.installation or neo4j.kind})",
        "java": f"{neo4j.java.version} ({neo4j.java.program})",
        "jars": f"{len(neo4j.jars)} ({size / 1e6:.0f} MB)",
        "classes": _kept(neo4j.classes),
    }


def _kept(folder: Path | None) -> str:
    if folder is None:
        return "not kept: this needs Java 25"
    size = classes.size(folder)
    return f"kept, {size / 1e6:.0f} MB" if size else "not kept: see `kgimport prepare`"


def _java(neo4j: Neo4j, program: classes.Program, heap_mb: int | None) -> tuple[str, ...]:
    assert neo4j.java is not None  # noqa: S101  # only images have their own
    heap = (f"-Xmx{heap_mb}m",) if heap_mb else ()
    kept = classes.flags(neo4j.classes, program, record=neo4j.records_classes)
    flags = (*java_flags(neo4j.java.major), *neo4j.java_options, *kept)
    return (str(neo4j.java.program), *flags, *heap)


def _environment(neo4j: Neo4j, home: Path) -> Mapping[str, str]:
    return {
        "NEO4J_HOME": str(home.absolute()),
        "NEO4J_CONF": str(home.absolute() / "conf"),
        # With 240 jars in the environment, the command line stays readable in `ps`.
        "CLASSPATH": os.pathsep.join(map(str, neo4j.jars)),
        # Java encodes file names by the locale, and under POSIX cannot open one with an "é".
        "LC_ALL": "C.UTF-8",
    }


def _server_class(version: str) -> str:
    """Return the server's main class: it was renamed between 5.26.30 and 2026.08.1."""
    name = "CommunityEntryPoint" if release(version) < (2025,) else "Neo4jCommunity"
    return f"org.neo4j.server.{name}"
