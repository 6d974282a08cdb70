"""`build-db` takes only what an export has left, proves what it makes, and publishes that alone.

What it decides by itself is tried on a pretended Neo4j, what arrives in a store on real ones.
"""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from neo4j.time import Date

from kgimport import files, records
from kgimport.builds import folders
from kgimport.commands.build_db import Built, build_db
from kgimport.commands.export import export
from kgimport.commands.verify import verify
from kgimport.errors import (
    DeclarationError,
    DestinationError,
    ImportFailedError,
    KgimportError,
    ReconciliationError,
    RuntimeMissingError,
    SourceError,
)
from kgimport.graph import ColumnRule, End, Graph
from kgimport.locations import LocalPath
from kgimport.neo4j import stores as store
from kgimport.neo4j.private import private_driver
from kgimport.options import DEFAULTS, BuildOptions, ExportOptions
from kgimport.records import ExportRecord, QueryRecord, SchemaItem, on_disk
from kgimport.sources import fingerprint
from kgimport.targets import TARGETS
from kgimport.targets.neo4j import arguments
from tests.graphs import KNOWS, PERSONS, people
from tests.pretended import IMPORTED, Pretended, instead_of_neo4j

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kgimport.neo4j.runtime.programs import Neo4j


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    """A Neo4j that holds the graph of people."""
    return instead_of_neo4j(monkeypatch)


def built(
    tmp_path: Path, pretended: Pretended, neo4j: Neo4j | None = None, **options: Any
) -> Built:
    """What `build-db` makes of the build directory in `tmp_path`."""
    chosen = BuildOptions(**options)
    return build_db(
        tmp_path / "build", tmp_path / "stores", neo4j=neo4j or pretended.neo4j, options=chosen
    )


def published(tmp_path: Path) -> list[str]:
    """The names of everything among the stores, but the lock that stays."""
    stores = tmp_path / "stores" / "people"
    return sorted(each.name for each in stores.iterdir() if each.name != ".lock")


# What is taken ----------------------------------------------------------------------------------


def renamed(build: Path) -> None:
    header = build / "csv" / "person" / "header.csv"
    header.write_text(header.read_text().replace("name:string", "eman:string"))


def cell(build: Path) -> None:
    part = build / "csv" / "person" / "part-00000.csv"
    part.write_text(part.read_text().replace("Ann", "Eve"))


def less_strict(build: Path) -> None:
    arguments = build / "import.args"
    text = arguments.read_text().replace("--bad-tolerance=0", "--bad-tolerance=9")
    arguments.write_text(text)


def another_script(build: Path) -> None:
    with (build / "schema.cypher").open("a") as script:
        script.write("MATCH (n) DETACH DELETE n;\n")


def another_statement(build: Path) -> None:
    """As an attacker would: the record, its id and the script agree."""
    record = on_disk.read_export(build)
    schema = (SchemaItem("x", "MATCH (n) DETACH DELETE n"),)
    build_id = records.build_id(record.graph, record.tables, schema)
    forged = replace(record, schema=schema, build_id=build_id)
    (build / "export.json").write_text(records.dump(forged))
    (build / "schema.cypher").write_text("MATCH (n) DETACH DELETE n;\n")


def another_label(build: Path) -> None:
    record = on_disk.read_export(build)
    person = replace(record.tables[0], argument="Human", counts={"Human": 3})
    tables = (person, *record.tables[1:])
    build_id = records.build_id(record.graph, tables, record.schema)
    forged = replace(record, tables=tables, build_id=build_id)
    (build / "export.json").write_text(records.dump(forged))
    (build / "import.args").write_text(arguments.argument_file(arguments.arguments(forged)))


def as_a_folder(build: Path) -> None:
    (build / "import.args").unlink()
    (build / "import.args").mkdir()


TOUCHED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a cell": (cell, "csv/person/part-00000.csv"),
    "a header": (renamed, "csv/person/header.csv"),
    "an argument": (less_strict, "import.args"),
    "a script": (another_script, "schema.cypher"),
    "a statement": (another_statement, "export.json"),
    "a label": (another_label, "export.json"),
    "a folder": (as_a_folder, "import.args"),
    **{
        f"no {name}": (lambda build, name=name: (build / name).unlink(), name)  # type: ignore[misc]
        for name in ("csv/knows/part-00000.csv", "csv/knows/header.csv", "import.args")
    },
}


@pytest.mark.parametrize("what", TOUCHED)
def test_a_build_directory_that_was_touched_is_refused(
    pretended: Pretended, tmp_path: Path, what: str
) -> None:
    export(people(tmp_path), tmp_path / "build")
    touch, file = TOUCHED[what]
    touch(tmp_path / "build")

    with pytest.raises(DestinationError, match=f"is not as its export left it: {file}\n"):
        built(tmp_path, pretended)

    assert pretended.asked == []
    assert not (tmp_path / "stores").exists()


def test_tables_that_changed_since_the_export_are_told_before_the_import(
    pretended: Pretended, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build")
    pl.DataFrame({**KNOWS, "since": [1, 2]}).write_parquet(tmp_path / "knows.parquet")

    with pytest.raises(SourceError, match="changed since the export: knows"):
        built(tmp_path, pretended)


# What happens meanwhile -------------------------------------------------------------------------


def another_cell(place: Path) -> None:
    cell(place / "build")


def another_header(place: Path) -> None:
    renamed(place / "build")


def another_argument(place: Path) -> None:
    less_strict(place / "build")


def another_record(place: Path) -> None:
    record = on_disk.read_export(place / "build")
    (place / "build" / "export.json").write_text(records.dump(replace(record, kgimport="x")))


def another_record_of_that_size_and_time(place: Path) -> None:
    record = place / "build" / "export.json"
    at, text = record.stat(), record.read_text()
    record.write_text(text.replace('"kgimport": "0', '"kgimport": "9'))
    os.utime(record, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert (record.stat().st_size, record.stat().st_mtime_ns) == (at.st_size, at.st_mtime_ns)


def no_record(place: Path) -> None:
    (place / "build" / "export.json").unlink()


def another_build(place: Path) -> None:
    """By something that knows nothing of our lock, a copy for one."""
    export(people(place / "other", {**PERSONS, "name": ["x", "y", "z"]}), place / "new")
    (place / "build").rename(place / "old")
    (place / "new").rename(place / "build")


MEANWHILE = {
    each.__name__.replace("_", " "): each
    for each in (
        *(another_cell, another_header, another_argument),
        *(another_record, another_record_of_that_size_and_time, no_record, another_build),
    )
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_a_build_directory_that_changes_during_the_import_is_not_published(
    pretended: Pretended, tmp_path: Path, what: str
) -> None:
    export(people(tmp_path), tmp_path / "build")
    pretended.meanwhile = lambda: MEANWHILE[what](tmp_path)

    with pytest.raises(DestinationError, match="changed while the store was built: "):
        built(tmp_path, pretended)

    assert published(tmp_path) == []


def test_a_table_that_changes_during_the_import_is_not_published(
    pretended: Pretended, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build")
    other = pl.DataFrame({**KNOWS, "since": [1, 2]})
    pretended.meanwhile = lambda: other.write_parquet(tmp_path / "knows.parquet")

    with pytest.raises(SourceError, match="changed while the store was built: knows"):
        built(tmp_path, pretended)

    assert published(tmp_path) == []


def test_an_export_waits_for_the_build_that_reads_what_it_replaces(
    pretended: Pretended, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build")
    first = on_disk.read_export(tmp_path / "build")
    waiting = threading.Event()

    def tell(stage: str, _: float | None) -> None:
        if stage.startswith("wait for readers of"):
            waiting.set()

    other = people(tmp_path / "other", {**PERSONS, "name": ["x", "y", "z"]})
    with ThreadPoolExecutor() as pool:

        def export_another() -> None:
            exports.append(pool.submit(export, other, tmp_path / "build", progress=tell))
            assert waiting.wait(60)

        exports: list[Future[ExportRecord]] = []
        pretended.meanwhile = export_another
        made = built(tmp_path, pretended)
        second = exports[0].result(60)

    assert on_disk.read_export(made.path) == first
    assert on_disk.read_export(tmp_path / "build") == second != first


def test_a_store_keeps_the_record_that_it_was_built_by(
    pretended: Pretended, tmp_path: Path
) -> None:
    record = export(people(tmp_path), tmp_path / "build")

    made = built(tmp_path, pretended)

    assert on_disk.read_export(made.path) == record
    assert (made.record.graph, made.record.build_id) == (record.graph, record.build_id)
    assert (made.path / "export.json").read_text() == records.dump(record)


def test_a_build_directory_behind_a_link_is_held_where_it_lies(
    pretended: Pretended, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "real" / "build")
    (tmp_path / "build").symlink_to(tmp_path / "real" / "build")
    locks: list[str] = []
    pretended.meanwhile = lambda: locks.extend(
        str(each.relative_to(tmp_path)) for each in tmp_path.rglob(".build.*")
    )

    built(tmp_path, pretended)

    assert locks == ["real/.build.lock"]
    assert not list(tmp_path.rglob(".build.*"))


def test_a_link_that_leads_elsewhere_meanwhile_is_not_followed_there(
    pretended: Pretended, tmp_path: Path
) -> None:
    record = export(people(tmp_path), tmp_path / "one")
    export(people(tmp_path / "other", {**PERSONS, "name": ["x"] * 3}), tmp_path / "two")
    (tmp_path / "build").symlink_to("one")

    def lead_elsewhere() -> None:
        (tmp_path / "build").unlink()
        (tmp_path / "build").symlink_to("two")

    pretended.meanwhile = lead_elsewhere

    assert on_disk.read_export(built(tmp_path, pretended).path) == record


def test_rows_that_were_queried_into_a_build_directory_are_held_while_a_store_is_verified(
    pretended: Pretended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = export(people(tmp_path), tmp_path / "build")
    folder = tmp_path / "build" / "queried" / "person"
    folder.mkdir(parents=True)
    (tmp_path / "person.parquet").rename(folder / "00000.parquet")
    moved = record.declaration.relocated({"person": LocalPath(str(folder))})
    person = replace(record.tables[0], fingerprint=fingerprint(moved.nodes[0]))
    asked = (QueryRecord("person", "0", 0, 0),)
    tables = (person, *record.tables[1:])
    queried = replace(record, declaration=moved, tables=tables, queries=asked)
    (tmp_path / "build" / "export.json").write_text(records.dump(queried))
    made = built(tmp_path, pretended)
    monkeypatch.setattr(folders, "READERS_S", 0)
    refused: list[str] = []

    def export_another() -> None:
        with pytest.raises(DestinationError) as caught:
            export(people(tmp_path / "other"), tmp_path / "build")
        refused.append(caught.value.message)

    pretended.compares = export_another
    verify(made.path, neo4j=pretended.neo4j, samples=5)

    assert len(refused) == 1
    assert "was still being read after 0 seconds" in refused[0]
    pretended.compares = lambda: None
    export(people(tmp_path / "other"), tmp_path / "build")


# What is proved ---------------------------------------------------------------------------------


@pytest.mark.parametrize("what", IMPORTED)
@pytest.mark.parametrize("change", [-1, 1])
def test_what_the_importer_counts_otherwise_is_not_published(
    pretended: Pretended, tmp_path: Path, what: str, change: int
) -> None:
    export(people(tmp_path), tmp_path / "build")
    pretended.imported = {**IMPORTED, what: IMPORTED[what] + change}

    with pytest.raises(ReconciliationError, match=f"  {what}: {IMPORTED[what]} were written, the"):
        built(tmp_path, pretended)

    assert published(tmp_path) == []


def test_an_importer_that_counts_nothing_is_not_believed(
    pretended: Pretended, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build")
    pretended.imported = {}

    with pytest.raises(ReconciliationError, match="the importer reports None"):
        built(tmp_path, pretended)


def test_what_the_store_counts_otherwise_is_not_published(
    pretended: Pretended, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build")
    pretended.labels, pretended.types = {"Person": 2}, {"KNOWS": 2, "LIKES": 1}

    with pytest.raises(ReconciliationError) as caught:
        built(tmp_path, pretended)

    assert caught.value.message.splitlines()[1:] == [
        "  nodes: the source has 3, the store 2",
        "  relationships: the source has 2, the store 3",
        "  label Person: the source has 3, the store 2",
        "  type LIKES: the source has 0, the store 1",
    ]
    assert published(tmp_path) == []


def test_a_store_whose_rows_differ_is_not_published(pretended: Pretended, tmp_path: Path) -> None:
    export(people(tmp_path), tmp_path / "build")
    pretended.differences = ("knows 'a', 'b' differs in since",)

    with pytest.raises(ReconciliationError, match="knows 'a', 'b' differs in since"):
        built(tmp_path, pretended)

    assert published(tmp_path) == []


def test_a_store_whose_values_add_up_otherwise_is_not_published(
    pretended: Pretended, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build")
    pretended.totals = ("knows, since: number: the source has 4,003, the store 4,004",)

    with pytest.raises(ReconciliationError, match="the store 4,004"):
        built(tmp_path, pretended)

    assert published(tmp_path) == []


def test_a_build_directory_whose_writer_erred_is_not_published(
    pretended: Pretended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = TARGETS["csv"]

    def wrong(frame: pl.LazyFrame, parts: pl.PartitionBy, rows: int) -> None:
        # The record has the hashes of what was written, so nothing else can notice.
        last = frame.collect_schema().names()[-1]
        right.files.sink(frame.with_columns(pl.col(last).reverse().first()), parts, rows)

    written = replace(right.files, sink=wrong)
    monkeypatch.setitem(TARGETS, "csv", replace(right, files=written))
    export(people(tmp_path), tmp_path / "build")

    with pytest.raises(
        ReconciliationError, match=r"knows\.since: the values that were written differ"
    ):
        built(tmp_path, pretended)

    assert published(tmp_path) == []


def test_a_store_with_an_index_that_is_not_online_is_not_published(
    pretended: Pretended, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build")
    pretended.indexes = {"Person_id_unique": "FAILED"}

    with pytest.raises(ImportFailedError, match=r"not online: Person_id_unique \(FAILED\)"):
        built(tmp_path, pretended)

    assert published(tmp_path) == []


def test_constraints_are_made_and_indexes_awaited_before_a_store_is_published(
    pretended: Pretended, tmp_path: Path
) -> None:
    record = export(people(tmp_path), tmp_path / "build")

    built(tmp_path, pretended)

    asked = [query for query in pretended.asked if query.startswith(("CREATE", "CALL db.await"))]
    assert asked == [record.schema[0].cypher, "CALL db.awaitIndexes($timeout)"]


def test_a_failed_build_leaves_the_store_before_it(pretended: Pretended, tmp_path: Path) -> None:
    export(people(tmp_path), tmp_path / "build")
    before = built(tmp_path, pretended).path
    left: list[str] = []

    def fail() -> None:
        left.extend(each.name for each in before.parent.glob(".building-*"))
        raise ImportFailedError("no")

    pretended.meanwhile = fail
    with pytest.raises(ImportFailedError):
        built(tmp_path, pretended)

    assert len(left) == 1
    assert published(tmp_path) == sorted([before.name, "current"])
    assert store.find(before.parent) == before


# What a user chooses ----------------------------------------------------------------------------


def test_a_build_waits_for_none_that_is_at_work(pretended: Pretended, tmp_path: Path) -> None:
    export(people(tmp_path), tmp_path / "build")

    with (
        store.locked(tmp_path / "stores" / "people"),
        pytest.raises(DestinationError, match="another build is writing to"),
    ):
        built(tmp_path, pretended)


def test_the_same_build_is_made_again_unless_it_is_to_be_kept(
    pretended: Pretended, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build")
    first = built(tmp_path, pretended)

    same = built(tmp_path, pretended, if_changed=True)
    again = built(tmp_path, pretended)

    assert (same.path, same.record, same.fresh) == (first.path, first.record, False)
    assert (again.path.name, again.fresh) == (f"{first.path.name}.2", True)


def test_a_store_of_another_neo4j_is_not_the_same(pretended: Pretended, tmp_path: Path) -> None:
    export(people(tmp_path), tmp_path / "build")
    built(tmp_path, pretended)

    other = built(tmp_path, pretended, pretended.other_neo4j, if_changed=True)

    assert (other.fresh, other.record.neo4j) == (True, "5.26.30")


@pytest.mark.parametrize(
    "rule", [ColumnRule(property="year"), ColumnRule(type="string")], ids=["renamed", "as text"]
)
def test_a_store_whose_properties_have_other_names_or_types_is_not_the_same(
    pretended: Pretended, tmp_path: Path, rule: ColumnRule
) -> None:
    export(people(tmp_path), tmp_path / "build")
    before = built(tmp_path, pretended)
    export(people(tmp_path, columns={"since": rule}), tmp_path / "build")

    after = built(tmp_path, pretended, if_changed=True)

    assert after.fresh
    assert after.record.build_id != before.record.build_id


def test_as_many_stores_are_kept_as_the_user_says(pretended: Pretended, tmp_path: Path) -> None:
    export(people(tmp_path), tmp_path / "build")
    names = [built(tmp_path, pretended, keep=3).path.name for _ in range(4)]

    assert published(tmp_path) == sorted(["current", *names[1:]])

    last = built(tmp_path, pretended, keep=1).path.name
    assert published(tmp_path) == sorted(["current", last])


def test_the_importer_gets_the_heap_that_the_user_says(
    pretended: Pretended, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build")

    built(tmp_path, pretended, heap_mb=300)
    assert pretended.heap_mb == 300

    built(tmp_path, pretended)
    assert pretended.heap_mb in range(512, 4097)


# What arrives -----------------------------------------------------------------------------------


@pytest.mark.neo4j
def test_parquet_becomes_a_store_that_holds_the_same(neo4j: Neo4j, tmp_path: Path) -> None:
    graph = people(tmp_path, {**PERSONS, "name": ["Ann", None, " "]})
    export(graph, tmp_path / "build", options=PARQUET)

    built = build_db(tmp_path / "build", tmp_path / "stores", neo4j=neo4j)

    assert (built.record.labels, built.record.types) == ({"Person": 3}, {"KNOWS": 2})
    with private_driver(neo4j, built.path / "data") as driver:
        found = driver.execute_query(
            "MATCH (a)-[k:KNOWS]->(b) RETURN a.id, a.name, k.since, b.id, b.name ORDER BY a.id"
        )
    assert [tuple(row) for row in found.records] == [
        ("a", "Ann", 2001, "b", None),
        ("b", None, 2002, "c", " "),
    ]


PARQUET = ExportOptions(format="parquet")


@pytest.mark.neo4j
@pytest.mark.parametrize("options", [PARQUET, DEFAULTS], ids=["parquet", "csv"])
def test_tables_of_one_label_and_one_type_keep_their_own_properties(
    neo4j: Neo4j, tmp_path: Path, options: ExportOptions
) -> None:
    one = people(tmp_path / "1", {"id": ["a", "b", "c"], "age": [1, 2, 3]})
    other = people(
        tmp_path / "2",
        {"id": ["d", "e"], "born": [date(1969, 12, 31), None]},
        {"a": ["d"], "b": ["e"], "how": ["well"]},
    )
    graph = Graph(
        "both",
        (*one.nodes, replace(other.nodes[0], name="more", id_space="More", unique=())),
        (
            *one.relationships,
            replace(
                other.relationships[0],
                name="more_knows",
                start=End("more", ("a",)),
                end=End("more", ("b",)),
            ),
        ),
    )
    export(graph, tmp_path / "build", options=options)

    built = build_db(tmp_path / "build", tmp_path / "stores", neo4j=neo4j)

    with private_driver(neo4j, built.path / "data") as driver:
        nodes = driver.execute_query("MATCH (n:Person) RETURN properties(n) AS p ORDER BY p.id")
        links = driver.execute_query(
            "MATCH (a)-[k:KNOWS]->() RETURN properties(k) AS p ORDER BY a.id"
        )
    assert [row["p"] for row in nodes.records] == [
        {"id": "a", "age": 1},
        {"id": "b", "age": 2},
        {"id": "c", "age": 3},
        {"id": "d", "born": Date(1969, 12, 31)},
        {"id": "e"},
    ]
    assert [row["p"] for row in links.records] == [
        {"since": 2001},
        {"since": 2002},
        {"how": "well"},
    ]


def change(build: Path, *path: str | int, to: object) -> None:
    """Another value in a build directory's record."""
    content = json.loads((build / "export.json").read_text())
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    (build / "export.json").write_text(json.dumps(content))


@pytest.mark.neo4j
def test_what_a_record_only_tells_may_be_anything_and_the_store_is_whole(
    neo4j: Neo4j, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build")
    for path in (
        *(
            ("kgimport",),
            ("tables", 0, "fields", 0, "cypher"),
            ("tables", 1, "fields", 0, "column"),
        ),
        *(("declaration", "nodes", 0, "id_space"), ("tables", 0, "fields", 1, "dtype")),
    ):
        change(tmp_path / "build", *path, to="../../x`\n")
    change(tmp_path / "build", "seconds", to={"": -1e300})
    change(tmp_path / "build", "tables", 0, "files", 0, "bytes", to=2**63 - 1)

    made = build_db(tmp_path / "build", tmp_path / "stores", neo4j=neo4j)

    assert (made.record.labels, made.record.types) == ({"Person": 3}, {"KNOWS": 2})
    assert verify(made.path, neo4j=neo4j).compared == made.record.compared


LIES: dict[str, tuple[tuple[str | int, ...], object, type[KgimportError]]] = {
    "another key": (("nodes", 0, "key"), ["name"], ReconciliationError),
    "a key that is no column": (("nodes", 0, "key"), ["x"], DeclarationError),
    "a property": (("nodes", 0, "columns"), {"name": {"property": "x"}}, ReconciliationError),
    "no property": (("nodes", 0, "columns"), {"name": {"skip": True}}, ReconciliationError),
    "a cast": (("relationships", 0, "columns"), {"since": {"type": "string"}}, ReconciliationError),
    "another end": (("relationships", 0, "start", "key"), ["b"], ReconciliationError),
}


@pytest.mark.neo4j
@pytest.mark.parametrize("lie", LIES)
def test_a_declaration_that_is_not_what_was_exported_publishes_nothing(
    neo4j: Neo4j, tmp_path: Path, lie: str
) -> None:
    export(people(tmp_path), tmp_path / "build")
    path, value, error = LIES[lie]
    change(tmp_path / "build", "declaration", *path, to=value)

    with pytest.raises(error):
        build_db(tmp_path / "build", tmp_path / "stores", neo4j=neo4j)

    assert published(tmp_path) == []


@pytest.mark.neo4j
def test_a_cache_that_is_moved_away_is_no_refused_data(neo4j: Neo4j, tmp_path: Path) -> None:
    export(people(tmp_path), tmp_path / "build")
    cache = tmp_path / "cache"
    cache.mkdir()
    for jar in neo4j.jars:
        os.link(jar, cache / jar.name)
    moved = replace(neo4j, jars=tuple(cache / jar.name for jar in neo4j.jars), classes=None)

    def move(stage: str, _: float | None) -> None:
        if stage == "import" and cache.exists():
            cache.rename(tmp_path / "elsewhere")

    with pytest.raises(RuntimeMissingError, match=f"{len(moved.jars)} of the .* are gone: {cache}"):
        build_db(tmp_path / "build", tmp_path / "stores", neo4j=moved, progress=move)

    assert list((tmp_path / "stores").rglob("store.json")) == []


@pytest.mark.neo4j
def test_one_wrong_cell_in_a_small_table_is_found(neo4j: Neo4j, tmp_path: Path) -> None:
    record = export(people(tmp_path), tmp_path / "build")
    part = tmp_path / "build" / "csv" / "knows" / "part-00000.csv"
    good = part.read_bytes()
    part.write_bytes(good.replace(b"2002", b"2003"))
    # As if the writer itself had been wrong: the record agrees with the file.
    file = replace(record.tables[1].files[0], sha256=files.sha256(part))
    tables = (record.tables[0], replace(record.tables[1], files=(file,)))
    build_id = records.build_id(record.graph, tables, record.schema)
    forged = replace(record, tables=tables, build_id=build_id)
    (tmp_path / "build" / "export.json").write_text(records.dump(forged))

    with pytest.raises(
        ReconciliationError, match=r"knows\.since: the values that were written differ"
    ):
        build_db(tmp_path / "build", tmp_path / "stores", neo4j=neo4j)

    with pytest.raises(DestinationError):
        store.find(tmp_path / "stores" / "people")
