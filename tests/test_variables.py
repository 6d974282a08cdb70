"""Every option has a variable of its name, and one that nothing reads is reported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from kgimport.cli import app, variables

if TYPE_CHECKING:
    from typer.core import TyperGroup

ROOT = Path(__file__).parents[1]
# What has no variable, and why is in kgimport/cli/variables.py and next to each option.
TYPED = {
    "check --declaration-only",
    "check --select",
    "export --select",
    "land --delete",
    "load-neptune --again",
    "load-neptune --cancel",
    "serve --writable",
}


@pytest.fixture(scope="module")
def program() -> TyperGroup:
    made = typer.main.get_command(app)
    assert isinstance(made, typer.core.TyperGroup)
    return made


def shell(place: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What the program answers in a folder, with its `.env`."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("KGIMPORT_")}
    return subprocess.run(
        [sys.executable, "-m", "kgimport", *arguments],
        cwd=place,
        env={**ours, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_variable_is_named_after_the_option_as_it_is_typed(program: TyperGroup) -> None:
    for command, option in variables.of_options(program):
        spelled = max(option.opts, key=len)
        own, *_ = variables.names(option) or [""]
        assert (f"{command.name} {spelled}" in TYPED) == (own == ""), spelled
        if own:
            words = f"{command.name} {spelled.removeprefix('--')}"
            assert own == "KGIMPORT_" + re.sub("[ -]", "_", words).upper()


def test_no_variable_sets_two_options_of_a_command(program: TyperGroup) -> None:
    every = Counter(
        (command.name, name)
        for command, option in variables.of_options(program)
        for name in variables.names(option)
    )

    assert [each for each, times in every.items() if times > 1] == []
    assert not {name for _, name in every} & {*variables.SETTINGS, *variables.OTHERS}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"KGIMPORT_EXPORT_FORMAT": "a"}, "'a'"),
        ({"KGIMPORT_BUILD_DB_RUNTIME": "a", "KGIMPORT_RUNTIME": "b"}, "'a'"),
        ({"KGIMPORT_RUNTIME": "b"}, "'b'"),
        ({"KGIMPORT_BUILD_DB_RUNTIME": "", "KGIMPORT_RUNTIME": "b"}, "'b'"),
    ],
    ids=["own", "own before shared", "shared", "empty is not set"],
)
def test_a_variable_sets_an_option_and_an_error_names_it(given: dict[str, str], named: str) -> None:
    command = ("export",) if "KGIMPORT_EXPORT_FORMAT" in given else ("build-db", "none")

    refused = CliRunner().invoke(app, command, env=given)

    assert refused.exit_code == 2
    assert named in refused.stderr
    assert next(name for name in given) in refused.stderr


def test_a_command_line_takes_precedence_over_every_variable() -> None:
    taken = CliRunner().invoke(
        app, ["export", "--format", "c"], env={"KGIMPORT_EXPORT_FORMAT": "a"}
    )

    assert "'c'" in taken.stderr
    assert "'a'" not in taken.stderr


@pytest.mark.parametrize(
    ("file", "environment", "named"),
    [
        ("KGIMPORT_RUNTIME=f", {}, "'f'"),
        ("KGIMPORT_RUNTIME=f", {"KGIMPORT_RUNTIME": "e"}, "'e'"),
        ("KGIMPORT_BUILD_DB_RUNTIME=f", {"KGIMPORT_RUNTIME": "e"}, "'e'"),
    ],
)
def test_the_environment_takes_precedence_over_the_file(
    file: str, environment: dict[str, str], named: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{file}\n")

    assert named in shell(tmp_path, "build-db", "none", **environment).stderr


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("KGIMPORT_EXPRT_FORMAT", "no such variable; did you mean KGIMPORT_EXPORT_FORMAT?"),
        ("KGIMPORT_EXPORT_FORM", "no such variable; did you mean KGIMPORT_EXPORT_FORMAT?"),
        ("KGIMPORT_PASWORD", "no such variable; did you mean KGIMPORT_PASSWORD?"),
        ("KGIMPORT_QQ", "kgimport has no such variable"),
        ("KGIMPORT_LAND_DELETE", "--delete is taken from the command line alone"),
        ("KGIMPORT_SERVE_WRITABLE", "--writable is taken from the command line alone"),
    ],
)
def test_a_variable_that_nothing_reads_is_reported(
    name: str, reason: str, program: TyperGroup
) -> None:
    (sentence,) = variables.ignored(program, {name: "1", "KGIMPORT_EMPTY": "", "OTHER": "1"})

    assert sentence.startswith(f"{name} is ignored: ")
    assert sentence.endswith(reason)


def test_a_variable_that_is_ignored_does_not_stop_a_command_and_its_value_is_not_shown(
    tmp_path: Path,
) -> None:
    shown = shell(tmp_path, "schema", KGIMPORT_PASWORD="secret", KGIMPORT_REQUIRE_DOCKER="1")

    assert shown.returncode == 0
    assert shown.stderr == (
        "warning: KGIMPORT_PASWORD is ignored: kgimport has no such variable; "
        "did you mean KGIMPORT_PASSWORD?\n"
    )


def test_a_shell_that_asks_for_completions_gets_no_warning(tmp_path: Path) -> None:
    asked = {"_KGIMPORT_COMPLETE": "complete_bash", "COMP_WORDS": "kgimport ex", "COMP_CWORD": "1"}

    assert "warning" not in shell(tmp_path, KGIMPORT_QQ="1", **asked).stderr


def test_every_variable_that_the_code_or_a_page_names_is_known(program: TyperGroup) -> None:
    options = {n for _, each in variables.of_options(program) for n in variables.names(each)}
    patterns = ("kgimport/**/*.py", "dbt/**/*.y*ml", "docker/*", "docs/*.md", "*.md")
    places = [ROOT / ".env.example", *(file for each in patterns for file in ROOT.glob(each))]
    named = {
        name
        for file in places
        if "target" not in file.parts and "dbt_packages" not in file.parts and file.is_file()
        for name in re.findall(r"\bKGIMPORT_[A-Z0-9_]*[A-Z0-9]\b", file.read_text(encoding="utf-8"))
    }

    tests = {name for name in named if name.startswith(variables.TESTS)}
    # The pattern, the beginning of several, and a name of before.
    told = {"KGIMPORT_COMMAND_OPTION", "KGIMPORT_REDSHIFT", "KGIMPORT_EXPORT_FORM"}
    assert named - {*variables.SETTINGS, *variables.OTHERS} - tests - options - told == set()


def test_the_version_is_shown_and_with_v_what_it_runs_with(tmp_path: Path) -> None:
    short, long = shell(tmp_path, "--version"), shell(tmp_path, "--version", "-v")

    assert re.fullmatch(r"kgimport \d+\.\d+\.\d+\S*\n", short.stdout)
    assert long.stdout.startswith(short.stdout)
    assert [line.rsplit(" ", 1)[0] for line in long.stdout.splitlines()[1:5]] == [
        *("Python", "polars", "duckdb", "pyarrow")
    ]
    assert "Neo4j 5 5.26." in long.stdout
