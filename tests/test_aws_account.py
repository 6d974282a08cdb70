"""The whole way on Amazon's own Athena, for whoever has an account to try it in.

    KGIMPORT_TEST_BUCKET=my-bucket AWS_PROFILE=… AWS_REGION=… pytest -m aws

Everything lies below a prefix of the bucket and in Glue databases of their own, and is deleted
at the end. Athena scans some ten megabytes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from kgimport import aws, dbt, s3
from kgimport.commands.export import export
from kgimport.commands.land import land
from kgimport.commands.load_graph import load_graph
from kgimport.locations import s3_folder
from kgimport.options import ExportOptions
from kgimport.progress import silent
from tests.conftest import ROOT
from tests.graphs import cells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kgimport.graph import Graph

pytestmark = [pytest.mark.aws, pytest.mark.slow]
CUSTOMERS = ("customer_1", "customer_2", "customer_3")


@pytest.fixture
def prefix(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Begins the names of this run's databases, and of its places in the bucket."""
    bucket = os.environ.get("KGIMPORT_TEST_BUCKET")
    if not bucket:
        pytest.skip("set KGIMPORT_TEST_BUCKET, and be somebody who may use it")
    name = f"kgimport_test_{uuid4().hex[:8]}_"
    home = f"s3://{bucket}/{name}"
    for variable, value in {
        "KGIMPORT_GLUE_PREFIX": name,
        "KGIMPORT_ATHENA_SCHEMA": f"{name}lms",
        "KGIMPORT_ATHENA_RESULTS": f"{home}/results/",
        "KGIMPORT_ATHENA_DATA": f"{home}/graph/",
    }.items():
        monkeypatch.setenv(variable, value)
    yield name
    s3.delete(s3_folder(home))
    for database in (*CUSTOMERS, "lms"):
        aws.client("glue").delete_database(Name=f"{name}{database}")


def test_an_account_gives_the_graph_that_this_machine_gives(
    prefix: str, lms_graph: Graph, tmp_path: Path
) -> None:
    land(ROOT / "data", f"s3://{os.environ['KGIMPORT_TEST_BUCKET']}/{prefix}/raw", prefix, silent)
    dbt.build(ROOT / "dbt", target="athena")
    graph = load_graph(ROOT / "dbt", target="athena")

    here = export(lms_graph, tmp_path / "here", options=ExportOptions("keys"))
    there = export(graph, tmp_path / "there", options=ExportOptions("keys"))

    assert [(t.name, t.written) for t in there.tables] == [(t.name, t.written) for t in here.tables]
    assert cells(tmp_path / "there", there) == cells(tmp_path / "here", here)
    assert not s3.below(s3_folder(os.environ["KGIMPORT_ATHENA_RESULTS"]) / "unload")
