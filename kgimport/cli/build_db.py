"""`kgimport build-db`: turn a build directory into a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import kgimport
from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import (
    AsJson,
    Heap,
    IfChanged,
    Image,
    Keep,
    RuntimeKind,
    Stores,
    Version,
    chosen_neo4j,
)


@command("kgimport build-db build/lms", name="build-db")
def build_db(
    build: Annotated[
        str,
        typer.Argument(metavar="BUILD_DIR", help="What `kgimport export` wrote, here or s3://…."),
    ],
    stores: Stores = Path("stores"),
    neo4j: Version = None,
    runtime: RuntimeKind = "embedded",
    image: Image = None,
    heap_mb: Heap = None,
    keep: Keep = 2,
    if_changed: IfChanged = False,
    as_json: AsJson = False,
) -> None:
    """Import a build directory into a fresh store, index it, verify it and publish it."""
    program = chosen_neo4j(neo4j, runtime, image)
    options = kgimport.BuildOptions(keep=keep, if_changed=if_changed, heap_mb=heap_mb)
    with console.progress() as report:
        built = kgimport.build_db(build, stores, neo4j=program, options=options, progress=report)
    console.build_summary(built, stores, built.record.seconds, as_json=as_json)
