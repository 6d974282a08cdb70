"""docs/reference/declaration.md, from the models that a declaration is validated with."""

from __future__ import annotations

from kgimport.declaration import json_schema
from tests.reference import markdown
from tests.reference.markdown import paragraphs
from tests.reference.schemas import sections

_INTRODUCTION = """
All keys of a `graph.yml`. `kgimport schema` prints the same as JSON Schema, with which an editor
completes and checks the file. Unknown keys are refused.

In a dbt project, a model's `meta.kgimport` holds the keys of a table and `graph`, the graph's name:
see the [README](../../README.md). What the values of each column become is in
[values.md](../values.md).
"""


def page() -> str:
    """Return the page."""
    return markdown.page(
        "The declaration", paragraphs(_INTRODUCTION.strip()), *sections(json_schema(), "GraphSpec")
    )
