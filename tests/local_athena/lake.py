"""The customers' Parquet in local Athena's lake, landed as a user lands it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kgimport.commands.land import land as run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_athena.running import LocalAws


def land(aws: LocalAws, data: Path, prefix: str = "") -> None:
    """Upload data/<customer>/<table>/… and register each folder as a table.

    The databases are called `<prefix><customer>`.
    """
    with pytest.MonkeyPatch.context() as settings:
        aws.enter(settings)
        run(data, f"s3://{aws.lake}/raw", prefix, lambda *_: None)
