"""Local Athena by hand: `python -m tests.local_athena up`, `… down`.

`up` prints the environment that dbt, kgimport and the AWS command line need, to be eval'ed.
What is in .cache/athena says that it runs: its process and that environment.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.local_athena import lake
from tests.local_athena.running import ROOT, athena

if TYPE_CHECKING:
    from collections.abc import Callable

STATE = ROOT / ".cache" / "athena"
PROCESS, ENVIRONMENT = STATE / "pid", STATE / "environment"
_PATIENCE_S = 600  # the first time it downloads 820 MB


def main() -> None:
    """Do what the only argument says."""
    os.environ.setdefault("KGIMPORT_CACHE", str(ROOT / ".cache"))
    commands = {"up": up, "down": down, "serve": serve}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit("usage: python -m tests.local_athena up|down")
    commands[sys.argv[1]]()


def up() -> None:
    """Start it where it does not run, and print how to reach it."""
    if not _runs():
        down()
        _start()
    print(ENVIRONMENT.read_text(encoding="utf-8"), end="")  # noqa: T201


def down() -> None:
    """Stop it; nothing is kept."""
    if _runs():
        process = int(PROCESS.read_text(encoding="utf-8"))
        os.kill(process, signal.SIGTERM)
        _await(lambda: not _is_alive(process))
    shutil.rmtree(STATE, ignore_errors=True)


def serve() -> None:
    """Run in the foreground, with the sample data as Glue tables, until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    PROCESS.write_text(str(os.getpid()), encoding="utf-8")
    with athena(STATE / "servers") as aws:
        lake.land(aws, ROOT / "data")
        lines = (f"export {k}={shlex.quote(v)}\n" for k, v in aws.environment.items())
        ready = ENVIRONMENT.with_suffix(".new")
        others = "unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN\n"
        ready.write_text(others + "".join(lines), encoding="utf-8")
        ready.replace(ENVIRONMENT)
        signal.pause()


def _start() -> None:
    (STATE / "servers").mkdir(parents=True)
    with (STATE / "log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.local_athena", "serve"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _await(lambda: ENVIRONMENT.exists() or child.poll() is not None)
    if not ENVIRONMENT.exists():
        child.terminate()
        sys.exit(f"it did not start; {STATE / 'log'} says why")


def _await(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not done() and time.monotonic() < deadline:
        time.sleep(0.2)


def _runs() -> bool:
    with suppress(OSError, ValueError):
        return ENVIRONMENT.exists() and _is_alive(int(PROCESS.read_text(encoding="utf-8")))
    return False


def _is_alive(process: int) -> bool:
    command = Path(f"/proc/{process}/cmdline")
    with suppress(OSError):
        return b"tests.local_athena" in command.read_bytes()
    return False


if __name__ == "__main__":
    main()
