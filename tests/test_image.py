"""What can be told of an image without an engine: its context, its labels, its command line."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from kgimport.cli.options import chosen_neo4j
from kgimport.docker.image import build_command, settings, variable, write_context
from kgimport.neo4j.runtime import docker
from kgimport.neo4j.runtime.config import Limits, within
from kgimport.neo4j.runtime.docker import Image
from kgimport.neo4j.runtime.programs import Neo4j, admin_command, server_command
from kgimport.process import Command

ROOT = Path(__file__).parents[1]
IMAGE = Image("neo4j:2026.08.1-community", "1000:1000")
NEO4J = Neo4j("2026.08.1", "docker", image=IMAGE)


def a_store(place: Path) -> Path:
    for name, content in {
        "store.json": b"{}",
        "export.json": b"{}",
        "data/databases/neo4j/neostore": b"store\0\0",
        "data/databases/system/neostore": b"passwords",
        "data/dbms/auth.ini": b"passwords",
        "data/transactions/neo4j/neostore.transaction.db.0": b"log\0log" + bytes(3_000_000),
        "data/transactions/neo4j/checkpoint.0": b"point\0",
    }.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place


def context(store: Path) -> bytes:
    written = io.BytesIO()
    write_context(written, store, {"settings": "A=b\n"})
    return written.getvalue()


def test_the_context_holds_the_store_alone_and_no_room_for_later_transactions(
    tmp_path: Path,
) -> None:
    with tarfile.open(fileobj=io.BytesIO(context(a_store(tmp_path)))) as tar:
        files = {each.name: tar.extractfile(each) for each in tar if each.isfile()}
        held = {name: file.read() for name, file in files.items() if file}
        folders = {each.name: each.mode for each in tar if each.isdir()}

    scripts = {
        name: (ROOT / "docker" / name).read_bytes() for name in ("start.sh", "healthcheck.sh")
    }
    assert held == {
        "Dockerfile": (ROOT / "docker" / "Dockerfile").read_bytes(),
        **{f"scripts/{name}": content for name, content in scripts.items()},
        "scripts/NOTICE": (ROOT / "NOTICE").read_bytes(),
        "scripts/settings": b"A=b\n",
        "store/store.json": b"{}",
        "store/data/databases/neo4j/neostore": b"store\0\0",
        "store/data/transactions/neo4j/checkpoint.0": b"point\0",
        "store/data/transactions/neo4j/neostore.transaction.db.0": b"log\0log",
    }
    assert set(folders.values()) == {0o775}


def test_the_same_store_gives_the_same_context(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    first = context(store)
    os.utime(store / "data/databases/neo4j/neostore", (1, 1))

    assert context(store) == first


def test_every_file_of_the_docker_folder_is_in_the_package_and_the_notice_too() -> None:
    files = [*(ROOT / "docker").iterdir(), ROOT / "NOTICE"]

    packaged = {
        path.name: path.read_bytes()
        for path in (ROOT / "kgimport" / "docker").iterdir()
        if path.suffix != ".py" and path.is_file()
    }

    assert packaged == {file.name: file.read_bytes() for file in files}


def test_a_setting_is_spelled_as_the_official_image_reads_it() -> None:
    assert variable("db.tx_log.preallocate") == "NEO4J_db_tx__log_preallocate"


def test_an_image_serves_its_store_read_only_and_tells_nobody() -> None:
    told = settings(NEO4J)

    assert told["NEO4J_server_directories_data"] == "/kgimport/data"
    assert told["NEO4J_server_databases_default__to__read__only"] == "true"
    assert told["NEO4J_server_fleet__discovery_enabled"] == "false"
    assert "NEO4J_server_fleet__discovery_enabled" not in settings(
        Neo4j("5.26.30", "docker", image=IMAGE)
    )
    assert not [name for name in told if "listen" in name or "logs" in name]


def test_an_image_keeps_strangers_from_files_and_readers_within_limits() -> None:
    given = {**within(Limits()), "dbms.security.allow_csv_import_from_file_urls": "false"}

    assert {variable(key): value for key, value in given.items()}.items() <= settings(NEO4J).items()


def test_a_replica_that_stops_waits_for_no_query_and_cuts_off_no_commit() -> None:
    made = settings(NEO4J)

    assert made["NEO4J_db_shutdown__transaction__end__timeout"] == "0s"
    assert made["NEO4J_internal_dbms_bolt_thread__binding__timeout"] == "1s"


def test_the_build_command() -> None:
    assert build_command("base:1", "lms:today", {"a.b": "c d"}) == Command(
        (
            *("docker", "build", "--tag=lms:today", "--build-arg=BASE=base:1"),
            *("--label=a.b=c d", "-"),
        )
    )


def test_the_admin_command_of_an_image(tmp_path: Path) -> None:
    home, build = tmp_path / "home", tmp_path / 'a "build", here'
    home.mkdir()
    (home / "data").symlink_to(tmp_path / "store")

    command = admin_command(NEO4J, ("dbms", "x y"), home=home, heap_mb=700, cwd=build)

    name = command.remains[-1]
    assert command.remains == ("docker", "rm", "--force", "--volumes", name)
    quoted = str(build).replace('"', '""')
    assert [each for each in command.argv if not each.startswith("--env=JDK_JAVA")] == [
        *("docker", "run", "--rm", "--init", "--pull=never", "--log-driver=none"),
        *(f"--name={name}", f"--label={docker.LABEL}={docker.owner(os.getpid())}"),
        *("--user=1000:1000", "--env=NEO4J_CONF=/kgimport/home/conf", "--env=LC_ALL=C.UTF-8"),
        *("--env=HEAP_SIZE=700m", "--network=none", "--hostname=localhost"),
        f"--workdir={build}",
        f"--mount=type=bind,source={home},target={home}",
        f"--mount=type=bind,source={home},target=/kgimport/home",
        f"--mount=type=bind,source={tmp_path / 'store'},target={tmp_path / 'store'}",
        f'--mount=type=bind,"source={quoted}","target={quoted}",readonly',
        *("--entrypoint=neo4j-admin", "neo4j:2026.08.1-community", "dbms", "x y"),
    ]


def test_a_server_is_published_on_this_machine_alone(tmp_path: Path) -> None:
    command = server_command(NEO4J, home=tmp_path, ports=(7001, 7002))

    published = [each for each in command.argv if each.startswith("--publish")]
    assert published == ["--publish=127.0.0.1:7001:7001", "--publish=127.0.0.1:7002:7002"]


def test_no_later_process_is_taken_for_an_earlier_one() -> None:
    node, pid, started = docker.owner(os.getpid()).split()

    assert (node, int(pid)) == (os.uname().nodename, os.getpid())
    assert int(started) > 0
    assert docker.owner(2**22 + 1) == f"{node} {2**22 + 1}"


@pytest.mark.neo4j
def test_auto_does_without_docker_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NEO4J_HOME", raising=False)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/socket")

    assert chosen_neo4j(None, "auto").kind == "embedded"
    told = capsys.readouterr().err
    assert told.startswith(
        (
            "runtime: embedded, as no Docker engine answers",
            "runtime: embedded, as there is no docker",
        )
    )
