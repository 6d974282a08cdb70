"""The form of a declaration: what a `graph.yml` may hold, as pydantic models and as JSON Schema."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetPydanticSchema, create_model

from kgimport.graph import GRAPH_NAME, ColumnRule, IndexKind, OnMissing

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

Name = Annotated[str, Field(min_length=1)]
Columns = Annotated[list[Name], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# The descriptions that editors show for the keys of a column.
_COLUMN = {
    "property": "The property's name; default: the column's.",
    "skip": "Read the column, but do not make it a property.",
    "type": "A cast that must not change any value.",
    "timezone": "The zone of a timestamp that has none.",
    "epoch": "The unit of a 64-bit integer that counts from 1970, in UTC.",
}


def _column_model() -> type[_Strict]:
    """Return a pydantic model with the fields of `ColumnRule`."""
    types = get_type_hints(ColumnRule)
    made: dict[str, Any] = {
        each.name: (
            Name | None if types[each.name] == str | None else types[each.name],
            Field(default=each.default, description=_COLUMN.get(each.name)),
        )
        for each in fields(ColumnRule)
    }
    return create_model("ColumnSpec", __base__=_Strict, __doc__="What one column becomes.", **made)


def _as_rule(_: Any, schema_of: GetCoreSchemaHandler) -> CoreSchema:
    def rule(model: _Strict) -> ColumnRule:
        return ColumnRule(**model.model_dump())

    return schema_of(Annotated[_column_model(), AfterValidator(rule)])


# A `ColumnRule`, validated like everything else in a declaration.
ColumnSpec = Annotated[ColumnRule, GetPydanticSchema(_as_rule)]


class IndexSpec(_Strict):
    """An index over a table's nodes or relationships."""

    kind: IndexKind = Field(description=f"One of {', '.join(get_args(IndexKind))}.")
    properties: Columns = Field(description="Property names, as they are in the graph.")
    name: Name | None = Field(
        default=None,
        description="The index's name. Full-text indexes of one name span their tables.",
    )


class PointSpec(_Strict):
    """A property made of coordinate columns."""

    x: Name = Field(description="The column of x, or of the longitude in degrees.")
    y: Name = Field(description="The column of y, or of the latitude in degrees.")
    z: Name | None = Field(default=None, description="The column of z, or of the height.")
    crs: Literal["wgs-84", "cartesian"] = "wgs-84"


class NodeSpec(_Strict):
    """A table whose rows become nodes."""

    labels: Columns
    key: Columns = Field(description="The columns that together identify a row.")
    id_space: Name | None = Field(
        default=None, description="Where the key is unique; default: first label."
    )
    label_column: Name | None = Field(
        default=None, description="A column of further labels: a string, or a list of strings."
    )
    unique: list[Columns] = Field(default=[], description="Uniqueness constraints.")
    indexes: list[IndexSpec] = []
    points: dict[Name, PointSpec] = Field(default={}, description="Points, by property name.")


class EndSpec(_Strict):
    """One end of a relationship."""

    node: Name = Field(description="The node table that the end points to.")
    key: Columns = Field(description="The columns that hold the node's key, in its order.")


class RelationshipSpec(_Strict):
    """A table whose rows become relationships."""

    type: Name | None = None
    type_column: Name | None = Field(
        default=None, description="Instead of type: a column that holds each row's type."
    )
    start: EndSpec
    end: EndSpec
    key: Columns | None = Field(
        default=None, description="The columns that together identify a relationship, if any do."
    )
    on_missing: OnMissing = Field(
        default="error", description="What to do with rows whose start or end node does not exist."
    )
    indexes: list[IndexSpec] = []
    points: dict[Name, PointSpec] = Field(default={}, description="Points, by property name.")


class TableSpec(_Strict):
    """One table: Parquet that becomes nodes or relationships."""

    location: Name = Field(
        description="A Parquet file, a folder of them, or a glob, relative to this file; "
        "s3://BUCKET/PREFIX; a table of a warehouse: athena://CATALOG/DATABASE/TABLE, "
        "duckdb://FILE/SCHEMA/TABLE, postgres://DATABASE/SCHEMA/TABLE; or a query: "
        "select:SQL for Athena, postgres://select:SQL, duckdb://FILE/select:SQL."
    )
    node: NodeSpec | None = None
    relationship: RelationshipSpec | None = None
    # The key may be empty: a file's column may have an empty name, and needs another or a skip.
    columns: dict[str, ColumnSpec] = {}


class GraphSpec(_Strict):
    """A graph that is built from tables."""

    graph: Name = Field(description="The graph's name.", pattern=GRAPH_NAME)
    tables: dict[Name, TableSpec] = Field(min_length=1)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of `graph.yml`, for completion in editors."""
    schema = GraphSpec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def known_keys(loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are allowed at the place of a mistake."""
    specs: dict[str, type[BaseModel]] = {
        "node": NodeSpec,
        "relationship": RelationshipSpec,
        "start": EndSpec,
        "end": EndSpec,
        "indexes": IndexSpec,
        "points": PointSpec,
    }
    parents = [part for part in loc[:-1] if isinstance(part, str)]
    if not parents:
        return list(GraphSpec.model_fields)
    if len(parents) > 2 and parents[2] == "columns":  # noqa: PLR2004  (tables.<name>.columns)
        return [each.name for each in fields(ColumnRule)]
    return list(specs.get(parents[-1], TableSpec).model_fields)
