"""Whatever the round trip carries, the second reader finds in what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kgimport.records import on_disk
from tests.read_back import differences
from tests.roundtrip.lanes import LANES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.roundtrip.harness import Batch
    from tests.roundtrip.lanes import Lane


@pytest.mark.parametrize("lane", LANES, ids=str)
def test_every_value_that_is_written_is_read_back(
    lane: Lane, batches: Callable[[Lane], list[Batch]]
) -> None:
    told = [
        line
        for batch in batches(lane)
        for line in differences(batch.build, on_disk.read_export(batch.build))
    ]

    assert told == []
