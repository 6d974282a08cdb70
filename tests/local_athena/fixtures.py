"""The fixtures that tests/conftest.py hands on to all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_athena.running import LocalAws, moto

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def _s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with moto(tmp_path_factory.mktemp("moto") / "log") as aws:
        yield aws


@pytest.fixture
def s3(_s3: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """S3 and Glue on this machine, and this test's process sees them; no fault is armed."""
    _s3.faults.clear()
    _s3.enter(monkeypatch)
    return _s3
