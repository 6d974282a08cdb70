"""`kgimport prepare`: Neo4j, fetched ahead."""

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
    """Fetch all of Neo4j ahead, and have Java keep its classes: every start is quicker then."""
    from kgimport.commands import prepare
    from kgimport.neo4j.runtime.programs import describe

    program = chosen_neo4j(neo4j, runtime, image)
    with console.progress() as tell:
        prepare.prepare(program, progress=tell)
    console.facts(describe(program))
