"""The reader of the tests holds files to what Neptune's pages state."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.neptune import reader
from tests.neptune.csv_cells import UnreadableError
from tests.neptune.reader import Edge, Graph, Vertex

if TYPE_CHECKING:
    from tests.neptune.headers import Format


def gremlin(place: Path, vertices: str, edges: str = "~id,~from,~to,~label\n") -> Graph:
    return read(place, vertices, edges, "gremlin")


def opencypher(place: Path, vertices: str, edges: str = ":ID,:START_ID,:END_ID,:TYPE\n") -> Graph:
    return read(place, vertices, edges, "opencypher")


def read(place: Path, vertices: str, edges: str, form: Format) -> Graph:
    for kind, text in (("vertices", vertices), ("edges", edges)):
        (place / kind / "t").mkdir(parents=True, exist_ok=True)
        (place / kind / "t" / "part-00000.csv").write_bytes(text.encode())
    return reader.read(place, form)


def one(place: Path, column: str, cell: str) -> frozenset[tuple[str, object]] | None:
    graph = gremlin(place, f"~id,~label,{column}\n1,a,{cell}\n")
    return graph.vertices["1"].properties.get("x")


@pytest.mark.parametrize(
    ("column", "cell", "found"),
    [
        ("x:String(single)", "", None),
        ("x:String(single)", '""', [("String", "")]),
        ("x:String(single)", " a b ", [("String", "a b")]),
        ("x:String(single)", '" a "', [("String", " a ")]),
        ("x:String(single)", '"say ""a,b""\r\n"', [("String", 'say "a,b"\r\n')]),
        ("x:String(single)", r"a\;b;c\n", [("String", r"a\;b;c\n")]),
        ("x:String[]", r"a\;b;c\n", [("String", "a;b"), ("String", r"c\n")]),
        ("x:Int(set)[]", "1;2", [("Int", 1), ("Int", 2)]),
        ("x:bool(single)", "true", [("Bool", True)]),
        ("x:BOOLEAN(single)", "false", [("Bool", False)]),
        ("x:byte", "-128", [("Byte", -128)]),
        ("x:short", "32767", [("Short", 32767)]),
        ("x:Long(single)", "9223372036854775807", [("Long", 2**63 - 1)]),
        ("x:Double(single)", "1e-3", [("Double", (0.001).hex())]),
        ("x:Double(single)", "NaN", [("Double", "nan")]),
        ("x:Double(single)", "-Infinity", [("Double", "-inf")]),
        ("x:Double(single)", "-0.0", [("Double", (-0.0).hex())]),
        ("x:Float(single)", "0.1", [("Float", "0x1.99999a0000000p-4")]),
        ("x:Date(single)", "1969-12-31", [("Date", datetime(1969, 12, 31, tzinfo=UTC))]),
        (
            "x:Datetime(single)",
            "2024-02-29T23:59:58Z",
            [("Date", datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC))],
        ),
    ],
)
def test_a_cell_is_what_its_type_makes_of_it(
    tmp_path: Path, column: str, cell: str, found: list[tuple[str, object]] | None
) -> None:
    assert one(tmp_path, column, cell) == (None if found is None else frozenset(found))


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("x:Bool(single)", "True"),  # which Neptune takes for false
        ("x:Bool(single)", "1"),
        ("x:Byte(single)", "128"),
        ("x:Long(single)", "9223372036854775808"),
        ("x:Long(single)", "1.0"),
        ("x:Double(single)", "inf"),
        ("x:Double(single)", "1e400"),
        ("x:Double(single)", "1,5"),
        ("x:Date(single)", "2024-02-30"),
        ("x:Datetime(single)", "2024-02-29T23:59:58.5Z"),
        ("x:Datetime(single)", "2024-02-29T23:59:58+01:00"),
        ("x:Datetime(single)", "2024-02-29 23:59:58"),
        ("x:String[]", "a;a"),
        ("x:String[]", "a;;b"),
        ("x:String[](single)", "a"),
        ("x:String(single)[]", "a"),
        ("x:Duration(single)", "PT1S"),
        ("x y:String(single)", "a"),
        ("x", "a"),
        ("~x", "a"),
        ("x:String(single)", "a\x00b"),
        ("x:String(single)", 'a"b'),
        ("x:String(single)", '"a" b'),
        ("x:String(single)", "a\rb"),
        ("x:String(single)", "a,b"),
        ("x:String(single),x:Int(single)", "a,1"),
        ("~id", "1"),
    ],
)
def test_what_neptune_refuses_or_changes_is_unreadable(
    tmp_path: Path, column: str, cell: str
) -> None:
    with pytest.raises(UnreadableError):
        one(tmp_path, column, cell)


def test_a_colon_in_a_name_is_escaped(tmp_path: Path) -> None:
    graph = gremlin(tmp_path, "~id,~label,a\\:b:Int(single)\n1,a,2\n")
    assert graph.vertices["1"].properties == {"a:b": {("Int", 2)}}


def test_rows_of_one_vertex_are_merged(tmp_path: Path) -> None:
    graph = gremlin(tmp_path, "~id,~label,s:Int,n:Int(single)\n1,a;b,1,5\n1,c,2,\n")
    assert graph.vertices == {
        "1": Vertex(
            frozenset("abc"),
            {"s": frozenset({("Int", 1), ("Int", 2)}), "n": frozenset({("Int", 5)})},
        )
    }
    assert graph.vertices["1"].sets == {"s"}
    assert graph.repeated == 1


def test_a_second_value_of_a_single_property_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="SINGLE_CARDINALITY"):
        gremlin(tmp_path, "~id,~label,n:Int(single)\n1,a,1\n1,a,2\n")


_ENDS = "~id,~label\n1,a\n2,a\n"
_EDGE = "~id,~from,~to,~label,x:Int\n"


def test_an_edge_has_one_label_and_its_own_values(tmp_path: Path) -> None:
    graph = gremlin(tmp_path, _ENDS, _EDGE + "e,1,2,KNOWS,3\n")
    assert graph.edges == {"e": Edge("1", "KNOWS", "2", {"x": frozenset({("Int", 3)})})}


@pytest.mark.parametrize(
    ("edges", "reason"),
    [
        (_EDGE + "e,1,3,K,\n", "VERTEX_ARE_MISSING"),
        (_EDGE + "e,1,2,K,\ne,2,1,K,\n", "MULTIPLE_EDGES"),
        (_EDGE + "e,1,2,,\n", "without label"),
        (_EDGE + ",1,2,K,\n", "without id"),
        ("~id,~from,~to,~label,x:Int(single)\n", "not a header"),
        ("~id,~from,~to,~label,x:Int[]\n", "not a header"),
        ("~id,~from,~label\n", "must have each"),
    ],
)
def test_edges_that_neptune_refuses_are_unreadable(tmp_path: Path, edges: str, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        gremlin(tmp_path, _ENDS, edges)


def test_every_object_under_a_prefix_is_data(tmp_path: Path) -> None:
    (tmp_path / "vertices").mkdir()
    (tmp_path / "vertices" / "export.json").write_text("{}")
    with pytest.raises(UnreadableError, match="not data"):
        gremlin(tmp_path, _ENDS)


def test_a_file_may_be_compressed_but_has_no_mark_of_its_encoding(tmp_path: Path) -> None:
    packed, marked = tmp_path / "a.csv.gz", tmp_path / "b.csv"
    packed.write_bytes(gzip.compress(_ENDS.encode()))
    marked.write_bytes(_ENDS.encode("utf-8-sig"))
    assert len(reader.loaded([packed], [], "gremlin").vertices) == 2
    with pytest.raises(UnreadableError, match="FEFF"):
        reader.loaded([marked], [], "gremlin")


def test_opencypher_has_names_of_its_own(tmp_path: Path) -> None:
    graph = opencypher(
        tmp_path,
        ":ID,:LABEL,at:DateTime\n1,a;b,2024-01-01\n",
        ":ID,:START_ID,:END_ID,:TYPE,w:Double\ne,1,1,K,1.5\n",
    )
    assert graph == Graph(
        {
            "1": Vertex(
                frozenset("ab"), {"at": frozenset({("Date", datetime(2024, 1, 1, tzinfo=UTC))})}
            )
        },
        {"e": Edge("1", "K", "1", {"w": frozenset({("Double", (1.5).hex())})})},
    )


@pytest.mark.parametrize(
    "vertices",
    [
        ":ID,:LABEL,at:Date\n1,a,2024-01-01\n",  # which would be text
        ":ID,:LABEL,x:Int(single)\n1,a,1\n",
        ":ID,:LABEL,x:Int[]\n1,a,1\n",
        ':ID,:LABEL,x:String\n1,a,""\n',
        "~id,~label\n1,a\n",
    ],
)
def test_what_opencypher_cannot_say_is_unreadable(tmp_path: Path, vertices: str) -> None:
    with pytest.raises(UnreadableError):
        opencypher(tmp_path, vertices)
