"""A view that reads a file reads the one next to its dbt project, wherever kgimport is started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from kgimport.errors import SourceError
from kgimport.locations import Relation
from kgimport.sources import duckdb_file
from tests.located import node, read

if TYPE_CHECKING:
    from kgimport.graph import NodeTable


@pytest.fixture
def view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodeTable:
    """A view of a project's database over a file of the project; we are in another folder."""
    home, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(home)
    Path("raw.csv").write_text("id\n1\n")
    with duckdb.connect("shop.duckdb") as made:
        made.execute("create view town as select id, 'it''s a.b' as name from read_csv('raw.csv')")
    monkeypatch.chdir(elsewhere)
    connection = duckdb_file.SOURCE.connect({"path": "shop.duckdb"}, home)
    at = Relation((str(home / "shop.duckdb"), "main", "town"), connection)
    return node(at, "town")


def test_a_relative_path_starts_at_the_project(view: NodeTable, tmp_path: Path) -> None:
    (rows,) = read(tmp_path / "out", view)

    assert rows.rows() == [(1, "it's a.b")]


def test_a_file_of_that_name_where_we_are_is_not_read_instead(
    view: NodeTable, tmp_path: Path
) -> None:
    pl.DataFrame({"id": [2]}).write_csv("raw.csv")

    with pytest.raises(SourceError, match=r"the view town reads raw.csv, relative to .*project"):
        read(tmp_path / "out", view)
