"""The dbt project makes graph tables that hold what the customers' Parquet holds."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from kgimport.declaration import Made, check_columns, in_folder, load_dbt
from kgimport.locations import LocalPath

pytestmark = pytest.mark.dbt
ALONE = {"KGIMPORT_GRAPHS": "lms"}  # without the project's other graphs
ROOT = Path(__file__).parent.parent
PROJECT = ROOT / "dbt"
DATA = ROOT / "data"
MOMENT = pl.Datetime("us", "UTC")
TEXTS = pl.List(pl.String)

COUNTS = {
    "node_customer": "select count(distinct customer) from users",
    "node_user": "select count(*) from users",
    "node_language": "select count(distinct (customer, code)) from spoken",
    "node_course": "select count(*) from courses",
    "node_asset": "select count(*) from assets",
    "rel_belongs_to": "select count(*) from users",
    "rel_speaks": "select count(distinct (customer, user_key, code)) from spoken",
    "rel_offers_course": "select count(*) from courses",
    "rel_offers_asset": "select count(*) from assets",
    "rel_contains": "select count(*) from contents",
    "rel_interacted_with": "select count(distinct (customer, user_key, asset_key)) from browsed",
    "rel_takes": "select count(distinct (customer, user_key, course_key)) from studied",
}

RAW = {
    "users": "users_details",
    "courses": "courses_details",
    "assets": "assets_details",
    "contents": "courses_assets",
    "browsed": "assets_history",
    "studied": "courses_history",
}

SCHEMAS: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    "node_customer": {
        "customer_key": pl.String,
        "customer": pl.String,
        "users": pl.Int64,
        "courses": pl.Int64,
        "assets": pl.Int64,
        "has_assets": pl.Boolean,
    },
    "node_user": {
        "user_key": pl.String,
        "customer": pl.String,
        "role": pl.String,
        "department": pl.String,
        "languages": TEXTS,
        "skills": TEXTS,
        "is_active": pl.Boolean,
        "hired_on": pl.Date,
        "created_at": MOMENT,
        "last_login_at": MOMENT,
        "recency_days": pl.Int64,
    },
    "node_language": {
        "language_key": pl.String,
        "customer": pl.String,
        "code": pl.String,
        "users": pl.Int64,
    },
    "node_course": {
        "course_key": pl.String,
        "customer": pl.String,
        "title": pl.String,
        "category": pl.String,
        "level": pl.String,
        "language": pl.String,
        "duration_minutes": pl.Int32,
        "price": pl.Decimal(10, 2),
        "is_published": pl.Boolean,
        "tags": TEXTS,
        "created_at": MOMENT,
        "published_on": pl.Date,
    },
    "node_asset": {
        "asset_key": pl.String,
        "customer": pl.String,
        "kind": pl.String,
        "title": pl.String,
        "language": pl.String,
        "size_bytes": pl.Int64,
        "duration_seconds": pl.Int32,
        "rating": pl.Decimal(3, 2),
        "tags": TEXTS,
        "is_downloadable": pl.Boolean,
        "created_at": MOMENT,
    },
    "rel_belongs_to": {"user_key": pl.String, "customer_key": pl.String, "customer": pl.String},
    "rel_speaks": {"user_key": pl.String, "language_key": pl.String, "customer": pl.String},
    "rel_offers_course": {
        "customer_key": pl.String,
        "course_key": pl.String,
        "customer": pl.String,
    },
    "rel_offers_asset": {"customer_key": pl.String, "asset_key": pl.String, "customer": pl.String},
    "rel_contains": {
        "course_key": pl.String,
        "asset_key": pl.String,
        "customer": pl.String,
        "position": pl.Int32,
    },
    "rel_interacted_with": {
        "user_key": pl.String,
        "asset_key": pl.String,
        "customer": pl.String,
        "interactions": pl.Int64,
        "seconds": pl.Int64,
        "first_at": MOMENT,
        "last_at": MOMENT,
        "recency_days": pl.Int64,
    },
    "rel_takes": {
        "user_key": pl.String,
        "course_key": pl.String,
        "customer": pl.String,
        "status": pl.String,
        "progress": pl.Float64,
        "score": pl.Decimal(5, 2),
        "first_at": MOMENT,
        "last_at": MOMENT,
        "recency_days": pl.Int64,
    },
}

PROPERTIES = {
    "(:Customer)": "customerKey customer users courses assets hasAssets",
    "(:User)": (
        "userKey customer role department languages skills isActive hiredOn createdAt lastLoginAt"
        " recencyDays"
    ),
    "(:Language)": "languageKey customer code users",
    "(:Course)": (
        "courseKey customer title category level language durationMinutes price isPublished tags"
        " createdAt publishedOn"
    ),
    "(:Asset)": (
        "assetKey customer kind title language sizeBytes durationSeconds rating tags"
        " isDownloadable createdAt"
    ),
    "(node_user)-[:BELONGS_TO]->(node_customer)": "customer",
    "(node_user)-[:SPEAKS]->(node_language)": "customer",
    "(node_customer)-[:OFFERS]->(node_course)": "customer",
    "(node_customer)-[:OFFERS]->(node_asset)": "customer",
    "(node_course)-[:CONTAINS]->(node_asset)": "customer position",
    "(node_user)-[:INTERACTED_WITH]->(node_asset)": (
        "customer interactions seconds firstAt lastAt recencyDays"
    ),
    "(node_user)-[:TAKES]->(node_course)": (
        "customer status progress score firstAt lastAt recencyDays"
    ),
}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of dbt left behind."""

    code: int
    output: str
    target: Path
    tables: Path

    def artifact(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.target / name).read_text(encoding="utf-8"))
        return content

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.tables / f"{name}.parquet")

    def digests(self) -> dict[str, str]:
        return {
            path.stem: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.tables.iterdir()
        }


def execute(arguments: list[str], cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """dbt as a user runs it, but with nothing from this machine's own settings."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DBT_", "KGIMPORT_"))}
    return subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *arguments],
        cwd=cwd,
        env={**inherited, **ALONE, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def dbt(*arguments: str, into: Path, data: Path = DATA) -> Run:
    """dbt started beside the project, with everything that it writes below `into`."""
    target = into / "target"
    done = execute(
        [
            *arguments,
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(target), "--log-path", str(into / "logs")),
        ],
        ROOT,
        KGIMPORT_DATA=str(data),
        KGIMPORT_TABLES=str(into / "tables"),
        KGIMPORT_WAREHOUSE=str(into / "warehouse.duckdb"),
    )
    return Run(done.returncode, done.stdout + done.stderr, target, into / "tables")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The whole project, built from the committed sample data; a warning is an error."""
    run = dbt("--warn-error", "build", into=tmp_path_factory.mktemp("built"))
    assert run.code == 0, run.output
    return run


@pytest.fixture(scope="module")
def raw() -> duckdb.DuckDBPyConnection:
    """The raw tables of all customers as views, read without dbt."""
    connection = duckdb.connect()
    for view, table in RAW.items():
        connection.execute(
            f"""
            create view {view} as
            select *, regexp_extract(filename, '(customer_\\d+).{table}', 1) as customer
            from read_parquet(
                '{DATA}/*/{table}/**/*.parquet', union_by_name = true, filename = true)
            """
        )
    connection.execute(
        "create view spoken as select customer, user_key, unnest(languages) as code from users"
    )
    return connection


def scalar(raw: duckdb.DuckDBPyConnection, query: str) -> Any:
    rows = raw.execute(query).fetchall()
    return rows[0][0]


def graph_models(manifest: dict[str, Any]) -> dict[str, Any]:
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return {node["name"]: node for node in nodes if "graph" in node["fqn"]}


def test_a_build_writes_one_parquet_file_per_graph_model(built: Run) -> None:
    files = sorted(path.name for path in built.tables.iterdir())

    assert files == sorted(f"{name}.parquet" for name in COUNTS)


def test_every_node_of_the_project_passes_without_a_warning(built: Run) -> None:
    results = built.artifact("run_results.json")["results"]

    assert {result["status"] for result in results} == {"success", "pass"}
    assert {result["unique_id"].split(".")[0] for result in results} == {
        *("model", "operation", "test", "unit_test")
    }


@pytest.mark.parametrize("model", COUNTS)
def test_counts_equal_those_of_the_raw_tables(
    model: str, built: Run, raw: duckdb.DuckDBPyConnection
) -> None:
    assert built.table(model).height == scalar(raw, COUNTS[model])


@pytest.mark.parametrize("model", SCHEMAS)
def test_columns_and_types_are_those_that_the_graph_needs(model: str, built: Run) -> None:
    assert dict(pl.read_parquet_schema(built.tables / f"{model}.parquet")) == SCHEMAS[model]


def test_no_asset_event_is_lost_on_the_way_into_relationships(
    built: Run, raw: duckdb.DuckDBPyConnection
) -> None:
    expected = raw.execute(
        "select count(*), sum(seconds), min(event_at), max(event_at) from browsed"
    )
    table = built.table("rel_interacted_with")

    assert expected.fetchone() == (
        table["interactions"].sum(),
        table["seconds"].sum(),
        table["first_at"].min(),
        table["last_at"].max(),
    )


def test_each_user_stands_in_a_course_where_the_last_event_says(
    built: Run, raw: duckdb.DuckDBPyConnection
) -> None:
    expected = raw.execute(
        """
        select
            customer || '/' || user_key as user_key,
            customer || '/' || course_key as course_key,
            max_by(progress, (event_at, progress)) as progress,
            max(score) as score,
            (epoch_us(timestamptz '2026-07-01 00:00:00Z') - epoch_us(max(event_at)))
                // 86400000000 as recency_days
        from studied
        group by all
        order by all
        """
    ).fetchall()
    columns = ("user_key", "course_key", "progress", "score", "recency_days")

    assert built.table("rel_takes").select(columns).rows() == expected


def test_skills_are_null_just_for_the_customer_that_does_not_record_them(built: Run) -> None:
    users = built.table("node_user").group_by("customer").agg(pl.col("skills").count() > 0)

    assert dict(users.rows()) == {"customer_1": True, "customer_2": False, "customer_3": True}


def test_customers_carry_their_counts_and_one_has_no_assets(
    built: Run, raw: duckdb.DuckDBPyConnection
) -> None:
    counts = {
        view: dict(raw.execute(f"select customer, count(*) from {view} group by all").fetchall())
        for view in ("users", "courses", "assets")
    }
    columns = ("customer", "users", "courses", "assets", "has_assets")

    assert built.table("node_customer").select(columns).rows() == [
        (
            customer,
            users,
            counts["courses"][customer],
            counts["assets"].get(customer, 0),
            customer != "customer_3",
        )
        for customer, users in sorted(counts["users"].items())
    ]


def test_two_builds_give_the_same_bytes_whatever_the_threads_and_the_time_zone(
    built: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")

    again = dbt("run", "--threads", "1", into=tmp_path)

    assert again.code == 0, again.output
    assert again.digests() == built.digests()


def test_every_model_source_and_column_has_a_description(built: Run) -> None:
    manifest = built.artifact("manifest.json")
    models = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
    sources = list(manifest["sources"].values())
    tables = [*models, *sources]
    columns = [
        (f"{table['name']}.{column['name']}", column["description"])
        for table in tables
        for column in table["columns"].values()
    ]
    described = [
        *((table["name"], table["description"]) for table in tables),
        *((source["source_name"], source["source_description"]) for source in sources),
        *columns,
    ]

    assert [name for name, text in described if not text.strip()] == []
    assert len(models) == 19


def test_graph_models_describe_exactly_the_columns_that_they_have(built: Run) -> None:
    models = graph_models(built.artifact("manifest.json"))

    assert {name: set(node["columns"]) for name, node in models.items()} == {
        name: set(schema) for name, schema in SCHEMAS.items()
    }


def test_every_graph_model_declares_what_it_becomes(built: Run) -> None:
    graph = load_dbt(Made(built.target, in_folder(LocalPath(str(built.tables)))))
    check_columns(graph, SCHEMAS)
    ends = {r.name: f"({r.start.node})-[:{r.type}]->({r.end.node})" for r in graph.relationships}
    pattern = {n.name: f"(:{':'.join(n.labels)})" for n in graph.nodes} | ends

    assert {
        pattern[table.name]: " ".join(
            table.property_name(column)
            for column in SCHEMAS[table.name]
            if not table.rule(column).skip
        )
        for table in graph.tables
    } == PROPERTIES
    assert {table.name for table in graph.tables} == set(
        graph_models(built.artifact("manifest.json"))
    )


def test_decimals_are_declared_to_become_doubles(built: Run) -> None:
    graph = load_dbt(Made(built.target, in_folder(LocalPath(str(built.tables)))))
    declared = {
        (table.name, column): table.rule(column).decimal
        for table in graph.tables
        for column, kind in SCHEMAS[table.name].items()
        if isinstance(kind, pl.Decimal)
    }

    assert declared == {
        ("node_course", "price"): "double",
        ("node_asset", "rating"): "double",
        ("rel_takes", "score"): "double",
    }


def test_node_keys_are_unique_in_the_graph(built: Run) -> None:
    graph = load_dbt(Made(built.target, in_folder(LocalPath(str(built.tables)))))

    assert [node.unique for node in graph.nodes] == [(node.key,) for node in graph.nodes]


def test_docs_cover_every_model(built: Run) -> None:
    docs = dbt("docs", "generate", into=built.target.parent)
    manifest = docs.artifact("manifest.json")

    assert docs.code == 0, docs.output
    assert set(docs.artifact("catalog.json")["nodes"]) == {
        key for key, node in manifest["nodes"].items() if node["resource_type"] == "model"
    }


def add_rows(folder: Path, rows: dict[str, list[Any]]) -> None:
    """A second file beside a table's own, with that one's types."""
    schema = pl.read_parquet_schema(folder / "part-0.parquet")
    overrides = {name: kind for name, kind in schema.items() if name in rows}
    pl.DataFrame(rows, schema_overrides=overrides).write_parquet(folder / "part-1.parquet")


def broken_copy(data: Path) -> None:
    """The sample data with a user twice, an asset that does not exist, and an unknown column."""
    shutil.copytree(DATA, data)
    users = data / "customer_1" / "users_details"
    pl.read_parquet(users / "part-0.parquet").head(1).write_parquet(users / "part-1.parquet")
    user = pl.read_parquet(users / "part-0.parquet")["user_key"][0]
    add_rows(
        data / "customer_1" / "assets_history" / "event_month=2026-06",
        {
            "user_key": [user],
            "asset_key": ["nowhere"],
            "session_key": ["s"],
            "event_at": [datetime(2026, 6, 1, tzinfo=UTC)],
            "action": ["opened"],
            "seconds": [None],
        },
    )
    add_rows(
        data / "customer_2" / "users_details",
        {
            "user_key": ["new"],
            "role": ["learner"],
            "department": [None],
            "languages": [["sv"]],
            "skills": [["SQL"]],
            "is_active": [True],
            "hired_on": [date(2026, 1, 1)],
            "created_at": [datetime(2026, 1, 1, tzinfo=UTC)],
            "last_login_at": [None],
        },
    )


def test_a_broken_source_fails_the_build_by_the_names_of_the_tests(tmp_path: Path) -> None:
    broken_copy(tmp_path / "data")

    run = dbt("build", into=tmp_path, data=tmp_path / "data")
    results = run.artifact("run_results.json")["results"]
    failed = {r["unique_id"].split(".")[2] for r in results if r["status"] == "fail"}

    dangling = "source_relationships_customer_1_assets_history_asset_key__asset_key"

    assert run.code == 1
    assert failed == {
        "source_unique_customer_1_users_details_user_key",
        f"{dangling}__source_customer_1_assets_details_",
        "relationships_rel_interacted_with_asset_key__asset_key__ref_node_asset_",
        "source_columns_as_declared_customer_2_users_details_",
    }
    assert all(name in run.output for name in failed)
    assert not run.tables.joinpath("node_user.parquet").exists()


def test_a_lone_customer_without_assets_builds_with_default_paths(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("target", "logs")
    shutil.copytree(PROJECT, tmp_path / "dbt", ignore=ignored)
    shutil.copytree(DATA / "customer_3", tmp_path / "data" / "customer_3")

    done = execute(["run", "--vars", "{customers: [customer_3]}"], tmp_path / "dbt")
    tables = tmp_path / "dbt" / "target" / "tables"

    assert done.returncode == 0, done.stdout
    assert pl.read_parquet(tables / "node_customer.parquet")["customer"].to_list() == ["customer_3"]
    assert pl.read_parquet(tables / "rel_takes.parquet").height > 0
    for model in ("node_asset", "rel_offers_asset", "rel_contains", "rel_interacted_with"):
        table = pl.read_parquet(tables / f"{model}.parquet")
        assert (table.height, dict(table.schema)) == (0, SCHEMAS[model])


def test_a_table_that_is_declared_and_called_absent_is_refused(tmp_path: Path) -> None:
    absent = "{absent_tables: {customer_1: [assets_details]}, customers: [customer_1]}"

    run = dbt("compile", "--select", "stg_assets", "--vars", absent, into=tmp_path)

    assert run.code != 0
    assert "Source customer_1.assets_details is declared, but the variable" in run.output


def test_freshness_is_the_distance_to_as_of_and_not_to_now(built: Run) -> None:
    into = built.target.parent

    now = dbt("source", "freshness", into=into)
    later = dbt("source", "freshness", "--vars", "{as_of: 2026-08-05}", into=into)

    assert (now.code, now.output.count("PASS freshness of")) == (0, 5)
    assert (later.code, later.output.count("WARN freshness of")) == (0, 5)
