"""Files for Amazon Neptune: layout, ids, spellings, and what is refused by name."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from kgimport import writer
from kgimport.commands.build_db import build_db
from kgimport.commands.export import export
from kgimport.errors import DestinationError, IntegrityError, UsageError, ValueRefusedError
from kgimport.graph import ColumnRule, Graph, NodeTable
from kgimport.locations import LocalPath
from kgimport.options import ExportOptions
from kgimport.records import on_disk
from tests.graphs import KNOWS, PERSONS, people
from tests.pretended import instead_of_neo4j
from tests.read_back import differences

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.choices import Dialect
    from tests.graphs import Rows


GREMLIN = ExportOptions(dialect="neptune-gremlin")
OPENCYPHER = ExportOptions(dialect="neptune-opencypher")
BOTH = pytest.mark.parametrize("dialect", ["neptune-gremlin", "neptune-opencypher"])
# Every kind of value that both dialects carry.
VALUES = pl.DataFrame(
    {
        "id": ["a", " b", 'c"'],
        "text": [',;\\:"', "l\nb", None],
        "whole": [2**63 - 1, None, -(2**63)],
        "real": [1.5, float("inf"), float("nan")],
        "flag": [True, None, False],
        "a:b": [datetime(1969, 1, 1, 12, 0, 5, tzinfo=UTC), None, datetime(2024, 1, 1, tzinfo=UTC)],
    }
)
TIES = pl.DataFrame({"a": ["a", " b"], "b": [" b", 'c"'], "since": [1, 2]})


def written(build: Path, name: str) -> str:
    return (build / name / "part-00000.csv").read_text(encoding="utf-8")


def rows(build: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table, as Python's own reader finds them."""
    with (build / name / "part-00000.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def ids(build: Path, table: str = "edges/knows") -> dict[tuple[str, str], str]:
    return {(row["~from"], row["~to"]): row["~id"] for row in rows(build, table)}


# What is written --------------------------------------------------------------------------------


def test_gremlins_csv_has_a_header_in_each_file_and_single_properties(tmp_path: Path) -> None:
    record = export(people(tmp_path, VALUES, TIES), tmp_path / "build", options=GREMLIN)

    assert written(tmp_path / "build", "vertices/person") == (
        "~id,~label,id:String(single),text:String(single),whole:Long(single),real:Double(single),"
        "flag:Bool(single),a\\:b:Datetime(single)\n"
        '"Person:a","Person","a",",;\\:""",9223372036854775807,"1.5",true,1969-01-01T12:00:05Z\n'
        '"Person: b","Person"," b","l\nb",,"Infinity",,\n'
        '"Person:c""","Person","c""",,-9223372036854775808,"NaN",false,2024-01-01T00:00:00Z\n'
    )
    assert written(tmp_path / "build", "edges/knows").startswith(
        "~id,~from,~to,~label,since:Long\n"
    )
    assert differences(tmp_path / "build", record) == []


def test_openciphers_csv_has_the_same_rows_under_its_own_headers(tmp_path: Path) -> None:
    graph = people(tmp_path, VALUES, TIES)
    export(graph, tmp_path / "gremlin", options=GREMLIN)
    record = export(graph, tmp_path / "build", options=OPENCYPHER)

    for name, headers in {
        "vertices/person": ":ID,:LABEL,id:String,text:String,whole:Long,real:Double,flag:Boolean,"
        "a\\:b:DateTime",
        "edges/knows": ":ID,:START_ID,:END_ID,:TYPE,since:Long",
    }.items():
        first, _, others = written(tmp_path / "build", name).partition("\n")
        assert first == headers
        assert others == written(tmp_path / "gremlin", name).partition("\n")[2]
    assert differences(tmp_path / "build", record) == []


def test_dates_are_dates_in_gremlin(tmp_path: Path) -> None:
    graph = people(tmp_path, pl.DataFrame({"id": ["a"], "d": [date(2024, 2, 29)]}), no_ties())
    record = export(graph, tmp_path / "build", options=GREMLIN)

    assert rows(tmp_path / "build", "vertices/person")[0]["d:Date(single)"] == "2024-02-29"
    assert differences(tmp_path / "build", record) == []


def no_ties() -> pl.DataFrame:
    return pl.DataFrame(KNOWS).clear()


@BOTH
def test_nothing_but_rows_is_below_the_two_prefixes(tmp_path: Path, dialect: Dialect) -> None:
    options = ExportOptions(dialect=dialect)
    persons: Rows = {"id": ["a", "b", "c"]}
    record = export(people(tmp_path, persons), tmp_path / "b", options=options)

    names = {each.relative_to(tmp_path / "b").as_posix() for each in (tmp_path / "b").rglob("*.*")}
    assert names == {"export.json", "neptune.json", *(file.path for file in record.files)}
    assert {name.split("/")[0] for name in names if "/" in name} == {"vertices", "edges"}


def test_what_a_load_needs_is_in_a_file_for_people(tmp_path: Path) -> None:
    export(people(tmp_path), tmp_path / "build", options=GREMLIN)

    told = json.loads((tmp_path / "build" / "neptune.json").read_text())["loads"]
    assert [each["source"] for each in told] == ["vertices/", "edges/"]
    assert {each["format"] for each in told} == {"csv"}
    assert {each["parserConfiguration"]["allowEmptyStrings"] for each in told} == {"true"}
    assert all(each["updateSingleCardinalityProperties"] for each in told)


def test_an_empty_string_is_quoted_and_a_null_is_blank(tmp_path: Path) -> None:
    export(people(tmp_path), tmp_path / "build", options=GREMLIN)

    assert written(tmp_path / "build", "vertices/person").splitlines()[2:] == [
        '"Person:b","Person","b",',
        '"Person:c","Person","c",""',
    ]


def test_a_wrong_value_in_a_file_is_found_when_it_is_read_back(tmp_path: Path) -> None:
    record = export(people(tmp_path), tmp_path / "build", options=GREMLIN)
    part = tmp_path / "build" / "edges" / "knows" / "part-00000.csv"
    part.write_text(part.read_text().replace("Person:c", "Person:b"))

    found = differences(tmp_path / "build", record)
    assert found == [
        "knows.the end: the values that were written differ, although their sums are as expected"
    ]


# Ids --------------------------------------------------------------------------------------------


def test_an_edges_id_is_the_documented_hash(tmp_path: Path) -> None:
    ties: Rows = {"a": ["a"], "b": ["b"], "since": [2001]}
    graph = people(tmp_path, PERSONS, ties, key=("since",))
    export(graph, tmp_path / "build", options=GREMLIN)

    parts = ("KNOWS", "Person:a", "Person:b", "2001")
    text = "".join(f"{len(part)}:{part}" for part in parts)
    wanted = hashlib.sha256(text.encode()).hexdigest()[:32]
    assert ids(tmp_path / "build") == {("Person:a", "Person:b"): wanted}


def test_ids_do_not_change_with_the_order_of_rows_with_other_rows_or_other_tables(
    tmp_path: Path,
) -> None:
    graph = people(tmp_path / "one")
    export(graph, tmp_path / "first", options=GREMLIN)
    more: Rows = {"a": ["c", "b", "a"], "b": ["a", "c", "b"], "since": [1, 2002, 2001]}
    other = people(tmp_path / "two", {"id": ["c", "b", "a"], "name": ["", None, "Ann"]}, more)
    likes = replace(other.relationships[0], name="likes", type="LIKES")
    grown = replace(other, relationships=(likes, *other.relationships))
    export(grown, tmp_path / "second", options=GREMLIN)

    before, after = ids(tmp_path / "first"), ids(tmp_path / "second")
    assert before == {ends: after[ends] for ends in before}
    likes_ids = ids(tmp_path / "second", "edges/likes")
    assert not {*likes_ids.values()} & {*after.values()}


def test_ids_of_vertices_of_several_id_spaces_differ(tmp_path: Path) -> None:
    """`a` with the key `b:c` is not `a:b` with the key `c`."""
    for name, key in (("one", "b:c"), ("two", "c")):
        pl.DataFrame({"id": [key]}).write_parquet(tmp_path / f"{name}.parquet")
    nodes = tuple(
        NodeTable(name, LocalPath(str(tmp_path / f"{name}.parquet")), ("L",), ("id",), space)
        for name, space in (("one", "a"), ("two", "a:b"))
    )
    export(Graph("spaces", nodes, ()), tmp_path / "build", options=GREMLIN)

    found = [rows(tmp_path / "build", f"vertices/{name}")[0]["~id"] for name in ("one", "two")]
    assert found == ["a:b:c", "a-3a-b:c"]


def test_two_edges_that_nothing_tells_apart_are_refused_with_their_ends(tmp_path: Path) -> None:
    ties: Rows = {"a": ["a", "a", "b"], "b": ["b", "b", "c"], "since": [1, 2, 3]}

    with pytest.raises(IntegrityError) as refusal:
        export(people(tmp_path, PERSONS, ties), tmp_path / "build", options=GREMLIN)

    assert "knows.a, b: 2 rows with the type and both ends of another" in refusal.value.message
    assert "a='a', b='b'" in refusal.value.message
    assert refusal.value.hint.startswith("declare a `key:`")
    keyed = people(tmp_path, PERSONS, ties, key=("since",))
    export(keyed, tmp_path / "build", options=GREMLIN)
    export(people(tmp_path, PERSONS, ties), tmp_path / "neo4j")


def test_two_tables_of_one_type_are_looked_at_together(tmp_path: Path) -> None:
    graph = people(tmp_path)
    twin = replace(graph.relationships[0], name="met")

    with pytest.raises(IntegrityError) as refusal:
        export(
            replace(graph, relationships=(*graph.relationships, twin)),
            tmp_path / "build",
            options=GREMLIN,
        )

    assert {finding.table for finding in refusal.value.findings} == {"knows", "met"}


def test_types_in_a_column_tell_edges_apart(tmp_path: Path) -> None:
    ties: Rows = {"a": ["a", "a"], "b": ["b", "b"], "how": ["KNOWS", "LIKES"]}
    graph = people(tmp_path, PERSONS, ties, type="", type_column="how")
    export(graph, tmp_path / "build", options=GREMLIN)

    found = rows(tmp_path / "build", "edges/knows")
    assert [row["~label"] for row in found] == ["KNOWS", "LIKES"]
    assert len({row["~id"] for row in found}) == 2


def test_rows_that_are_set_aside_have_no_part_in_it(tmp_path: Path) -> None:
    ties: Rows = {"a": ["a", "a", "a", None], "b": ["b", "x", "x", "b"], "since": [1, 2, 3, 4]}
    graph = people(tmp_path, PERSONS, ties, on_missing="skip", on_null="skip")
    record = export(graph, tmp_path / "build", options=GREMLIN)

    assert len(ids(tmp_path / "build")) == 1
    assert (record.tables[1].rejected, record.tables[1].nulls) == (2, 1)
    assert differences(tmp_path / "build", record) == []


# What is refused --------------------------------------------------------------------------------

COLUMNS: dict[str, tuple[Any, str]] = {
    "a list": ([[1]], "has no lists that keep order"),
    "bytes": ([b"x"], "bytes"),
    "a time": (pl.Series([0]).cast(pl.Time), "no time of day"),
    "a timestamp without a zone": (
        pl.Series([0]).cast(pl.Datetime("us")),
        "takes a timestamp without a zone",
    ),
    "an instant with a zone": (
        pl.Series([0]).cast(pl.Datetime("us", "Europe/Stockholm")),
        "loses the zone",
    ),
    "a fraction of a second": (
        pl.Series([1]).cast(pl.Datetime("us", "UTC")),
        "fraction-of-a-second",
    ),
    "nanoseconds": (
        pl.Series([10**9 + 1]).cast(pl.Datetime("ns", "UTC")),
        "fraction-of-a-second",
    ),
    "a duration": (pl.Series([1]).cast(pl.Duration("ms")), "has no duration"),
    "U+0000": (["a\0b"], "nul-in-text"),
}


@BOTH
@pytest.mark.parametrize("what", COLUMNS)
def test_what_neptune_would_change_is_refused_by_name(
    tmp_path: Path, what: str, dialect: Dialect
) -> None:
    values, reason = COLUMNS[what]
    persons = pl.DataFrame({"id": ["a"], "v": values})

    with pytest.raises(ValueRefusedError) as refusal:
        export(
            people(tmp_path, persons, no_ties()),
            tmp_path / "build",
            options=ExportOptions(dialect=dialect),
        )
    assert "person.v" in refusal.value.message
    assert reason in refusal.value.message


@pytest.mark.parametrize(
    ("values", "reason"), [([""], "empty-string"), ([date(2024, 1, 1)], "Date of openCypher")]
)
def test_what_only_opencypher_would_change_is_refused_there(
    tmp_path: Path, values: list[Any], reason: str
) -> None:
    graph = people(tmp_path, pl.DataFrame({"id": ["a"], "v": values}), no_ties())
    export(graph, tmp_path / "gremlin", options=GREMLIN)

    with pytest.raises(ValueRefusedError, match=reason):
        export(graph, tmp_path / "build", options=OPENCYPHER)


@pytest.mark.parametrize("name", ["a b", "a,b", 'a"b', "a\\b", "a\nb", "~id"])
def test_a_name_that_no_header_holds_is_refused(tmp_path: Path, name: str) -> None:
    graph = people(tmp_path, pl.DataFrame({"id": ["a"], name: [1]}), no_ties())

    with pytest.raises(ValueRefusedError, match="choose another name with `property:`"):
        export(graph, tmp_path / "build", options=GREMLIN)


@pytest.mark.parametrize("label", ["A;B", "A::B", " A", "A\0"])
def test_a_label_that_neptune_would_take_for_others_is_refused(tmp_path: Path, label: str) -> None:
    graph = people(tmp_path)
    declared = replace(graph, nodes=(replace(graph.nodes[0], labels=(label,)),))
    with pytest.raises(ValueRefusedError, match="person: the label"):
        export(declared, tmp_path / "build", options=GREMLIN)

    rows_ = pl.DataFrame({"id": ["a"], "more": [label]})
    column = people(tmp_path / "column", rows_, no_ties())
    node = replace(column.nodes[0], label_column="more")
    with pytest.raises(ValueRefusedError, match=r"person\.more: 1 row with"):
        export(replace(column, nodes=(node,)), tmp_path / "build", options=GREMLIN)


def test_several_labels_are_joined(tmp_path: Path) -> None:
    graph = people(tmp_path)
    node = replace(graph.nodes[0], labels=("Person", "Human"))
    export(replace(graph, nodes=(node,)), tmp_path / "build", options=GREMLIN)

    assert {row["~label"] for row in rows(tmp_path / "build", "vertices/person")} == {
        "Person;Human"
    }


def test_a_build_directory_for_neptune_is_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(people(tmp_path), tmp_path / "build", options=GREMLIN)
    neo4j = instead_of_neo4j(monkeypatch).neo4j

    with pytest.raises(DestinationError, match="was exported for Amazon Neptune") as refusal:
        build_db(tmp_path / "build", tmp_path / "stores", neo4j=neo4j)
    assert "kgimport load-neptune" in refusal.value.hint


@pytest.mark.parametrize(("word", "value"), [("format", "parquet"), ("ids", "dense")])
def test_what_only_neo4j_reads_is_refused(word: str, value: str) -> None:
    given: dict[str, Any] = {word: value}
    with pytest.raises(UsageError, match=r"Neo4j|Neptune"):
        ExportOptions(dialect="neptune-gremlin", **given)


# The record -------------------------------------------------------------------------------------


def test_a_record_whose_files_are_elsewhere_is_damaged(tmp_path: Path) -> None:
    record = export(people(tmp_path), tmp_path / "build", options=GREMLIN)
    assert on_disk.read_export(tmp_path / "build") == record
    text = (tmp_path / "build" / "export.json").read_text()

    for wrong in (
        text.replace("neptune-gremlin", "neo4j"),
        text.replace('"ids": "keys"', '"ids": "dense"'),
        text.replace('"format": "csv"', '"format": "parquet"'),
        text.replace("vertices/", "edges/"),
    ):
        (tmp_path / "build" / "export.json").write_text(wrong)
        with pytest.raises(DestinationError, match="damaged"):
            on_disk.read_export(tmp_path / "build")


# Compressed files -------------------------------------------------------------------------------


@BOTH
def test_compressed_files_hold_the_same(tmp_path: Path, dialect: Dialect) -> None:
    graph = people(tmp_path, VALUES, TIES)
    plain = export(graph, tmp_path / "plain", options=ExportOptions(dialect=dialect))
    packed = ExportOptions(dialect=dialect, compress="gzip")
    record = export(graph, tmp_path / "packed", options=packed)
    again = export(graph, tmp_path / "again", options=packed)

    for one, other in zip(plain.files, record.files, strict=True):
        content = (tmp_path / "packed" / other.path).read_bytes()
        assert other.path == f"{one.path}.gz"
        assert gzip.decompress(content) == (tmp_path / "plain" / one.path).read_bytes()
        assert other.sha256 == hashlib.sha256(content).hexdigest()
    assert record.build_id == again.build_id
    assert differences(tmp_path / "packed", record) == []
    assert on_disk.read_export(tmp_path / "packed") == record


def test_a_table_in_several_parts_has_a_header_in_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "write", partial(writer.write, rows_per_part=2))
    record = export(people(tmp_path), tmp_path / "build", options=GREMLIN)

    parts = [tmp_path / "build" / file.path for file in record.tables[0].files]
    assert [file.rows for file in record.tables[0].files] == [2, 1]
    assert len({part.read_text().splitlines()[0] for part in parts}) == 1
    assert differences(tmp_path / "build", record) == []


def test_files_for_neo4j_are_not_compressed() -> None:
    with pytest.raises(UsageError, match="are not compressed"):
        ExportOptions(compress="gzip")


# Policies ---------------------------------------------------------------------------------------

ODD = 1_709_210_096_500_001  # 2024-02-29T12:34:56.500001
# Cells, the policies that carry them, and what is in both dialects' files.
POLICIES: dict[str, tuple[pl.Series, dict[str, Any], list[str]]] = {
    "lists": (pl.Series([["a;", None, '"'], []]), {"list": "json"}, ['["a;",null,"\\""]', "[]"]),
    "lists of dates": (
        pl.Series([[date(2024, 2, 29)], None]),
        {"list": "json", "temporal": "string"},
        ['["2024-02-29"]', ""],
    ),
    "dates as texts": (
        pl.Series([date(1, 1, 1), None]),
        {"temporal": "string"},
        ["0001-01-01", ""],
    ),
    "dates as midnight": (
        pl.Series([date(1969, 12, 31), None]),
        {"type": "localdatetime", "timezone": "UTC"},
        ["1969-12-31T00:00:00Z", ""],
    ),
    "times": (
        pl.Series([1, None]).cast(pl.Time),
        {"temporal": "string"},
        ["00:00:00.000000001", ""],
    ),
    "durations": (
        pl.Series([-5, 90_061_001]).cast(pl.Duration("ms")),
        {"temporal": "string"},
        ["-PT0.005S", "P1DT1H1M1.001S"],
    ),
    "local timestamps": (
        pl.Series([ODD, None]).cast(pl.Datetime("us")),
        {"temporal": "string"},
        ["2024-02-29T12:34:56.500001", ""],
    ),
    "a zone as text": (
        pl.Series([ODD, None]).cast(pl.Datetime("us", "Europe/Stockholm")),
        {"temporal": "string"},
        ["2024-02-29T13:34:56.500001+01:00", ""],
    ),
    "a zone left out": (
        pl.Series([ODD, None]).cast(pl.Datetime("us", "Europe/Stockholm")),
        {"zone": "utc", "fraction": "drop"},
        ["2024-02-29T12:34:56Z", ""],
    ),
    "fractions cut off": (
        pl.Series([-1, ODD]).cast(pl.Datetime("us", "UTC")),
        {"fraction": "drop"},
        ["1969-12-31T23:59:59Z", "2024-02-29T12:34:56Z"],
    ),
    "fractions of local times": (
        pl.Series([1_709_210_096_500, None]).cast(pl.Datetime("ms")),
        {"timezone": "Europe/Stockholm", "zone": "utc", "fraction": "drop"},
        ["2024-02-29T11:34:56Z", ""],
    ),
    "bytes": (pl.Series([b"\xff", None]), {"binary": "hex"}, ["ff", ""]),
}


@pytest.mark.parametrize("what", POLICIES)
def test_a_policy_carries_what_is_refused_without_it(tmp_path: Path, what: str) -> None:
    values, words, wanted = POLICIES[what]
    persons = pl.DataFrame({"id": ["a", "b"], "v": values})
    graph = people(tmp_path, persons, no_ties())
    node = replace(graph.nodes[0], columns={"v": ColumnRule(**words)})
    for options in (GREMLIN, OPENCYPHER):
        record = export(replace(graph, nodes=(node,)), tmp_path / "build", options=options)

        assert [
            list(row.values())[-1] for row in rows(tmp_path / "build", "vertices/person")
        ] == wanted
        assert differences(tmp_path / "build", record) == []


@pytest.mark.parametrize(
    ("values", "words", "check"),
    [
        (pl.Series([2**31 - 1], dtype=pl.Int32).cast(pl.Date), {"temporal": "string"}, "year-out"),
        (pl.Series([-(2**63)]).cast(pl.Duration("ms")), {"temporal": "string"}, "duration-out"),
        (pl.Series([[float("nan")]]), {"list": "json"}, "number-not-finite"),
        (pl.Series([2**62]).cast(pl.Datetime("us", "UTC")), {"fraction": "drop"}, "year-out"),
    ],
)
def test_a_policy_still_refuses_what_it_cannot_spell(
    tmp_path: Path, values: pl.Series, words: dict[str, Any], check: str
) -> None:
    graph = people(tmp_path, pl.DataFrame({"id": ["a"], "v": values}), no_ties())
    node = replace(graph.nodes[0], columns={"v": ColumnRule(**words)})

    with pytest.raises(ValueRefusedError, match=check):
        export(replace(graph, nodes=(node,)), tmp_path / "build", options=GREMLIN)
