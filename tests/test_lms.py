"""The LMS store holds what DuckDB counts in the customers' Parquet, on both Neo4j lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from neo4j import Driver

pytestmark = pytest.mark.neo4j
DATA = Path(__file__).parents[1] / "data"

# What each label and type must count, asked of the raw files and of nothing that dbt made.
COUNTS = {
    "(:Customer)": "select 3",
    "(:User)": "select count(*) from '{data}/*/users_details/*.parquet'",
    "(:Course)": "select count(*) from '{data}/*/courses_details/*.parquet'",
    "(:Asset)": "select count(*) from '{data}/*/assets_details/*.parquet'",
    "(:Language)": """select count(*) from (select distinct filename[:-30], unnest(languages)
        from read_parquet('{data}/*/users_details/part-0.parquet', filename=true))""",
    "()-[:BELONGS_TO]->()": "select count(*) from '{data}/*/users_details/*.parquet'",
    "()-[:SPEAKS]->()": """select sum(len(list_distinct(languages)))
        from '{data}/*/users_details/*.parquet'""",
    "()-[:CONTAINS]->()": "select count(*) from '{data}/*/courses_assets/*.parquet'",
    "()-[:OFFERS]->(:Course)": "select count(*) from '{data}/*/courses_details/*.parquet'",
    "()-[:OFFERS]->(:Asset)": "select count(*) from '{data}/*/assets_details/*.parquet'",
    "()-[:INTERACTED_WITH]->()": """select count(*) from (select distinct split_part(
        split_part(filename, 'customer_', 2), '/', 1), user_key, asset_key
        from read_parquet('{data}/*/assets_history/*/*.parquet', filename=true))""",
    "()-[:TAKES]->()": """select count(*) from (select distinct split_part(
        split_part(filename, 'customer_', 2), '/', 1), user_key, course_key
        from read_parquet('{data}/*/courses_history/*/*.parquet', filename=true))""",
}


@pytest.mark.parametrize("pattern", COUNTS)
def test_counts_equal_what_duckdb_counts_in_the_raw_files(lms: Driver, pattern: str) -> None:
    sql = COUNTS[pattern].format(data=DATA)
    [(expected,)] = duckdb.execute(sql).fetchall()

    counted = "n" if pattern.startswith("(:") else "r"
    named = pattern.replace("(:", "(n:", 1) if counted == "n" else pattern.replace("[:", "[r:", 1)
    found = lms.execute_query(f"MATCH {named} RETURN count({counted}) AS c").records[0]["c"]

    assert found == expected
