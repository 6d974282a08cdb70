"""TinkerPop's Gremlin Server, from its jars, on the Java that also runs Neo4j."""

from __future__ import annotations

import socket
from collections import deque
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import yaml
from gremlin_python.driver.client import Client

from kgimport.neo4j.runtime import jar_cache, jvm
from kgimport.process import Command, output, started, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK = Path(__file__).with_name("gremlin_server.lock")
# 3.8.1 reads its packed graphs by Kryo, which looks into these packages.
_OPENED = ("lang", "lang.reflect", "util", "util.concurrent.atomic", "net", "io", "nio", "math")
_LARGEST = 200_000_000  # bytes of a message
_GRAPH = "org.apache.tinkerpop.gremlin.tinkergraph.structure.TinkerGraph"
_FILES = {
    "graph.properties": f"""\
gremlin.graph={_GRAPH}
gremlin.tinkergraph.vertexIdManager=ANY
gremlin.tinkergraph.edgeIdManager=ANY
gremlin.tinkergraph.defaultVertexPropertyCardinality=set
""",
    # Scripts find the graph by these names.
    "names.groovy": "def globals = [:]\nglobals << [g : traversal().withEmbedded(graph)]\n",
    "logback.xml": """\
<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%level %msg%n%ex</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>
""",
}


def _settings(port: int) -> dict[str, Any]:
    plugins = {
        "org.apache.tinkerpop.gremlin.server.jsr223.GremlinServerGremlinPlugin": {},
        "org.apache.tinkerpop.gremlin.tinkergraph.jsr223.TinkerGraphGremlinPlugin": {},
        "org.apache.tinkerpop.gremlin.jsr223.ScriptFileGremlinPlugin": {"files": ["names.groovy"]},
    }
    binary = "org.apache.tinkerpop.gremlin.util.ser.GraphBinaryMessageSerializerV1"
    return {
        "host": "127.0.0.1",
        "port": port,
        "gremlinPool": 1,
        "threadPoolWorker": 1,
        "evaluationTimeout": 120_000,
        "maxContentLength": _LARGEST,
        "graphs": {"graph": "graph.properties"},
        "scriptEngines": {"gremlin-groovy": {"plugins": plugins}},
        "serializers": [{"className": binary}],
    }


@contextmanager
def running(home: Path) -> Iterator[Client]:
    """A client of a server of its own, whose files are in an empty folder."""
    port = _free_port()
    for name, text in {**_FILES, "server.yaml": yaml.safe_dump(_settings(port))}.items():
        (home / name).write_text(text, encoding="utf-8")
    with started(_command(), cwd=home) as server:
        log = []
        for line in output(server):
            log.append(line)
            if line.startswith(("INFO Channel started", "ERROR")):
                break
        assert log[-1].startswith("INFO"), "\n".join(log)
        # A full pipe would stop it.
        rest = Thread(target=deque, args=(output(server), 0))
        rest.start()
        client = Client(
            f"ws://127.0.0.1:{port}/gremlin",
            "g",
            pool_size=1,
            max_workers=1,
            max_content_length=_LARGEST,
        )
        yield client
        client.close()
        stop(server, grace_s=10)
        rest.join()


def _command() -> Command:
    jars = jar_cache.provide(
        jar_cache.parse_lock(_LOCK.read_text(encoding="utf-8")), jar_cache.cache_dir() / "jars"
    )
    return Command(
        (
            str(jvm.find(17).program),
            "-Xmx1g",
            "-XX:TieredStopAtLevel=1",
            *(f"--add-opens=java.base/java.{each}=ALL-UNNAMED" for each in _OPENED),
            "-Dlogback.configurationFile=logback.xml",
            "-cp",
            ":".join(map(str, jars)),
            "org.apache.tinkerpop.gremlin.server.GremlinServer",
            "server.yaml",
        )
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
