"""`export` proves a graph, writes it, and leaves either a whole build directory or none."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
import pytest

from kgimport import files, writer
from kgimport.commands.export import export
from kgimport.errors import (
    DeclarationError,
    DestinationError,
    IntegrityError,
    SourceError,
    UsageError,
    ValueRefusedError,
)
from kgimport.graph import ColumnRule, End, Graph, Index, NodeTable
from kgimport.locations import LocalPath
from kgimport.options import ExportOptions
from kgimport.records import on_disk
from tests.graphs import KNOWS, PERSONS, Rows, people

if TYPE_CHECKING:
    from kgimport.choices import Ids
    from kgimport.records import ExportRecord


def texts(folder: Path) -> dict[str, str]:
    """Every text file of a build directory but its record."""
    files = sorted(
        file for file in folder.rglob("*") if file.suffix in {".csv", ".args", ".cypher"}
    )
    return {file.relative_to(folder).as_posix(): file.read_text() for file in files}


HEADERS: dict[Ids, dict[str, str]] = {
    "dense": {"person": ":ID,id:string,name:string", "knows": ":START_ID,:END_ID,since:long"},
    "keys": {
        "person": ":ID(Person),id:string,name:string",
        "knows": ":START_ID(Person),:END_ID(Person),since:long",
    },
}
LINES: dict[Ids, dict[str, str]] = {
    "dense": {"person": '0,a,Ann\n1,b,\n2,c,""\n', "knows": "0,1,2001\n1,2,2002\n"},
    "keys": {"person": 'a,a,Ann\nb,b,\nc,c,""\n', "knows": "a,b,2001\nb,c,2002\n"},
}


@pytest.mark.parametrize("ids", ["dense", "keys"])
def test_a_graph_becomes_headers_parts_arguments_and_schema(tmp_path: Path, ids: Ids) -> None:
    export(people(tmp_path), tmp_path / "build", options=ExportOptions(ids=ids))

    found = texts(tmp_path / "build")
    arguments = found.pop("import.args").splitlines()
    assert found.pop("enterprise.cypher").startswith("// ")
    assert found == {
        **{f"csv/{name}/header.csv": f"{row}\n" for name, row in HEADERS[ids].items()},
        **{f"csv/{name}/part-00000.csv": rows for name, rows in LINES[ids].items()},
        "schema.cypher": (
            "CREATE CONSTRAINT `Person_id_unique` IF NOT EXISTS "
            "FOR (n:`Person`) REQUIRE (n.`id`) IS UNIQUE;\n"
        ),
    }
    assert f'"--id-type={"actual" if ids == "dense" else "string"}"' in arguments
    assert arguments[-2:] == [
        '"--nodes=Person=csv/person/header.csv,csv/person/part-00000.csv"',
        '"--relationships=KNOWS=csv/knows/header.csv,csv/knows/part-00000.csv"',
    ]


def test_a_named_end_key_is_a_property_of_the_relationship_too(tmp_path: Path) -> None:
    columns = {"a": ColumnRule(property="from")}

    export(people(tmp_path, columns=columns), tmp_path / "build")

    knows = tmp_path / "build" / "csv" / "knows"
    assert (knows / "header.csv").read_text() == ":START_ID,:END_ID,from:string,since:long\n"
    assert (knows / "part-00000.csv").read_text() == "0,1,a,2001\n1,2,b,2002\n"


def test_dense_ids_number_the_nodes_of_all_tables(tmp_path: Path) -> None:
    graph = people(tmp_path, knows={"a": ["c", "x"], "b": ["y", "a"]})
    pl.DataFrame({"id": ["x", "y"]}).write_parquet(tmp_path / "robot.parquet")
    robot = replace(
        graph.nodes[0],
        name="robot",
        location=LocalPath(str(tmp_path / "robot.parquet")),
        labels=("Robot",),
        unique=(),
    )

    export(replace(graph, nodes=(*graph.nodes, robot)), tmp_path / "build")

    csv = tmp_path / "build" / "csv"
    assert (csv / "robot/part-00000.csv").read_text() == "3,x\n4,y\n"
    assert (csv / "knows/part-00000.csv").read_text() == "2,4\n3,0\n"


@pytest.mark.parametrize("ids", ["dense", "keys"])
def test_keys_of_whole_numbers_of_any_width_find_each_other(tmp_path: Path, ids: Ids) -> None:
    persons = pl.DataFrame({"id": [-1, 0, 7]}, schema={"id": pl.Int16})
    knows = pl.DataFrame({"a": [7, -1], "b": [0, 7]}, schema={"a": pl.Int64, "b": pl.Int32})

    export(people(tmp_path, persons, knows), tmp_path / "build", options=ExportOptions(ids=ids))

    lines = {"dense": "2,1\n0,2\n", "keys": "7,0\n-1,7\n"}
    assert (tmp_path / "build/csv/knows/part-00000.csv").read_text() == lines[ids]


def test_ends_are_resolved_in_the_order_of_the_rows_whatever_the_memory(tmp_path: Path) -> None:
    count = 300_000
    number = pl.int_range(count, eager=True)
    persons = pl.select(id=pl.format("p{}", number))
    knows = pl.select(
        a=pl.format("p{}", number * 7_919 % count), b=pl.format("p{}", number * 104_729 % count)
    )

    export(
        people(tmp_path, persons, knows), tmp_path / "build", options=ExportOptions(memory_mb=64)
    )

    found = pl.read_csv(tmp_path / "build/csv/knows/part-00000.csv", has_header=False)
    wanted = pl.select(a=number * 7_919 % count, b=number * 104_729 % count)
    assert found.rows() == wanted.rows()


def test_the_record_says_what_is_in_the_files(tmp_path: Path) -> None:
    made = export(people(tmp_path), tmp_path / "build")

    assert on_disk.read_export(tmp_path / "build") == made
    person, knows = made.tables
    assert (person.rows, person.written, person.rejected, person.properties) == (3, 3, 0, 5)
    assert (knows.rows, knows.written, knows.rejected, knows.properties) == (2, 2, 0, 2)
    for file in (*person.files, *knows.files):
        content = (tmp_path / "build" / file.path).read_bytes()
        assert file.sha256 == hashlib.sha256(content).hexdigest()
        assert file.bytes == len(content)
        assert file.rows == content.count(b"\n")


def test_the_same_input_gives_the_same_bytes_and_build_id(tmp_path: Path) -> None:
    one = export(people(tmp_path / "one"), tmp_path / "build-1")
    two = export(people(tmp_path / "two"), tmp_path / "build-2")

    assert one.build_id == two.build_id
    assert texts(tmp_path / "build-1") == texts(tmp_path / "build-2")


def test_the_same_input_gives_the_same_parquet_and_build_id(tmp_path: Path) -> None:
    count = 20_000
    persons: dict[str, list[Any]] = {
        "id": [f"person {at}" for at in range(count)],
        "name": ["Ann", None] * (count // 2),
    }
    knows = {"a": persons["id"], "b": persons["id"][::-1]}
    one, two = (
        export(people(tmp_path / name, persons, knows), tmp_path / f"build {name}", options=PARQUET)
        for name in ("one", "two")
    )

    assert one.build_id == two.build_id
    assert hashes(tmp_path / "build one") == hashes(tmp_path / "build two")
    assert sorted(hashes(tmp_path / "build one")) == [
        *("enterprise.cypher", "import.args"),
        *("parquet/knows/header.csv", "parquet/knows/part-00000.parquet"),
        *("parquet/person/header.csv", "parquet/person/part-00000.parquet", "schema.cypher"),
    ]


PARQUET = ExportOptions(format="parquet")


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a build directory but its record."""
    found = (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".json")
    return {file.relative_to(folder).as_posix(): files.sha256(file) for file in found}


@pytest.mark.parametrize(
    ("persons", "knows"),
    [
        ({**PERSONS, "name": ["Ann", None, " "]}, KNOWS),
        (PERSONS, {**KNOWS, "since": [2001, None]}),
        ({**PERSONS, "more": [1, 2, 3]}, KNOWS),
    ],
    ids=["a value", "a null", "a column"],
)
def test_another_input_gives_another_build_id(
    tmp_path: Path, persons: dict[str, list[Any]], knows: dict[str, list[Any]]
) -> None:
    one = export(people(tmp_path / "one"), tmp_path / "build-1")
    two = export(people(tmp_path / "two", persons, knows), tmp_path / "build-2")

    assert one.build_id != two.build_id


def findings(tmp_path: Path, **tables: Any) -> str:
    """What the refusal of a graph of people says."""
    with pytest.raises(IntegrityError) as caught:
        export(people(tmp_path, **tables), tmp_path / "build")
    assert not (tmp_path / "build").exists()
    return caught.value.message.split("\n", 1)[1]


def test_null_and_empty_keys_are_refused_with_their_rows(tmp_path: Path) -> None:
    persons: Rows = {"id": ["a", None, ""], "name": ["Ann", "Bo", "Cy"]}

    assert findings(tmp_path, persons=persons, knows={"a": ["a"], "b": ["a"]}) == (
        "person.id: 1 row with a null key [null-key]\n    id=None\n"
        "person.id: 1 row with an empty key [empty-key]\n    id=''"
    )


def test_duplicate_keys_are_refused_with_their_number(tmp_path: Path) -> None:
    persons: Rows = {"id": ["a", "b", "a", "a"], "name": [None] * 4}

    assert findings(tmp_path, persons=persons, knows={"a": ["a"], "b": ["b"]}) == (
        "person.id: 3 rows with a key that other rows in id space Person also have "
        "[duplicate-key]\n"
        "    key='a', rows=3, tables='person'"
    )


def test_dangling_and_null_ends_are_refused_on_their_side(tmp_path: Path) -> None:
    knows: Rows = {"a": ["a", "x", None], "b": ["y", "b", "c"]}

    assert findings(tmp_path, knows=knows) == (
        "knows.a: 1 row with a null key of a start node [null-end]\n    a=None, b='c'\n"
        "knows.a: 1 row with a start node that does not exist [dangling-end]\n    a='x', b='b'\n"
        "knows.b: 1 row with an end node that does not exist [dangling-end]\n    b='y', a='a'"
    ).replace("b='y', a='a'", "a='a', b='y'")


def test_skipped_rows_are_set_aside_and_counted(tmp_path: Path) -> None:
    knows: Rows = {"a": ["a", "x", None, "y"], "b": ["b", "b", "c", "z"], "n": [1, 2, 3, 4]}

    made = export(people(tmp_path, knows=knows, on_missing="skip"), tmp_path / "build")

    table = made.tables[1]
    assert (table.rows, table.written, table.rejected, table.properties) == (4, 1, 3, 1)
    rejects = pl.read_parquet(tmp_path / "build" / "rejects" / "knows.parquet")
    assert rejects.to_dict(as_series=False) == {
        "a": ["x", None, "y"],
        "b": ["b", "c", "z"],
        "n": [2, 3, 4],
        "__missing__": ["start", "start", "start, end"],
    }
    assert (tmp_path / "build" / "csv/knows/part-00000.csv").read_text() == "0,1,1\n"


def test_values_that_cannot_be_carried_are_refused_with_their_key(tmp_path: Path) -> None:
    persons: Rows = {"id": ["a", "b"], "tags": [["x"], []]}

    with pytest.raises(ValueRefusedError, match=r"person\.tags: 1 row with empty lists") as caught:
        export(people(tmp_path, persons, {"a": ["a"], "b": ["b"]}), tmp_path / "build")

    assert caught.value.message.endswith("    id='b', tags=[]")


def test_types_that_cannot_be_carried_are_refused_for_all_tables(tmp_path: Path) -> None:
    persons: Rows = {"id": ["a"], "where": [{"x": 1}]}
    knows: Rows = {"a": ["a"], "b": ["a"], "raw": [b"\x00"]}

    with pytest.raises(ValueRefusedError) as caught:
        export(people(tmp_path, persons, knows), tmp_path / "build")

    assert "person.where" in caught.value.message
    assert "knows.raw" in caught.value.message


def test_ends_of_another_type_than_the_key_are_refused(tmp_path: Path) -> None:
    knows: Rows = {"a": [1], "b": ["a"]}

    with pytest.raises(DeclarationError, match=r"knows\.a \(start\) is Int64, but person\.id is S"):
        export(people(tmp_path, knows=knows), tmp_path / "build")


def test_keys_of_several_columns_cannot_run_into_each_other(tmp_path: Path) -> None:
    graph = people(
        tmp_path,
        {"id": ["1", "12"], "two": ["23", "3"]},
        {"a": ["1", "12"], "a2": ["23", "3"], "b": ["12", "1"], "b2": ["3", "23"]},
        start=End("person", ("a", "a2")),
        end=End("person", ("b", "b2")),
    )
    person = replace(graph.nodes[0], key=("id", "two"))

    made = Graph("people", (person,), graph.relationships)
    export(made, tmp_path / "build", options=ExportOptions(ids="keys"))

    csv = tmp_path / "build" / "csv"
    ids = [line.split(",")[0] for line in (csv / "person/part-00000.csv").read_text().splitlines()]
    ends = (csv / "knows/part-00000.csv").read_text().splitlines()
    assert ids == ["1:12:23", "2:121:3"]
    assert [line.split(",")[:2] for line in ends] == [ids, ids[::-1]]


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
def test_files_with_line_breaks_are_named_to_the_importer_and_no_others(
    tmp_path: Path, line_break: str
) -> None:
    persons: Rows = {"id": ["a", "b"], "name": [f'say "hi",{line_break}you', "x"]}

    made = export(people(tmp_path, persons, {"a": ["a"], "b": ["b"]}), tmp_path / "build")

    person, knows = made.tables
    assert [file.rows for file in person.files] == [2]
    assert [file.multiline for file in (*person.files, *knows.files)] == [True, False]
    arguments = (tmp_path / "build" / "import.args").read_text()
    assert '"--multiline-fields=csv/person/part-00000.csv"\n' in arguments


def test_an_empty_table_is_a_header_alone(tmp_path: Path) -> None:
    nothing = pl.DataFrame({"a": [], "b": []}, schema={"a": pl.String, "b": pl.String})

    made = export(people(tmp_path, knows=nothing), tmp_path / "build")

    assert made.tables[1].written == 0


def test_an_address_that_is_not_in_s3_does_not_become_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = people(tmp_path / "tables")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError, match="gs://bucket/people is neither a folder"):
        export(graph, "gs://bucket/people")

    assert [each.name for each in tmp_path.iterdir()] == ["tables"]


def test_a_folder_of_other_things_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "thesis.txt").write_text("years of work")

    with pytest.raises(DestinationError, match="holds something other than"):
        export(people(tmp_path), tmp_path / "build")

    assert (tmp_path / "build" / "thesis.txt").read_text() == "years of work"


def test_a_failed_export_leaves_the_build_before_it(tmp_path: Path) -> None:
    good = export(people(tmp_path / "good"), tmp_path / "build")
    graph = people(tmp_path / "bad")
    damaged = tmp_path / "bad" / "person.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-40])

    with pytest.raises(SourceError, match="table person cannot be read"):
        export(graph, tmp_path / "build")

    assert on_disk.read_export(tmp_path / "build") == good
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bad", "build", "good"]


def made_in_parts(
    tmp_path: Path, rows_per_part: int, monkeypatch: pytest.MonkeyPatch
) -> ExportRecord:
    plain = writer.write
    monkeypatch.setattr(
        writer, "write", lambda *a, **k: plain(*a, **{**k, "rows_per_part": rows_per_part})
    )
    persons: Rows = {"id": [f"{n:05d}" for n in range(10_000)], "text": ['"\n'] * 10_000}
    return export(people(tmp_path, persons, {"a": ["00000"], "b": ["09999"]}), tmp_path / "b")


def test_large_tables_are_cut_into_numbered_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = made_in_parts(tmp_path, 3_000, monkeypatch)

    files = made.tables[0].files
    assert [Path(file.path).name for file in files] == [f"part-{n:05d}.csv" for n in range(4)]
    assert [file.rows for file in files] == [3_000, 3_000, 3_000, 1_000]
    assert all(file.multiline for file in files)


def test_two_indexes_of_one_name_are_refused(tmp_path: Path) -> None:
    graph = people(tmp_path)
    twice = (Index("range", ("name",), "one"), Index("text", ("name",), "one"))
    person = replace(graph.nodes[0], indexes=twice)

    with pytest.raises(DeclarationError, match="two indexes are named one"):
        export(replace(graph, nodes=(person,)), tmp_path / "build")


@pytest.mark.parametrize(
    ("unit", "spelled"), [("ms", "00.123"), ("us", "00.123456"), ("ns", "00.123456789")]
)
def test_a_timestamp_keeps_the_fraction_of_its_unit(
    tmp_path: Path, unit: Literal["ms", "us", "ns"], spelled: str
) -> None:
    at = pl.Series([1_577_836_800_123_456_789]).cast(pl.Datetime("ns")).cast(pl.Datetime(unit))
    pl.DataFrame({"id": ["a"], "at": at}).write_parquet(tmp_path / "robot.parquet")
    robot = NodeTable(
        "robot", LocalPath(str(tmp_path / "robot.parquet")), ("Robot",), ("id",), "Robot"
    )

    export(Graph("robots", (robot,), ()), tmp_path / "build")

    (part,) = (tmp_path / "build" / "csv" / "robot").glob("part-*")
    assert part.read_text() == f"0,a,2020-01-01T00:00:{spelled}\n"


@pytest.mark.parametrize(
    ("first", "cell"), [(0, "at"), (-1, "at:localdatetime")], ids=["as such", "as text"]
)
def test_a_header_cell_of_parquet_leaves_the_type_of_moments_to_the_file(
    tmp_path: Path, first: int, cell: str
) -> None:
    at = pl.Series([first, 1]).cast(pl.Datetime("us"))
    pl.DataFrame({"id": ["a", "b"], "at": at}).write_parquet(tmp_path / "robot.parquet")
    robot = NodeTable(
        "robot", LocalPath(str(tmp_path / "robot.parquet")), ("Robot",), ("id",), "Robot"
    )

    export(Graph("robots", (robot,), ()), tmp_path / "build", options=PARQUET)

    header = tmp_path / "build" / "parquet" / "robot" / "header.csv"
    assert header.read_text() == f":ID,id:string,{cell}\n0,1,2\n"
