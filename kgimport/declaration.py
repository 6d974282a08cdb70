"""The declaration, from a dbt manifest or a `graph.yml`, to a `Graph`: read, parse, validate.

Both speak one vocabulary: in dbt it stands under a model's `config.meta.kgimport`, in a file under
`tables:`. Every mistake is reported with its place, all of them in one go.
"""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kgimport.errors import DeclarationError, SourceError
from kgimport.graph import (
    CastType,
    ColumnRule,
    End,
    Graph,
    Index,
    IndexKind,
    NodeTable,
    OnMissing,
    Point,
    RelationshipTable,
    property_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from kgimport.graph import Crs, Table

Name = Annotated[str, Field(min_length=1)]
Columns = Annotated[list[Name], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnSpec(_Strict):
    """What one column becomes."""

    property: Name | None = Field(
        default=None, description="The property's name; default: the column's."
    )
    skip: bool = Field(default=False, description="Read the column, but make no property of it.")
    type: CastType | None = Field(
        default=None, description="A cast that must not change any value."
    )
    timezone: Name | None = Field(
        default=None, description="The zone of a timestamp that carries none."
    )
    decimal: Literal["refuse", "string", "double"] = "refuse"
    uint64: Literal["refuse", "string"] = "refuse"
    binary: Literal["refuse", "base64", "hex"] = "refuse"
    struct: Literal["refuse", "json"] = "refuse"
    empty_list: Literal["refuse", "null"] = "refuse"
    null_in_list: Literal["refuse", "drop"] = "refuse"


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
    on_missing: OnMissing = Field(
        default="error", description="What to do with rows whose start or end node does not exist."
    )
    indexes: list[IndexSpec] = []
    points: dict[Name, PointSpec] = Field(default={}, description="Points, by property name.")


class TableSpec(_Strict):
    """One table: Parquet that becomes nodes or relationships."""

    location: Name = Field(
        description="A Parquet file, a folder of them, or a glob; relative to this file."
    )
    node: NodeSpec | None = None
    relationship: RelationshipSpec | None = None
    columns: dict[Name, ColumnSpec] = {}


class GraphSpec(_Strict):
    """A graph to be built from tables."""

    graph: Name = Field(description="The graph's name.", pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")
    tables: dict[Name, TableSpec] = Field(min_length=1)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `graph.yml`, by which editors complete it."""
    schema = GraphSpec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def load_yaml(path: Path) -> Graph:
    """The graph declared in one YAML file; locations are relative to the file."""
    return _graph(_read_yaml(path), str(path), path.parent)


def load_dbt(manifest: Path, tables: Path, name: str | None = None) -> Graph:
    """The graph declared in a dbt manifest, its tables as `<model>.parquet` below `tables`.

    `name` chooses one where the project declares several graphs.
    """
    found = dict(_kgimport_models(_read_json(manifest)))
    chosen = _choose_graph(found, name, manifest)
    spec = {"graph": chosen, "tables": dict(_table_specs(found, chosen))}
    return _graph(spec, str(manifest), tables.resolve())


def _read_yaml(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}", "name a graph.yml") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise DeclarationError(f"{path} is not YAML: {reason}", "mend the file there") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}", "run `dbt build` (or `dbt parse`) first"
        ) from error
    except ValueError as error:
        raise DeclarationError(f"{path} is not JSON: {error}", "run `dbt parse` again") from error
    return content


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    # dbt 1.10 moved meta below config; both places are still filled by some versions.
    for place in (node.get("config") or {}, node):
        meta = (place.get("meta") or {}).get("kgimport")
        if meta:
            return dict(meta)
    return {}


def _kgimport_models(manifest: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    # By name: dbt promises no order, and the order of tables is part of what a build is.
    for _, node in sorted(manifest.get("nodes", {}).items()):
        if node.get("resource_type") == "model" and _meta(node):
            yield node["name"], node


def _choose_graph(models: Mapping[str, Mapping[str, Any]], name: str | None, at: Path) -> str:
    names = sorted({str(_meta(node).get("graph")) for node in models.values()})
    if not names:
        raise DeclarationError(
            f"no model in {at} declares a graph", "add config.meta.kgimport to its graph models"
        )
    if name is not None and name not in names:
        raise DeclarationError(f"{at} declares no graph {name}{_instead(name, names)}")
    if name is None and len(names) > 1:
        raise DeclarationError(
            f"{at} declares several graphs: {', '.join(names)}", "choose one with --name"
        )
    return name or names[0]


def _table_specs(
    models: Mapping[str, Mapping[str, Any]], graph: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, node in models.items():
        meta = dict(_meta(node))
        if meta.pop("graph", None) == graph:
            columns = {c: dict(_meta(spec)) for c, spec in node.get("columns", {}).items()}
            ruled = {column: rule for column, rule in columns.items() if rule}
            place = (node.get("config") or {}).get("location") or f"{name}.parquet"
            yield name, {"location": place, "columns": ruled, **meta}


def _graph(raw: object, place: str, base: Path) -> Graph:
    spec = _parse(raw, place)
    mistakes = list(_mistakes(spec))
    if mistakes:
        raise _declaration_error(place, mistakes)
    graph = _assemble(spec, base)
    mistakes = [line for table in graph.tables for line in _table_mistakes(table)]
    if mistakes:
        raise _declaration_error(place, mistakes)
    return graph


def _declaration_error(place: str, mistakes: list[str]) -> DeclarationError:
    count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    lines = "\n  ".join(mistakes)
    return DeclarationError(f"{place} has {count}:\n  {lines}", "`kgimport schema` prints the form")


def _parse(raw: object, place: str) -> GraphSpec:
    try:
        return GraphSpec.model_validate(raw)
    except ValidationError as error:
        raise _declaration_error(place, [_line(each) for each in error.errors()]) from error


def _line(error: ErrorDetails) -> str:
    where = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "extra_forbidden":
        known = _known_keys(error["loc"])
        return f"{where}: unknown key{_instead(str(error['loc'][-1]), known)}"
    return f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}"


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    specs: dict[str, type[_Strict]] = {
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
        return list(ColumnSpec.model_fields)
    return list(specs.get(parents[-1], TableSpec).model_fields)


def _instead(wrong: str, known: Iterable[str]) -> str:
    """What was probably meant, and what there is."""
    names = list(known)
    close = difflib.get_close_matches(wrong, names, n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    return f"{meant} (there is: {', '.join(names) or 'nothing'})"


def _mistakes(spec: GraphSpec) -> Iterator[str]:
    nodes = {name: table.node for name, table in spec.tables.items() if table.node}
    if not nodes:
        yield "tables: none of them is a node table"
    for name, table in spec.tables.items():
        if (table.node is None) == (table.relationship is None):
            yield f"tables.{name}: needs either node: or relationship:"
        if table.relationship:
            if (table.relationship.type is None) == (table.relationship.type_column is None):
                yield f"tables.{name}.relationship: needs either type: or type_column:"
            yield from _end_mistakes(f"tables.{name}.relationship", table.relationship, nodes)


def _end_mistakes(
    place: str, relationship: RelationshipSpec, nodes: Mapping[str, NodeSpec]
) -> Iterator[str]:
    for side, end in (("start", relationship.start), ("end", relationship.end)):
        node = nodes.get(end.node)
        if node is None:
            yield f"{place}.{side}.node: no node table {end.node}{_instead(end.node, nodes)}"
        elif len(end.key) != len(node.key):
            yield (
                f"{place}.{side}.key: has {len(end.key)} columns, but the key of {end.node} "
                f"has {len(node.key)} ({', '.join(node.key)})"
            )


def _assemble(spec: GraphSpec, base: Path) -> Graph:
    nodes = [
        _node(name, table, table.node, base) for name, table in spec.tables.items() if table.node
    ]
    relationships = [
        _relationship(name, table, table.relationship, base)
        for name, table in spec.tables.items()
        if table.relationship
    ]
    return Graph(spec.graph, tuple(nodes), tuple(relationships))


def _location(location: str, base: Path) -> str:
    return location if "://" in location else str(base / location)


def _rules(table: TableSpec) -> dict[str, ColumnRule]:
    return {column: ColumnRule(**rule.model_dump()) for column, rule in table.columns.items()}


def _indexes(specs: list[IndexSpec]) -> tuple[Index, ...]:
    return tuple(Index(spec.kind, tuple(spec.properties), spec.name) for spec in specs)


def _points(specs: dict[str, PointSpec]) -> tuple[Point, ...]:
    return tuple(
        Point(name, (spec.x, spec.y), spec.crs)
        if spec.z is None
        else Point(name, (spec.x, spec.y, spec.z), _SOLID[spec.crs])
        for name, spec in specs.items()
    )


_SOLID: dict[str, Crs] = {"wgs-84": "wgs-84-3d", "cartesian": "cartesian-3d"}


def _node(name: str, table: TableSpec, node: NodeSpec, base: Path) -> NodeTable:
    return NodeTable(
        name=name,
        location=_location(table.location, base),
        labels=tuple(node.labels),
        key=tuple(node.key),
        id_space=node.id_space or node.labels[0],
        columns=_rules(table),
        label_column=node.label_column,
        unique=tuple(tuple(columns) for columns in node.unique),
        indexes=_indexes(node.indexes),
        points=_points(node.points),
    )


def _relationship(
    name: str, table: TableSpec, relationship: RelationshipSpec, base: Path
) -> RelationshipTable:
    return RelationshipTable(
        name=name,
        location=_location(table.location, base),
        type=relationship.type or "",
        type_column=relationship.type_column,
        start=End(relationship.start.node, tuple(relationship.start.key)),
        end=End(relationship.end.node, tuple(relationship.end.key)),
        on_missing=relationship.on_missing,
        columns=_rules(table),
        indexes=_indexes(relationship.indexes),
        points=_points(relationship.points),
    )


def _table_mistakes(table: Table) -> Iterator[str]:
    names = [property_name(table, column) for column in table.columns]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"tables.{table.name}.columns: two columns become the property {name}"


def check_columns(graph: Graph, schemas: Mapping[str, Iterable[str]]) -> None:
    """Refuses a declaration that names columns or properties that its tables do not have.

    `schemas` gives each table's columns. Raises `DeclarationError` with every mistake.
    """
    mistakes = [
        line
        for table in graph.tables
        for line in _column_mistakes(table, list(schemas[table.name]))
    ]
    if mistakes:
        raise _declaration_error(f"graph {graph.name}", mistakes)


def _named_columns(table: Table) -> Iterator[tuple[str, str]]:
    if isinstance(table, NodeTable):
        yield from (("node.key", column) for column in table.key)
    else:
        for side, end in table.ends:
            yield from ((f"relationship.{side}.key", column) for column in end.key)
    chosen = table.label_column if isinstance(table, NodeTable) else table.type_column
    if chosen is not None:
        yield ("node.label_column" if isinstance(table, NodeTable) else "type_column"), chosen
    yield from (("columns", column) for column in table.columns)
    yield from ((f"points.{p.property}", column) for p in table.points for column in p.columns)


def _column_mistakes(table: Table, columns: list[str]) -> Iterator[str]:
    for place, column in _named_columns(table):
        if column not in columns:
            yield f"{table.name}.{place}: no column {column}{_instead(column, columns)}"
    kept = [c for c in columns if not (table.columns.get(c) or ColumnRule()).skip]
    names = [property_name(table, column) for column in kept]
    names += [point.property for point in table.points]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{table.name}: two columns become the property {name}"
    wanted = [name for index in table.indexes for name in index.properties]
    wanted += [property_name(table, column) for key in table.unique for column in key]
    for name in dict.fromkeys(wanted):
        if name not in names:
            yield f"{table.name}: no property {name} to index{_instead(name, names)}"
