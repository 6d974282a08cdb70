"""Stores are published by one rename, switched atomically, and retired only when nobody reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kgimport import store
from kgimport.errors import DestinationError


def a_store(root: Path, name: str) -> Path:
    """A published store with nothing in it."""
    with store.building(root) as folder:
        (folder / "data" / "databases" / "neo4j").mkdir(parents=True)
        (folder / "data" / "databases" / "neo4j" / "database_lock").touch()
        (folder / "store.json").write_text("{}")
        return store.publish(folder, root, name)


def test_current_points_to_what_was_published_last(tmp_path: Path) -> None:
    one, two = a_store(tmp_path, "one"), a_store(tmp_path, "two")

    assert store.find(tmp_path) == two
    assert store.find(one) == one
    assert sorted(each.name for each in tmp_path.iterdir()) == ["current", "one", "two"]


def test_a_store_of_the_same_name_is_never_touched(tmp_path: Path) -> None:
    one, two = a_store(tmp_path, "one"), a_store(tmp_path, "one")

    assert (one.name, two.name) == ("one", "one.2")
    assert one.is_dir()


def test_a_failed_build_leaves_nothing_and_current_as_it_was(tmp_path: Path) -> None:
    one = a_store(tmp_path, "one")

    def fail() -> None:
        with store.building(tmp_path) as folder:
            (folder / "data").mkdir()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert store.find(tmp_path) == one
    assert not list(tmp_path.glob(".building-*"))


def test_what_a_killed_build_left_is_swept_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".building-1" / "data").mkdir(parents=True)

    a_store(tmp_path, "one")

    assert not list(tmp_path.glob(".building-*"))


def test_only_the_newest_stores_are_kept(tmp_path: Path) -> None:
    made = [a_store(tmp_path, name) for name in ("one", "two", "three")]

    gone = store.retire(tmp_path, keep=2)

    assert gone == (made[0],)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["current", "three", "two"]


def test_the_current_store_is_kept_even_where_it_is_not_the_newest(tmp_path: Path) -> None:
    one, _ = a_store(tmp_path, "one"), a_store(tmp_path, "two")
    store.switch(tmp_path, one)

    store.retire(tmp_path, keep=1)

    assert store.find(tmp_path) == one


HOLD = """
import fcntl, sys
with open(sys.argv[1], "r+") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_served_store_is_kept(tmp_path: Path) -> None:
    one, _ = a_store(tmp_path, "one"), a_store(tmp_path, "two")
    lock = one / "data" / "databases" / "neo4j" / "database_lock"
    argv = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        assert store.retire(tmp_path, keep=1) == ()
        holder.communicate()

    assert store.retire(tmp_path, keep=1) == (one,)


def test_two_builds_of_one_graph_do_not_run_at_once(tmp_path: Path) -> None:
    with (
        store.locked(tmp_path),
        pytest.raises(DestinationError, match="another build is at work"),
        store.locked(tmp_path),
    ):
        pass


def test_no_store_is_told_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="kgimport build-db"):
        store.find(tmp_path)


def test_holes_change_no_byte_and_take_no_disk(tmp_path: Path) -> None:
    logs = tmp_path / "transactions" / "neo4j"
    logs.mkdir(parents=True)
    content = b"head" + bytes(20_000_000) + b"tail" + bytes(1_000)
    log = logs / "neostore.transaction.db.0"
    log.write_bytes(content)

    store.dig_holes(tmp_path)

    assert log.read_bytes() == content
    assert store.size(tmp_path) < 1_000_000
    assert [each.name for each in logs.iterdir()] == [log.name]
