"""A Trino on loopback ports, over the Glue and the S3 of one local server."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kgimport.errors import ServerError
from kgimport.neo4j.runtime import jvm
from kgimport.process import Command, output, started
from tests.local_athena.engine import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import Popen

_LEAST_JAVA = 24  # what Trino 476 asks for
_PATIENCE_S = 180
_JAVA_OPTIONS = (
    *("-server", "-Xms256M", "-Xmx1G", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"),
    *("-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=256M"),  # starts sooner
    *("-Djdk.attach.allowAttachSelf=true", "-Dfile.encoding=UTF-8"),
    "--enable-native-access=ALL-UNNAMED",
)
_CONFIG = """\
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
node.internal-address=127.0.0.1
discovery.uri=http://127.0.0.1:{port}
query.max-memory=600MB
query.max-memory-per-node=600MB
memory.heap-headroom-per-node=200MB
query.max-history=100
query.min-expire-age=1m
catalog.config-dir={place}/catalog
plugin.dir={home}/plugin
web-ui.enabled=false
# The limit of 100 partitions is one per writer.
task.max-writer-count=1
"""
_CATALOG = """\
connector.name=hive
hive.metastore=glue
hive.metastore.glue.region=us-east-1
hive.metastore.glue.endpoint-url={endpoint}
hive.metastore.glue.aws-access-key=testing
hive.metastore.glue.aws-secret-key=testing
hive.metastore.glue.partitions-segments=1
hive.metastore-cache-ttl=0s
fs.native-s3.enabled=true
s3.endpoint={endpoint}
s3.region=us-east-1
s3.path-style-access=true
s3.aws-access-key=testing
s3.aws-secret-key=testing
hive.non-managed-table-writes-enabled=true
hive.non-managed-table-creates-enabled=true
hive.storage-format=PARQUET
hive.recursive-directories=true
hive.partition-projection-enabled=true
hive.collect-column-statistics-on-write=false
hive.max-partitions-per-writers=100
"""


@contextmanager
def trino(home: Path, place: Path, endpoint: str, port: int) -> Iterator[None]:
    """Run the server unpacked at `home`, with its files below `place`, until the block ends.

    Raises ServerError with its last words when it does not come up.
    """
    (place / "catalog").mkdir(parents=True)
    config = _CONFIG.format(port=port, place=place, home=home)
    (place / "config.properties").write_text(config, encoding="utf-8")
    catalog = _CATALOG.format(endpoint=endpoint)
    (place / "catalog" / f"{CATALOG}.properties").write_text(catalog, encoding="utf-8")
    (place / "log.properties").write_text("io.airlift.bootstrap=WARN\n", encoding="utf-8")
    with started(Command(_argv(home, place)), cwd=place, grace_s=5) as server:
        log = place / "trino.log"
        keeper = threading.Thread(target=keep, args=(output(server), log), daemon=True)
        keeper.start()
        _await(server, port, log)
        yield
    keeper.join(5)


def _argv(home: Path, place: Path) -> tuple[str, ...]:
    settings = {
        "node.id": "local",
        "node.environment": "local",
        "node.data-dir": place / "data",
        "log.levels-file": place / "log.properties",
        "config": place / "config.properties",
    }
    return (
        str(jvm.find(_LEAST_JAVA).program),
        *_JAVA_OPTIONS,
        *("-cp", f"{home}/lib/*"),
        *(f"-D{name}={value}" for name, value in settings.items()),
        "io.trino.server.TrinoServer",
    )


def _await(server: Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not _is_up(port):
        if server.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(encoding="utf-8").splitlines()[-20:]
            raise ServerError("Trino does not come up:\n  " + "\n  ".join(said), f"look at {log}")
        time.sleep(0.2)


def _is_up(port: int) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://127.0.0.1:{port}/v1/info", timeout=5) as answer:
            return json.load(answer)["starting"] is False
    except (OSError, ValueError):
        return False


def keep(lines: Iterator[str], log: Path) -> None:
    """Write down what a server says; it would stand still if nobody read it."""
    with log.open("w", encoding="utf-8") as file:
        for line in lines:
            print(line, file=file, flush=True)


def free_port() -> int:
    """A loopback port that nobody has taken yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
