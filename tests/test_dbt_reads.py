from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgimport.dbt import depend_on_more


def manifest(folder: Path, sql: str, **words: str) -> Path:
    model = {"resource_type": "model", "language": "sql", "compiled_code": sql, **words}
    content = {"nodes": {"model.shop.orders": model}}
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def reads_more(folder: Path, sql: str) -> bool:
    """Whether a model reads more than its project and its data; other folders are elsewhere."""
    project, data, elsewhere = (folder / name for name in ("project", "data", "elsewhere"))
    for each in (project, data, elsewhere):
        each.mkdir()
    made = manifest(folder, sql.format(data=data, elsewhere=elsewhere))
    return depend_on_more(made, project, [project, data])


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{elsewhere}/x.csv')",
        "select * from '{elsewhere}/*.parquet'",
        'select * from "{elsewhere}/x.csv"',
        "select * from read_csv('../elsewhere/x.csv')",
        "select * from read_parquet('s3://lake/orders/*.parquet')",
        "select * from postgres_scan('postgresql://db/shop', 'public', 'orders')",
        "select *, current_date as day from orders",
        "select *, now() - ordered_at as age from orders",
        "select * from orders order by random()",
    ],
)
def test_models_that_read_other_files_or_the_time_are_found(tmp_path: Path, sql: str) -> None:
    assert reads_more(tmp_path, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{data}/*.csv')",
        "select * from read_csv('seeds/x.csv')",
        "select split_part(path, '/', 2), '/no-such-folder-anywhere/x' from orders",
        'select known_at, today_s_price, \'~\', \'..\' from "shop"."main"."orders"',
    ],
)
def test_models_that_read_what_is_watched_are_not(tmp_path: Path, sql: str) -> None:
    assert not reads_more(tmp_path, sql)


def test_python_models_and_a_missing_manifest_count_as_if_they_read_more(tmp_path: Path) -> None:
    assert depend_on_more(tmp_path, tmp_path, [tmp_path])
    assert depend_on_more(manifest(tmp_path, "", language="python"), tmp_path, [tmp_path])
