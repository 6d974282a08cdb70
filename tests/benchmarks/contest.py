"""Contestants run in turn, so that a noisy minute hits all alike; medians of what they took."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks import measure
from tests.benchmarks.measure import Cost, Program

# What a step left behind, looked at after the clock stopped. `nodes` and `relationships` are
# compared with what the contestant was to handle; everything else is kept in the results.
Facts = dict[str, Any]
Inspect = Callable[[Cost], Facts]
Tell = Callable[[str], None]


def nothing(_: Cost) -> Facts:
    """No facts."""
    return {}


@dataclass(frozen=True, slots=True)
class Step:
    """One program of a contestant's way, and how to look at what it made."""

    name: str
    program: Program
    inspect: Inspect = nothing


Steps = Callable[[Path], Iterable[Step]]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to do a part's work; `steps` makes its programs for a fresh, empty folder.

    A contestant with a reason in `off` is listed with it instead of being run.
    """

    part: str
    name: str
    nodes: int
    relationships: int
    steps: Steps
    neo4j: str = ""
    off: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What it is known by in the results."""
        return "/".join(filter(None, (self.part, self.neo4j, self.name)))


class WrongRowsError(Exception):
    """A contestant was quick because it did not do the work."""


def compare(contestants: Sequence[Contestant], runs: int, work: Path, tell: Tell) -> list[Facts]:
    """Runs each contestant `runs` times, all in turn; gives an entry for each.

    An entry has the runs, and their median number by number. `work` is emptied after each run.
    """
    running = [one for one in contestants if not one.off]
    made: dict[str, list[Facts]] = {one.key: [] for one in running}
    for number in range(runs):
        # Who goes first changes, because the first finds the caches colder.
        turn = number % max(1, len(running))
        for one in running[turn:] + running[:turn]:
            made[one.key].append(once(one, work))
            took = made[one.key][-1]
            tell(f"{one.key}: {took['wall_s']:.1f} s, run {number + 1} of {runs}")
    return [_entry(one, made.get(one.key, [])) for one in contestants]


def once(one: Contestant, work: Path) -> Facts:
    """One run of a contestant in a folder of its own, which is removed; raises WrongRowsError."""
    folder = work / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    costs: dict[str, Cost] = {}
    facts: Facts = {}
    try:
        for step in one.steps(folder):
            costs[step.name] = measure.run(step.program, work / f"{step.name}.log")
            _merge(facts, step.inspect(costs[step.name]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _must_be_all(one, facts)
    return {**_whole(costs.values()), "steps": {k: _numbers(v) for k, v in costs.items()}, **facts}


def _merge(facts: Facts, more: Facts) -> None:
    seconds = {**facts.get("seconds", {}), **more.get("seconds", {})}
    facts.update(more)
    if seconds:
        facts["seconds"] = seconds


def _must_be_all(one: Contestant, facts: Facts) -> None:
    for what, wanted in (("nodes", one.nodes), ("relationships", one.relationships)):
        if (found := facts.pop(what, None)) != wanted:
            raise WrongRowsError(f"{one.key}: {found} {what} instead of {wanted:,}")


def _whole(costs: Iterable[Cost]) -> Facts:
    """Steps follow each other: times add up, peaks do not."""
    each = [_numbers(cost) for cost in costs]
    total = {unit: round(sum(cost[unit] for cost in each), 3) for unit in ("wall_s", "cpu_s")}
    peaks = {unit: max(cost[unit] for cost in each) for unit in ("peak_mb", "own_peak_mb")}
    return {**total, **peaks}


def _numbers(cost: Cost) -> dict[str, float]:
    units = ("wall_s", "cpu_s", "peak_mb", "own_peak_mb")
    return {unit: getattr(cost, unit) for unit in units}


def _entry(one: Contestant, runs: list[Facts]) -> Facts:
    about = {
        "part": one.part,
        "name": one.name,
        "neo4j": one.neo4j,
        "nodes": one.nodes,
        "relationships": one.relationships,
        **one.facts,
    }
    if one.off:
        return {**about, "off": one.off}
    return {**about, "median": medians(runs), "runs": runs}


def medians(runs: Sequence[Mapping[str, Any]]) -> Facts:
    """The median of each number in dictionaries of one shape, however deep."""
    return {
        name: medians([run[name] for run in runs])
        if isinstance(value, Mapping)
        else round(statistics.median(run[name] for run in runs), 3)
        for name, value in runs[0].items()
    }
