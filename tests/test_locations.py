"""Locations: read from text once, given back as the same text, each asked as whom it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kgimport import files
from kgimport import s3 as store
from kgimport.aws import Session
from kgimport.commands.build_db import build_db
from kgimport.commands.check import check
from kgimport.commands.export import export
from kgimport.commands.load_graph import load_graph
from kgimport.errors import DestinationError, SourceError, UsageError
from kgimport.locations import (
    Context,
    Foreign,
    LocalPath,
    Query,
    Relation,
    S3Path,
    folder,
    parse,
)
from kgimport.neo4j.runtime.programs import Neo4j
from kgimport.options import BuildOptions, ExportOptions
from kgimport.sources.athena import Athena
from kgimport.sources.duckdb_file import DuckDB
from kgimport.sources.postgres import Postgres
from tests.graphs import people

if TYPE_CHECKING:
    from tests.local_athena.running import LocalAws

ASKED = Athena()
SERVER, FILE = Postgres(), DuckDB()
THERE = Context(LocalPath("/lake"), connections=(ASKED, SERVER, FILE))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("person.parquet", LocalPath("/lake/person.parquet")),
        ("/other/*.parquet", LocalPath("/other/*.parquet")),
        ("s3://b/a/*/x?", S3Path("b", "a/*/x?")),
        ("s3://b/a/", S3Path("b", "a/")),
        ("s3://b", S3Path("b", "")),
        ("athena://c/d/t", Relation(("c", "d", "t"), ASKED)),
        ("select:SELECT 's3://'", Query("SELECT 's3://'", ASKED)),
        ("athena://select:SELECT 1", Query("SELECT 1", ASKED, "")),
        ("postgres://select:SELECT\n'a/select:b'", Query("SELECT\n'a/select:b'", SERVER, "")),
        ("postgres://d/s/select:t", Relation(("d", "s", "select:t"), SERVER)),
        ("gs://b/a", Foreign("gs://b/a")),
    ],
)
def test_a_text_means_a_location_that_spells_it_again(text: str, meant: object) -> None:
    found = parse(text, THERE)

    assert found == meant
    assert str(found) in {text, f"/lake/{text}"}


def test_a_relative_path_is_below_the_base_wherever_that_is() -> None:
    assert parse("a/b", Context(S3Path("b", "g/"))) == S3Path("b", "g/a/b")
    assert parse("a/b", Context(Foreign("gs://b"))) == Foreign("gs://b/a/b")
    assert parse("./a//b/") == LocalPath("./a//b/")
    assert folder("tables") == LocalPath(str(Path("tables").resolve()))
    assert folder("s3://b/g/") == S3Path("b", "g")


@pytest.mark.parametrize("text", ["athena://d/t", "athena://c/d/t/x", "athena://c//t"])
def test_a_relation_has_the_parts_of_its_warehouse_s(text: str) -> None:
    with pytest.raises(UsageError, match="is not a table of Athena\n→ write athena://CATALOG/"):
        parse(text, THERE)


def test_a_query_of_a_file_is_below_the_base_and_spells_itself_again() -> None:
    found = parse("duckdb://a/w.duckdb/select:SELECT '/select: x'", THERE)

    assert found == Query("SELECT '/select: x'", FILE, "/lake/a/w.duckdb")
    assert str(found) == "duckdb:///lake/a/w.duckdb/select:SELECT '/select: x'"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("duckdb://select:SELECT 1", "duckdb://FILE/select:SQL"),
        ("postgres://shop/select:SELECT 1", "postgres://select:SQL"),
        ("athena://c/d/select:SELECT 1", "athena://select:SQL"),
    ],
)
def test_a_query_has_a_file_where_databases_are_files(text: str, form: str) -> None:
    with pytest.raises(UsageError, match=f"file or database in its location\n→ write {form}"):
        parse(text, THERE)


def test_what_no_connection_answers_for_has_no_files() -> None:
    assert parse("athena://c/d/t") == Foreign("athena://c/d/t")
    assert parse("select:SELECT 1") == Foreign("select:SELECT 1")


# As whom AWS is asked ----------------------------------------------------------------------------

PROFILE = "[{name}]\naws_access_key_id = {key}\naws_secret_access_key = secret\n"
PROJECT = "name: people\nprofile: people\n"
TARGET = """\
people:
  target: dev
  outputs:
    dev:
      type: athena
      region_name: {region}
      aws_profile_name: {profile}
      database: awsdatacatalog
      schema: people
      s3_staging_dir: s3://results/
"""


@pytest.fixture
def two_profiles(s3: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """AWS that this machine knows two users of, and the environment none."""
    users = tmp_path / "credentials"
    users.write_text("".join(PROFILE.format(name=n, key=f"KEY-{n}") for n in ("one", "two")))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(users))
    return s3


def asked(s3: LocalAws) -> set[tuple[str, str, str]]:
    return {(call.service, call.access_key, call.region) for call in s3.faults.calls("*")}


REGIONS = {"one": "eu-west-1", "two": "eu-north-1"}


def test_two_projects_of_one_process_ask_s3_each_as_itself(
    two_profiles: LocalAws, tmp_path: Path
) -> None:
    there = S3Path(two_profiles.fresh_bucket(), "tables")
    here = people(tmp_path / "tables")
    uploader = S3Path(there.bucket, there.key, Session("one", "us-east-1"))
    for name in ("person", "knows"):
        file = tmp_path / "tables" / f"{name}.parquet"
        store.upload(file, uploader / file.name, files.sha256(file))
    graph = here.relocated({n: there / f"{n}.parquet" for n in ("person", "knows")})

    for name, region in REGIONS.items():
        session = Session(name, region)
        two_profiles.faults.clear()
        home = f"s3://{there.bucket}/builds/{name}"
        export(graph.asked_as(session), home, options=ExportOptions(session=session))
        assert asked(two_profiles) == {("s3", f"KEY-{name}", region)}
        two_profiles.faults.clear()
        with pytest.raises(DestinationError, match="is not a build directory"):
            build_db(
                f"{home}/none",
                tmp_path / "stores",
                neo4j=Neo4j("2026.08.1", "embedded"),
                options=BuildOptions(session=session),
            )
        assert asked(two_profiles) == {("s3", f"KEY-{name}", region)}


@pytest.fixture
def projects(tmp_path: Path) -> list[Path]:
    """Two dbt projects whose targets are Athena, each of a user and in a region of its own."""
    folders = [tmp_path / name for name in REGIONS]
    for place, (name, region) in zip(folders, REGIONS.items(), strict=True):
        (place / "target").mkdir(parents=True)
        (place / "dbt_project.yml").write_text(PROJECT)
        (place / "profiles.yml").write_text(TARGET.format(profile=name, region=region))
        (place / "target" / "manifest.json").write_text(MANIFEST)
    return folders


@pytest.mark.dbt
def test_a_project_s_target_says_as_whom_glue_is_asked(
    two_profiles: LocalAws, projects: list[Path]
) -> None:
    graphs = [load_graph(each, built=False) for each in projects]

    for graph, (name, region) in zip(graphs, REGIONS.items(), strict=True):
        two_profiles.faults.clear()
        with pytest.raises(SourceError, match=r'cannot find "people"\."person" in Glue'):
            check(graph)
        assert asked(two_profiles) == {("glue", f"KEY-{name}", region)}


@pytest.mark.dbt
def test_what_is_given_comes_before_what_the_target_says(projects: list[Path]) -> None:
    of_target = Athena("primary", S3Path("results", ""), Session("one", "eu-west-1"))
    given = load_graph(projects[0], built=False, workgroup="w", results="s3://r/p/")
    queried = load_graph(projects[0], built=False, select={"person": " SELECT 1 AS id"})

    relation = Relation(("awsdatacatalog", "people", "person"), of_target)
    other = Athena("w", S3Path("r", "p"), Session("one", "eu-west-1"))
    assert load_graph(projects[0], built=False).node("person").location == relation
    assert given.node("person").location == Relation(relation.names, other)
    assert queried.node("person").location == Query("SELECT 1 AS id", of_target)


MANIFEST = """\
{"metadata": {"adapter_type": "athena", "invocation_id": "0"},
 "nodes": {"model.people.person": {
   "name": "person", "alias": "person", "database": "awsdatacatalog", "schema": "people",
   "resource_type": "model",
   "config": {"materialized": "table", "meta": {"kgimport": {
     "graph": "people", "node": {"labels": ["Person"], "key": ["id"]}}}},
   "columns": {}}}}
"""


def test_the_environment_s_own_word_comes_first(
    two_profiles: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session("one", "eu-west-1")
    place = S3Path(two_profiles.fresh_bucket(), "")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_PROFILE", "two")
    two_profiles.faults.clear()
    store.below(S3Path(place.bucket, "", session))
    of_profile = asked(two_profiles)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    two_profiles.faults.clear()
    store.below(S3Path(place.bucket, "", session))

    assert of_profile == {("s3", "KEY-two", "us-east-1")}
    assert asked(two_profiles) == {("s3", "KEY-environment", "us-east-1")}
