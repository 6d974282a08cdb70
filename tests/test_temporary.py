"""A temporary folder goes with its block, or with the next run after its owner was killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kgimport import temporary
from kgimport.errors import DestinationError
from kgimport.neo4j.private import linked_database


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


_HOLDS = """
import sys
from kgimport import temporary
with temporary.folder() as folder:
    (folder / "password").write_text("secret")
    print(folder, flush=True)
    sys.stdin.read()
"""


def another() -> tuple[subprocess.Popen[str], Path]:
    """Another run, and its folder."""
    run = subprocess.Popen(
        [sys.executable, "-c", _HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    return run, Path(run.stdout.readline().strip())


def end(run: subprocess.Popen[str], number: signal.Signals) -> None:
    run.send_signal(number)
    with run:
        run.wait(30)


def test_a_folder_is_ours_alone_and_gone_with_its_block(place: Path) -> None:
    with temporary.folder() as folder:
        assert folder.parent == place
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    assert list(place.iterdir()) == []


def test_what_a_killed_run_left_is_taken_away_by_the_next(place: Path) -> None:
    run, left = another()
    end(run, signal.SIGKILL)
    assert (left / "password").read_text() == "secret"

    with temporary.folder() as folder:
        assert list(place.iterdir()) == [folder]


def test_a_folder_that_is_in_use_is_never_touched(place: Path) -> None:
    run, theirs = another()
    try:
        with temporary.folder() as folder, temporary.folder() as second:
            assert set(place.iterdir()) == {folder, second, theirs}
            assert (theirs / "password").read_text() == "secret"
    finally:
        end(run, signal.SIGTERM)


def test_a_folder_of_somebody_else_is_never_touched(place: Path) -> None:
    """Such as a user's own that begins alike, and one that a link stands for."""
    (place / "kgimport-notes").mkdir()
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / ".kgimport-owned").touch()
    (place / "kgimport-link").symlink_to(place / "elsewhere")

    with temporary.folder():
        pass

    assert (place / "kgimport-notes").is_dir()
    assert (place / "elsewhere" / ".kgimport-owned").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_never_touched(place: Path) -> None:
    folder = place / "kgimport-theirs"
    folder.mkdir()
    (folder / ".kgimport-owned").touch()
    os.chown(folder, 12345, 12345)

    with temporary.folder():
        pass

    assert folder.is_dir()


def test_a_disk_without_room_is_told(place: Path) -> None:
    with (
        pytest.raises(DestinationError, match=r" MiB left for temporary files, but 1073741824 are"),
        temporary.folder(2**30),
    ):
        pytest.fail("there is no such disk")

    assert list(place.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_server_without_room_for_its_files_is_told_before_it_stands_still(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = place / "full"
    full.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", full], check=True)
    try:
        monkeypatch.setenv("TMPDIR", str(full))
        monkeypatch.setattr(tempfile, "tempdir", None)
        with (
            pytest.raises(DestinationError, match="full has 1 MiB left for temporary files"),
            linked_database(place / "data"),
        ):
            pytest.fail("began")
    finally:
        subprocess.run(["umount", full], check=True)


def test_no_folder_for_temporary_files_is_told(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(place / "none")])

    with pytest.raises(DestinationError, match="no folder for temporary files"), temporary.folder():
        pytest.fail("there is none")
