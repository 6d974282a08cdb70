"""The parts of dbt's manifest and catalog that a draft is made from, as pydantic models.

Both files hold far more than this, which is ignored.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


def _none_as_empty(value: object) -> object:
    return {} if value is None else value


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


class Constraint(_Part):
    """A constraint of a model or of a column; dbt leaves some parts out."""

    type: str
    columns: list[str] | None = None
    to: str | None = None
    to_columns: list[str] | None = None
    expression: str | None = None


class Column(_Part):
    """A column that the project describes."""

    name: str
    data_type: str | None = None
    constraints: list[Constraint] | None = None


class Config(_Part):
    """How a model is made, or when a test fails."""

    materialized: str | None = None
    where: str | None = None
    severity: str | None = None
    error_if: str | None = None
    unique_key: Any = None
    enabled: bool | None = None


class Test(_Part):
    """What a test was declared with."""

    name: str
    kwargs: dict[str, Any] = {}


class DependsOn(_Part):
    """The nodes that a node is made from or tests."""

    nodes: list[str] = []


class Node(_Part):
    """A model, seed, snapshot, source or test."""

    unique_id: str
    name: str
    resource_type: str
    package_name: str = ""
    fqn: list[str] = []
    alias: str | None = None
    identifier: str | None = None
    database: str | None = None
    relation_name: str | None = None
    db_schema: str | None = Field(default=None, alias="schema")
    config: Annotated[Config, BeforeValidator(_none_as_empty)] = Config()
    columns: dict[str, Column] = {}
    constraints: list[Constraint] | None = None
    version: Any = None
    latest_version: Any = None
    depends_on: DependsOn = DependsOn()
    attached_node: str | None = None
    column_name: str | None = None
    test_metadata: Test | None = None


class Entity(_Part):
    """A column, or an expression, of a semantic model that identifies a thing."""

    name: str
    type: str
    expr: str | None = None

    @property
    def column(self) -> str:
        """The column, unless it is an expression."""
        return self.expr or self.name


class SemanticModel(_Part):
    """What dbt's semantic layer states about a model."""

    name: str
    depends_on: DependsOn = DependsOn()
    entities: list[Entity] = []


class Metadata(_Part):
    """What a manifest is from."""

    project_name: str | None = None
    adapter_type: str | None = None


class Manifest(_Part):
    """The part of a manifest that a draft is made from."""

    metadata: Metadata = Metadata()
    nodes: dict[str, Node]
    sources: dict[str, Node] = {}
    disabled: dict[str, Annotated[list[Node], BeforeValidator(_listed)]] | None = None
    semantic_models: dict[str, SemanticModel] = {}


class CatalogColumn(_Part):
    """A column as the warehouse has it."""

    name: str
    type: str
    index: int = 0


class CatalogTable(_Part):
    """A table of the warehouse."""

    columns: dict[str, CatalogColumn] = {}


class Catalog(_Part):
    """What `dbt docs generate` found in the warehouse."""

    nodes: dict[str, CatalogTable] = {}

    @property
    def types(self) -> dict[str, dict[str, str]]:
        """The types of the columns of each table, in their order, by the table's unique id."""
        return {
            unique_id: {
                column.name: column.type
                for column in sorted(table.columns.values(), key=lambda each: each.index)
            }
            for unique_id, table in self.nodes.items()
        }
