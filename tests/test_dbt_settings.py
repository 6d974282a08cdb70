"""What a dbt project's settings mean is what dbt itself makes of them, for any profile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kgimport import dbt
from kgimport.dbt import programs
from kgimport.dbt.programs import Program
from kgimport.errors import DeclarationError, KgimportError, RuntimeMissingError, UsageError
from tests.projects import settings_of

# One process asks about all cases, because it takes dbt seconds to be imported.
ASK_ALL = """
import json, os, sys
from kgimport.dbt import ask_dbt
before = dict(os.environ)
for folder, variables, arguments, with_profile in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(before | variables)
    os.chdir(folder)
    found = ask_dbt.answer(["--project-dir", ".", *arguments], with_profile=with_profile)
    print(json.dumps(found, default=ask_dbt._as_dbt), file=sys.stderr)
"""
PROJECT = "name: shop\nprofile: shop\n"
POSTGRES = """
shop:
  target: dev
  outputs:
    dev:
      type: postgres
      host: localhost
      port: "{{ env_var('NO_PORT', '5433') | as_number }}"
      user: owner
      password: %s
      dbname: shop
      schema: "{{ var('place', 'main') }}"
    prod: {type: postgres, host: prod, port: 1, user: u, password: x, dbname: d, schema: s}
    flake: {type: snowflake, account: a, user: u, database: d, schema: s}
"""
SECRET = 'it\'s # \\ a "secret"'


def profile(password: str) -> str:
    return POSTGRES % password


# What is in profiles.yml, what is added to dbt_project.yml, variables, arguments, what is found.
FOUND: dict[str, tuple[str, str, dict[str, str], list[str], dict[str, Any]]] = {
    "numbers and defaults": (
        *(profile("x"), "", {}, []),
        {"target": "dev", "default_target": "dev", "adapter": "postgres", "database": "shop"}
        | {"profile": "shop", "default_profile": "shop", "variables": {}},
    ),
    "another target": (
        *(profile("x"), "", {}, ["--target", "prod"]),
        {"target": "prod", "default_target": "dev", "schema": "s"},
    ),
    "a target of the environment": (profile("x"), "", {"DBT_TARGET": "prod"}, [], {"schema": "s"}),
    "variables of the command line": (
        *(profile("x"), "", {}, ["--vars", "{place: there, day: 2026-01-01 10:00:00}"]),
        {"schema": "there", "variables": {"place": "there", "day": "2026-01-01T10:00:00"}},
    ),
    "paths of the project": (
        profile("x"),
        "target-path: \"{{ env_var('NO_SUCH', 'out') }}\"\npackages-install-path: theirs\n",
        *({}, []),
        {"target_path": "out", "packages": ["theirs", 0]},
    ),
    "paths of the environment": (
        *(profile("x"), "target-path: out\n", {"DBT_TARGET_PATH": "elsewhere"}, []),
        {"target_path": "elsewhere"},
    ),
    "folders outside the project": (
        profile("x"),
        "model-paths: [../shared]\nseed-paths: [\"{{ env_var('NO_SUCH', '/data') }}\"]\n",
        *({}, []),
        {"packages": ["dbt_packages", 0]},
    ),
    "another profile than the project's": (
        *(profile("x") + "more: {outputs: {default: {type: duckdb}}}\n", ""),
        *({}, ["--profile", "more"]),
        {"profile": "more", "default_profile": "shop", "target": "default"},
    ),
    "an unset password": (
        *(profile("\"{{ env_var('NO_SUCH') }}\""), "", {}, []),
        {"unset": {"password": ["NO_SUCH"], "pass": ["NO_SUCH"]}},
    ),
}
PASSWORDS = {
    "\"{{ env_var('NUMBER') }}\"": "007",
    "'007'": "007",
    "\"{{ env_var('SECRET') }}\"": SECRET,
    "\"{{ env_var('DBT_ENV_SECRET_X') }}\"": SECRET,
}
REFUSED: dict[str, tuple[str, str, list[str], str]] = {
    "no such target": (profile("x"), "", ["--target", "nope"], "does not have a target named"),
    "no such profile": ("other: {}", "", [], "Could not find profile named 'shop'"),
    "no such variable": (
        *(profile("x").replace("NO_PORT', '5433'", "NO_PORT'"), "", []),
        "Env var required but not provided: 'NO_PORT'",
    ),
    "no such adapter": (profile("x"), "", ["--target", "flake"], "Could not find adapter type"),
    "no such option": (profile("x"), "", ["--bogus"], "No such option"),
    "not valid YAML": (profile("x"), "models: [", [], "Syntax error near line 4"),
    "a required key": ("shop: {outputs: {default: {type: postgres}}}", "", [], "required property"),
}
# Whatever a profile consists of, dbt's error is one that can be shown.
SHAPES = [
    *("", "- a", "7", "shop", "shop: 7", "shop: {}", "shop: {outputs: []}", "a: [", "a: *b"),
    *("shop: {outputs: {default: x}}", "shop: {outputs: {default: {type: [duckdb]}}}"),
    *("shop: {target: {}, outputs: {}}", "a: !!timestamp x", "a: 2001-99-99"),
    "shop: {outputs: {default: {type: \"{{ env_var('NO_SUCH') }}\"}}}",
    "shop: {outputs: {default: {type: '{{ 1 / 0 }}'}}}",
    "shop: {outputs: {default: {type: '{{ nobody }'}}}",
]
# dbt's words about a value that is wrong repeat the value.
LEAKS = [
    profile("[hunter2]"),
    profile("{a: hunter2}"),
    profile("x").replace("password: x\n", "pass: [hunter2]\n"),
    profile("x").replace("host: localhost", "host: localhost\n      sslkey: [hunter2]"),
    profile("[\"{{ env_var('HIDDEN') }}\"]"),
]


def asked(cases: list[tuple[Path, dict[str, str], list[str]]]) -> list[dict[str, Any]]:
    """What dbt answers for each folder, with its variables and arguments."""
    questions = [(str(folder), variables, args, True) for folder, variables, args in cases]
    done = subprocess.run(
        [sys.executable, "-c", ASK_ALL],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("DBT_")},
        timeout=300,
    )
    answers = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert len(answers) == len(cases), done.stderr
    return answers


def project(folder: Path, profiles: str, more: str = "") -> Path:
    folder.mkdir()
    (folder / "dbt_project.yml").write_text(PROJECT + more)
    (folder / "profiles.yml").write_text(profiles)
    return folder


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What dbt answers to all cases of this file, by name."""
    place = tmp_path_factory.mktemp("settings")
    cases: dict[str, tuple[str, str, dict[str, str], list[str]]] = {
        **{name: case[:4] for name, case in FOUND.items()},
        **{
            text: (
                profile(text),
                "",
                {"NUMBER": "007", "SECRET": SECRET, "DBT_ENV_SECRET_X": SECRET},
                [],
            )
            for text in PASSWORDS
        },
        **{name: (case[0], case[1], {}, case[2]) for name, case in REFUSED.items()},
        **{f"shape {text}": (text, "", {}, []) for text in SHAPES},
        **{f"leak {text}": (text, "", {"HIDDEN": "hunter2"}, []) for text in LEAKS},
    }
    folders = [
        (project(place / str(at), case[0], case[1]), case[2], case[3])
        for at, case in enumerate(cases.values())
    ]
    return dict(zip(cases, asked(folders), strict=True))


@pytest.mark.dbt
@pytest.mark.parametrize("case", FOUND)
def test_settings_are_those_that_dbt_would_use(
    answers: dict[str, dict[str, Any]], case: str
) -> None:
    expected = FOUND[case][4]

    assert {name: answers[case].get(name) for name in expected} == expected


@pytest.mark.dbt
def test_the_paths_of_all_kinds_are_found(answers: dict[str, dict[str, Any]]) -> None:
    found = set(answers["folders outside the project"]["sources"])

    assert found >= {"../shared", "/data", "macros", "snapshots", "tests"}


@pytest.mark.dbt
@pytest.mark.parametrize("text", PASSWORDS)
def test_a_password_arrives_as_it_is(answers: dict[str, dict[str, Any]], text: str) -> None:
    credentials = answers[text]["credentials"]

    assert credentials["password"] == PASSWORDS[text]
    assert credentials["port"] == 5433


@pytest.mark.dbt
@pytest.mark.parametrize("case", REFUSED)
def test_what_dbt_refuses_is_refused_with_its_reason(
    answers: dict[str, dict[str, Any]], case: str
) -> None:
    assert REFUSED[case][3] in answers[case]["error"]


@pytest.mark.dbt
def test_a_profile_of_any_shape_is_refused_and_none_of_its_secrets_shown(
    answers: dict[str, dict[str, Any]],
) -> None:
    shapes = [found for name, found in answers.items() if name.startswith("shape ")]
    leaks = [found for name, found in answers.items() if name.startswith("leak ")]

    assert [found for found in shapes if not found.get("error")] == []
    assert [found for found in leaks if "hunter2" in json.dumps(found)] == []
    assert all("error" in found for found in leaks)


@pytest.mark.dbt
def test_a_refusal_says_what_to_do_next(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", profile("\"{{ env_var('NO_SUCH') }}\""))

    with pytest.raises(RuntimeMissingError, match="adapter for snowflake is not installed") as none:
        dbt.settings(folder, "flake")
    assert "pip install dbt-snowflake" in none.value.hint
    with pytest.raises(DeclarationError, match="NO_SUCH, from which dbt's profile takes password"):
        dbt.settings(folder)
    with pytest.raises(UsageError, match="dbt does not take these arguments: No such option"):
        dbt.settings(folder, None, ["--bogus"])
    assert dbt.settings(folder, "prod").credentials["host"] == "prod"


def test_settings_do_not_show_their_credentials(tmp_path: Path) -> None:
    assert "hunter2" not in repr(settings_of(tmp_path, password="hunter2"))


def test_credentials_are_texts_for_a_source(tmp_path: Path) -> None:
    found = settings_of(
        tmp_path, port=5432, keyfile_json={"a": 1}, autocommit=True, role=None, name=""
    )
    keys = ("port", "keyfile_json", "autocommit", "role", "name", "absent")

    assert found.texts({key: key for key in keys}) == {
        "port": "5432",
        "keyfile_json": '{"a": 1}',
        "autocommit": "true",
    }


def test_packages_that_are_named_and_not_installed_are_counted(tmp_path: Path) -> None:
    (tmp_path / "dbt_packages" / "one").mkdir(parents=True)
    found = replace(settings_of(tmp_path), packages_named=3)

    assert found.packages_missing == 2
    assert settings_of(tmp_path).packages_missing == 0


PROGRAMS = {
    "an installed script": (b"#!{python}\nimport sys\n", True),
    "a script whose path is long": (
        b"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n",
        True,
    ),
    "dbt Fusion": (b"\x7fELF\x02\x01", False),
}


@pytest.mark.parametrize("what", PROGRAMS)
def test_the_python_of_dbt_is_found_or_dbt_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    content, is_python = PROGRAMS[what]
    python, program = Path(sys.executable), tmp_path / "dbt"
    program.write_bytes(content.replace(b"{python}", str(python).encode()))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "elsewhere" / "python"))

    if is_python:
        assert programs.programs() == [Program(program, python)]
        return
    with pytest.raises(RuntimeMissingError, match="is not dbt Core") as caught:
        programs.programs()
    assert "--tables" in caught.value.hint


def test_without_dbt_the_next_step_is_its_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    with pytest.raises(KgimportError, match="dbt is not installed"):
        programs.programs()
