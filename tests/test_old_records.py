"""Records that an older kgimport wrote are read, and what it built is served, verified and built.

`tests/old/export-4-store-4.tar.xz` is what the kgimport of these forms left, unchanged: a
`graph.yml`, its tables, their build directory and a store of Neo4j 2026.08.1; and so are
those of forms 5 and 6, of the same tables. They were made in the folder `/old`. The tables were
last changed at a whole second, which an archive keeps, so their fingerprints hold; the test only
moves the locations in the records to where it unpacks.
"""

from __future__ import annotations

import json
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from kgimport import records
from kgimport.builds import intact
from kgimport.commands.build_db import build_db
from kgimport.commands.export import export
from kgimport.commands.serve import serve
from kgimport.commands.verify import verify
from kgimport.declaration import load_yaml
from kgimport.errors import DestinationError
from kgimport.neo4j import stores
from kgimport.properties import Kind, PropertyType
from kgimport.records import EXPORT_FORM, STORE_FORM, ExportRecord, StoreRecord, on_disk
from kgimport.records.upgrade import _KINDS
from kgimport.sums import sums
from tests.read_back import differences
from tests.test_report import WRONG, at, changed, paths

if TYPE_CHECKING:
    from kgimport.neo4j.runtime.programs import Neo4j

ARCHIVES = {
    form: Path(__file__).parent / "old" / f"export-{form}-store-4.tar.xz"
    for form in range(4, EXPORT_FORM)
}
OLDEST = pytest.mark.parametrize("old", [4], indirect=True)


@pytest.fixture(params=ARCHIVES)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder in which the older kgimport worked, elsewhere."""
    with tarfile.open(ARCHIVES[request.param]) as archive:
        archive.extractall(tmp_path, filter="data")
    for record in (tmp_path / "build", stores.find(tmp_path / "stores" / "places")):
        text = (record / records.EXPORT_RECORD).read_text()
        moved = text.replace('"/old/', f'"{tmp_path}/')
        (record / records.EXPORT_RECORD).write_text(moved)
    return tmp_path


def test_the_kept_records_are_of_the_forms_before() -> None:
    for form, archive in ARCHIVES.items():
        with tarfile.open(archive) as opened:
            content = opened.extractfile(f"build/{records.EXPORT_RECORD}")
            assert content is not None
            assert json.loads(content.read())["version"] == form


def test_an_upgraded_record_says_what_an_export_of_today_says(old: Path) -> None:
    before = on_disk.read_export(old / "build")

    now = export(load_yaml(old / "graph.yml"), old / "again")

    assert before.build_id == now.build_id
    assert before.declaration == now.declaration
    assert before.witness == now.witness
    assert [_without_zones(table.cells) for table in before.tables] == [
        _without_zones(table.cells) for table in now.tables
    ]


def _without_zones(cells: tuple[records.CellRecord, ...]) -> list[Any]:
    """A column of nulls alone was a text."""
    return [(each.property, _known(each.type), each.facts, each.read_by) for each in cells]


def _known(made: PropertyType) -> PropertyType:
    kind = "string" if made.kind == "null" else made.kind
    return PropertyType(kind, made.many, made.unit, None, made.srid)


def test_every_kind_but_bytes_and_null_comes_of_an_older_word() -> None:
    assert {*_KINDS.values(), "bytes", "null"} == set(get_args(Kind))


def test_what_an_older_kgimport_wrote_is_admitted_and_read_back(old: Path) -> None:
    record = on_disk.read_export(old / "build")

    intact.admit(old / "build", record)

    assert differences(old / "build", record) == []


@OLDEST
def test_a_wrong_value_in_what_is_upgraded_is_damage_or_changes_nothing(old: Path) -> None:
    good = (old / "build" / records.EXPORT_RECORD).read_text()
    content = json.loads(good)
    right = _added_up(on_disk.read_export(old / "build"))
    taken: set[str] = set()
    for path in filter(_is_upgraded, paths(content)):
        for value in (each for each in WRONG if each != at(content, path)):
            with suppress(DestinationError):
                record = records.parse(ExportRecord, changed(good, path, value), "export.json")
                assert _added_up(record) == right
                taken.add(str(path[-1]))

    assert taken == {"axes", "header", "unique", "unit"}


def _is_upgraded(path: tuple[Any, ...]) -> bool:
    cells = path[:3] == ("tables", 0, "cells") and "facts" not in path
    return cells or path[-1] in {"header", "unique"}


def _added_up(record: ExportRecord) -> list[list[str]]:
    cells = [cell for table in record.tables for cell in table.cells]
    return [[each.sql("v") for each in sums(cell.type)] for cell in cells]


@pytest.mark.parametrize(
    ("kind", "form", "reads", "hint"),
    [
        (ExportRecord, 3, "forms 4, 5, 6 and 7", "run `kgimport export` again with this"),
        (ExportRecord, 8, "forms 4, 5, 6 and 7", "upgrade kgimport, or run `kgimport expo"),
        (StoreRecord, STORE_FORM - 1, "form 4", "run `kgimport build-db` again with this version"),
        (StoreRecord, STORE_FORM + 1, "form 4", "upgrade kgimport, or run `kgimport build-db` aga"),
    ],
)
def test_a_form_too_old_or_too_new_is_refused_with_what_is_read_and_what_to_do(
    kind: type[ExportRecord], form: int, reads: str, hint: str
) -> None:
    with pytest.raises(DestinationError) as error:
        records.parse(kind, json.dumps({"version": form}), "a.json")

    assert error.value.message == f"a.json has form {form}, this kgimport reads {reads}"
    assert error.value.hint.startswith(hint)


@pytest.mark.parametrize("form", [4.0, True, "4", None, [4]])
def test_a_form_that_is_no_whole_number_is_refused(form: object) -> None:
    with pytest.raises(DestinationError, match="has form"):
        records.parse(ExportRecord, json.dumps({"version": form}), "export.json")


@pytest.mark.neo4j
@OLDEST  # whose upgrade takes all steps
@pytest.mark.parametrize("neo4j", ["2026.08.1"], indirect=True)
def test_an_older_store_is_verified_and_served_and_its_build_directory_is_built(
    old: Path, neo4j: Neo4j
) -> None:
    store = stores.find(old / "stores" / "places")

    seen = verify(store, neo4j=neo4j, samples=10)
    assert (seen.compared, seen.changed) == (5, ())
    with serve(store, neo4j=neo4j) as served:
        rows = served.driver.execute_query("MATCH (n:Place) RETURN count(n) AS n").records
        assert rows[0]["n"] == 3
    built = build_db(old / "build", old / "new", neo4j=neo4j)
    assert (built.record.build_id, built.record.compared) == (seen.record.build_id, 5)
    written = json.loads((built.path / records.EXPORT_RECORD).read_text())
    assert written["version"] == EXPORT_FORM
