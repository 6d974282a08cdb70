"""Stores are published by one rename, switched atomically, and retired only when nobody reads."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kgimport import files
from kgimport.commands.export import export
from kgimport.errors import DestinationError
from kgimport.neo4j import stores
from kgimport.records import StoreRecord, dump
from tests.graphs import people

if TYPE_CHECKING:
    from collections.abc import Callable


def a_store(root: Path, name: str) -> Path:
    """A published store with nothing in it."""
    with stores.building(root) as folder:
        (folder / "data" / "databases" / "neo4j").mkdir(parents=True)
        (folder / "data" / "databases" / "neo4j" / "database_lock").touch()
        (folder / "store.json").write_text("{}")
        return stores.publish(folder, root, name)


def test_current_points_to_what_was_published_last(tmp_path: Path) -> None:
    one, two = a_store(tmp_path, "one"), a_store(tmp_path, "two")

    assert stores.find(tmp_path) == two
    assert stores.find(one) == one
    assert sorted(each.name for each in tmp_path.iterdir()) == ["current", "one", "two"]


def test_each_step_of_publishing_is_on_the_disk_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []

    def recorded(name: str, place: Callable[..., str]) -> None:
        plain = getattr(os, name)

        def call(*arguments: Any) -> None:
            told.append((name, place(*arguments)))
            plain(*arguments)

        monkeypatch.setattr(os, name, call)

    def below(path: str | Path) -> str:
        return re.sub("-[0-9a-f]{12}", "", os.path.relpath(path, tmp_path))

    recorded("fsync", lambda number: below(Path(f"/proc/self/fd/{number}").readlink()))
    for name in ("rename", "replace"):
        recorded(name, lambda source, target: f"{below(source)} {below(target)}")

    a_store(tmp_path, "one")

    built = (".building", ".building/data", ".building/data/databases")
    deeper = (".building/data/databases/neo4j", ".building/data/databases/neo4j/database_lock")
    settled = (*built, *deeper, ".building/store.json")
    assert sorted(told[:6]) == [("fsync", name) for name in sorted(settled)]
    assert told[6:] == [
        ("rename", ".building one"),
        ("fsync", "."),
        ("replace", ".current current"),
        ("fsync", "."),
    ]


def test_a_switch_that_fails_leaves_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = a_store(tmp_path, "one")

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(stores, "switch", refuse)
    with pytest.raises(OSError, match="Input/output error"):
        a_store(tmp_path, "two")

    assert sorted(each.name for each in tmp_path.iterdir()) == ["current", "one"]
    assert stores.find(tmp_path) == one


@pytest.mark.parametrize("folder", [True, False])
def test_a_current_that_is_no_link_is_told_before_a_build(folder: bool, tmp_path: Path) -> None:
    if folder:
        (tmp_path / "current").mkdir()
    else:
        (tmp_path / "current").write_text("mine")

    with (
        pytest.raises(DestinationError, match="current is not a link to a store"),
        stores.locked(tmp_path),
    ):
        pytest.fail("built")


def test_a_current_that_leads_nowhere_is_switched(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("gone")

    with stores.locked(tmp_path):
        one = a_store(tmp_path, "one")

    assert stores.find(tmp_path) == one


def test_what_a_killed_switch_left_is_swept_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".current-1").symlink_to("gone")

    a_store(tmp_path, "one")

    assert not list(tmp_path.glob(".current-*"))


def test_a_file_is_written_whole_though_others_write_it_too(tmp_path: Path) -> None:
    """As two runs do that are threads here, and process 1 of two containers elsewhere."""

    def write(text: str) -> None:
        for _ in range(200):
            files.write_whole(tmp_path / "note", text * 1_000)

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, ("one", "two")))

    assert (tmp_path / "note").read_text() in {"one" * 1_000, "two" * 1_000}
    assert [each.name for each in tmp_path.iterdir()] == ["note"]


def test_a_replacement_that_fails_leaves_the_old_file_and_nothing_of_the_new(
    tmp_path: Path,
) -> None:
    note = tmp_path / "note"
    note.write_text("old")

    def interrupted() -> None:
        with files.replacing(note) as aside:
            aside.write_text("half of the ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"note": "old"}


def test_a_file_is_written_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "note").symlink_to("elsewhere/note")

    files.write_whole(tmp_path / "note", "one")

    assert (tmp_path / "note").is_symlink()
    assert (tmp_path / "elsewhere" / "note").read_text() == "one"


def test_what_is_no_file_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor() as pool:
        read = pool.submit((tmp_path / "pipe").read_text)
        files.write_whole(tmp_path / "pipe", "one")

        assert read.result(30) == "one"
    assert (tmp_path / "pipe").is_fifo()


def test_a_store_of_the_same_name_is_never_touched(tmp_path: Path) -> None:
    made = [a_store(tmp_path, "one") for _ in range(3)]

    assert [each.name for each in made] == ["one", "one.2", "one.3"]
    assert all((each / "store.json").is_file() for each in made)


def test_current_is_switched_to_a_store_that_is_there(tmp_path: Path) -> None:
    """Whatever happens to the rename, `current` leads to the store before."""
    one = a_store(tmp_path, "one")

    with pytest.raises(FileNotFoundError):
        stores.publish(tmp_path / ".building-gone", tmp_path, "two")

    assert stores.find(tmp_path) == one
    assert (tmp_path / "current").readlink() == Path("one")


def test_a_name_is_free_again_only_where_nothing_has_it(tmp_path: Path) -> None:
    a_store(tmp_path, "one")
    a_store(tmp_path, "one")
    stores.retire(tmp_path, keep=1)  # what `one` was is gone, `one.2` is current

    third = a_store(tmp_path, "one")

    assert third.name == "one"
    assert stores.find(tmp_path) == third
    assert (tmp_path / "one.2").is_dir()


def test_a_failed_build_leaves_nothing_and_current_as_it_was(tmp_path: Path) -> None:
    one = a_store(tmp_path, "one")

    def fail() -> None:
        with stores.building(tmp_path) as folder:
            (folder / "data").mkdir()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert stores.find(tmp_path) == one
    assert not list(tmp_path.glob(".building-*"))


def test_what_a_killed_build_left_is_swept_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".building-1" / "data").mkdir(parents=True)

    a_store(tmp_path, "one")

    assert not list(tmp_path.glob(".building-*"))


def test_only_the_newest_stores_are_kept(tmp_path: Path) -> None:
    made = [a_store(tmp_path, name) for name in ("one", "two", "three")]

    gone = stores.retire(tmp_path, keep=2)

    assert gone == (made[0],)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["current", "three", "two"]


def test_the_current_store_is_kept_even_where_it_is_not_the_newest(tmp_path: Path) -> None:
    one, _ = a_store(tmp_path, "one"), a_store(tmp_path, "two")
    stores.switch(tmp_path, one)

    stores.retire(tmp_path, keep=1)

    assert stores.find(tmp_path) == one


HOLD = """
import fcntl, sys
with open(sys.argv[1], "r+") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_current_store_is_kept_though_others_are_newer_than_it(tmp_path: Path) -> None:
    one, two, three = (a_store(tmp_path, name) for name in ("one", "two", "three"))
    stores.switch(tmp_path, one)

    assert stores.retire(tmp_path, keep=2) == (two,)
    assert stores.find(tmp_path) == one
    assert three.is_dir()


def test_no_store_is_kept_where_none_is_to_be_but_the_current_one(tmp_path: Path) -> None:
    one, two = a_store(tmp_path, "one"), a_store(tmp_path, "two")

    assert stores.retire(tmp_path, keep=0) == (one,)
    assert stores.find(tmp_path) == two


def test_what_is_no_store_is_never_retired(tmp_path: Path) -> None:
    a_store(tmp_path, "one")
    (tmp_path / "notes").mkdir()

    assert stores.retire(tmp_path, keep=1) == ()
    assert (tmp_path / "notes").is_dir()


def test_a_served_store_is_kept(tmp_path: Path) -> None:
    one, _ = a_store(tmp_path, "one"), a_store(tmp_path, "two")
    lock = one / "data" / "databases" / "neo4j" / "database_lock"
    argv = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        assert stores.retire(tmp_path, keep=1) == ()
        holder.communicate()

    assert stores.retire(tmp_path, keep=1) == (one,)


def test_two_builds_of_one_graph_do_not_run_at_once(tmp_path: Path) -> None:
    with (
        stores.locked(tmp_path),
        pytest.raises(DestinationError, match="another build is writing to"),
        stores.locked(tmp_path),
    ):
        pass


def test_a_store_whose_records_are_of_two_builds_is_damaged(tmp_path: Path) -> None:
    one = export(people(tmp_path / "one"), tmp_path / "build")
    other = export(people(tmp_path / "two", {"id": ["a", "b", "c"]}), tmp_path / "build")
    record = StoreRecord(
        graph="people",
        build_id=one.build_id,
        kgimport="0.1.0",
        neo4j="2026.08.1",
        database="neo4j",
        labels={"Person": 3},
        types={"KNOWS": 2},
        schema=(),
        compared=5,
        bytes=1_000,
        seconds={},
    )
    (tmp_path / "store.json").write_text(dump(record))
    (tmp_path / "export.json").write_text(dump(one))
    assert stores.read(tmp_path) == (record, one)

    (tmp_path / "export.json").write_text(dump(other))
    with pytest.raises(DestinationError, match=r"store\.json and its export\.json are of two"):
        stores.read(tmp_path)


def test_no_store_is_told_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="kgimport build-db"):
        stores.find(tmp_path)


def test_holes_change_no_byte_and_take_no_disk(tmp_path: Path) -> None:
    logs = tmp_path / "transactions" / "neo4j"
    logs.mkdir(parents=True)
    content = b"head" + bytes(20_000_000) + b"tail" + bytes(1_000)
    log = logs / "neostore.transaction.db.0"
    log.write_bytes(content)

    stores.make_sparse(tmp_path)

    assert log.read_bytes() == content
    assert files.size(tmp_path) < 1_000_000
    assert [each.name for each in logs.iterdir()] == [log.name]
