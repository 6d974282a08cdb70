"""Write the lock file of a Neo4j version: `python -m kgimport.neo4j.runtime.lock 2026.08.1`.

For maintainers. jgo resolves the POMs (a minute or two at first), so that no user has to.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kgimport.neo4j.runtime.jar_cache import Jar

# The importer, check, dump, load, set-initial-password and the Community server, all of one
# version, and the web page that the server shows. `!` prevents the Browser's POM from deciding
# the version of anything else.
ROOTS = (
    "org.neo4j:neo4j:{version}",
    "org.neo4j.app:neo4j-server:{version}",
    "org.neo4j:neo4j-import-tool:{version}",
    "org.neo4j:neo4j-consistency-check:{version}",
    "org.neo4j:neo4j-dbms:{version}",
    "org.neo4j:neo4j-data-collector:{version}",
    "org.neo4j.client:neo4j-browser:5.24.0!",
)
HEADER = """\
# The class path that runs Neo4j Community {version}: importer, server and Neo4j Browser.
# One jar of Maven Central per line: its SHA-256 and group:artifact:version[:classifier].
# Written by `python -m kgimport.neo4j.runtime.lock {version}`; checked whenever Neo4j is run.
"""
# The importer needs these, too, to read Parquet; Neo4j's own jars come first.
PARQUET = "org.apache.hadoop:hadoop-common:3.5.0"
PARQUET_HEADER = """\
# What Neo4j's importer needs on its class path, after its own jars, to read Parquet.
# One jar of Maven Central per line: its SHA-256 and group:artifact:version[:classifier].
# Written by `python -m kgimport.neo4j.runtime.lock parquet`; fetched only when it is used.
"""


def resolve(coordinates: str) -> tuple[Jar, ...]:
    """Return the jars that some coordinates need, sorted, as jgo resolves them."""
    import jgo  # noqa: PLC0415  # optional

    lock = jgo.build(coordinates).lockfile
    assert lock is not None  # noqa: S101  # jgo wrote it just now
    return tuple(sorted(_jar(dependency) for dependency in lock.dependencies))


def format_lock(header: str, jars: tuple[Jar, ...]) -> str:
    """Return the text of a lock file."""
    return header + "".join(f"{jar.sha256}  {jar.coordinates}\n" for jar in jars)


def main(version: str) -> None:
    """Resolve a version, or "parquet", and write its lock next to the others."""
    if version == "parquet":
        name, coordinates, header = "parquet", PARQUET, PARQUET_HEADER
    else:
        name, coordinates = f"neo4j-{version}", "+".join(ROOTS).format(version=version)
        header = HEADER.format(version=version)
    path = Path(__file__).with_name("locks") / f"{name}.lock"
    path.write_text(format_lock(header, resolve(coordinates)), encoding="utf-8", newline="\n")


def _jar(dependency: Any) -> Jar:
    names = ("groupId", "artifactId", "version", "classifier")
    parts = [getattr(dependency, name) for name in names]
    return Jar(":".join(filter(None, parts)), dependency.sha256)


if __name__ == "__main__":
    main(*sys.argv[1:])
