"""`kgimport prepare`: Java keeps Neo4j's classes, and does without them where they do not fit."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kgimport.commands.doctor import Symptom, examine
from kgimport.commands.prepare import prepare
from kgimport.errors import RuntimeMissingError
from kgimport.neo4j.runtime import classes, jar_cache, jvm
from kgimport.neo4j.runtime.jar_cache import Jar
from kgimport.neo4j.runtime.jvm import Java
from kgimport.neo4j.runtime.programs import admin_command, describe
from kgimport.process import Finished, run

if TYPE_CHECKING:
    from kgimport.neo4j.runtime.programs import Neo4j

JAVA = Java(Path("/opt/java"), "25.0.2")


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    """A file in a jar's place."""
    path = tmp_path / "neo4j.jar"
    path.write_bytes(b"jar")
    return path


def test_the_place_follows_the_java_and_the_jars(jar: Path, tmp_path: Path) -> None:
    def place(java: Java = JAVA) -> Path | None:
        return classes.place("2026.08.1", java, [jar], tmp_path)

    first = place()
    assert first
    assert first.parent == tmp_path / "classes"
    assert first.name.startswith("2026.08.1-")
    assert place() == first
    assert place(Java(JAVA.program, "25.0.3")) != first
    assert place(Java(Path("/other/java"), JAVA.version)) != first
    os.utime(jar, (1, 1))
    assert place() != first


def test_a_java_before_25_has_no_place(jar: Path, tmp_path: Path) -> None:
    assert classes.place("5.26.30", Java(JAVA.program, "24.0.1"), [jar], tmp_path) is None
    assert classes.flags(None, "admin", record=True) == ()


def test_java_is_told_of_a_cache_that_is_there(tmp_path: Path) -> None:
    assert classes.flags(tmp_path, "server", record=False) == ()
    (tmp_path / "server.aot").write_bytes(b"12")
    assert classes.flags(tmp_path, "server", record=False)[0] == (
        f"-XX:AOTCache={tmp_path / 'server.aot'}"
    )
    assert classes.flags(tmp_path, "admin", record=False) == ()
    assert classes.size(tmp_path) == 2


def test_a_recording_takes_the_place_of_older_ones_of_its_neo4j(tmp_path: Path) -> None:
    for name in ("5.26.30-old", "2026.08.1-other"):
        (tmp_path / name).mkdir()
    with classes.recording(tmp_path / "5.26.30-new") as kept:
        (kept / "admin.aot").write_bytes(b"1")
        (kept / "server.aot").write_bytes(b"2")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["2026.08.1-other", "5.26.30-new"]
    assert (tmp_path / "5.26.30-new" / "admin.aot").read_bytes() == b"1"


def test_what_a_killed_recording_left_is_in_nobody_s_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)  # as in each container
    for left in (".5.26.30-new-1", ".5.26.30-older-1"):
        (tmp_path / left).mkdir()
    os.utime(tmp_path / ".5.26.30-older-1", (0, 0))

    with classes.recording(tmp_path / "5.26.30-new") as kept:
        for program in ("admin", "server"):
            (kept / f"{program}.aot").write_bytes(b"1")

    assert sorted(each.name for each in tmp_path.iterdir()) == [".5.26.30-new-1", "5.26.30-new"]


def test_a_recording_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "5.26.30-old").mkdir()
    with pytest.raises(ZeroDivisionError), classes.recording(tmp_path / "5.26.30-new"):
        raise ZeroDivisionError
    assert [each.name for each in tmp_path.iterdir()] == ["5.26.30-old"]


def test_a_recording_without_every_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "5.26.30-old").mkdir()
    with (
        pytest.raises(RuntimeMissingError, match="has not kept the classes of Neo4j's server"),
        classes.recording(tmp_path / "5.26.30-new") as kept,
    ):
        (kept / "admin.aot").write_bytes(b"1")
    assert [each.name for each in tmp_path.iterdir()] == ["5.26.30-old"]


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(RuntimeMissingError, match=r"the cache .*file cannot be written"),
        classes.recording(tmp_path / "file" / "5.26.30-new"),
    ):
        pass


@pytest.mark.parametrize(("version", "told"), [("25.0.2", True), ("21.0.9", False)])
def test_the_doctor_tells_of_classes_where_java_keeps_them(
    version: str, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = Java(JAVA.program, version)
    monkeypatch.setenv("KGIMPORT_CACHE", str(tmp_path))
    monkeypatch.setattr(jvm, "find", lambda _: java)
    monkeypatch.setattr(jar_cache, "locked", lambda _: (Jar("org.neo4j:neo4j:5.26.30", ""),))
    (jar,) = (tmp_path / "jars" / each.path for each in jar_cache.locked("5.26.30"))
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"jar")

    def shown() -> Symptom:
        return next(each for each in examine(tmp_path) if each.subject == "Neo4j 5.26.30")

    assert shown().good
    assert ("kgimport prepare --neo4j 5.26.30" in shown().remedy) is told
    if kept := classes.place("5.26.30", java, [jar], tmp_path):
        kept.mkdir(parents=True)
        (kept / "admin.aot").write_bytes(b"1")
        assert shown().state.endswith("and its classes are cached")
        assert not shown().remedy


@pytest.mark.neo4j
def test_java_takes_neo4j_s_classes_from_what_was_prepared(neo4j: Neo4j, tmp_path: Path) -> None:
    ours = replace(neo4j, classes=tmp_path / "classes" / f"{neo4j.version}-0")
    assert describe(ours)["classes"] == "not kept: see `kgimport prepare`"
    assert describe(replace(neo4j, classes=None))["classes"] == "not kept: this needs Java 25"
    assert prepare(ours)
    assert ours.classes
    assert sorted(each.name for each in ours.classes.iterdir()) == ["admin.aot", "server.aot"]
    assert describe(ours)["classes"].startswith("kept, ")
    assert not prepare(ours)

    assert _loaded_from_cache(ours, tmp_path)
    _damage(ours.classes / "admin.aot")
    assert not _loaded_from_cache(ours, tmp_path)


def _loaded_from_cache(neo4j: Neo4j, place: Path) -> bool:
    """Whether Java says so of neo4j-admin's main class; its own words are the version alone."""
    log = place / "classes.log"
    told = replace(neo4j, java_options=(f"-Xlog:class+load:file={log}",))
    assert _version(told, place) == Finished(0, (neo4j.version,))
    main = [line for line in log.read_text().splitlines() if "org.neo4j.cli.AdminTool " in line]
    return "source: shared objects file" in main[0]


def _version(neo4j: Neo4j, place: Path) -> Finished:
    (place / "conf").mkdir(exist_ok=True)
    return run(admin_command(neo4j, ("--version",), home=place))


def _damage(cache: Path) -> None:
    with cache.open("r+b") as file:
        file.seek(cache.stat().st_size // 2)
        file.write(b"damaged!")
