"""What a person sees while kgimport works: a line of a terminal that moves until the end."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(script: str) -> list[str]:
    """What a script writes on a terminal of its own, frame by frame, without colours."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=theirs, stderr=theirs, env=environment
    ) as child:
        os.close(theirs)
        said = b"".join(iter(lambda: _read(ours), b""))
        assert child.wait(30) == 0
    os.close(ours)
    text = _ESCAPES.sub("", said.decode())
    return [frame.strip() for frame in re.split(r"[\r\n]+", text) if frame.strip()]


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # how Linux says that the other side of a terminal is closed
        return b""


_TELLS = """
import time
from kgimport.cli import console
with console.progress() as tell:
    for stage, done in {stages}:
        tell(stage, done)
        time.sleep(0.6)
"""


def test_a_stage_without_a_fraction_moves_after_one_that_was_done() -> None:
    frames = on_a_terminal(_TELLS.format(stages=[("import", 1.0), ("verify", None)]))

    assert len({frame for frame in frames if "verify" in frame}) > 2


def test_a_stage_that_is_done_moves_until_another_begins() -> None:
    frames = on_a_terminal(_TELLS.format(stages=[("import", 1.0)]))

    assert len({frame for frame in frames if "import" in frame}) > 2


def test_a_table_may_be_called_as_rich_calls_a_style() -> None:
    frames = on_a_terminal(_TELLS.format(stages=[("write [red] [/b]", None)]))

    assert any("write [red] [/b]" in frame for frame in frames)


_LOGGED = """
from kgimport.cli import console
with console.progress() as tell:
    for stage, done in [("import", 0.1), ("import", 0.9), ("verify", None)]:
        tell(stage, done)
    {end}
"""


def logged(end: str) -> list[str]:
    """What a script writes to a file: the nightly log."""
    script = _LOGGED.format(end=end)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "TZ": "Asia/Kathmandu"},
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in done.stderr.splitlines() if re.match(r"\d{4}-", line)]


def test_a_log_has_a_line_with_its_time_for_each_stage_and_one_for_the_end() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    lines = [line.split(" ", 1) for line in logged("pass")]

    assert [text for _, text in lines] == ["import", "verify", "done"]
    times = [datetime.fromisoformat(time) for time, _ in lines]
    assert [before, *times] == sorted([before, *times])
    assert all(time.endswith("+05:45") for time, _ in lines)


def test_a_log_shows_when_a_command_stopped() -> None:
    assert [line.split(" ", 1)[1] for line in logged("raise KeyError")][-1] == "stopped"


def test_what_never_began_does_not_end_in_a_log() -> None:
    script = "from kgimport.cli import console\nwith console.progress(): pass"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert done.stderr == b""
