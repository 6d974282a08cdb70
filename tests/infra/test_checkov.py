"""checkov has nothing to say on infra/ but what is excused in place, and it does look."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra.configuration import INFRA, ROOT

pytestmark = pytest.mark.infra

HERE = Path(__file__).parent
INSECURE = HERE / "insecure"
CHECKOV = Path(os.environ.get("KGIMPORT_CACHE", ROOT / ".cache")) / "checkov" / "bin" / "checkov"


Checks = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="session")
def results() -> Checks:
    """checkov's passed, failed and skipped checks, of infra/ and of the insecure fixtures."""
    if not CHECKOV.exists():
        pytest.fail("checkov is not installed: run make infra-check")
    # One after the other in one process, it reports the first folder twice.
    running = [_start(folder) for folder in (INFRA, INSECURE)]
    found: Checks = {}
    for process in running:
        for outcome, checks in json.loads(process.communicate()[0])["results"].items():
            found.setdefault(outcome, []).extend(checks)
    return found


_OPTIONS = ("--framework", "terraform", "--output", "json", "--soft-fail", "--skip-download")


def _start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (CHECKOV, "--directory", folder, *_OPTIONS),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _of(checks: list[dict[str, Any]], folder: Path) -> set[str]:
    """Each as `CKV_AWS_… aws_x.y`."""
    return {
        f"{check['check_id']} {check['resource'].split('[')[0]}"
        for check in checks
        if Path(check["file_abs_path"]).is_relative_to(folder)
    }


def test_nothing_is_left_and_everything_was_read(results: Checks) -> None:
    read = {Path(check["file_abs_path"]) for check in results["passed_checks"]}

    assert _of(results["failed_checks"], INFRA) == set()
    assert results["parsing_errors"] == []
    assert {path.name for path in (INFRA / "modules").iterdir()} <= {p.parent.name for p in read}


def test_no_excuse_is_without_effect(results: Checks) -> None:
    used = {
        (Path(check["file_abs_path"]).relative_to(INFRA), check["check_id"])
        for check in results["skipped_checks"]
        if Path(check["file_abs_path"]).is_relative_to(INFRA)
    }
    written = {
        (path.relative_to(INFRA), found)
        for path in INFRA.rglob("*.tf")
        for found in re.findall(r"checkov:skip=(\w+)", path.read_text(encoding="utf-8"))
    }

    assert written - used == set()


@pytest.mark.parametrize("defect", sorted(path.name for path in INSECURE.iterdir()))
def test_each_insecure_fixture_is_caught(defect: str, results: Checks) -> None:
    expected = (INSECURE / defect / "findings.txt").read_text(encoding="utf-8").splitlines()

    assert set(expected) - _of(results["failed_checks"], INSECURE / defect) == set()
