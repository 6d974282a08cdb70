"""The dbt project makes the same graph tables on Athena as it makes here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.local_athena import lake
from tests.test_dbt_project import COLUMNS, DATA, PROJECT, ROOT, execute

if TYPE_CHECKING:
    from tests.local_athena.running import LocalAws

pytestmark = [pytest.mark.dbt, pytest.mark.athena]
PREFIX = "dbt_test_"


@dataclass(frozen=True, slots=True)
class Warehouse:
    """An Athena that holds the sample's raw tables, and what dbt made of them."""

    aws: LocalAws
    place: Path

    def dbt(self, *arguments: str) -> str:
        """Run dbt there; its output, in which nothing but success is expected."""
        done = execute(
            [
                *("--warn-error", *arguments, "--target", "athena"),
                *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
                *("--target-path", str(self.place), "--log-path", str(self.place / "logs")),
            ],
            ROOT,
            **self.aws.environment,
            KGIMPORT_ATHENA_SCHEMA="dbt_test",
            KGIMPORT_GLUE_PREFIX=PREFIX,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def results(self) -> dict[str, str]:
        """What became of each node of the last run."""
        content = json.loads((self.place / "run_results.json").read_text(encoding="utf-8"))
        return {result["unique_id"]: result["status"] for result in content["results"]}

    def table(self, name: str) -> pl.DataFrame:
        """The Parquet that a graph model's CTAS wrote, found through Glue."""
        entry: Any = self.aws.client("glue").get_table(DatabaseName="dbt_test", Name=name)
        location = entry["Table"]["StorageDescriptor"]["Location"].rstrip("/")
        options = {
            key.lower(): value
            for key, value in self.aws.environment.items()
            if key.startswith("AWS_") and "FILE" not in key and "METADATA" not in key
        }
        return pl.read_parquet(f"{location}/*", storage_options=options)


@pytest.fixture(scope="session")
def warehouse(athena_server: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The whole project, built there: models, data tests and unit tests."""
    lake.land(athena_server, DATA, PREFIX)
    built = Warehouse(athena_server, tmp_path_factory.mktemp("dbt-athena"))
    built.dbt("build")
    return built


def test_everything_that_dbt_does_here_passes_there(warehouse: Warehouse) -> None:
    statuses = warehouse.results()
    kinds = dict.fromkeys(("model", "test", "unit_test"), 0)
    for node in statuses:
        kinds[node.partition(".")[0]] += 1

    assert set(statuses.values()) == {"success", "pass"}
    assert kinds == {}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_table_has_the_same_rows_in_both(
    warehouse: Warehouse, local_tables: Path, name: str
) -> None:
    here = pl.read_parquet(local_tables / f"{name}.parquet")
    there = warehouse.table(name)

    assert there.schema == as_athena_has_it(here).schema
    assert there.sort(there.columns[:2]).equals(as_athena_has_it(here).sort(here.columns[:2]))


def as_athena_has_it(table: pl.DataFrame) -> pl.DataFrame:
    """The one difference: an instant is a number, of microseconds since 1970 in UTC."""
    return table.with_columns(pl.col(pl.Datetime("us", "UTC")).to_physical())
