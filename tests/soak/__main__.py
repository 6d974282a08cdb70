"""`python -m tests.soak kills 200` and `python -m tests.soak builds 100`: see the package."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import typer

from kgimport.neo4j.runtime.programs import embedded, with_fast_start
from tests.conftest import VERSIONS
from tests.soak import builds as nights
from tests.soak import containers
from tests.soak import kills as soak
from tests.towns import made, with_dbt

app = typer.Typer(add_completion=False)


@app.command()
def kills(count: int, seed: int = 0, docker: bool = False) -> None:
    """Kill commands at random moments; with --docker, `image` and `rollout` among them."""
    seed = seed or time.time_ns() % 1_000_000
    typer.echo(f"seed {seed}", err=True)
    with tempfile.TemporaryDirectory(prefix="soak-") as place, ExitStack() as stack:
        towns = with_dbt(made(Path(place)))
        found = soak.Soak(towns, random.Random(seed))
        order = (soak.EXPORT, soak.BUILD_DB, soak.RUN)
        victims = [*(soak.measured(towns, each) for each in order), soak.SERVE]
        if docker:
            victims += stack.enter_context(containers.victims(towns))
        for _ in range(count):
            killed = found.kill(found.chance.choice(victims))
            mark = " ".join(killed.wrong) or "well"
            what = f"{killed.victim} {killed.number.name} after {killed.after_s:.1f} s"
            typer.echo(f"{len(found.kills)} {what}, exit code {killed.exit_code}: {mark}", err=True)
        wrong = [each for victim in (soak.SERVE, soak.RUN) for each in found.again(victim)]
        wrong += [f"left in the end: {each}" for each in soak.leftovers(towns)]
    typer.echo("\n".join([soak.table(found.kills), *wrong]))
    sys.exit(bool(wrong) or any(each.wrong for each in found.kills))


@app.command()
def builds(count: int) -> None:
    """Build again and again, with a server on."""
    with tempfile.TemporaryDirectory(prefix="soak-") as place:
        towns = made(Path(place))
        os.environ["TMPDIR"] = tempfile.tempdir = str(towns.temporary)
        samples = []
        for sample in nights.builds(towns, with_fast_start(embedded(VERSIONS[0])), count):
            samples.append(sample)
            typer.echo(f"{len(samples)} {sample}", err=True)
        tempfile.tempdir = None
    grown = nights.grown(samples)
    typer.echo(f"after {count} builds: {samples[-1]}; grown: {grown or 'nothing'}")
    sys.exit(bool(grown))


app()
