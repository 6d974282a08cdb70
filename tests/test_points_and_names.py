"""Points made of columns, and labels and types that stand in columns, in a real store."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from neo4j.spatial import WGS84Point

from kgimport.commands.build_db import build_db
from kgimport.commands.check import check
from kgimport.commands.export import export
from kgimport.errors import ValueRefusedError
from kgimport.graph import ColumnRule, Graph, Point
from kgimport.neo4j.private import private_driver
from kgimport.neo4j.runtime.programs import reading_parquet
from kgimport.options import ExportOptions
from tests.graphs import people
from tests.roundtrip.samples import Column, frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kgimport.graph import Crs
    from kgimport.neo4j.runtime.programs import Neo4j
    from kgimport.records import DataFile
    from kgimport.targets import Format

PLACES: dict[str, list[Any]] = {
    "id": ["a", "b", "c"],
    "lon": [18.0686, None, -180.0],
    "lat": [59.3293, None, 90.0],
    "kind": [["Adult"], ["Child", "Person"], ["a`b:c", "d,e=f"]],
}
TIES = {"a": ["a", "a", "b"], "b": ["b", "b", "c"], "how": ["LIKES", "OWES `$`", "LIKES"]}


def places(folder: Path, rows: dict[str, list[Any]] = PLACES) -> Graph:
    """People with a place and labels of their own, tied in several ways."""
    graph = people(folder, rows, TIES, type="", type_column="how")
    hidden = {"kind": ColumnRule(skip=True)}
    at = (Point("place", ("lon", "lat"), "wgs-84"),)
    person = replace(graph.nodes[0], points=at, label_column="kind", columns=hidden)
    return Graph("places", (person,), graph.relationships)


@pytest.mark.neo4j
def test_points_labels_and_types_arrive(
    build_graph: Callable[[Graph], Path], neo4j: Neo4j, tmp_path: Path
) -> None:
    store = build_graph(places(tmp_path))

    with private_driver(neo4j, store / "data") as driver:
        nodes = driver.execute_query("MATCH (n) RETURN n.id, n.place, labels(n) ORDER BY n.id")
        ties = driver.execute_query(
            "MATCH (a)-[r]->(b) RETURN a.id + b.id AS ab, type(r) ORDER BY ab, type(r)"
        )

    assert [[*row[:2], sorted(row[2])] for row in nodes.records] == [
        ["a", WGS84Point((18.0686, 59.3293)), ["Adult", "Person"]],
        ["b", None, ["Child", "Person"]],
        ["c", WGS84Point((-180.0, 90.0)), ["Person", "a`b:c", "d,e=f"]],
    ]
    assert [tuple(row) for row in ties.records] == [
        ("ab", "LIKES"),
        ("ab", "OWES `$`"),
        ("bc", "LIKES"),
    ]


@pytest.mark.neo4j
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_nan_of_either_sign_is_built_and_verified(
    neo4j: Neo4j, tmp_path: Path, form: Format
) -> None:
    nan = [-float("nan"), float("nan"), 0.5]
    rows = {"id": ["a", "b", "c"], "x": nan, "xs": [nan, nan[:1], nan[1:]]}
    single = pl.Series("single", nan, dtype=pl.Float32)
    graph = Graph("nan", people(tmp_path, pl.DataFrame(rows).with_columns(single)).nodes)
    export(graph, tmp_path / "build", options=ExportOptions("dense", form))
    program = reading_parquet(neo4j) if form == "parquet" else neo4j

    store = build_db(tmp_path / "build", tmp_path / "stores", neo4j=program).path

    with private_driver(neo4j, store / "data") as driver:
        asked = "MATCH (n) WHERE isNaN(n.x) AND isNaN(n.single) AND isNaN(n.xs[0]) RETURN n.id"
        found = driver.execute_query(asked).records
    assert sorted(row[0] for row in found) == ["a", "b"]


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("lon", 190.0, "coordinate-out-of-range"),
        ("lat", -90.001, "coordinate-out-of-range"),
        ("lon", -0.0, "longitude-minus-zero"),
        ("lon", None, "half-a-point"),
        ("lat", float("nan"), "coordinate-not-finite"),
        ("lat", float("inf"), "coordinate-not-finite"),
        ("kind", ["x", ""], "empty-label"),
        ("kind", ["x", None], "empty-label"),
        ("kind", None, "empty-label"),
        ("kind", ["\x1f"], "array-delimiter-in-label"),
        ("kind", ["x\x00"], "nul-in-label"),
    ],
)
def test_points_and_labels_that_neo4j_would_change_are_refused(
    tmp_path: Path, column: str, value: object, found: str
) -> None:
    rows = {**PLACES, column: [value, *PLACES[column][1:]]}

    with pytest.raises(ValueRefusedError, match=rf"1 row with .* \[{found}\]"):
        export(places(tmp_path, rows), tmp_path / "build")


def located(folder: Path, crs: Crs, **axes: pl.Series) -> Graph:
    """People whose place is made of these columns, all of which are skipped."""
    graph = people(folder, pl.DataFrame({"id": ["a", "b", "c"], **axes}))
    hidden = dict.fromkeys(axes, ColumnRule(skip=True))
    person = replace(graph.nodes[0], points=(Point("place", tuple(axes), crs),), columns=hidden)
    return Graph("located", (person,))


def series(dtype: pl.DataType, *cells: Any) -> pl.Series:
    return frame([Column("c", dtype, cells)]).to_series()


def test_whole_numbers_and_decimals_are_coordinates_to_the_last_digit(tmp_path: Path) -> None:
    x = series(pl.Decimal(20, 10), 180_000_000_001, -1, None)
    y = series(pl.Int64(), 2**53, -(2**62), None)
    z = series(pl.UInt64(), 2**63, 0, None)

    record = export(located(tmp_path, "cartesian-3d", x=x, y=y, z=z), tmp_path / "build")

    (part,) = record.tables[0].files
    assert record.tables[0].properties == 3 + 2
    assert pl.read_csv(tmp_path / "build" / part.path, has_header=False).to_series(2).to_list() == [
        "{x:18.0000000001,y:9007199254740992.0,z:9.223372036854776e+18}",
        "{x:-1e-10,y:-4.611686018427388e+18,z:0.0}",
        None,
    ]


@pytest.mark.parametrize(
    ("dtype", "exact", "beyond"),
    [
        (pl.Int64(), 2**53, 2**53 + 1),
        (pl.Int64(), -(2**63), 2**63 - 1),
        (pl.UInt64(), 2**63, 2**64 - 1),
        (pl.Int128(), 2**126, 2**127 - 1),
        (pl.UInt128(), 2**127, 2**128 - 1),
        (pl.Decimal(38, 0), 10**22, 10**38 - 1),
        (pl.Decimal(38, 18), 10**17, 10**18 + 1),
    ],
    ids=str,
)
def test_a_coordinate_that_a_double_would_round_is_refused(
    tmp_path: Path, dtype: pl.DataType, exact: int, beyond: int
) -> None:
    x, y = series(dtype, exact, beyond, exact), series(dtype, exact, exact, None)

    with pytest.raises(ValueRefusedError) as refusal:
        export(located(tmp_path, "cartesian", x=x, y=y), tmp_path / "build")
    digits = "points with a coordinate that a double cannot represent with the same digits"
    found = [line for line in refusal.value.message.split("\n") if line.endswith("]")]
    assert [line.split(": ")[1] for line in found] == [
        f"1 row with {digits} [coordinate-beyond-double]",
        "1 row with points that lack a coordinate [half-a-point]",
    ]
    assert "id='b'" in refusal.value.message


@pytest.mark.parametrize(
    "dtype",
    [
        *(pl.Boolean(), pl.String(), pl.Categorical(), pl.Date(), pl.Time(), pl.Datetime("us")),
        *(pl.Duration("ms"), pl.Binary(), pl.List(pl.Float64()), pl.Struct({"x": pl.Float64()})),
    ],
    ids=str,
)
def test_what_is_no_number_is_no_coordinate(tmp_path: Path, dtype: pl.DataType) -> None:
    y, z = pl.Series([None] * 3, dtype=dtype), pl.Series([0.0] * 3)

    with pytest.raises(ValueRefusedError) as refusal:
        check(located(tmp_path, "cartesian-3d", x=z, y=y, z=z))
    reason = "coordinates must be integers, floats or decimals; cast the column in SQL"
    assert refusal.value.message.split("\n") == [
        "these columns cannot be carried exactly:",
        f"  person.y ({dtype}): {reason}",
    ]


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("dtype", "cells", "labels"),
    [
        (pl.String(), ("x", "y", "x"), ["x", "y", "x"]),
        (pl.Categorical(), ("x", "y", "x"), ["x", "y", "x"]),
        (pl.Enum(["y", "x"]), ("x", "y", "x"), ["x", "y", "x"]),
        (pl.List(pl.Categorical()), (["x", "y"], ["y"], ["y", "y"]), ["x\x1fy", "y", "y\x1fy"]),
        (pl.List(pl.Enum(["y", "x"])), (["x"], ["y"], ["x"]), ["x", "y", "x"]),
        (
            pl.Array(pl.String(), 2),
            (["x", "z"], ["y", "y"], ["x", "y"]),
            ["x\x1fz", "y\x1fy", "x\x1fy"],
        ),
    ],
    ids=str,
)
def test_labels_are_text_in_any_of_its_forms(
    tmp_path: Path, form: Format, dtype: pl.DataType, cells: tuple[Any, ...], labels: list[str]
) -> None:
    # By these names the rows were counted once.
    for column in ("kind", "row", "len", "name"):
        place = tmp_path / column
        graph = people(place, pl.DataFrame({"id": [1, 2, 3], column: series(dtype, *cells)}))
        hidden = {column: ColumnRule(skip=True)}
        person = replace(graph.nodes[0], label_column=column, columns=hidden)

        record = export(
            Graph("g", (person,)), place / "build", options=ExportOptions("dense", form)
        )

        (table,) = record.tables
        held = [{"Person", *each.split("\x1f")} for each in labels]
        assert table.counts == Counter(label for each in held for label in each)
        assert written(place / "build", table.files, 1) == [f"Person\x1f{each}" for each in labels]


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum(["LIKES", "OWES"])], ids=str)
def test_types_are_text_in_any_of_its_forms(
    tmp_path: Path, form: Format, dtype: pl.DataType
) -> None:
    for column in ("how", "row", "len", "name"):
        ties = {"a": ["a", "b"], "b": ["b", "c"], column: series(dtype, "OWES", "LIKES")}
        persons: dict[str, list[Any]] = {"id": ["a", "b", "c"]}
        options = {"type": "", "type_column": column}
        graph = people(tmp_path / column, persons, pl.DataFrame(ties), **options)

        place = tmp_path / column / "build"
        record = export(graph, place, options=ExportOptions("dense", form))

        assert record.tables[1].counts == {"LIKES": 1, "OWES": 1}
        assert written(place, record.tables[1].files, 2) == ["OWES", "LIKES"]


def written(build: Path, files: tuple[DataFile, ...], at: int) -> list[str]:
    """A column of text of a table's files, by its position."""
    (part,) = (build / file.path for file in files)
    if part.suffix == ".parquet":
        column = pl.read_parquet(part).to_series(at)
        assert column.dtype == pl.String
        return column.to_list()
    return pl.read_csv(part, has_header=False, quote_char='"').to_series(at).to_list()


@pytest.mark.parametrize(
    ("dtype", "cell"),
    [
        *((pl.Int64(), 1), (pl.Float64(), 1.5), (pl.Boolean(), True), (pl.Date(), 0)),
        *((pl.Binary(), b"x"), (pl.List(pl.Int64()), [1]), (pl.Decimal(9, 0), 1)),
        *((pl.List(pl.List(pl.String())), [["x"]]), (pl.Array(pl.Int8(), 1), [1])),
        (pl.Struct({"x": pl.String()}), {"x": "x"}),
    ],
    ids=str,
)
def test_labels_and_types_that_are_no_text_are_refused_by_column_and_type(
    tmp_path: Path, dtype: pl.DataType, cell: Any
) -> None:
    persons = pl.DataFrame({"id": ["a"], "kind": series(dtype, cell)})
    ties = pl.DataFrame({"a": ["a"], "b": ["a"], "how": series(dtype, cell)})
    hidden = ColumnRule(skip=True)
    graph = people(tmp_path, persons, ties, type="", type_column="how", columns={"how": hidden})
    person = replace(graph.nodes[0], label_column="kind", columns={"kind": hidden})

    with pytest.raises(ValueRefusedError) as refusal:
        check(replace(graph, nodes=(person,)))
    cast = "cast the column to text in SQL"
    assert [line for line in refusal.value.message.split("\n") if line.startswith(" ")] == [
        f"  person.kind ({dtype}): labels must be text, or lists of text; {cast}",
        f"  knows.how ({dtype}): types must be text; {cast}",
    ]


def test_a_list_of_types_is_refused(tmp_path: Path) -> None:
    ties = pl.DataFrame({"a": ["a"], "b": ["b"], "how": [["LIKES"]]})
    graph = people(tmp_path, knows=ties, type="", type_column="how")

    with pytest.raises(ValueRefusedError, match=r"knows\.how .*: types must be text; cast"):
        check(graph)


def test_a_column_of_nulls_gives_no_label(tmp_path: Path) -> None:
    graph = people(tmp_path, {"id": ["a", "b", "c"], "kind": [None] * 3})
    person = replace(graph.nodes[0], label_column="kind")

    with pytest.raises(ValueRefusedError, match=r"person\.kind: 3 rows with no label, or an empty"):
        check(Graph("g", (person,)))


def test_columns_that_no_one_can_read_are_skipped(tmp_path: Path) -> None:
    names = ("", "*", "^a$", "__id__", "__start__", "__end__", "__missing__", "__point_x__")
    extra = {name: [name] * 3 for name in (*names, "__index_level_0__")}
    persons = {"id": ["a", "b", "c"], **extra}
    knows = {"a": ["a", "b", "?"], "b": ["b", "c", "a"], **extra}
    columns = dict.fromkeys(names, ColumnRule(skip=True))
    graph = people(tmp_path, persons, knows, on_missing="skip", columns=columns)
    person = replace(graph.nodes[0], columns=columns)

    record = export(replace(graph, nodes=(person,)), tmp_path / "build")

    assert [(table.written, table.rejected) for table in record.tables] == [(3, 0), (2, 1)]
    assert [[field.property for field in table.fields] for table in record.tables] == [
        ["id", "__index_level_0__"],
        ["__index_level_0__"],
    ]
    rejects = pl.read_parquet(tmp_path / "build" / "rejects" / "knows.parquet")
    assert rejects.to_dicts() == [
        {
            "a": "?",
            "b": "a",
            "": "",
            "__index_level_0__": "__index_level_0__",
            "__missing__": "start",
        }
    ]


def test_a_row_without_a_type_is_refused(tmp_path: Path) -> None:
    graph = places(tmp_path)
    rows = pl.DataFrame({**TIES, "how": ["LIKES", None, ""]})
    rows.write_parquet(tmp_path / "knows.parquet")

    with pytest.raises(ValueRefusedError, match=r"knows\.how: 2 rows with no type, or an empty"):
        export(graph, tmp_path / "build")
