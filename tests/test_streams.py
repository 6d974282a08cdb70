"""The program itself under what a shell may do to it: streams closed or full, signals, settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kgimport.errors import ExitCode

PROGRAM = f"{sys.executable} -m kgimport"


def shell(line: str, place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a shell says of a line in which `kgimport` is the program."""
    return subprocess.run(
        ["/bin/bash", "-c", f'set -o pipefail; kgimport() {{ {PROGRAM} "$@"; }}; {line}'],
        cwd=place,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("java", "code"), [({}, ExitCode.DONE), ({"KGIMPORT_JAVA": "/none"}, ExitCode.RUNTIME)]
)
def test_a_reader_that_goes_away_changes_nothing(
    java: dict[str, str], code: ExitCode, tmp_path: Path
) -> None:
    read = shell("kgimport doctor | true", tmp_path, **java)

    assert (read.returncode, read.stderr) == (code, "")


@pytest.mark.parametrize("command", ["doctor", "schema", "--help"])
def test_a_result_that_cannot_be_written_is_told(command: str, tmp_path: Path) -> None:
    full = shell(f"kgimport {command} > /dev/full", tmp_path)

    said = (
        "kgimport: stdout cannot be written: No space left on device\n→ send the output elsewhere"
    )
    assert full.returncode == ExitCode.DESTINATION
    assert full.stderr.startswith(said)


_LONG = """
import os
from kgimport.cli import streams
os.set_blocking(1, False)
streams.settle()
print("x" * 1_000_000)
"""


def test_a_pipe_that_is_full_and_does_not_block_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text(_LONG)

    slow = shell(
        f"{sys.executable} long.py | (sleep 0.3; wc -c)", tmp_path, PYTHONPATH=str(Path.cwd())
    )

    assert (slow.returncode, slow.stderr, slow.stdout.strip()) == (0, "", "1000001")


def test_talk_that_cannot_be_written_is_lost(tmp_path: Path) -> None:
    full = shell("kgimport check --graph none.yml 2> /dev/full", tmp_path)

    assert (full.returncode, full.stdout) == (ExitCode.SOURCE, "")


_OPENS = """
import os, sys
from kgimport.cli import streams
streams.settle()
with open("file", "w") as file:
    print("a result")
    print("a word", file=sys.stderr)
    os.write(1, b"of Java"), os.write(2, b"of Java")
    sys.exit(file.fileno() > 2 and sys.stdin.read() == "")
"""


def test_no_file_gets_the_number_of_a_stream_that_is_closed(tmp_path: Path) -> None:
    (tmp_path / "opens.py").write_text(_OPENS)

    closed = shell(f"{sys.executable} opens.py <&- >&- 2>&-", tmp_path, PYTHONPATH=str(Path.cwd()))

    assert closed.returncode == 1
    assert (tmp_path / "file").read_text() == ""


def test_a_character_that_the_terminal_has_not_is_shown_by_its_number(tmp_path: Path) -> None:
    told = shell("kgimport doctor", tmp_path, PYTHONIOENCODING="ascii", KGIMPORT_JAVA="/nöne\udcff")

    assert told.returncode == ExitCode.RUNTIME
    assert r"/n\xf6ne\udcff cannot be run" in told.stdout


_SIGNALLED = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{signal})

sys.meta_path.insert(0, Finder())
sys.argv = ["kgimport", "check", "--graph", "graph.yml"]
from kgimport.__main__ import main
main()
"""


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("module", ["typer", "rich.progress", "polars", "kgimport.sources"])
def test_a_signal_while_modules_are_loaded_is_no_trace(
    module: str, signal: str, tmp_path: Path
) -> None:
    (tmp_path / "graph.yml").write_text(
        "{graph: g, tables: {t: {location: t.parquet, node: {labels: [T], key: [id]}}}}"
    )
    script = _SIGNALLED.format(module=module, signal=signal)

    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout) == (ExitCode.INTERRUPTED, "")
    assert ended.stderr == "kgimport: interrupted; nothing half-done was left behind\n"


def test_a_signal_that_a_library_makes_an_error_of_is_still_one(tmp_path: Path) -> None:
    script = """
import os, signal
from kgimport import cli
from kgimport.cli.app import command

@command("kgimport lost", name="lost")
def lost():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        raise ImportError("half loaded")

cli.main()
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, "lost"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == ExitCode.INTERRUPTED
    assert ended.stderr == "kgimport: interrupted; nothing half-done was left behind\n"


def test_settings_that_cannot_be_read_are_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"KGIMPORT_NEO4J=\xff\n")

    told = shell("kgimport schema", tmp_path)

    assert (told.returncode, told.stdout) == (ExitCode.USAGE, "")
    assert told.stderr.startswith("kgimport: .env cannot be read")


def test_a_folder_that_is_gone_is_no_defect(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()

    told = shell("cd gone; rmdir ../gone; kgimport doctor", tmp_path)

    assert told.returncode == ExitCode.DESTINATION
    assert "cannot be used: No such file or directory" in told.stderr
    assert "defect" not in told.stderr


def test_a_signal_within_the_python_of_a_library_in_c_ends_by_an_exit_code(tmp_path: Path) -> None:
    """As while such a library is imported: by itself, `python -m` would end by SIGINT then."""
    script = """
import ctypes
from kgimport import cli
from kgimport.cli.app import command

@command("kgimport lost", name="lost")
def lost():
    lines = b"import os, signal, time; os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)"
    ctypes.pythonapi.PyRun_SimpleString(lines)
    raise KeyboardInterrupt

cli.main()
"""
    (tmp_path / "lost.py").write_text(script, encoding="utf-8")

    ended = subprocess.run(
        [sys.executable, "-m", "lost", "lost"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == ExitCode.INTERRUPTED
    assert ended.stderr.endswith("kgimport: interrupted; nothing half-done was left behind\n")
