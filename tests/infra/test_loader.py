"""The loader's image and its entrypoint."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import polars as pl
import pytest
import yaml

from kgimport.errors import ExitCode
from kgimport.neo4j.runtime.jar_cache import DEFAULT_VERSION
from tests.infra.configuration import INFRA, ROOT, load, unquoted

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def start(
    work: Path, *arguments: str, handover: str | None, dbt: str = ""
) -> subprocess.CompletedProcess[str]:
    loader = _started(work, *arguments, handover=handover, dbt=dbt)
    told, said = loader.communicate()
    return subprocess.CompletedProcess(loader.args, loader.returncode, told, said)


def _started(
    work: Path, *arguments: str, handover: str | None, by: Sequence[str] = (), dbt: str = ""
) -> subprocess.Popen[str]:
    """The loader at work. Programs in `work/bin` go before all others; `by` starts it.

    `dbt` is the target in which dbt builds the tables first.
    """
    path = f"{work / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = {
        "KGIMPORT_HANDOVER": handover or "",
        "KGIMPORT_STORE": "stores/lms/current",
        "KGIMPORT_DBT_TARGET": dbt,
    }
    return subprocess.Popen(
        [*by, str(ENTRYPOINT), *arguments],
        cwd=work,
        env={**os.environ, "PATH": path, **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _program(work: Path, name: str, text: str) -> None:
    """A program in `work/bin`, in Python."""
    place = work / "bin" / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"#!{sys.executable}\n{text}")
    place.chmod(0o755)


def _until(there: Path) -> None:
    """Waits for a file, as long as a busy machine may take."""
    for _ in range(600):
        if there.exists():
            return
        time.sleep(0.05)
    raise TimeoutError(there)


# Ends a second and a half after the first TERM, with what stands in `code`, and counts the others.
TIDYING = """
import pathlib, signal, sys, time

def tidy(*_):
    with open("signals", "a") as file:
        file.write("TERM ")
    if pathlib.Path("signals").read_text() == "TERM ":
        time.sleep(1.5)
        pathlib.Path("tidied").touch()
        sys.exit(int(pathlib.Path("code").read_text()))

signal.signal(signal.SIGTERM, tidy)
pathlib.Path("ready").touch()
time.sleep(60)
"""


def _stopped_while_tidying(
    work: Path, code: int, *signals: signal.Signals, by: Sequence[str] = ()
) -> tuple[int, str]:
    """How the loader ends and what it says, where kgimport takes 1.5 s to end with `code`."""
    _program(work, "kgimport", TIDYING)
    (work / "code").write_text(str(code))
    loader = _started(work, "run", handover="s3://nowhere/one.tar", by=by)
    _until(work / "ready")
    inner = f"/proc/{loader.pid}/task/{loader.pid}/children"
    told = int(Path(inner).read_text(encoding="utf-8")) if by else loader.pid
    for number in signals:
        os.kill(told, number)
        time.sleep(0.2)
    _, said = loader.communicate(timeout=60)
    assert (work / "tidied").exists(), said
    return loader.returncode, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_is_stopped_waits_until_kgimport_has_tidied_up(
    work: Path, number: signal.Signals
) -> None:
    ended, said = _stopped_while_tidying(work, 9, number)

    assert (ended, said) == (9, "")


def test_a_second_signal_does_not_interrupt_the_tidying(work: Path) -> None:
    ended, said = _stopped_while_tidying(work, 9, signal.SIGTERM, signal.SIGTERM, signal.SIGINT)

    assert (ended, said) == (9, "")
    assert (work / "signals").read_text() == "TERM "


def test_a_kgimport_that_ended_well_in_spite_of_the_stop_hands_nothing_over(work: Path) -> None:
    ended, said = _stopped_while_tidying(work, 0, signal.SIGTERM)

    assert (ended, said) == (ExitCode.INTERRUPTED, "")


FIRST = ("unshare", "--fork", "--pid", "--kill-child")  # a container's first process


@pytest.mark.skipif(
    sys.platform != "linux"
    or subprocess.run([*FIRST, "true"], check=False, capture_output=True).returncode != 0,
    reason="may not make a namespace of processes",
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_the_first_process_of_a_container_it_is_stopped_the_same(
    work: Path, number: signal.Signals
) -> None:
    ended, said = _stopped_while_tidying(work, 9, number, by=FIRST)

    assert (ended, said) == (9, "")


def test_a_real_export_that_is_stopped_leaves_nothing_behind(work: Path) -> None:
    pl.DataFrame({"id": range(8_000_000)}).write_parquet(work / "town.parquet")
    node = {"location": "town.parquet", "node": {"labels": ["Town"], "key": ["id"]}}
    graph = {"graph": "towns", "tables": {"town": node}}
    (work / "graph.yml").write_text(yaml.safe_dump(graph))
    arguments = ("export", "--graph", "graph.yml", "--out", "build/towns")
    loader = _started(work, *arguments, handover="s3://nowhere/one.tar")
    while not list(work.glob("build/.towns.partial-*")):
        assert loader.poll() is None
        time.sleep(0.01)

    loader.terminate()
    _, said = loader.communicate(timeout=120)

    assert loader.returncode == ExitCode.INTERRUPTED, said
    assert "interrupted; nothing half-done was left behind" in said
    assert "loader:" not in said
    assert list(work.glob("build/*")) == list(work.glob("build/.*")) == []


def test_a_tar_that_breaks_off_is_not_handed_over(s3: LocalAws, work: Path) -> None:
    bucket = s3.fresh_bucket()
    _program(work, "tar", "import sys; sys.stdout.write('half'); sys.exit(2)")

    done = start(work, "schema", handover=f"s3://{bucket}/one.tar")

    assert (done.returncode, "tar failed" in done.stderr) == (1, True)
    assert boto3.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_hand_over_that_is_stopped_ends_at_once_and_leaves_no_object(
    s3: LocalAws, work: Path
) -> None:
    bucket = s3.fresh_bucket()
    _program(work, "tar", "import pathlib, time; pathlib.Path('ready').touch(); time.sleep(90)")
    loader = _started(work, "schema", handover=f"s3://{bucket}/one.tar")
    _until(work / "ready")

    loader.terminate()
    _, said = loader.communicate(timeout=30)

    assert (loader.returncode, "not handed over" in said) == (1, True)
    assert boto3.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0


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


# Notes with which words it was called, and ends as its name in `work` says.
NOTING = """
import pathlib, sys

name = pathlib.Path(sys.argv[0]).name
with open("called", "a") as file:
    file.write(" ".join([name, *sys.argv[1:]]) + "\\n")
sys.exit(int(pathlib.Path(f"{name}.ends").read_text()))
"""


@pytest.mark.parametrize(
    ("dbt", "kgimport", "ended"), [(0, 0, 0), (0, 4, 4), (1, 0, ExitCode.SOURCE), (2, 0, 9)]
)
def test_the_tables_are_built_before_anything_else_if_that_is_wanted(
    work: Path, dbt: int, kgimport: int, ended: int
) -> None:
    for name, code in (("dbt", dbt), ("kgimport", kgimport)):
        _program(work, name, NOTING)
        (work / f"{name}.ends").write_text(str(code))

    done = start(work, "export", "--out", "there", handover=None, dbt="athena")

    built = "dbt build --project-dir dbt --profiles-dir dbt --target athena"
    assert done.returncode == ended, done.stderr
    assert (work / "called").read_text().splitlines() == [
        built,
        *([] if dbt else ["kgimport export --out there"]),
    ]


def test_who_is_stopped_while_the_tables_are_built_exports_nothing(work: Path) -> None:
    _program(work, "dbt", "import pathlib, time; pathlib.Path('ready').touch(); time.sleep(90)")
    _program(work, "kgimport", "import pathlib; pathlib.Path('exported').touch()")
    loader = _started(work, "export", handover=None, dbt="athena")
    _until(work / "ready")

    loader.terminate()
    loader.communicate(timeout=60)

    assert loader.returncode == ExitCode.INTERRUPTED
    assert not (work / "exported").exists()


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


def test_whatever_pip_installs_is_pinned_by_its_hash() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    pinned = re.findall(r"^PINNED := (.*)$", makefile, re.MULTILINE)
    lines = (*DOCKERFILE.splitlines(), *makefile.replace("$(PINNED)", *pinned).splitlines())
    installs = [line for line in lines if "pip install" in line]

    assert len(installs) == 5
    assert [line for line in installs if "--require-hashes" not in line] == []
    for lock in (".ci/uv.txt", "tests/infra/checkov.txt", "tests/infra/provider.txt"):
        wanted = (ROOT / lock).read_text(encoding="utf-8").replace(" \\\n", " ").splitlines()
        rows = [row for row in wanted if row and not row.startswith("#")]
        assert rows
        assert [row for row in rows if " --hash=sha256:" not in row] == []


def test_the_notice_goes_with_the_wheel_and_the_image(tmp_path: Path) -> None:
    uv = shutil.which("uv") or ROOT / ".cache" / "tools" / "bin" / "uv"
    subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", tmp_path, ROOT], check=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = {Path(name).name for name in wheel.namelist() if "/licenses/" in name}

    assert {"LICENSE", "NOTICE"} <= held
    assert "COPY LICENSE NOTICE /opt/kgimport/" in DOCKERFILE.rpartition("\nFROM ")[2]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run", INFRA / "modules" / "loader" / "main.tf"),
        ("image", INFRA / "modules" / "loader" / "bake.yml"),
        ("export", INFRA / "modules" / "schedule" / "nightly.asl.json"),
        ("load-neptune", INFRA / "modules" / "schedule" / "nightly.asl.json"),
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
