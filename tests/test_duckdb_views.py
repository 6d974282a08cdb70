"""A view that reads a file reads the one next to its dbt project, wherever kgimport is started."""

from __future__ import annotations

from contextlib import chdir
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


@pytest.mark.parametrize(
    ("file", "statement", "named"),
    [
        (
            "more.csv",
            "create macro rows() as table select * from read_csv('more.csv')",
            "macro rows reads more.csv",
        ),
        ("more.csv", 'create view v as select * from "more.csv"', "view v reads more.csv"),
        ("raw", "create view v as select * from read_csv('raw')", "view v reads raw"),
        ("raw", "create view v as select * from read_csv('ra?')", r"view v reads ra\?"),
        (".raw[1]", "create view v as select * from read_csv('.raw[1]')", r"view v reads \.raw\[1"),
    ],
)
def test_a_file_that_is_read_in_another_way_is_found_too(
    view: NodeTable, tmp_path: Path, file: str, statement: str, named: str
) -> None:
    home = tmp_path / "project"
    with chdir(home), duckdb.connect("shop.duckdb") as made:
        Path(file).write_text("id\n1\n")
        made.execute(statement)
    Path(file).write_text("id\n2\n")

    with pytest.raises(SourceError, match=named):
        read(tmp_path / "out", view)


def test_names_and_texts_that_are_no_files_here_do_not_matter(
    view: NodeTable, tmp_path: Path
) -> None:
    with chdir(tmp_path / "project"), duckdb.connect("shop.duckdb") as made:
        texts = "'.', '', '..', './', '/', 'a' || chr(0), '" + 3000 * "x" + "'"
        made.execute(f'create view "odd name" as select concat({texts}) as "a.b"')
    (tmp_path / "elsewhere" / "other").touch()

    assert read(tmp_path / "out", view)[0].height == 1


def test_a_file_of_that_name_where_we_are_is_not_read_instead(
    view: NodeTable, tmp_path: Path
) -> None:
    pl.DataFrame({"id": [2]}).write_csv("raw.csv")

    with pytest.raises(SourceError, match=r"the view town reads raw.csv, relative to .*project"):
        read(tmp_path / "out", view)
