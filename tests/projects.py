"""A small dbt-duckdb project as users have them, which tests write, build and change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from kgimport.dbt import Settings
from kgimport.dbt.programs import Program

PROJECT = "name: people\nprofile: people\nflags: {send_anonymous_usage_stats: false}\n"
PROFILES = """
people:
  outputs:
    default: {type: duckdb, path: people.duckdb, external_root: made}
"""
MODELS = """
models:
  - name: person
    config:
      materialized: external
      meta: {kgimport: {graph: people, node: {labels: [Person], key: [id]}}}
    columns: [{name: id, config: {meta: {kgimport: {property: personId}}}}]
  - name: knows
    config:
      materialized: external
      meta:
        kgimport:
          graph: people
          relationship:
            type: KNOWS
            start: {node: person, key: [a]}
            end: {node: person, key: [b]}
  - name: count_of_persons
    config: {materialized: table}
  - name: names
    config: {materialized: external, location: names.csv, format: csv}
"""
QUERIES = {
    "person": "select * from read_parquet('{{ env_var(\"KGIMPORT_DATA\") }}/person.parquet')",
    "knows": "select * from read_parquet('{{ env_var(\"KGIMPORT_DATA\") }}/knows.parquet')",
    "count_of_persons": "select count(*) as persons from {{ ref('person') }}",
    "names": "select name from {{ ref('person') }} where name <> '{{ env_var(\"HIDDEN\", \"\") }}'",
}


def people(place: Path) -> Path:
    """The project below `place`, beside the folder `data` that it reads; gives the project's."""
    folder, data = place / "people", place / "data"
    for each in (folder / "models", folder / "made", data):
        each.mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILES)
    (folder / "models" / "models.yml").write_text(MODELS)
    for name, query in QUERIES.items():
        (folder / "models" / f"{name}.sql").write_text(query)
    persons(data, "Ann", "Bo")
    pl.DataFrame({"a": [1], "b": [2]}).write_parquet(data / "knows.parquet")
    return folder


def persons(data: Path, *names: str) -> None:
    """Writes the persons that the project reads."""
    ids = list(range(1, len(names) + 1))
    pl.DataFrame({"id": ids, "name": names}).write_parquet(data / "person.parquet")


def settings_of(folder: Path, target: str = "default", **credentials: Any) -> Settings:
    """What dbt makes of a project, without dbt; that it does is shown in test_dbt_settings."""
    said = {"type": "duckdb", "path": "people.duckdb", "external_root": "made", **credentials}
    return Settings(
        folder=folder,
        program=Program(Path("dbt"), Path("python")),
        artifacts=folder / "target",
        logs=folder / "logs",
        packages=folder / "dbt_packages",
        packages_named=0,
        sources=(folder / "models", folder / "macros"),
        profiles=folder / "profiles.yml",
        profile="people",
        default_profile="people",
        target=target,
        default_target="default",
        adapter=said["type"],
        database="people",
        variables={},
        credentials=said,
    )
