"""The dbt project makes the same graph tables on Athena as it makes here."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from kgimport.commands.build_db import build_db
from kgimport.commands.export import export
from kgimport.commands.load_graph import load_graph
from kgimport.errors import DeclarationError
from kgimport.neo4j.reconcile import expected
from kgimport.neo4j.runtime.jar_cache import DEFAULT_VERSION
from kgimport.neo4j.runtime.programs import embedded, with_fast_start
from kgimport.options import ExportOptions
from kgimport.records.on_disk import read_export
from tests.graphs import cells
from tests.local_athena import lake
from tests.test_dbt_project import DATA, MOMENT, PROJECT, ROOT, SCHEMAS, execute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.graph import Graph
    from tests.local_athena.running import LocalAws

pytestmark = [pytest.mark.dbt, pytest.mark.athena]
PREFIX, SCHEMA = "dbt_test_", "dbt_test"
AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
ARTIFACTS = ("manifest.json", "run_results.json")
TABLE_INPUT = ("Name", "TableType", "Parameters", "StorageDescriptor", "PartitionKeys")


@dataclass(frozen=True, slots=True)
class Warehouse:
    """An Athena that holds the sample's raw tables, and what dbt made of them."""

    aws: LocalAws
    place: Path

    def dbt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dbt there; a warning is an error."""
        return execute(
            [
                *("--warn-error", *arguments, "--target", "athena"),
                *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
                *("--target-path", str(self.place), "--log-path", str(self.place / "logs")),
            ],
            ROOT,
            **self.aws.environment,
            KGIMPORT_ATHENA_SCHEMA=SCHEMA,
            KGIMPORT_GLUE_PREFIX=PREFIX,
        )

    def artifact(self, name: str) -> list[dict[str, Any]]:
        """What the last run says of each node."""
        content: dict[str, Any] = json.loads((self.place / name).read_text(encoding="utf-8"))
        results: list[dict[str, Any]] = content["results"]
        return results

    def entry(self, database: str, name: str) -> dict[str, Any]:
        """What Glue knows of a table."""
        found = self.aws.client("glue").get_table(DatabaseName=database, Name=name)["Table"]
        return {key: found[key] for key in TABLE_INPUT if key in found}

    def table(self, name: str) -> pl.DataFrame:
        """The Parquet that a graph model's CTAS wrote."""
        location = self.entry(SCHEMA, name)["StorageDescriptor"]["Location"].rstrip("/")
        return pl.read_parquet(f"{location}/*", storage_options=self.aws.storage_options)

    @contextmanager
    def columns(self, database: str, name: str, columns: dict[str, str]) -> Iterator[None]:
        """Let Glue say something else of a table's columns for a while."""
        glue, entry = self.aws.client("glue"), self.entry(database, name)
        known = {c["Name"]: c["Type"] for c in entry["StorageDescriptor"]["Columns"]} | columns
        changed = [{"Name": name, "Type": kind} for name, kind in known.items()]
        storage = {**entry["StorageDescriptor"], "Columns": changed}
        broken = {**entry, "StorageDescriptor": storage}
        glue.update_table(DatabaseName=database, TableInput=broken)
        try:
            yield
        finally:
            glue.update_table(DatabaseName=database, TableInput=entry)


@pytest.fixture(scope="module")
def warehouse(athena_server: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The whole project, built there: models, data tests and unit tests."""
    lake.land(athena_server, DATA, PREFIX)
    built = Warehouse(athena_server, tmp_path_factory.mktemp("dbt-athena"))
    done = built.dbt("build")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ARTIFACTS:  # later commands write them anew
        shutil.copyfile(built.place / name, built.place / f"built-{name}")
    return built


def test_all_that_passes_here_passes_there(warehouse: Warehouse) -> None:
    nodes = warehouse.artifact("run_results.json")
    manifest = json.loads((warehouse.place / "manifest.json").read_text(encoding="utf-8"))

    assert {node["status"] for node in nodes} == {"success", "pass"}
    assert {n["unique_id"] for n in nodes if not n["unique_id"].startswith("operation.")} == {
        name
        for name in (*manifest["nodes"], *manifest["unit_tests"])
        if not name.startswith("operation.")
    }


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_graph_table_has_the_same_rows_in_both(
    warehouse: Warehouse, lms_graph: Graph, name: str
) -> None:
    (location,) = (table.location for table in lms_graph.tables if table.name == name)
    here = as_athena_has_it(pl.read_parquet(str(location)))
    there = warehouse.table(name)

    assert there.schema == here.schema
    keys = there.columns[:2]
    assert there.sort(keys).equals(here.sort(keys))


def as_athena_has_it(table: pl.DataFrame) -> pl.DataFrame:
    """The one difference: an instant is a number, of microseconds since 1970 in UTC."""
    return table.with_columns(pl.col(MOMENT).to_physical())


def test_the_instants_of_the_sample_would_not_survive_milliseconds(warehouse: Warehouse) -> None:
    seen = warehouse.table("rel_takes")["last_at"]

    assert seen.filter(seen % 1000 != 0).len() > 0.9 * seen.len()


def test_the_tables_are_zstd_parquet_at_a_place_of_their_own(warehouse: Warehouse) -> None:
    entry = warehouse.entry(SCHEMA, "node_user")
    location = entry["StorageDescriptor"]["Location"].rstrip("/")
    root = f"s3://{warehouse.aws.lake}/graph/{SCHEMA}/node_user/"

    assert location.startswith(root)
    assert len(location.removeprefix(root)) == 36  # a UUID
    assert entry["Parameters"]["classification"] == "parquet"
    assert codecs(warehouse, location) == {"ZSTD"}


def codecs(warehouse: Warehouse, location: str) -> set[str]:
    s3, key = warehouse.aws.client("s3"), location.split("/", 3)[3]
    found = s3.list_objects_v2(Bucket=warehouse.aws.lake, Prefix=f"{key}/")["Contents"][0]
    body = s3.get_object(Bucket=warehouse.aws.lake, Key=found["Key"])["Body"].read()
    footer = pq.ParquetFile(io.BytesIO(body)).metadata
    return {footer.row_group(0).column(at).compression for at in range(footer.num_columns)}


def test_freshness_is_the_distance_of_the_newest_event_from_as_of(warehouse: Warehouse) -> None:
    done = warehouse.dbt("source", "freshness")
    ages = {
        tuple(result["unique_id"].rsplit(".", 2)[1:]): result["max_loaded_at_time_ago_in_s"]
        for result in warehouse.artifact("sources.json")
    }

    assert done.returncode == 0, done.stdout
    assert {name: pytest.approx(age, abs=30) for name, age in ages.items()} == {
        (folder.parent.name, folder.name): (AS_OF - newest_event(folder)).total_seconds()
        for folder in sorted(DATA.glob("*/*_history"))
    }


def newest_event(folder: Path) -> datetime:
    newest: datetime = (
        pl.scan_parquet(folder / "**/*.parquet").select(pl.col("event_at").max()).collect().item()
    )
    return newest


def test_what_glue_says_wrongly_of_a_raw_table_is_found(warehouse: Warehouse) -> None:
    raw = f"{PREFIX}customer_3"
    with (
        warehouse.columns(raw, "courses_details", {"seats": "int"}),
        warehouse.columns(raw, "users_details", {"created_at": "timestamp"}),
    ):
        done = warehouse.dbt(
            *("build", "--select", "stg_users", "source:customer_3.courses_details"),
            *("--exclude", "test_type:unit"),
        )
    failed = {
        node["unique_id"].split(".")[2]: node["message"]
        for node in warehouse.artifact("run_results.json")
        if node["status"] in ("error", "fail")
    }

    assert done.returncode == 1
    assert set(failed) == {
        "stg_users",
        "source_columns_as_declared_customer_3_courses_details_",
    }
    assert "Cannot cast timestamp(3) to bigint" in failed["stg_users"]


@pytest.fixture(scope="module")
def project(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What kgimport reads of a dbt project: its two files, and those of the run that built all."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copyfile(PROJECT / name, folder / name)
    (folder / "target").mkdir()
    for name in ARTIFACTS:
        shutil.copyfile(warehouse.place / f"built-{name}", folder / "target" / name)
    return folder


def test_the_graph_has_the_same_rows_as_the_local_target_s(
    warehouse: Warehouse, project: Path, lms_graph: Graph, tmp_path: Path
) -> None:
    argv = ("export", "--dbt", str(project), "--target", "athena", "--ids", "keys", "--out", "b")
    done = subprocess.run(
        (sys.executable, "-m", "kgimport", *argv),
        cwd=tmp_path,
        env={**os.environ, **warehouse.aws.environment, "KGIMPORT_ATHENA_SCHEMA": SCHEMA},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    here = export(lms_graph, tmp_path / "here", options=ExportOptions("keys"))
    there = read_export(tmp_path / "b")
    assert there.queries == ()
    assert {str(t.location).partition("://")[0] for t in there.declaration.tables} == {"s3"}
    assert [(t.name, t.counts, t.properties) for t in there.tables] == [
        (t.name, t.counts, t.properties) for t in here.tables
    ]
    assert cells(tmp_path / "b", there) == cells(tmp_path / "here", here)


@pytest.mark.neo4j
def test_the_store_holds_what_the_local_target_s_holds(
    warehouse: Warehouse,
    project: Path,
    lms_build: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Not the fixture `neo4j`: for each of its lines pytest would have dbt build all again.
    neo4j = with_fast_start(embedded(DEFAULT_VERSION))
    warehouse.aws.enter(monkeypatch)
    export(load_graph(project, target="athena"), tmp_path / "build")

    store = build_db(tmp_path / "build", tmp_path / "stores", neo4j=neo4j).record

    here = expected(read_export(lms_build))
    assert (store.labels, store.types) == (here.labels, here.types)
    assert store.compared > 1_000


def test_a_manifest_of_another_target_is_refused(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project, tmp_path / "dbt")
    manifest = tmp_path / "dbt" / "target" / "manifest.json"
    manifest.write_text(
        manifest.read_text().replace('"adapter_type": "athena"', '"adapter_type": "duckdb"')
    )

    with pytest.raises(DeclarationError, match="is for a dbt target of type duckdb, not athena"):
        load_graph(tmp_path / "dbt", target="athena")
