"""Part "bolt": loading over Bolt into a running server, as a rate, on a fiftieth of the rows."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from tests.benchmarks import ours
from tests.benchmarks.contest import Contestant, Facts, Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.data import People
    from tests.benchmarks.measure import Cost
    from tests.benchmarks.setting import Setting

PART = "bolt"
SHARE = 0.02  # it takes ten minutes per million rows
NAME = "UNWIND … CREATE over Bolt"


def contestants(setting: Setting) -> Iterator[Contestant]:
    """One for each Neo4j."""
    people = setting.people(SHARE)
    for version in setting.versions:
        steps = partial(loading, people, version)
        yield Contestant(PART, NAME, people.nodes, people.relationships, steps, neo4j=version)


def loading(people: People, version: str, out: Path) -> list[Step]:
    """The server's start and end are in the program's cost, but not in its seconds."""
    program = ours.python("tests.benchmarks.peers.bolt_load", people.folder, out, version)
    return [Step("load", program, loaded)]


def loaded(cost: Cost) -> Facts:
    """What the server counted afterwards, and the seconds of both tables."""
    told = json.loads(cost.output)
    return {**told["stored"], "seconds": told["seconds"]}
