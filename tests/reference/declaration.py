"""docs/reference/declaration.md, from the models that a declaration is validated with."""

from __future__ import annotations

from kgimport.declaration import json_schema
from tests.reference import markdown
from tests.reference.markdown import paragraphs
from tests.reference.schemas import sections

_INTRODUCTION = """
All keys of a `graph.yml`. [declaration.md](../declaration.md) explains them with examples, and
[values.md](../values.md) shows what the values of each column become. `kgimport schema` prints this
page as JSON Schema, with which an editor completes and checks the file. Unknown keys are refused.

In a dbt project, the `meta.kgimport` of a model, seed or snapshot holds the keys of
[a table](#table), without `location`, and `graph`, the graph's name; that of a column holds the
keys of [a column](#column). `kgimport schema --dbt` prints the JSON Schema for that;
[dbt.md](../dbt.md) is the page for dbt projects.
"""


def page() -> str:
    """Return the page."""
    return markdown.page(
        "The declaration", paragraphs(_INTRODUCTION.strip()), *sections(json_schema(), "GraphSpec")
    )
