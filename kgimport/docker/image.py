"""A store as a Docker image: the build context, streamed as a tar, and `docker build`'s arguments.

Nothing is copied on disk: the context is written to the builder's standard input.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Mapping  # noqa: TC003  (the reference is made of the annotations)
from dataclasses import dataclass
from importlib import resources
from io import BytesIO
from typing import IO, TYPE_CHECKING

from kgimport.errors import DestinationError
from kgimport.neo4j.runtime import docker
from kgimport.neo4j.runtime.config import READ_ONLY, Limits, defaults, within
from kgimport.process import Command, run
from kgimport.records import STORE_RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.records import ExportRecord, StoreRecord

PLACE = "/kgimport"  # the store's folder in its image
_SCRIPTS = ("start.sh", "healthcheck.sh")
_NOTICE = "NOTICE"  # Neo4j's licence, and its conditions for passing the image on
_OCI = "org.opencontainers.image"
_TITLE = "Neo4j Community with the graph {graph}"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Baked:
    """An image that was built."""

    tag: str  # its name
    id: str  # the digest that Docker gave it
    bytes: int  # its size, the base image included
    base: str  # the image that it was built on
    base_bytes: int  # the size of that image
    labels: Mapping[str, str]  # graph, build id, versions, revision


def labels(store: StoreRecord, export: ExportRecord, revision: str | None) -> dict[str, str]:
    """Return the labels of an image (OCI's image-spec): the same ones for the same store."""
    own = "org.kgimport"
    return {
        f"{_OCI}.title": _TITLE.format(graph=store.graph),
        f"{_OCI}.version": store.build_id,
        **({f"{_OCI}.revision": revision} if revision else {}),
        f"{own}.graph": store.graph,
        f"{own}.build-id": store.build_id,
        f"{own}.nodes": str(export.nodes),
        f"{own}.relationships": str(export.relationships),
        f"{own}.neo4j": store.neo4j,
        f"{own}.version": store.kgimport,
    }


def settings(neo4j: Neo4j) -> dict[str, str]:
    """Return the variables with which the base's entrypoint serves a store as `serve` does."""
    ours = {
        key: value
        for key, value in defaults(neo4j).items()
        if not key.startswith(("server.directories.", "server.default_listen_address"))
    }
    wanted = {
        **ours,
        **READ_ONLY,
        **within(Limits()),
        "server.directories.data": f"{PLACE}/data",
    }
    return {variable(key): value for key, value in wanted.items()}


def variable(setting: str) -> str:
    """Return the environment variable of the official image for a setting of Neo4j."""
    return f"NEO4J_{setting.replace('_', '__').replace('.', '_')}"


def build_command(base: str, tag: str, labels: Mapping[str, str]) -> Command:
    """Return the command that builds an image from the context on its standard input."""
    argv = (
        *(docker.PROGRAM, "build", f"--tag={tag}", f"--build-arg=BASE={base}"),
        *(f"--label={name}={value}" for name, value in labels.items()),
        "-",
    )
    return Command(argv)


def bake(
    store: Path,
    neo4j: Neo4j,
    tag: str,
    labels: Mapping[str, str],
    on_line: Callable[[str], None] = lambda _: None,
) -> Baked:
    """Build the image `tag` of a store, on the image of `neo4j`.

    Raises `DestinationError` with the builder's last messages if it fails.
    """
    assert neo4j.image  # noqa: S101  (the caller made it from an image)
    base = neo4j.image.name
    labels = {**labels, **_of_base(base)}
    entrypoint = json.loads(
        docker.ask("inspect", "--format={{json .Config.Entrypoint}}", base) or ""
    )
    scripts = {
        "entrypoint": "".join(f"{word}\n" for word in entrypoint or ()),
        "settings": "".join(f"{key}={value}\n" for key, value in settings(neo4j).items()),
    }
    done = run(
        build_command(base, tag, labels),
        on_line=on_line,
        feed=lambda pipe: write_context(pipe, store, scripts),
    )
    if done.exit_code:
        lines = [line for line in done.tail if line.strip()]
        raise DestinationError(
            f"docker build failed: {' '.join(lines[-2:])}", "see its output with --verbose"
        )
    identity, size = _inspect(tag)
    return Baked(tag, identity, size, base, _inspect(base)[1], labels)


def _of_base(base: str) -> dict[str, str]:
    """Return labels for the base: its name, and its digest if it came from a registry."""
    digests = docker.ask("image", "inspect", '--format={{join .RepoDigests "\n"}}', base) or ""
    digest = digests.partition("\n")[0].partition("@")[2]
    found = {f"{_OCI}.base.name": base, f"{_OCI}.base.digest": digest}
    return {name: value for name, value in found.items() if value}


def _inspect(name: str) -> tuple[str, int]:
    answer = docker.ask("image", "inspect", "--format={{.Id}} {{.Size}}", name) or "? 0"
    identity, _, size = answer.partition(" ")
    return identity, int(size)


def write_context(pipe: IO[bytes], store: Path, scripts: Mapping[str, str]) -> None:
    """Write the build context: the same bytes for the same store."""
    # Docker expects a plain header in the first 512 bytes.
    with tarfile.open(fileobj=pipe, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        for name in ("Dockerfile", *_SCRIPTS):
            held = resources.files("kgimport") / "docker" / name
            place = name if name == "Dockerfile" else f"scripts/{name}"
            _add(tar, place, held.read_bytes(), executable=name in _SCRIPTS)
        _add(
            tar,
            f"scripts/{_NOTICE}",
            (resources.files("kgimport") / "docker" / _NOTICE).read_bytes(),
        )
        for name, text in scripts.items():
            _add(tar, f"scripts/{name}", text.encode())
        _add(tar, f"store/{STORE_RECORD}", (store / STORE_RECORD).read_bytes())
        for path in _content(store / "data"):
            _add_path(tar, path, f"store/{path.relative_to(store)}")


def _content(data: Path) -> Iterator[Path]:
    """Yield the store's own folders and files, but nothing that a server left next to them."""
    yield data
    for part in ("databases", "transactions"):
        yield data / part
        yield from (data / part / "neo4j", *sorted((data / part / "neo4j").rglob("*")))


def _add(tar: tarfile.TarFile, name: str, content: bytes, *, executable: bool = False) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o755 if executable else 0o644
    tar.addfile(entry, BytesIO(content))


def _add_path(tar: tarfile.TarFile, path: Path, name: str) -> None:
    entry = tarfile.TarInfo(name)
    if path.is_dir():
        entry.type, entry.mode = tarfile.DIRTYPE, 0o775
        tar.addfile(entry)
        return
    with path.open("rb") as file:
        entry.size, entry.mode = _length(file), 0o664
        file.seek(0)
        tar.addfile(entry, file)


def _length(file: IO[bytes]) -> int:
    """Return a file's length; zeros at the end of a transaction log are preallocated space."""
    size = os.fstat(file.fileno()).st_size
    if "neostore.transaction.db." not in file.name:
        return size
    while size:
        start = max(0, size - _BLOCK)
        file.seek(start)
        if written := file.read(size - start).rstrip(b"\0"):
            return start + len(written)
        size = start
    return size
