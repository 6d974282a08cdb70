"""`kgimport prepare`: download Neo4j in advance."""

from __future__ import annotations

from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import Image, RuntimeKind, Version, chosen_neo4j


@command("kgimport prepare --neo4j 2026")
def prepare(
    neo4j: Version = None,
    runtime: RuntimeKind = "embedded",
    image: Image = None,
) -> None:
    """Download Neo4j in advance, and have Java cache its classes, so that it starts faster."""
    from kgimport.commands import prepare
    from kgimport.neo4j.runtime.programs import describe

    program = chosen_neo4j(neo4j, runtime, image)
    with console.progress() as report:
        prepare.prepare(program, progress=report)
    console.facts(describe(program))
