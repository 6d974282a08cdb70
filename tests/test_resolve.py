"""Keys become ids by joins on disk; what goes wrong there is told as everything else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from kgimport.checks import joins
from kgimport.checks.joins import KEY, Workspace
from kgimport.errors import DestinationError
from kgimport.identity import END, ID, START

if TYPE_CHECKING:
    from pathlib import Path


def test_ids_come_in_the_order_of_the_rows_though_the_nodes_are_more(tmp_path: Path) -> None:
    place = Workspace(tmp_path, 64)
    nodes = joins.write_keys(
        place, pl.LazyFrame({KEY: [f"n{n}" for n in range(10_000)]}).with_row_index(ID)
    )
    rows = joins.write_keys(
        place, pl.LazyFrame({START: ["n9", None, "n2"], END: ["n0", "x", "n9999"]})
    )

    found = joins.read_ends(joins.look_up_ends(place, rows, [nodes], [nodes])).collect()

    assert found.rows() == [(9, 0), (None, None), (2, 9_999)]


def test_a_file_that_has_gone_is_told_without_a_trace(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="the keys cannot be written or read back"):
        joins.duplicates(Workspace(tmp_path, 64), {"person": tmp_path / "gone.parquet"})
