"""One Gremlin Server for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.neptune import gremlin_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gremlin_python.driver.client import Client


@pytest.fixture(scope="session")
def gremlin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of the server, which holds what the last test gave it."""
    with gremlin_server.running(tmp_path_factory.mktemp("gremlin")) as client:
        yield client
