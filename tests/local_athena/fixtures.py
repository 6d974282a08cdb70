"""The fixtures that tests/conftest.py hands on to all tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kgimport.errors import RuntimeMissingError
from tests.local_athena import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_athena.running import LocalAws


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """The server behind `s3`."""
    with running.moto(tmp_path_factory.mktemp("moto")) as aws:
        yield aws


@pytest.fixture(scope="session")
def athena_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """The servers behind `athena`, for fixtures of a whole session."""
    try:
        with running.athena(tmp_path_factory.mktemp("athena")) as aws:
            yield aws
    except RuntimeMissingError as error:
        if os.environ.get("KGIMPORT_REQUIRE_ATHENA"):
            raise
        pytest.skip(f"no local Athena: {error.message}")


@pytest.fixture
def s3(moto_server: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """S3 and Glue on this machine, and this test's process sees them; no fault is armed."""
    return _entered(moto_server, monkeypatch)


@pytest.fixture
def athena(athena_server: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """What `s3` is, and queries run; a test that takes it is marked `athena`."""
    return _entered(athena_server, monkeypatch)


def _entered(aws: LocalAws, settings: pytest.MonkeyPatch) -> LocalAws:
    aws.faults.clear()
    aws.enter(settings)
    return aws
