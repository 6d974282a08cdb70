"""The form of a declaration: what a `graph.yml` may hold, as pydantic models and as JSON Schema."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    create_model,
)

from kgimport.features import FeatureKind  # noqa: TC001  (pydantic reads the annotations)
from kgimport.graph import (
    GRAPH_NAME,
    ColumnRule,
    IndexKind,
    Naming,
    OnMissing,
    OnNull,
    Words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


class _OneOrMore:
    """States in the JSON Schema of a list that one text may stand in its place."""

    @staticmethod
    def __get_pydantic_json_schema__(
        schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        listed = handler(schema)
        items = listed["items"]
        return {"anyOf": [items.get("anyOf", [items])[0], listed]}


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1)]
# The names of one column or more, of labels or the like; a single one may stand without a list.
Columns = Annotated[list[Name], Field(min_length=1), BeforeValidator(_listed), _OneOrMore()]
Listed = Annotated[list[Name], BeforeValidator(_listed), _OneOrMore()]
_Limit = Annotated[int, Field(ge=1, strict=True)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# The descriptions that editors show for the keys of a column.
_WORDS = {
    "property": "The property's name; default: the column's.",
    "skip": "Read the column, but do not make it a property.",
    "required": "Refuse nulls.",
    "type": "A cast that must not change any value.",
    "timezone": "The zone of a timestamp that has none.",
    "epoch": "The unit of a 64-bit integer that counts from 1970, in UTC.",
    "decimal": "What a decimal becomes: text, or a double if that has the same digits.",
    "uint64": "What an integer of more than 64 bits becomes; without it, those that fit are taken.",
    "binary": "What bytes become: text, or an array of bytes.",
    "struct": "What a struct becomes: JSON, or a property for each field.",
    "empty_list": "What an empty list becomes: nothing, if not refused.",
    "null_in_list": "What happens to a null in a list: it is dropped, if not refused.",
    "list": "What a list becomes: itself, or JSON.",
    "temporal": "What a date, a time or a duration becomes: itself, or text in ISO 8601.",
    "zone": "utc: an instant keeps its moment, and not the name of its zone.",
    "fraction": "drop: an instant, or a local timestamp, is cut to whole seconds.",
    "naming": "camelCase: the column first_name becomes the property firstName.",
}
# What makes sense for all columns of a table or a graph.
_FOR_ALL = (
    *("timezone", "decimal", "uint64", "binary", "struct", "empty_list", "null_in_list"),
    *("list", "temporal", "zone", "fraction"),
)
# What a declaration does not state itself.
_OURS = {"whole_as_integer"}


def _fields(names: Iterable[str]) -> dict[str, Any]:
    """Return fields of `ColumnRule` as those of a pydantic model."""
    types, defaults = get_type_hints(ColumnRule), {each.name: each for each in fields(ColumnRule)}
    return {
        name: (
            Name | None if types[name] == str | None else types[name],
            Field(default=defaults[name].default, description=_WORDS[name]),
        )
        for name in names
    }


_COLUMN = [each.name for each in fields(ColumnRule) if each.name not in _OURS]
_NAMING: Any = (Naming, Field(default="unchanged", description=_WORDS["naming"]))
_ColumnModel = create_model(
    "ColumnSpec", __base__=_Strict, __doc__="What one column becomes.", **_fields(_COLUMN)
)
_DefaultsModel = create_model(
    "DefaultsSpec",
    __base__=_Strict,
    __doc__="What every column becomes, unless a more specific place states something else.",
    **_fields(_FOR_ALL),
    naming=_NAMING,
)


def _words(model: BaseModel) -> Words:
    """Return what was declared, without what is only a default."""
    return model.model_dump(exclude_unset=True)


def _schema_of(model: type[BaseModel]) -> GetPydanticSchema:
    def schema(_: Any, schema_of: GetCoreSchemaHandler) -> CoreSchema:
        return schema_of(Annotated[model, AfterValidator(_words)])

    return GetPydanticSchema(schema)


# The words that were declared, validated like everything else in a declaration.
ColumnSpec = Annotated[Words, _schema_of(_ColumnModel)]
DefaultsSpec = Annotated[Words, _schema_of(_DefaultsModel)]


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
    crs: Literal["wgs-84", "cartesian"] = Field(
        default="wgs-84", description="The coordinate reference system: degrees, or plain numbers."
    )


class NodeSpec(_Strict):
    """A table whose rows become nodes."""

    labels: Columns = Field(description="The labels that every row's node has.")
    key: Columns = Field(description="The columns that together identify a row.")
    id_space: Name | None = Field(
        default=None, description="Where the key is unique; default: first label."
    )
    label_column: Name | None = Field(
        default=None, description="A column of further labels: a string, or a list of strings."
    )
    unique: Annotated[list[Columns], BeforeValidator(_listed), _OneOrMore()] = Field(
        default=[],
        description="Uniqueness constraints, each of one column or more.",
    )
    indexes: list[IndexSpec] = Field(default=[], description="Indexes over these entities.")
    points: dict[Name, PointSpec] = Field(default={}, description="Points, by property name.")


class EndSpec(_Strict):
    """One end of a relationship."""

    node: Name = Field(description="The node table that the end points to.")
    key: Columns = Field(description="The columns that hold the node's key, in its order.")


class AnyRelationshipSpec(_Strict):
    """What every declaration of relationships has."""

    type: Name | None = Field(
        default=None, description="The relationship type, unless `type_column` names its column."
    )
    type_column: Name | None = Field(
        default=None, description="Instead of type: a column that holds each row's type."
    )
    start: EndSpec | None = Field(default=None, description="Where the relationship starts.")
    end: EndSpec | None = Field(default=None, description="Where the relationship ends.")
    key: Columns | None = Field(
        default=None, description="The columns that together identify a relationship, if any do."
    )
    on_missing: OnMissing = Field(
        default="error", description="What to do with rows whose start or end node does not exist."
    )
    on_null: OnNull | None = Field(
        default=None,
        description="What to do with rows in which the key of an end is null: refuse them, or make "
        "no relationship of them. By default, they are rows whose node does not exist.",
    )
    indexes: list[IndexSpec] = Field(default=[], description="Indexes over these entities.")
    points: dict[Name, PointSpec] = Field(default={}, description="Points, by property name.")
    properties: Listed | None = Field(
        default=None,
        description="The columns that become properties; default: all but those of the ends' keys, "
        "or none if the rows are nodes, too.",
    )


class RelationshipSpec(AnyRelationshipSpec):
    """A table whose rows become relationships."""

    start: EndSpec = Field(description="Where the relationship starts.")
    end: EndSpec = Field(description="Where the relationship ends.")


class OwnRelationshipSpec(AnyRelationshipSpec):
    """Relationships made of foreign keys: one for each row, to or from the row's own node.

    The end that is not declared is that node.
    """

    name: Name | None = Field(
        default=None,
        description="Its name in messages and files, after the table's; default: the type.",
    )
    properties: Listed | None = Field(
        default=None, description="The columns that become properties; default: none."
    )


class TableSpec(_Strict):
    """One table: Parquet that becomes nodes or relationships."""

    location: Name | None = Field(
        default=None,
        description="A Parquet file, a folder of them, or a glob, relative to this file; "
        "s3://BUCKET/PREFIX; a table of a warehouse: athena://CATALOG/DATABASE/TABLE, "
        "duckdb://FILE/SCHEMA/TABLE, postgres://DATABASE/SCHEMA/TABLE (redshift, snowflake and "
        "bigquery alike), adbc://PROFILE.toml/TABLE; or a query: "
        "select:SQL for Athena, postgres://select:SQL, duckdb://FILE/select:SQL. "
        "Default: where dbt has the model, seed or snapshot of the table's name.",
    )
    node: NodeSpec | None = Field(default=None, description="The nodes that the rows become.")
    relationship: RelationshipSpec | None = Field(
        default=None, description="The relationships that the rows become."
    )
    relationships: list[OwnRelationshipSpec] = Field(
        default=[], description="Relationships made of the table's foreign keys."
    )
    properties: Listed | None = Field(
        default=None, description="The columns that become properties; default: all of them."
    )
    # The key may be empty: a file's column may have an empty name, and needs another or a skip.
    columns: dict[str, ColumnSpec] = Field(
        default={},
        description="What columns become, by name; a * in a name stands for any characters.",
    )
    defaults: DefaultsSpec = Field(
        default={}, description="What the table's columns become, if `columns` does not state it."
    )


class FeatureSpec(_Strict):
    """A property of nodes that is computed from the graph's relationships."""

    kind: FeatureKind = Field(
        description="component: the smallest key of the nodes that are connected; degree: how many "
        "relationships a node has; pagerank: its share of all ranks."
    )
    over: Columns = Field(description="The types of the relationships that count.")
    property: Name = Field(description="The property's name.")
    nodes: Listed = Field(
        default=[],
        description="The tables whose nodes get it; default: all that such relationships may join.",
    )
    max_degree: _Limit | dict[Name, _Limit] | None = Field(
        default=None,
        description="For a component: relationships do not join what they connect, if one of their "
        "ends has more neighbours by relationships of this type. A number, or one for each type.",
    )
    named_by: Name | None = Field(
        default=None,
        description="For a component: the node table whose smallest key names it, if it has any.",
    )


class GraphSpec(_Strict):
    """A graph that is built from tables."""

    graph: Name = Field(description="The graph's name.", pattern=GRAPH_NAME)
    dbt: Name | None = Field(
        default=None,
        description="The folder of a dbt project, relative to this file, which makes the tables.",
    )
    defaults: DefaultsSpec = Field(
        default={}, description="What columns become, if their tables do not state it."
    )
    tables: dict[Name, TableSpec] = Field(
        min_length=1, description="The tables, by a name of your choice, or by that of a dbt model."
    )
    features: list[FeatureSpec] = Field(
        default=[], description="Properties that are computed from the graph's relationships."
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of `graph.yml`, for completion in editors."""
    schema = GraphSpec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def known_keys(loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are allowed at the place of a mistake."""
    specs: dict[str, type[BaseModel]] = {
        "node": NodeSpec,
        "relationship": RelationshipSpec,
        "relationships": OwnRelationshipSpec,
        "defaults": _DefaultsModel,
        "start": EndSpec,
        "end": EndSpec,
        "indexes": IndexSpec,
        "points": PointSpec,
        "features": FeatureSpec,
    }
    parents = [part for part in loc[:-1] if isinstance(part, str)]
    if not parents:
        return list(GraphSpec.model_fields)
    if parents[0] == "tables" and len(parents) == 2:  # noqa: PLR2004  (tables.<name>)
        return list(TableSpec.model_fields)
    if len(parents) > 2 and parents[2] == "columns":  # noqa: PLR2004  (tables.<name>.columns)
        return _COLUMN
    return list(specs.get(parents[-1], TableSpec).model_fields)
