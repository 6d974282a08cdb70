"""docs/declaration.md is what happens: its examples are exported, and become what it states."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import duckdb
import jsonschema
import pytest
import yaml

from kgimport import declaration
from kgimport.commands.export import export
from kgimport.locations import LocalPath
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kgimport.graph import Graph, Table
    from kgimport.records import ExportRecord, TableRecord

PAGE = (ROOT / "docs" / "declaration.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = [
    (text, BLOCKS[at + 1][1]) for at, (_, text) in enumerate(BLOCKS) if text.startswith("graph:")
]
(OF_DBT,) = (text for kind, text in BLOCKS if kind == "yaml" and text.startswith("models:"))


def write_tables(folder: Path) -> None:
    """The tables that the page describes, as Parquet."""
    (tables,) = (text for kind, text in BLOCKS if kind == "sql")
    for name, query in re.findall(r"^(\S+\.parquet): (.*?)(?=^\S|\Z)", tables, re.M | re.S):
        duckdb.execute(f"COPY ({query}) TO '{folder / name}' (FORMAT parquet)")


def becomes(graph: Graph, record: ExportRecord) -> Iterator[str]:
    for table, made in zip(graph.tables, record.tables, strict=True):
        yield f"{_pattern(graph, table, made)} {made.written}"


def _pattern(graph: Graph, table: Table, made: TableRecord) -> str:
    names = ", ".join(field.property for field in made.fields)
    held = f" {{{names}}}" if names else ""
    if table.kind == "node":
        return f"(:{':'.join(table.labels)}{held})"
    start, end = (":".join(graph.node(end.node).labels) for _, end in table.ends)
    return f"(:{start})-[:{table.type}{held}]->(:{end})"


@pytest.mark.parametrize(("text", "wanted"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_becomes_what_the_page_states(tmp_path: Path, text: str, wanted: str) -> None:
    write_tables(tmp_path)
    (tmp_path / "graph.yml").write_text(text, encoding="utf-8")
    graph = declaration.load_yaml(tmp_path / "graph.yml")

    record = export(graph, tmp_path / "build")

    assert list(becomes(graph, record)) == wanted.splitlines()


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 6


def test_the_example_for_dbt_is_what_dbt_hands_over(tmp_path: Path) -> None:
    content = yaml.safe_load(OF_DBT)
    (model,), (exposure,) = content["models"], content["exposures"]
    config = {**model["config"], "materialized": "table"}
    columns = {each["name"]: each for each in model["columns"]}
    made = {**model, "resource_type": "model", "alias": "customers", "config": config}
    manifest = {
        "nodes": {"model.shop.customers": {**made, "columns": columns}},
        "exposures": {"exposure.shop.graph": {**exposure, "resource_type": "exposure"}},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))

    made_there = declaration.Made(tmp_path, declaration.in_folder(LocalPath(str(tmp_path))))
    table = declaration.load_dbt(made_there).nodes[0]

    assert [table.property_name(each) for each in ("first_name", "last_name")] == [
        *("name", "lastName")
    ]
    assert table.rule("x").decimal == "double"


@pytest.mark.parametrize(("text", "_"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_json_schema_takes_the_examples(text: str, _: str) -> None:
    jsonschema.validate(yaml.safe_load(text), declaration.json_schema())


def test_the_json_schema_for_dbt_takes_the_example_and_refuses_unknown_words() -> None:
    content: Any = yaml.safe_load(OF_DBT)
    schema = declaration.dbt_json_schema()

    jsonschema.validate(content, schema)

    jsonschema.Draft202012Validator.check_schema(schema)
    content["models"][0]["config"]["meta"]["kgimport"]["nodes"] = {}
    with pytest.raises(jsonschema.ValidationError, match="'nodes' was unexpected"):
        jsonschema.validate(content, schema)
