"""The one place that starts a program: no shell, streamed output, and nothing left behind."""

from __future__ import annotations

import codecs
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kgimport.errors import RuntimeMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

TAIL_LINES = 200
_CLEANUP_S = 30
LONGEST_LINE = 64 * 1024  # characters; a longer one reaches `on_line` in pieces
_LINE_END = re.compile(r"\r\n|\r(?!\Z)|\n")
_TETHER = Path(__file__).with_name("tether.py")


@dataclass(frozen=True, slots=True)
class Command:
    """What to start: the program and its arguments, and variables to add to our environment.

    `remains` is a command that cleans up after a program that did not end well.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    remains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: its exit code (-n: killed by signal n) and its last output lines."""

    exit_code: int
    tail: tuple[str, ...]


def run(
    command: Command,
    *,
    cwd: Path | None = None,
    on_line: Callable[[str], None] = lambda _: None,
    grace_s: float = 10,
    feed: Callable[[IO[bytes]], None] | None = None,
) -> Finished:
    """Run a program to its end, and call `on_line` with each complete line of its output.

    stdout and stderr arrive merged. A carriage return ends a line too, so that a progress display
    is visible while it moves. An exception here or in `on_line` first ends the program: SIGTERM,
    then SIGKILL after `grace_s` seconds. `feed` writes the program's input in another thread; what
    it raises is raised here once the program has ended.

    Raises RuntimeMissingError if there is no such program.
    """
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    with (
        started(command, cwd=cwd, grace_s=grace_s, fed=feed is not None) as child,
        _feeding(child, feed),
    ):
        for line in output(child):
            tail.append(line)
            on_line(line)
        exit_code = child.wait()
    return Finished(exit_code, tuple(tail))


@contextmanager
def started(
    command: Command, *, cwd: Path | None = None, grace_s: float = 10, fed: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program that does not outlive the `with` block; read its `output` meanwhile."""
    if shutil.which(command.argv[0]) is None:
        raise RuntimeMissingError(
            f"{command.argv[0]} cannot be run: it is missing, or not executable",
            "`kgimport doctor` lists what is installed",
        )
    with subprocess.Popen(
        _tethered(command.argv),
        cwd=cwd,
        env={**os.environ, **command.env},
        stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C reaches only kgimport, which decides what it means
    ) as child:
        try:
            yield child
        finally:
            stop(child, grace_s)
            if command.remains and child.returncode:
                _clean_up(command)


@contextmanager
def _feeding(
    child: subprocess.Popen[bytes], feed: Callable[[IO[bytes]], None] | None
) -> Iterator[None]:
    if feed is None or child.stdin is None:
        yield
        return
    with ThreadPoolExecutor(1) as pool, child.stdin as pipe:
        fed = pool.submit(_fed, feed, pipe)
        yield
        fed.result()


def _fed(feed: Callable[[IO[bytes]], None], pipe: IO[bytes]) -> None:
    with suppress(BrokenPipeError), pipe:  # a program may end before it has read all
        feed(pipe)


def stop(child: subprocess.Popen[bytes], grace_s: float) -> bool:
    """End a program and what it started; True if it ended within the grace, or before."""
    if child.poll() is not None:
        return True
    try:
        _signal(child, signal.SIGTERM)
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        return False
    else:
        return True
    finally:  # a second Ctrl-C while we wait comes through here too
        if child.poll() is None:
            _signal(child, signal.SIGKILL)
            child.wait()


def _clean_up(command: Command) -> None:
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            command.remains,
            env={**os.environ, **command.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CLEANUP_S,
            check=False,
        )


def output(child: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield the program's output lines until it closes its output."""
    assert child.stdout is not None  # noqa: S101  # `started` made the pipe
    return lines(_chunks(child.stdout))


def lines(chunks: Iterable[bytes]) -> Iterator[str]:
    r"""Cut a byte stream at \n, \r\n and \r; undecodable bytes become U+FFFD."""
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    rest = ""
    for chunk in chunks:
        *complete, rest = _LINE_END.split(rest + decode(chunk))
        yield from complete
        while len(rest) > LONGEST_LINE:
            yield rest[:LONGEST_LINE]
            rest = rest[LONGEST_LINE:]
    rest = (rest + decode(b"", final=True)).removesuffix("\r")
    if rest:
        yield rest


def _chunks(pipe: IO[bytes]) -> Iterator[bytes]:
    while chunk := os.read(pipe.fileno(), LONGEST_LINE):
        yield chunk


def _tethered(argv: tuple[str, ...]) -> tuple[str, ...]:
    if sys.platform != "linux":
        return argv
    # -I and -S: it ignores the user's Python settings, and starts in 10 ms.
    return (sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *argv)


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)
