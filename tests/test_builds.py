"""A build directory is replaced by one export at a time, and never while somebody reads it."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from kgimport.builds import folders
from kgimport.errors import DestinationError
from kgimport.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator

ME = f"process {os.getpid()} on {platform.node()}"


def make(out: Path, text: str) -> None:
    """Leaves a build directory with nothing but a record."""
    with folders.fresh(out, silent) as folder:
        (folder / "export.json").write_text(text)


def held(out: Path) -> str:
    return (out / "export.json").read_text()


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """A build directory; in the end it stands alone, whatever the test did."""
    make(tmp_path / "lms", "one")
    yield tmp_path / "lms"
    assert names(tmp_path) == ["lms"]


def test_an_export_takes_the_place_of_the_one_before(out: Path) -> None:
    make(out, "two")

    assert held(out) == "two"


def test_an_export_that_fails_leaves_the_one_before(out: Path) -> None:
    def fail() -> None:
        with folders.fresh(out, silent) as folder:
            (folder / "export.json").write_text("two")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert held(out) == "one"


def test_two_exports_into_one_directory_do_not_run_at_once(out: Path) -> None:
    said = rf"another export is writing to .*lms \(by {ME}\)"

    with (
        folders.fresh(out, silent) as folder,
        pytest.raises(DestinationError, match=said),
        folders.fresh(out, silent),
    ):
        pytest.fail("two at once")

    assert not folder.exists()
    make(out, "two")
    assert held(out) == "two"


def test_a_second_export_does_not_touch_what_the_first_is_writing(out: Path) -> None:
    with folders.fresh(out, silent) as folder:
        (folder / "export.json").write_text("two")
        with pytest.raises(DestinationError), folders.fresh(out, silent):
            pytest.fail("two at once")

        assert (folder / "export.json").read_text() == "two"


def test_who_reads_is_waited_for_and_told(out: Path) -> None:
    told: list[str] = []
    waiting = threading.Event()

    def tell(stage: str, _: float | None) -> None:
        told.append(stage)
        waiting.set()

    def replace() -> None:
        with folders.fresh(out, tell) as folder:
            (folder / "export.json").write_text("two")

    writer = threading.Thread(target=replace)
    with folders.reading(out), folders.reading(out):  # as many as like may read
        writer.start()
        assert waiting.wait(60)
        assert held(out) == "one"
    writer.join(60)

    assert held(out) == "two"
    assert set(told) == {f"wait for readers of {out}"}


def test_an_export_does_not_wait_for_ever(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "READERS_S", 0)

    with (
        folders.reading(out),
        pytest.raises(DestinationError, match=rf"lms was still being read .* \(by {ME}\)"),
    ):
        make(out, "two")

    assert held(out) == "one"
    make(out, "three")
    assert held(out) == "three"


def test_who_ends_reading_first_leaves_the_lock_to_the_others(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "READERS_S", 0)

    with folders.reading(out):
        with folders.reading(out):
            pass
        with pytest.raises(DestinationError, match="still being read"):
            make(out, "two")

    assert held(out) == "one"


def test_a_lock_that_is_gone_by_the_time_one_has_it_is_none(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, taken_away = fcntl.flock, threading.Event()

    def flock(file: IO[str], kind: int) -> None:
        if not taken_away.is_set():
            taken_away.set()
            Path(file.name).unlink()
        plain(file, kind)

    monkeypatch.setattr(folders, "READERS_S", 0)
    monkeypatch.setattr(fcntl, "flock", flock)

    with folders.reading(out), pytest.raises(DestinationError, match="still being read"):
        make(out, "two")

    assert held(out) == "one"


def test_a_reader_waits_for_the_renames_and_no_longer(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_RENAMES_S", 0)
    with (out.parent / ".lms.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with (
            pytest.raises(DestinationError, match=r"an export is replacing .*lms"),
            folders.reading(out),
        ):
            pytest.fail("read what is being replaced")

    with folders.reading(out):  # the file of who was killed is in nobody's way, and taken away
        pass


def test_a_reader_finds_what_the_renames_leave(out: Path) -> None:
    """Whenever somebody begins to read, a whole build is there, and it stays."""
    seen: list[tuple[str, str]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            with folders.reading(out):
                seen.append((held(out), held(out)))
            time.sleep(0.02)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for each in readers:
        each.start()
    number = 0
    while len(seen) < 20 and all(each.is_alive() for each in readers):
        number += 1
        make(out, str(number))
    done.set()
    for each in readers:
        each.join(60)

    assert held(out) == str(number)
    assert len(seen) >= 20
    assert all(first == last for first, last in seen)


KILLED = """
import sys, time
from pathlib import Path
from kgimport.builds import folders

with folders.fresh(Path(sys.argv[1]), lambda *_: None) as folder:
    (folder / "export.json").write_text("two")
    print("at work", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_export_left_is_swept_by_the_next(out: Path) -> None:
    argv = [sys.executable, "-c", KILLED, str(out)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.send_signal(signal.SIGKILL)
    left = names(out.parent)

    make(out, "three")

    assert [re.sub("-[0-9a-f]{12}$", "", name) for name in left] == [
        *(".lms.exporting", ".lms.partial", "lms")
    ]
    assert held(out) == "three"


def test_an_export_killed_between_two_renames_costs_no_build(out: Path) -> None:
    out.rename(out.with_name(".lms.old-1"))

    def fail() -> None:
        with folders.fresh(out, silent):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert held(out) == "one"


def test_a_second_rename_that_fails_costs_no_build(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if "partial" in self.name:
            raise OSError(errno.EIO, "Input/output error", str(self))
        return plain(self, target)

    monkeypatch.setattr(Path, "rename", rename)

    with pytest.raises(DestinationError, match="cannot be written: Input/output error"):
        make(out, "two")

    assert held(out) == "one"


def test_other_folders_with_such_names_stay(tmp_path: Path) -> None:
    others = [".lms.partial-x.partial-1", ".lms.partial-", "lms.partial-1", ".lmss.partial-1"]
    for each in others:
        (tmp_path / each).mkdir()

    make(tmp_path / "lms", "one")

    assert names(tmp_path) == sorted(["lms", *others])


def test_a_file_system_without_locks_is_written_and_read_all_the_same(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)

    make(out, "two")
    with folders.reading(out):
        assert held(out) == "two"


def test_where_nobody_may_write_there_is_nothing_to_hold() -> None:
    with folders.reading(Path("/proc/kgimport/build")):
        assert not Path("/proc/kgimport").exists()


@pytest.mark.parametrize("here", [".", "csv"])
def test_the_folder_that_one_is_in_is_not_replaced(
    here: str, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stands in it, and in the shell too, would be nowhere."""
    (out / here).mkdir(exist_ok=True)
    monkeypatch.chdir(out / here)

    with pytest.raises(DestinationError, match="the folder that kgimport runs in, or one above it"):
        make(Path(os.path.relpath(out)), "two")

    assert held(out) == "one"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_where_a_disk_is_mounted_is_told_before_the_export(out: Path) -> None:
    (out.parent / "mounted").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", out.parent / "mounted"], check=True)
    try:
        with (
            pytest.raises(DestinationError, match="is a mount point"),
            folders.fresh(out.parent / "mounted", silent),
        ):
            pytest.fail("exported")
        make(out.parent / "mounted" / "build", "one")
    finally:
        subprocess.run(["umount", out.parent / "mounted"], check=True)
        (out.parent / "mounted").rmdir()


def test_a_link_stays_a_link_and_what_it_leads_to_is_replaced(out: Path, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "lms"
    link.symlink_to("../lms")

    make(link, "two")

    assert held(out) == "two"
    assert link.readlink() == Path("../lms")
    assert names(tmp_path / "links") == ["lms"]
    link.unlink()
    link.parent.rmdir()


def test_two_runs_have_names_of_their_own_though_each_is_process_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In two containers, over a file system that knows no locks."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(os, "getpid", lambda: 1)

    with folders.fresh(tmp_path / "lms", silent) as one:
        with folders.fresh(tmp_path / "lms", silent) as other:
            (other / "export.json").write_text("two")
        one.mkdir(exist_ok=True)
        (one / "export.json").write_text("one")

    assert one != other
    assert held(tmp_path / "lms") == "one"
