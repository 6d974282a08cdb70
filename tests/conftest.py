"""What the tests share: real Neo4j of both lines, and the LMS graph built once."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from kgimport import build_db, dbt, export, find_neo4j, load_graph
from kgimport.commands.prepare import prepare
from kgimport.neo4j.private import private_driver
from kgimport.neo4j.runtime.programs import with_fast_start
from tests.local_athena.fixtures import (  # noqa: F401  (fixtures of all tests)
    athena,
    athena_server,
    moto_server,
    s3,
)
from tests.neptune_server import neptune, neptune_api  # noqa: F401
from tests.postgres_server import postgres_database, postgres_socket  # noqa: F401
from tests.redshift_server import redshift, redshift_api  # noqa: F401
from tests.shops import duckdb_shop, postgres_shop  # noqa: F401
from tests.snowflake_server import echoing, snowflake_database, snowflake_port  # noqa: F401

ROOT = Path(__file__).parents[1]
# Downloaded jars stay with the checkout; the user's own cache is neither read nor filled.
os.environ.setdefault("KGIMPORT_CACHE", str(ROOT / ".cache"))

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from neo4j import Driver

    from kgimport.graph import Graph
    from kgimport.neo4j.runtime.programs import Neo4j


VERSIONS = ("2026.08.1", "5.26.30")
# Where two processes share the tests, one has those of the newer line and the other those of the
# older, because servers and stores are shared by the tests of a line. These files start neither, or
# share what takes longer to make: a graph's tables, local Athena, the server for Neptune's files.
_WITH_THE_OLDER = (
    "test_air_routes",
    "test_athena",
    "test_dbt",
    "test_delta",
    "test_generated",
    "test_identity",
    "test_init",
    "test_load_neptune",
    "test_local_athena",
    "test_locations",
    "test_reader",
    "test_removals",
    "test_shop",
)


class ByLine(LoadScopeScheduling):  # type: ignore[misc]  # Any to mypy
    """Gives the tests of each line of Neo4j to a process of their own."""

    def _split_scope(self, nodeid: str) -> str:
        newest, oldest = VERSIONS
        file = Path(nodeid.partition("::")[0]).name
        return oldest if oldest in nodeid or file.startswith(_WITH_THE_OLDER) else newest


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByLine | None:
    """Use it for `--dist loadgroup`."""
    return ByLine(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session", params=VERSIONS)
def neo4j(request: pytest.FixtureRequest) -> Neo4j:
    """Neo4j by its jars, of one line after the other; the tests' graphs are small.

    It is prepared: that takes half a minute once, and a third off what follows.
    """
    program = find_neo4j(request.param)
    prepare(program)
    return with_fast_start(program)


@pytest.fixture(scope="session")
def lms_settings(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment in which dbt has built the LMS project from the committed data."""
    place = tmp_path_factory.mktemp("lms")
    settings = {
        "KGIMPORT_GRAPHS": "lms",
        "KGIMPORT_TABLES": str(place / "tables"),
        "KGIMPORT_WAREHOUSE": str(place / "warehouse.duckdb"),
        "DBT_TARGET_PATH": str(place / "target"),
        "DBT_LOG_PATH": str(place / "logs"),
    }
    with environment(settings):
        dbt.build(ROOT / "dbt", data=ROOT / "data")
    return settings


@pytest.fixture(scope="session")
def lms_graph(lms_settings: Mapping[str, str]) -> Graph:
    """The LMS graph's declaration, its tables built."""
    with environment(lms_settings):
        return load_graph(ROOT / "dbt")


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Variables of the environment for the length of a block."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def lms_build(lms_graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The LMS graph's build directory."""
    out = tmp_path_factory.mktemp("build") / "lms"
    export(lms_graph, out)
    return out


@pytest.fixture(scope="session")
def lms_store(lms_build: Path, neo4j: Neo4j, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The LMS graph's published store, on one line after the other."""
    return build_db(lms_build, tmp_path_factory.mktemp("stores"), neo4j=neo4j).path


@pytest.fixture(scope="session")
def lms(lms_store: Path, neo4j: Neo4j) -> Iterator[Driver]:
    """A driver to a server on the LMS store."""
    with private_driver(neo4j, lms_store / "data") as driver:
        yield driver


@pytest.fixture(scope="session")
def build_graph(neo4j: Neo4j, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Graph], Path]:
    """Exports and builds any graph; gives the published store."""

    def build(graph: Graph) -> Path:
        place = tmp_path_factory.mktemp(graph.name)
        export(graph, place / "build")
        return build_db(place / "build", place / "stores", neo4j=neo4j).path

    return build
