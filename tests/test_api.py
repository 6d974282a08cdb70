"""What the package offers to scripts and notebooks: twelve names, loaded when they are used."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

import kgimport
from kgimport.errors import ExitCode, UsageError
from kgimport.graph import ColumnRule, Graph, Index, NodeTable, Point
from kgimport.locations import LocalPath
from kgimport.notebook import as_html, summary
from tests.graphs import PERSONS, people
from tests.pretended import instead_of_neo4j
from tests.test_cli import HEAVY

if TYPE_CHECKING:
    from collections.abc import Callable

ANY_WORD: Any = "moon"
COMMANDS = ("build_db", "check", "export", "find_neo4j", "load_graph", "serve", "verify")


def test_twelve_names_are_public_and_all_of_them_are_there() -> None:
    assert dir(kgimport) == sorted(kgimport.__all__)
    assert len(kgimport.__all__) <= 12
    for name in kgimport.__all__:
        assert getattr(kgimport, name).__name__ == name


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(kgimport, "nothing")  # noqa: B009  (a type checker refuses the plain way)


@pytest.mark.parametrize("name", ["", ".KgimportError"])
def test_the_package_and_its_light_names_load_nothing_heavy(name: str) -> None:
    script = (
        f"import sys, kgimport; kgimport{name}; print([m for m in {HEAVY} if m in sys.modules])"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert loaded.stdout == "[]\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_takes_at_most_two_arguments_by_position_and_needs_no_more(name: str) -> None:
    parameters = inspect.signature(getattr(kgimport, name)).parameters.values()
    by_position = [each for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    by_keyword = [each for each in parameters if each.kind is each.KEYWORD_ONLY]

    assert len(by_position) <= 2
    assert len(by_position) + len(by_keyword) == len(parameters)
    assert all(each.default is not each.empty for each in by_keyword)


def test_a_graph_is_checked_and_exported_by_text_paths_and_nothing_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = people(tmp_path / "tables")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    stages: list[str] = []

    proof = kgimport.check(graph)
    record = kgimport.export(
        graph, str(tmp_path / "build"), progress=lambda stage, _: stages.append(stage)
    )

    assert proof.sources == {"person": 3, "knows": 2}
    assert (record.nodes, record.relationships) == (3, 2)
    assert {"scan", "write person", "write knows"} <= set(stages)
    assert list((tmp_path / "here").iterdir()) == []


def test_an_error_has_its_findings_its_hint_and_its_exit_code(tmp_path: Path) -> None:
    graph = people(tmp_path, {**PERSONS, "id": ["a", "a", "b"]})

    with pytest.raises(kgimport.KgimportError) as caught:
        kgimport.check(graph)

    assert caught.value.exit_code == ExitCode.INTEGRITY
    assert str(caught.value) == f"{caught.value.message}\n→ {caught.value.hint}"
    assert {(each.table, each.check) for each in caught.value.findings} >= {
        ("person", "duplicate-key")
    }


def test_a_store_that_differs_from_its_source_is_no_result_but_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretended = instead_of_neo4j(monkeypatch)
    kgimport.export(people(tmp_path / "tables"), tmp_path / "build")
    kgimport.build_db(tmp_path / "build", tmp_path / "stores", neo4j=pretended.neo4j)
    pretended.differences = ("person a: name is x",)

    with pytest.raises(kgimport.KgimportError, match="does not hold its source") as caught:
        kgimport.verify(tmp_path / "stores" / "people", neo4j=pretended.neo4j)

    assert caught.value.exit_code == ExitCode.RECONCILIATION
    assert "person a: name is x" in caught.value.message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: kgimport.ExportOptions(ids=ANY_WORD), "there are no ids 'moon'"),
        (lambda: kgimport.find_neo4j(runtime=ANY_WORD), "there is no runtime 'moon'"),
        (lambda: kgimport.load_graph(Path("docs")), "docs is not a dbt project"),
    ],
)
def test_a_word_that_is_none_of_the_choices_is_refused(
    wrong: Callable[[], object], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])

    with pytest.raises(UsageError) as error:
        wrong()

    assert error.value.message == message


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no format 'moon'") as error:
        kgimport.export(
            people(tmp_path), tmp_path / "build", options=kgimport.ExportOptions(format=ANY_WORD)
        )

    assert error.value.hint == "choose one of csv, parquet"


# --- in a notebook


def test_a_graph_is_drawn_from_its_declaration_without_a_look_at_its_tables() -> None:
    columns = {
        "name": ColumnRule(property="fullName"),
        "age": ColumnRule(type="long"),
        "secret": ColumnRule(skip=True),
    }
    table = NodeTable(
        name="person",
        location=LocalPath("nowhere.parquet"),
        labels=("Person",),
        key=("id",),
        id_space="Person",
        columns=columns,
        points=(Point("home", ("x", "y"), "wgs-84"),),
        indexes=(Index("range", ("born",)),),
    )

    shown = Graph("people", (table,))._repr_html_()

    assert shown is not None
    titles = ET.fromstring(shown).iter("{http://www.w3.org/2000/svg}title")
    assert [(each.text or "").split("\n")[0] for each in titles] == [
        *("people", ":Person"),
        *("id", "fullName", "age: INTEGER", "home: POINT", "born"),
    ]


def test_a_record_shows_its_counts_as_a_table(tmp_path: Path) -> None:
    record = kgimport.export(people(tmp_path / "tables"), tmp_path / "build")

    shown = ET.fromstring(record._repr_html_())

    assert shown.findtext("caption") == f"graph people, build {record.build_id}"
    rows = [[cell.text for cell in row] for row in shown.iter("tr")]
    assert rows[0] == ["table", "becomes", "rows", "rejected", "properties", "MB"]
    assert [row[:3] for row in rows[1:]] == [
        ["person", "(:Person)", "3"],
        ["knows", "[:KNOWS]", "2"],
    ]


def test_what_a_table_shows_is_escaped() -> None:
    evil = '<script>alert("1")</script>'

    shown = as_html(summary(evil, (evil,), [(evil,), (1_000,)]))

    assert "<script" not in shown
    assert [each.text for each in ET.fromstring(shown).iter("td")] == [evil, "1,000"]
