"""Records say what a build is, and one that says anything else than kgimport writes is refused."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kgimport import records
from kgimport.builds import intact
from kgimport.commands.export import export
from kgimport.errors import DestinationError, KgimportError
from kgimport.features import Feature
from kgimport.graph import (
    ColumnRule,
    End,
    General,
    Graph,
    Index,
    NodeTable,
    Point,
    RelationshipTable,
)
from kgimport.locations import LocalPath
from kgimport.records import ExportRecord, HeaderFile, SchemaItem, StoreRecord, build_id, on_disk
from kgimport.records.flaws import flaws
from tests.graphs import people

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Step = str | int


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build directory with something in every part of its record that can be there."""
    place = tmp_path_factory.mktemp("report")
    graph = people(place)
    person = replace(
        graph.nodes[0],
        indexes=(Index("fulltext", ("title",), "titles"),),
        columns={"name": ColumnRule(property="title")},
        general=General(patterns={"i*": {"uint64": "string", "required": True}}),
    )
    export(replace(graph, nodes=(person,)), place / "build")
    return place / "build"


# The build id -----------------------------------------------------------------------------------


def test_a_property_renamed_or_of_another_type_is_another_build(tmp_path: Path) -> None:
    def exported(name: str, columns: dict[str, ColumnRule]) -> ExportRecord:
        return export(people(tmp_path, columns=columns), tmp_path / name)

    plain = exported("plain", {})
    renamed = exported("renamed", {"since": ColumnRule(property="year")})
    text = exported("text", {"since": ColumnRule(type="string")})

    rows = {each.tables[1].files[0].sha256 for each in (plain, renamed, text)}
    assert len(rows) == 1  # the headers alone differ
    assert len({each.build_id for each in (plain, renamed, text)}) == 3


def test_a_header_is_recorded_with_its_digest(build: Path) -> None:
    for table in on_disk.read_export(build).tables:
        assert table.header is not None
        content = (build / table.header.path).read_bytes()
        assert table.header.sha256 == hashlib.sha256(content).hexdigest()


def _with_table(record: ExportRecord, at: int, **changes: Any) -> ExportRecord:
    tables = list(record.tables)
    tables[at] = replace(tables[at], **changes)
    return replace(record, tables=tuple(tables))


def _with_file(record: ExportRecord, **changes: Any) -> ExportRecord:
    (file,) = record.tables[1].files
    return _with_table(record, 1, files=(replace(file, **changes),))


def _header(record: ExportRecord) -> HeaderFile:
    header = record.tables[0].header
    assert header is not None
    return header


OTHER = "0" * 64
CONTENT: dict[str, Callable[[ExportRecord], ExportRecord]] = {
    "the graph's name": lambda r: replace(r, graph="folk"),
    "a table's name": lambda r: _with_table(r, 0, name="persons"),
    "a table's kind": lambda r: _with_table(r, 0, kind="relationship"),
    "a table's label": lambda r: _with_table(r, 0, argument="Human"),
    "a header's path": lambda r: _with_table(
        r, 0, header=HeaderFile("csv/p/header.csv", _header(r).sha256)
    ),
    "a header": lambda r: _with_table(r, 0, header=replace(_header(r), sha256=OTHER)),
    "no header of its own": lambda r: _with_table(r, 0, header=None),
    "a file's path": lambda r: _with_file(r, path="csv/knows/part-00001.csv"),
    "a file": lambda r: _with_file(r, sha256=OTHER),
    "one table less": lambda r: replace(r, tables=r.tables[:1]),
    "the order of the tables": lambda r: replace(r, tables=r.tables[::-1]),
    "a schema's statement": lambda r: replace(
        r, schema=(SchemaItem(r.schema[0].name, "x"), *r.schema[1:])
    ),
    "a schema's name": lambda r: replace(
        r, schema=(SchemaItem("x", r.schema[0].cypher), *r.schema[1:])
    ),
    "one index less": lambda r: replace(r, schema=r.schema[:1]),
    "no schema": lambda r: replace(r, schema=()),
    "the order of the schema": lambda r: replace(r, schema=r.schema[::-1]),
}


@pytest.mark.parametrize("what", CONTENT)
def test_the_build_id_changes_with_the_content(build: Path, what: str) -> None:
    record = on_disk.read_export(build)
    changed = CONTENT[what](record)

    assert _id(record) == record.build_id
    assert _id(changed) != record.build_id


def test_the_order_of_a_tables_files_is_content(build: Path) -> None:
    record = on_disk.read_export(build)
    (file,) = record.tables[1].files
    pair = (file, replace(file, path="csv/knows/part-00001.csv", sha256=OTHER))

    one, other = (_with_table(record, 1, files=files) for files in (pair, pair[::-1]))

    assert _id(one) != _id(other)


def test_the_build_id_says_nothing_of_when_and_where(build: Path) -> None:
    record = on_disk.read_export(build)
    place = replace(record.declaration.nodes[0], location=LocalPath("elsewhere"))
    same = _with_table(record, 0, fingerprint="x", fields=())
    moved = replace(same.declaration, nodes=(place,))
    later = replace(same, seconds={}, kgimport="99", declaration=moved)

    assert _id(later) == record.build_id


def _id(record: ExportRecord) -> str:
    return build_id(record.graph, record.tables, record.schema)


# What is read back ------------------------------------------------------------------------------


def changed(text: str, path: tuple[Step, ...], value: object) -> str:
    content = json.loads(text)
    at(content, path[:-1])[path[-1]] = value
    return json.dumps(content)


def at(value: Any, path: tuple[Step, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def paths(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Every place in a record, the containers too."""
    if path:
        yield path
    steps: Any = value.items() if isinstance(value, dict) else ()
    steps = enumerate(value) if isinstance(value, list) else steps
    for step, inner in steps:
        yield from paths(inner, (*path, step))


WRONG: tuple[Any, ...] = (
    *(None, True, -1, 7, 10**30, 1.5, [], [None], {}),
    *("", "7", "x", "../../x", "/etc/passwd", "x" * 5_000),
)
# What a record also tells, and no store is made by.
HARMLESS = {
    *("kgimport", "longest_row", "seconds", "witness"),
    *(f"tables.{at}.sources{name}" for at in (0, 1) for name in ("", ".0")),
    *(f"seconds.{stage}" for stage in ("scan", "resolve", "check", "write")),
    *(
        f"tables.{at}.fields.{column}.{key}"
        for at, column in ((0, 0), (0, 1), (1, 0))
        for key in ("column", "dtype", "header", "cypher")
    ),
    *(f"tables.{at}.files.0.bytes" for at in (0, 1)),
}
# What the files when they are read back, and the counts, sums and samples of the store, are
# compared with.
RECONCILED = {
    "tables.1.ends",
    *(
        f"tables.{at}.cells.{cell}.facts.{fact}"
        for at, sums in ((0, ("number", "length", "length")), (1, ("number", "number", "number")))
        for cell, told in enumerate(sums)
        for fact in ("values", "digest", "signs", f"sums.{told}")
    ),
    *("tables.0.counts", "tables.0.counts.Person", "tables.0.properties"),
    *("tables.1.counts", "tables.1.counts.KNOWS", "tables.1.properties"),
    *("declaration.nodes.0.key.0", "declaration.nodes.0.id_space"),
    "declaration.nodes.0.columns",
    *(f"declaration.nodes.0.columns.name{key}" for key in ("", ".property", ".skip", ".timezone")),
    *(f"declaration.nodes.0.columns.name.{key}" for key in ("required", "whole_as_integer")),
    *(
        f"declaration.{table}.0.general{key}"
        for table in ("nodes", "relationships")
        for key in ("", ".properties", ".rule", ".rule.timezone", ".rule.whole_as_integer")
    ),
    *(f"declaration.nodes.0.general.patterns{key}" for key in ("", ".i*")),
    *(f"declaration.relationships.0.{side}.key.0" for side in ("start", "end")),
}


def test_whatever_is_changed_in_a_record_is_refused_or_found_by_reconciliation(build: Path) -> None:
    good = (build / records.EXPORT_RECORD).read_text()
    content = json.loads(good)
    outcomes = [
        (".".join(map(str, path)), _refusal(build, changed(good, path, value)))
        for path in paths(content)
        for value in WRONG
        if json.dumps(value) != json.dumps(at(content, path))
    ]
    refusals = [refusal for _, refusal in outcomes if refusal]

    assert {name for name, refusal in outcomes if not refusal} == HARMLESS | RECONCILED
    assert all(each.hint and len(each.message) < 1_000 for each in refusals)
    assert len(refusals) > 1_500


def _refusal(build: Path, text: str) -> KgimportError | None:
    """What `build-db` has to say against a record; any other exception is a defect."""
    try:
        intact.admit(build, records.parse(ExportRecord, text, records.EXPORT_RECORD))
    except KgimportError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("graph",), "../../x"),
        (("graph",), "people\n"),
        (("graph",), "/people"),
        (("build_id",), "../../../abcd"),
        (("tables", 0, "header", "path"), "/etc/passwd"),
        (("tables", 0, "header", "path"), "csv/../../header.csv"),
        (("tables", 0, "header", "path"), "csv/person/header.csv,/etc/passwd"),
        (("tables", 0, "files", 0, "path"), "csv/./person/part-00000.csv"),
        (("tables", 0, "files", 0, "path"), "csv//part-00000.csv"),
        (("tables", 0, "files", 0, "path"), "csv/person/.*.csv"),
        (("tables", 0, "files", 0, "path"), "csv/person/part-00000.csv\n"),
        (("tables", 0, "argument"), "Person=/etc/passwd,x"),
        (("tables", 0, "argument"), 'Person"\n"--overwrite-destination=true'),
        (("tables", 0, "files", 0, "sha256"), ""),
    ],
)
def test_names_and_paths_are_believed_no_more_than_those_of_a_declaration(
    build: Path, path: tuple[Step, ...], value: str
) -> None:
    good = (build / records.EXPORT_RECORD).read_text()
    # As an attacker would: the id agrees with what was changed.
    text = changed(good, path, value)
    if path != ("build_id",):
        text = changed(text, ("build_id",), _forged_id(json.loads(text)))

    with pytest.raises(DestinationError, match=r"export\.json is damaged: (graph|build_id|tables)"):
        records.parse(ExportRecord, text, records.EXPORT_RECORD)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("build_id",), "0123456789ab"),
        (("format",), "parquet"),
        (("longest_row",), -1),
        (("longest_row",), 2**63),
        (("tables", 0, "counts", "Person"), -1),
        (("tables", 0, "properties"), 2**63),
        (("tables", 0, "properties"), "5"),
        (("tables", 0, "properties"), 5.0),
        (("tables", 0, "files", 0, "multiline"), "false"),
        (("tables", 0, "files", 0, "bytes"), -1),
        (("declaration", "nodes", 0, "columns", "name", "skip"), 0),
    ],
)
def test_numbers_and_words_that_no_export_writes_are_damage(
    build: Path, path: tuple[Step, ...], value: object
) -> None:
    text = changed((build / records.EXPORT_RECORD).read_text(), path, value)
    where = "tables|build_id" if path == ("format",) else ".".join(map(str, path))

    with pytest.raises(DestinationError, match=rf"export\.json is damaged: ({where})"):
        records.parse(ExportRecord, text, records.EXPORT_RECORD)


def _forged_id(content: dict[str, Any]) -> str:
    """The id that the content would have, by the documented rule."""
    tables = [
        [
            *(table[key] for key in ("name", "kind", "argument")),
            [table["header"][key] for key in ("path", "sha256")],
            [[file[key] for key in ("path", "sha256")] for file in table["files"]],
        ]
        for table in content["tables"]
    ]
    schema = [[item["name"], item["cypher"]] for item in content["schema"]]
    whole = json.dumps([content["graph"], *tables, *schema])
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


def test_a_forged_id_is_what_the_record_would_have(build: Path) -> None:
    content = json.loads((build / records.EXPORT_RECORD).read_text())

    assert _forged_id(content) == content["build_id"]


def test_one_file_named_twice_is_refused(build: Path) -> None:
    content = json.loads((build / records.EXPORT_RECORD).read_text())
    table = content["tables"][1]
    table["files"] *= 2
    table["rows"] = table["written"] = 2 * table["written"]
    content["build_id"] = _forged_id(content)

    with pytest.raises(DestinationError, match="two of them share a file"):
        records.parse(ExportRecord, json.dumps(content), records.EXPORT_RECORD)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"[]", "indices"),
        (b"7", "not subscriptable"),
        (b"{}", "version"),
        (b"[" * 200_000, "recursion"),
        (b'{"version": ' + b"9" * 5_000 + b"}", "digits"),
        (b"\xff\xfe{}", "utf-8"),
        (b'{"version": "' + b"4" * 1_000_000 + b'"}', "has form 4+, this kgimport reads"),
    ],
    ids=["empty", "a list", "a number", "an object", "deep", "long", "no UTF-8", "a long version"],
)
def test_what_is_no_record_at_all_is_damaged(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / records.EXPORT_RECORD).write_bytes(content)

    with pytest.raises(DestinationError, match=rf"export\.json (is damaged: .*)?{reason}") as error:
        on_disk.read_export(tmp_path)

    assert len(error.value.message) < 1_000


PERSON = NodeTable("person", LocalPath("p.parquet"), ("Person",), ("id",), "Person")
A, B = End("person", ("a",)), End("person", ("b",))
KNOWS = RelationshipTable("knows", LocalPath("k.parquet"), "KNOWS", A, B)
LACKS = "a table lacks a name, a location, a label, a type, a key or a part of one"
NO_KEY = "an end of a relationship does not match a node's key"
NO_COLUMNS: tuple[str, ...] = ()


def a_graph(node: NodeTable = PERSON, **changes: Any) -> Graph:
    return Graph("people", (node,), (replace(KNOWS, **changes),))


@pytest.mark.parametrize(
    ("flaw", "graph"),
    [
        ("no table is a node table", Graph("people", ())),
        ("two tables have the same name", a_graph(name="person")),
        (LACKS, a_graph(replace(PERSON, name=""), start=End("", ("a",)), end=End("", ("b",)))),
        (LACKS, a_graph(location=LocalPath(""))),
        (LACKS, a_graph(replace(PERSON, labels=()))),
        (LACKS, a_graph(replace(PERSON, labels=("Person", "")))),
        (LACKS, a_graph(replace(PERSON, id_space=""))),
        (LACKS, a_graph(replace(PERSON, key=("",)))),
        (LACKS, a_graph(replace(PERSON, unique=(NO_COLUMNS,)))),
        (LACKS, a_graph(replace(PERSON, indexes=(Index("range", NO_COLUMNS),)))),
        (LACKS, a_graph(replace(PERSON, points=(Point("p", ("x",), "wgs-84"),)))),
        (LACKS, a_graph(replace(PERSON, points=(Point("p", ("x", "y"), "wgs-84-3d"),)))),
        (LACKS, a_graph(key=("",))),
        (LACKS, a_graph(type="")),
        (LACKS, a_graph(type_column="kind")),
        (NO_KEY, a_graph(end=End("city", ("b",)))),
        (NO_KEY, a_graph(start=End("person", ("a", "b")))),
    ],
)
def test_a_graph_that_no_declaration_gives_is_told(flaw: str, graph: Graph) -> None:
    assert set(flaws(graph)) == {flaw}
    assert list(flaws(a_graph())) == []


@pytest.mark.parametrize(
    "feature",
    [
        Feature("degree", (), "p"),
        Feature("degree", ("",), "p"),
        Feature("degree", ("KNOWS",), ""),
        Feature("degree", ("KNOWS",), "p", nodes=("city",)),
        Feature("component", ("KNOWS",), "p", named_by="city"),
        Feature("component", ("KNOWS",), "p", named_by=""),
        Feature("degree", ("KNOWS",), "p", named_by="person"),
        Feature("pagerank", ("KNOWS",), "p", max_degree={"KNOWS": 1}),
        Feature("component", ("KNOWS",), "p", max_degree={"KNOWS": 0}),
        Feature("component", ("KNOWS",), "p", max_degree={"LIKES": 1}),
    ],
)
def test_a_feature_that_no_declaration_gives_is_told(feature: Feature) -> None:
    good = Feature("component", ("KNOWS",), "p", ("person",), {"KNOWS": 1}, "person")

    assert list(flaws(replace(a_graph(), features=(good, feature)))) == [
        "a feature lacks a name, a type or a table, or has words of another kind"
    ]
    assert list(flaws(replace(a_graph(), features=(good,)))) == []


STORE = StoreRecord(
    graph="people",
    build_id="0123456789ab",
    kgimport="0.1.0",
    neo4j="2026.08.1",
    database="neo4j",
    labels={"Person": 3},
    types={"KNOWS": 2},
    schema=("Person_id_unique",),
    compared=5,
    bytes=1_000,
    seconds={"import": 1.5},
)
# What a store's record tells people; nothing is found, named or compared by it.
TOLD = {
    *("kgimport", "database", "schema", "schema.0", "seconds", "seconds.import"),
    *("labels", "labels.Person", "types", "types.KNOWS", "compared", "bytes"),
}


def test_whatever_is_changed_in_a_stores_record_names_no_other_place(tmp_path: Path) -> None:
    good = records.dump(STORE)
    taken: dict[str, StoreRecord] = {}
    for path in paths(json.loads(good)):
        for value in WRONG:
            (tmp_path / records.STORE_RECORD).write_text(changed(good, path, value))
            with suppress(DestinationError):
                taken[".".join(map(str, path))] = record = on_disk.read_store(tmp_path)
                assert re.fullmatch(r"[A-Za-z]\w*", record.graph)
                assert re.fullmatch(r"[0-9A-Za-z.]+", record.neo4j)
                assert record.build_id == STORE.build_id

    assert taken.keys() == TOLD | {"graph", "neo4j"}
