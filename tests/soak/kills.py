"""Commands are killed at random moments; what they leave is looked at, and they are run again."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING

from tests.towns import TOWNS, content, made, nothing_runs

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.towns import Towns

# SIGKILL twice: nobody can tidy up after it, so it leaves the most.
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGKILL)
TEMPORARY, STORES, BUILDS = "TMPDIR", "the stores", "the builds"
AGAIN = 1 / 3  # how often a command is run again to its end
ENDS_WITHIN_S = 180
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Victim:
    """A command that is killed, and how many seconds it lasts when nobody does.

    `needs` is run before, in peace; `then` afterwards, after some kills: the same command, where
    nothing else is named. That leaves nothing in the folders `sweeps`, and `result` finds what is
    wrong with what it made.
    """

    name: str
    arguments: tuple[str, ...]
    needs: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    sweeps: tuple[str, ...] = (TEMPORARY,)
    result: Callable[[Towns, int], Iterator[str]] = lambda _, __: iter(())
    lasts_s: float = 10


@dataclass(frozen=True, slots=True)
class Killed:
    """One kill: what was wrong after it, nothing where all is well."""

    victim: str
    number: signal.Signals
    after_s: float
    exit_code: int
    wrong: tuple[str, ...]


@dataclass(slots=True)
class Soak:
    """Kills of one place, one after the other, each over rows that are other ones."""

    towns: Towns
    chance: random.Random
    rows: int = TOWNS
    kills: list[Killed] = field(default_factory=list)

    def kill(self, victim: Victim) -> Killed:
        """Starts a command, kills it somewhere, and looks at what it leaves."""
        self.rows += 1
        made(self.towns.place, self.rows)
        if victim.needs:
            assert not list(self._run(victim.needs))
        before = _published(self.towns) if victim is not SERVE else {}
        left = set(leftovers(self.towns))
        number = self.chance.choice(SIGNALS)
        after_s = self.chance.uniform(0, victim.lasts_s)
        exit_code, said = self._killed(victim, number, after_s)
        wrong = [*self._after(number, exit_code, said, left), *_changed(self.towns, before)]
        if self.chance.random() < AGAIN:
            wrong += self.again(victim)
        self.kills.append(Killed(victim.name, number, after_s, exit_code, tuple(wrong)))
        return self.kills[-1]

    def _killed(self, victim: Victim, number: signal.Signals, after_s: float) -> tuple[int, str]:
        with self.towns.start(*victim.arguments) as process:
            with suppress(TimeoutExpired):
                process.wait(after_s)
            process.send_signal(number)
            said = _to_its_end(process)
        return process.returncode, said

    def _after(
        self, number: signal.Signals, exit_code: int, said: str, left: set[tuple[str, str]]
    ) -> Iterator[str]:
        if not nothing_runs(self.towns):
            yield f"still running: {self.towns.survivors()}"
        if number == signal.SIGKILL:
            return
        # Python ends by the signal itself where that comes before kgimport's first line.
        if exit_code not in {0, INTERRUPTED, -number} or "Traceback" in said or "defect" in said:
            yield f"exit code {exit_code}: {said[-500:]}"
        yield from (f"left in {place}: {name}" for place, name in {*leftovers(self.towns)} - left)

    def again(self, victim: Victim) -> Iterator[str]:
        """Runs a command to its end: then all is as if it had not been killed."""
        yield from self._run(victim.then or victim.arguments)
        for place, name in leftovers(self.towns):
            if place in victim.sweeps:
                yield f"run again, it left in {place}: {name}"
        yield from victim.result(self.towns, self.rows)

    def _run(self, arguments: tuple[str, ...]) -> Iterator[str]:
        with self.towns.start(*arguments) as process:
            said = _to_its_end(process)
        if process.returncode:
            yield f"{arguments[0]} ended with {process.returncode}: {said[-500:]}"


def _published(towns: Towns) -> dict[Path, dict[str, tuple[int, int]]]:
    return {at.parent: content(at.parent) for at in towns.stores.glob("[!.c]*/store.json")}


def _changed(towns: Towns, before: dict[Path, dict[str, tuple[int, int]]]) -> Iterator[str]:
    """Published stores stay as they were, and the current one is whole."""
    after = _published(towns)
    yield from (
        f"{store.name} has changed"
        for store, files in before.items()
        if after.get(store, files) != files
    )
    if before:
        yield from _differs_from(towns, range(TOWNS, 2 * TOWNS))


def _differs_from(towns: Towns, counts: range) -> Iterator[str]:
    try:
        text = (towns.stores / "current" / "store.json").read_text(encoding="utf-8")
        labels = json.loads(text)["labels"]
    except (OSError, ValueError) as error:
        yield f"there is no current store: {error}"
        return
    if labels.keys() != {"Town"} or labels["Town"] not in counts:
        yield f"the current store holds {labels}"


def leftovers(towns: Towns) -> Iterator[tuple[str, str]]:
    """What nobody finds after a command that ended in good order: where it is, and its name."""
    yield from ((TEMPORARY, each.name) for each in towns.temporary.glob("*"))
    yield from ((STORES, each.name) for each in towns.stores.glob(".*") if each.name != ".lock")
    yield from ((BUILDS, each.name) for each in towns.place.glob("build/.*"))


def _to_its_end(process: subprocess.Popen[str]) -> str:
    try:
        return process.communicate(timeout=ENDS_WITHIN_S)[1]
    except TimeoutExpired:
        process.kill()
        return f"it did not end within {ENDS_WITHIN_S} s\n{process.communicate()[1]}"


def _holds(towns: Towns, rows: int) -> Iterator[str]:
    yield from _differs_from(towns, range(rows, rows + 1))
    stores = sorted(store.name for store in towns.stores.glob("[!.c]*"))
    if len(stores) > KEEP:
        yield f"too many stores: {stores}"


KEEP = 2
BUILD = "build/towns"
EXPORT = Victim(
    "export",
    ("export", "--graph", "graph.yml", "--out", BUILD),
    sweeps=(BUILDS,),  # it needs nothing of TMPDIR, and so does not look there
)
BUILD_DB = Victim(
    "build-db",
    ("build-db", BUILD),
    needs=EXPORT.arguments,
    sweeps=(TEMPORARY, STORES),
    result=_holds,
)
RUN = Victim(
    "run",
    ("run", "--dbt", "dbt", "--data", "."),
    sweeps=(TEMPORARY, STORES, BUILDS),
    result=_holds,
)
SERVE = Victim(
    "serve",
    ("serve", "stores/towns", "--bolt-port", "0", "--http-port", "0"),
    then=("verify", "stores/towns"),
)


def measured(towns: Towns, victim: Victim) -> Victim:
    """The same command with the seconds that it takes here."""
    began = time.monotonic()
    with towns.start(*victim.arguments) as process:
        said = _to_its_end(process)
    assert process.returncode == 0, said
    return replace(victim, lasts_s=time.monotonic() - began)


def table(kills: list[Killed]) -> str:
    """How many kills each command had, and after how many something was wrong, as Markdown."""
    kinds = Counter((each.victim, each.number.name) for each in kills)
    ended = Counter((each.victim, each.number.name) for each in kills if each.exit_code == 0)
    wrong = Counter((each.victim, each.number.name) for each in kills if each.wrong)
    return "\n".join(
        [
            "| command | signal | kills | ended with 0 | something wrong |",
            "| --- | --- | --- | --- | --- |",
            *(
                f"| {kind[0]} | {kind[1]} | {count} | {ended[kind]} | {wrong[kind]} |"
                for kind, count in sorted(kinds.items())
            ),
        ]
    )
