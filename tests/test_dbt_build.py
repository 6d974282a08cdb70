"""How dbt is started, and what is shown of what it prints; a script answers in dbt's form."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kgimport import dbt
from kgimport.dbt.programs import Program
from kgimport.errors import SourceError
from tests.projects import settings_of

if TYPE_CHECKING:
    from kgimport.dbt import Settings

SCRIPT = """#!{python}
import os, sys
from pathlib import Path
with Path("asked").open("a") as file:
    print(Path.cwd().name, os.environ.get("KGIMPORT_DATA"), *sys.argv[1:], file=file)
print(Path("output").read_text())
sys.exit(int(Path("code").read_text()))
"""


def event(name: str, message: str, level: str = "info") -> str:
    """A line of dbt's log as JSON."""
    return json.dumps({"info": {"name": name, "level": level, "msg": message}, "data": {}})


def project(place: Path, *lines: str, code: int = 0, **more: Any) -> Settings:
    """A project whose dbt prints these lines."""
    folder, program = place / "shop", place / "dbt"
    folder.mkdir()
    program.write_text(SCRIPT.replace("{python}", sys.executable))
    program.chmod(0o755)
    (folder / "output").write_text("\n".join(lines))
    (folder / "code").write_text(str(code))
    return replace(settings_of(folder), program=Program(program, Path(sys.executable)), **more)


def asked(settings: Settings) -> list[str]:
    """How dbt was started, by its folder, the data that it was given, and its arguments."""
    form = " --project-dir . --log-format json --log-format-file debug"
    return [line.replace(form, "") for line in (settings.folder / "asked").read_text().splitlines()]


def test_dbt_is_started_in_the_project_for_its_target_with_further_arguments(
    tmp_path: Path,
) -> None:
    settings = project(tmp_path, target="prod")

    dbt.build(settings, data=tmp_path, arguments=("--select", "a b", "--full-refresh"))

    assert asked(settings) == [f"shop {tmp_path} build --target prod --select a b --full-refresh"]


def test_packages_that_are_missing_are_installed_first(tmp_path: Path) -> None:
    settings = project(tmp_path, packages_named=1)
    stages: list[str] = []

    dbt.build(settings, progress=lambda stage, _: stages.append(stage))

    assert asked(settings) == ["shop None deps", "shop None build --target default"]
    assert stages == ["dbt deps"]


def test_the_steps_of_dbt_are_progress(tmp_path: Path) -> None:
    settings = project(
        tmp_path,
        event("LogStartLine", "1 of 4 START sql view model main.a ........ [RUN]"),
        event("LogModelResult", "1 of 4 OK created sql view model main.a ..... [OK in 0.1s]"),
        event("LogStartLine", "2 of 4 START test unique_a ................ [RUN]"),
        event("LogTestResult", "\x1b[31m2 of 4 WARN 3 unique_a ...... [WARN 3 in 0.1s]\x1b[0m"),
        event("LogStartLine", "3 of 4 START unit_test main::a ............ [RUN]"),
        event("NodeFinished", "3 of 4 PASS main::a ................. [PASS in 0.1s]"),
        "not JSON, [1, 2], and not a step",
        "12:00:01  7",
        '{"info": 7}',
    )
    seen: list[tuple[str, float | None]] = []

    dbt.build(settings, progress=lambda *report: seen.append(report))

    assert seen == [
        ("dbt build: 1 of 4 START sql view model main.a [RUN]", 0.0),
        ("dbt build: 1 of 4 OK created sql view model main.a [OK in 0.1s]", 0.25),
        ("dbt build: tests", 0.25),
        ("dbt build: 2 of 4 WARN 3 unique_a [WARN 3 in 0.1s]", 0.5),
        ("dbt build: tests", 0.5),
        ("dbt build: tests", 0.75),
    ]


def test_of_a_failure_the_reasons_are_shown_and_not_the_steps(tmp_path: Path) -> None:
    settings = project(
        tmp_path,
        event("LogModelResult", "1 of 2 ERROR creating sql table model main.a", "error"),
        event("EndOfRunSummary", "Completed with 1 error", "error"),
        event("RunResultError", "  Database Error in model a\n  no such column", "error"),
        event("StatsLine", "Done. PASS=0 ERROR=1"),
        code=1,
    )

    with pytest.raises(SourceError) as caught:
        dbt.build(settings)

    assert caught.value.message == (
        "dbt build failed:\n  Database Error in model a\n    no such column"
    )
    assert str(settings.logs) in caught.value.hint


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("Error: no such option",), "Error: no such option"),
        ((), "it printed nothing"),
        (("x" * 1_000_000,), "x" * 400),
        (tuple(event("RunResultError", f"reason {n}", "error") for n in range(99)), "87 more"),
    ],
)
def test_a_failure_without_reasons_or_with_many_is_shown_briefly(
    tmp_path: Path, lines: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SourceError) as caught:
        dbt.build(project(tmp_path, *lines, code=2))

    assert message in caught.value.message
    assert len(caught.value.message) < 6_000
