"""The loader's image and its entrypoint."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from kgimport.errors import ExitCode
from kgimport.runtime.jars import DEFAULT_VERSION
from tests.infra.configuration import INFRA, ROOT, load, unquoted

if TYPE_CHECKING:
    from tests.local_athena.running import LocalAws

ENTRYPOINT = ROOT / "docker" / "loader.sh"
DOCKERFILE = (ROOT / "docker" / "loader.Dockerfile").read_text(encoding="utf-8")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with a store in it, behind a link as kgimport leaves it."""
    store = tmp_path / "stores" / "lms" / "abc-2026.08.1"
    (store / "data").mkdir(parents=True)
    (store / "store.json").write_text('{"build_id": "abc"}')
    (store / "data" / "neostore").write_bytes(bytes(100_000))
    (store.parent / "current").symlink_to(store.name)
    return tmp_path


def start(work: Path, *arguments: str, handover: str | None) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = {"KGIMPORT_HANDOVER": handover or "", "KGIMPORT_STORE": "stores/lms/current"}
    return subprocess.run(
        [ENTRYPOINT, *arguments],
        cwd=work,
        env={**os.environ, "PATH": path, **told},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_store_is_handed_over_as_a_tar(s3: LocalAws, work: Path) -> None:
    bucket = s3.fresh_bucket()

    done = start(work, "schema", handover=f"s3://{bucket}/nights/one.tar")

    assert done.returncode == ExitCode.DONE, done.stderr
    boto3.client("s3").download_file(bucket, "nights/one.tar", str(work / "one.tar"))
    with tarfile.open(work / "one.tar") as tar:
        members = {str(Path(member.name)): member.size for member in tar if member.isfile()}
    assert members == {"store.json": 19, "data/neostore": 100_000}


def test_what_failed_keeps_its_exit_code_and_hands_nothing_over(s3: LocalAws, work: Path) -> None:
    bucket = s3.fresh_bucket()

    done = start(work, "check", "--graph", "nowhere.yml", handover=f"s3://{bucket}/one.tar")

    assert done.returncode == ExitCode.SOURCE, done.stderr
    assert boto3.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_hand_over_that_fails_is_no_success(s3: LocalAws, work: Path) -> None:
    assert start(work, "schema", handover="s3://no-such-bucket/one.tar").returncode != 0


def test_a_store_that_cannot_be_read_whole_is_no_success(s3: LocalAws, work: Path) -> None:
    (work / "stores" / "lms" / "current").unlink()

    done = start(work, "schema", handover=f"s3://{s3.fresh_bucket()}/one.tar")

    assert done.returncode != 0
    assert "tar: " in done.stderr


def test_without_a_hand_over_it_is_kgimport(work: Path) -> None:
    done = start(work, "--help", handover=None)

    assert (done.returncode, "Usage: kgimport" in done.stdout) == (0, True)


def test_the_image_runs_as_nobody_special_by_one_entrypoint() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]

    assert re.findall(r"^(USER|ENTRYPOINT) (.*)$", final, re.MULTILINE) == [
        ("USER", "10001:10001"),
        ("ENTRYPOINT", '["/opt/kgimport/loader.sh"]'),
    ]
    assert "--uid 10001" in final
    assert "ENTRYPOINT" not in DOCKERFILE.rpartition("\nFROM ")[0]


def test_the_image_holds_no_credentials() -> None:
    named = re.findall(r"^(?:ARG|ENV) .*|^    \w+=.*", DOCKERFILE, re.MULTILINE)

    assert [line for line in named if re.search("AWS|SECRET|TOKEN|PASSWORD|KEY", line)] == []


def test_neo4j_is_the_same_in_the_image_and_in_the_base_of_the_graph() -> None:
    loader = load(INFRA / "modules" / "loader")
    base = unquoted(loader.names["var"]["base_image"].body["default"])

    assert set(re.findall(r"^ARG NEO4J=(.*)$", DOCKERFILE, re.MULTILINE)) == {DEFAULT_VERSION}
    assert base.endswith(f"neo4j:{DEFAULT_VERSION}-community")


def test_uv_is_the_makefiles() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert re.findall(r"UV_VERSION=(\S+)", DOCKERFILE) == re.findall(
        r"^UV_VERSION := (\S+)", makefile, re.MULTILINE
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run", INFRA / "modules" / "loader" / "main.tf"),
        ("image", INFRA / "modules" / "loader" / "bake.yml"),
    ],
)
def test_kgimport_knows_the_options_that_it_is_given(command: str, said: Path) -> None:
    given = _options(command, said.read_text(encoding="utf-8"))
    program = Path(sys.executable).with_name("kgimport")
    helped = subprocess.run(
        [program, command, "--help"], capture_output=True, text=True, check=True
    )

    assert given
    assert given - set(re.findall(r"--[\w-]+", helped.stdout)) == set()


def _options(command: str, text: str) -> set[str]:
    """What follows the command on its line, or in its list."""
    found = re.search(rf'(?:\["{command}"|^ +{command} )(.*)$', text, re.MULTILINE)
    return set(re.findall(r"--[\w-]+", found[1])) if found else set()
