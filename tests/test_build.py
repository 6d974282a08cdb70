"""`build-db` takes only what an export has left, and compares every row of a small table."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl
import pytest

from kgimport import store
from kgimport.errors import DestinationError, ReconciliationError, SourceError
from kgimport.pipeline.build import BuildOptions, build_db
from kgimport.pipeline.export import export
from tests.conftest import quiet
from tests.graphs import KNOWS, people

if TYPE_CHECKING:
    from pathlib import Path

    from kgimport.runtime.programs import Neo4j

pytestmark = pytest.mark.neo4j


@pytest.mark.parametrize("file", ["csv/person/part-00000.csv", "import.args"])
def test_a_build_directory_that_was_touched_is_refused(
    neo4j: Neo4j, tmp_path: Path, file: str
) -> None:
    export(people(tmp_path), tmp_path / "build", quiet)
    touched = tmp_path / "build" / file
    if file.endswith(".csv"):
        touched.write_text(touched.read_text().replace("Ann", "Eve"))
    else:
        touched.unlink()

    with pytest.raises(DestinationError, match=f"is not what its export left: {file}"):
        build_db(tmp_path / "build", tmp_path / "stores", neo4j, BuildOptions(), quiet)


def test_tables_that_changed_since_the_export_are_told_before_the_import(
    neo4j: Neo4j, tmp_path: Path
) -> None:
    export(people(tmp_path), tmp_path / "build", quiet)
    pl.DataFrame({**KNOWS, "since": [1, 2]}).write_parquet(tmp_path / "knows.parquet")

    with pytest.raises(SourceError, match="changed since the export: knows"):
        build_db(tmp_path / "build", tmp_path / "stores", neo4j, BuildOptions(), quiet)


def test_one_wrong_cell_in_a_small_table_is_found(neo4j: Neo4j, tmp_path: Path) -> None:
    record = export(people(tmp_path), tmp_path / "build", quiet)
    part = tmp_path / "build" / "csv" / "knows" / "part-00000.csv"
    good = part.read_bytes()
    part.write_bytes(good.replace(b"2002", b"2003"))
    text = (tmp_path / "build" / "export.json").read_text()
    # As if the writer itself had been wrong: the record agrees with the file.

    digest = hashlib.sha256(part.read_bytes()).hexdigest()
    forged = text.replace(record.tables[1].files[0].sha256, digest)
    (tmp_path / "build" / "export.json").write_text(forged)

    with pytest.raises(ReconciliationError, match="knows 'b', 'c' differs in since"):
        build_db(tmp_path / "build", tmp_path / "stores", neo4j, BuildOptions(), quiet)

    with pytest.raises(DestinationError):
        store.find(tmp_path / "stores" / "people")
