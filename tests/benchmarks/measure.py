"""What a program costs: wall time, CPU time and memory of it and of all that it starts.

Memory is read from /proc while the program runs, so this works on Linux alone. Resident sets are
summed over the tree, and once more without its Java processes, since theirs is what they were
given as heap. The program's output goes to a file, so that reading it costs nothing meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROC = Path("/proc")
_POLL_S = 0.02
# Looking for new processes reads all of /proc, so it is done less often than reading their memory.
_POLLS_PER_SEARCH = 10
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True, slots=True)
class Program:
    """What to start: its arguments, what its environment has besides ours, and where."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a program and its children took: seconds, and MB (10^6 bytes) at their peak.

    `own_peak_mb` is without Java processes. `output` is what the program printed on stdout.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    own_peak_mb: float
    output: str = ""


class ProgramError(Exception):
    """A measured program ended badly; the message ends with its last words."""


def run(program: Program, log: Path) -> Cost:
    """Runs a program to its end and says what it took; its output is left in `log` and `log`.err.

    Whatever other programs wrote before is on disk first, so that nobody pays for another.
    """
    os.sync()
    errors = log.with_suffix(".err")
    with log.open("wb") as out, errors.open("wb") as err:
        began = time.monotonic()
        child = subprocess.Popen(
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**_environment(), **program.env},
            cwd=program.cwd,
        )
        with _Watch(child.pid) as watch:
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text(errors="replace")
    if child.returncode:
        last = "\n".join((text + errors.read_text(errors="replace")).splitlines()[-20:])
        raise ProgramError(f"{' '.join(program.argv)[:500]} ended with {child.returncode}:\n{last}")
    return Cost(
        wall_s=round(wall, 3),
        cpu_s=round(usage.ru_utime + usage.ru_stime, 3),
        peak_mb=round(watch.peak, 1),
        own_peak_mb=round(watch.own_peak, 1),
        output=text,
    )


def _environment() -> dict[str, str]:
    """Ours, but that Python may keep what it compiles, as it does where nobody forbids it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class _Watch:
    """Samples a process tree's memory in a thread, for as long as the block lasts."""

    def __init__(self, root: int) -> None:
        self.root = root
        self.peak = self.own_peak = 0.0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Watch:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    def _watch(self) -> None:
        polls, pids = 0, [self.root]
        while not self.ended.wait(_POLL_S):
            if polls % _POLLS_PER_SEARCH == 0:
                pids = tree(self.root)
            polls += 1
            sizes = {pid: resident_mb(pid) for pid in pids}
            own = sum(size for pid, size in sizes.items() if not _is_java(pid))
            self.peak = max(self.peak, sum(sizes.values()))
            self.own_peak = max(self.own_peak, own)


def tree(root: int) -> list[int]:
    """A process and all its descendants that are alive."""
    children = defaultdict(list)
    for pid, parent in _parents():
        children[parent].append(pid)
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def _parents() -> Iterable[tuple[int, int]]:
    for entry in os.listdir(PROC):  # noqa: PTH208  (a Path per process would cost more than reading)
        if entry.isdigit() and (text := _read(f"{entry}/stat")):
            # The name, in parentheses, may hold anything; after it come the state and the parent.
            yield int(entry), int(text.rpartition(")")[2].split()[1])


def resident_mb(pid: int) -> float:
    """A process's resident set; 0 when it has ended."""
    text = _read(f"{pid}/statm")
    return int(text.split()[1]) * _PAGE_MB if text else 0.0


def _is_java(pid: int) -> bool:
    return _read(f"{pid}/comm").startswith("java")


def _read(name: str) -> str:
    try:
        with (PROC / name).open(errors="replace") as file:
            return file.read()
    except OSError:  # it has ended
        return ""
