"""`kgimport diff`: two builds of a graph are compared, and the delta is written, or neither."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from kgimport import ExportOptions, export
from kgimport.cli import app
from kgimport.commands.diff import diff
from kgimport.errors import DestinationError, ExitCode, KgimportError, UsageError
from kgimport.records import DELTA_RECORD, Changes, on_disk
from tests.deltas.neptune import Store
from tests.deltas.test_delta import applied
from tests.graphs import people

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.choices import Dialect

OLD: tuple[dict[str, list[Any]], ...] = (
    {"id": ["a", "b", "c"], "name": ["Ann", None, ""]},
    {"a": ["a", "b"], "b": ["b", "c"], "since": [2001, 2002]},
)
NEW: tuple[dict[str, list[Any]], ...] = (
    {"id": ["a", "c", "d"], "name": ["Ann", None, "Dan"]},
    {"a": ["a", "c"], "b": ["c", "d"], "since": [2001, 2003]},
)
PERSONS = Changes(added=1, changed=1, vanished=1, same=1)
KNOWS = Changes(added=2, changed=0, vanished=2, same=0)


def build(folder: Path, rows: tuple[Any, ...], dialect: Dialect = "neptune-gremlin") -> Path:
    """A build directory of people who know each other."""
    out = folder / "build"
    export(people(folder / "tables", *rows), out, options=ExportOptions("keys", dialect=dialect))
    return out


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two builds of one graph."""
    place = tmp_path_factory.mktemp("builds")
    return build(place / "old", OLD), build(place / "new", NEW)


def test_a_delta_is_written_whole_and_makes_the_new_build_of_the_old(
    builds: tuple[Path, Path], tmp_path: Path
) -> None:
    old, new = builds
    stages: list[str] = []

    record = diff(old, new, out=tmp_path / "delta", progress=lambda stage, _: stages.append(stage))

    assert (record.labels, record.types) == ({"Person": PERSONS}, {"KNOWS": KNOWS})
    assert (record.old, record.new) == tuple(on_disk.read_export(each).build_id for each in builds)
    assert on_disk.read_delta(tmp_path / "delta") == record
    there = {path for path in (tmp_path / "delta").rglob("*") if path.is_file()}
    assert there == {
        tmp_path / "delta" / n for n in (DELTA_RECORD, *(f.path for f in record.files))
    }
    store, wanted = Store(record.dialect), Store(record.dialect)
    store.load(old)
    wanted.load(new)
    assert applied(store, tmp_path / "delta") == wanted
    assert {"read person", "read knows", "compare values"} <= {*stages}


def test_the_files_of_a_delta_are_in_the_order_in_which_they_are_applied(
    builds: tuple[Path, Path], tmp_path: Path
) -> None:
    record = diff(*builds, out=tmp_path / "delta")

    assert [(file.path, file.rows) for file in record.files] == [
        *(("removed/edges.csv", 2), ("removed/edges.gremlin", 1)),
        *(("removed/vertices.csv", 1), ("removed/vertices.gremlin", 1)),
        *(("removed/vertex_properties.csv", 1), ("removed/vertex_properties.gremlin", 1)),
        ("removed/edge_properties.csv", 0),
        ("vertices/person/part-00000.csv", 2),
        ("edges/knows/part-00000.csv", 2),
    ]


def test_equal_builds_have_an_empty_delta(builds: tuple[Path, Path], tmp_path: Path) -> None:
    record = diff(builds[0], builds[0], out=tmp_path / "delta")

    assert record.labels == {"Person": Changes(0, 0, 0, 3)}
    assert record.types == {"KNOWS": Changes(0, 0, 0, 2)}
    assert sum(file.rows for file in record.files) == 0


def test_the_command_counts_and_writes_nothing_without_a_folder(
    builds: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, ["diff", *map(str, builds)])
    as_json = CliRunner().invoke(app, ["diff", *map(str, builds), "--json"])

    assert shown.exit_code == as_json.exit_code == ExitCode.DONE
    assert [line.split() for line in shown.stdout.splitlines()[2:]] == [
        ["(:Person)", "1", "1", "1", "1"],
        ["[:KNOWS]", "2", "0", "2", "0"],
    ]
    assert json.loads(as_json.stdout)["labels"]["Person"]["changed"] == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_as_it_was_exported_is_refused(tmp_path: Path) -> None:
    old, new = build(tmp_path / "old", OLD), build(tmp_path / "new", NEW)
    path = new / "vertices" / "person" / "part-00000.csv"
    path.write_bytes(path.read_bytes().replace(b"Dan", b"Don"))

    with pytest.raises(DestinationError, match="is not as its export left it: vertices/person/"):
        diff(old, new, out=tmp_path / "delta")

    assert not (tmp_path / "delta").exists()


def test_builds_that_cannot_be_compared_are_refused_with_the_next_step(
    builds: tuple[Path, Path], tmp_path: Path
) -> None:
    other = build(tmp_path / "other", NEW, "neptune-opencypher")
    neo4j = build(tmp_path / "neo4j", NEW, "neo4j")
    export(people(tmp_path / "dense"), tmp_path / "by-id")
    graph = replace(people(tmp_path / "folk"), name="folk")
    export(graph, tmp_path / "third", options=ExportOptions("keys", dialect="neptune-gremlin"))

    def refusal(old: Path, new: Path, out: str | None = None) -> KgimportError:
        with pytest.raises(UsageError) as caught:
            diff(old, new, out=out)
        return caught.value

    assert "neptune-gremlin, the other for neptune-opencypher" in str(refusal(builds[0], other))
    assert refusal(neo4j, tmp_path / "by-id").hint == "export both with --ids keys --format csv"
    assert "leave out --out" in refusal(neo4j, neo4j, "delta").hint
    assert "two graphs, people and folk" in str(refusal(builds[0], tmp_path / "third"))
    assert "copy it to S3" in str(refusal(*builds, out="s3://bucket/delta"))


def test_builds_for_neo4j_are_counted_by_keys(tmp_path: Path) -> None:
    old, new = build(tmp_path / "old", OLD, "neo4j"), build(tmp_path / "new", NEW, "neo4j")

    record = diff(old, new)

    assert (record.labels, record.types) == ({"Person": PERSONS}, {"KNOWS": KNOWS})
    assert record.files == ()


def test_of_edges_between_the_same_vertices_any_is_as_good(tmp_path: Path) -> None:
    for name, since in (("old", [1, 2, 2]), ("new", [2, 3, 4, 5])):
        persons = {"id": ["a", "b"], "name": ["Ann", name]}
        ends = {"a": ["a"] * len(since), "b": ["b"] * len(since)}
        graph = people(tmp_path / name, persons, {**ends, "since": since})
        (person,) = graph.nodes
        # Such a label is in a column of the files.
        named = replace(graph, nodes=(replace(person, labels=("Person", "of;two")),))
        export(named, tmp_path / name / "build", options=ExportOptions("keys"))

    record = diff(tmp_path / "old" / "build", tmp_path / "new" / "build")

    assert record.types == {"KNOWS": Changes(added=1, changed=2, vanished=0, same=1)}
    assert record.labels == dict.fromkeys(("Person", "of;two"), Changes(0, 1, 0, 1))


def test_a_folder_with_something_else_is_not_replaced_and_a_delta_is(
    builds: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(DestinationError, match="holds something other than a delta"):
        diff(*builds, out=tmp_path / "mine")
    diff(*builds, out=tmp_path / "delta")

    diff(*reversed(builds), out=tmp_path / "delta")

    assert on_disk.read_delta(tmp_path / "delta").new == on_disk.read_export(builds[0]).build_id
