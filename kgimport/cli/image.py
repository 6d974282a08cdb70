"""`kgimport image`: put a store into a Docker image."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import kgimport
from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import (
    OUTPUT,
    AsJson,
    Heap,
    Image,
    RuntimeKind,
    Stores,
    Version,
    chosen_neo4j,
)
from kgimport.progress import unread

if TYPE_CHECKING:
    from kgimport.docker.image import Baked
    from kgimport.neo4j.runtime.programs import Neo4j


@command("kgimport image stores/lms --tag lms:today")
def image(
    source: Annotated[
        Path, typer.Argument(metavar="STORE|BUILD_DIR", help="A store, or what makes one.")
    ],
    tag: Annotated[str, typer.Option(help="The image's name.", rich_help_panel=OUTPUT)],
    base: Image = None,
    revision: Annotated[
        str | None,
        typer.Option(
            envvar="KGIMPORT_REVISION",
            help="The revision of the sources; becomes a label.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    stores: Stores = Path("stores"),
    neo4j: Version = None,
    runtime: RuntimeKind = "embedded",
    heap_mb: Heap = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the builder's output.", rich_help_panel=OUTPUT)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bake a store into a Docker image that serves it read-only as soon as it runs.

    A build directory is built first, with --runtime, below --stores. The base image is --image.
    """
    from kgimport.commands import image
    from kgimport.neo4j.stores import find

    def found(version: str) -> Neo4j:
        return chosen_neo4j(version, "docker", base)

    place = source
    if image.is_build(source):
        place = _built(source, stores, chosen_neo4j(neo4j, runtime, base), heap_mb)
    with console.progress() as report:
        on_line = console.note if verbose else unread
        place = find(place)
        baked, seconds = image.image(
            place, found, tag, revision=revision, progress=report, on_line=on_line
        )
    if as_json:
        typer.echo(json.dumps(asdict(baked), indent=2))
    else:
        _print(baked, seconds)


def _built(build: Path, stores: Path, neo4j: Neo4j, heap_mb: int | None) -> Path:
    options = kgimport.BuildOptions(if_changed=True, heap_mb=heap_mb)
    with console.progress() as report:
        built = kgimport.build_db(build, stores, neo4j=neo4j, options=options, progress=report)
    return built.path


def _print(baked: Baked, seconds: float) -> None:
    own = baked.bytes - baked.base_bytes
    console.facts(
        {
            "image": baked.tag,
            "id": baked.id,
            "size": f"{baked.bytes / 1e6:,.0f} MB: {own / 1e6:,.1f} on {baked.base}",
            **{name.rpartition("image.")[2]: label for name, label in baked.labels.items()},
        }
    )
    console.note(f"built in {seconds:.1f} s")
    console.note(f"try it:  docker run --rm -p 127.0.0.1:7687:7687 -e NEO4J_AUTH=none {baked.tag}")
