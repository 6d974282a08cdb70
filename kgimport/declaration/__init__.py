"""The declaration, from a dbt manifest or a `graph.yml`, to a `Graph`: read, parse, validate.

Both speak one vocabulary: in dbt it stands under a model's `config.meta.kgimport`, in a file under
`tables:`. Every mistake is reported with its place, all of them in one go.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from kgimport.declaration.assemble import assemble
from kgimport.declaration.form import GraphSpec, json_schema, known_keys
from kgimport.declaration.mistakes import (
    check_columns,
    check_properties,
    declaration_error,
    in_form,
    in_table,
    instead,
)
from kgimport.errors import DeclarationError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic_core import ErrorDetails

    from kgimport.graph import Graph

__all__ = [
    "check_columns",
    "check_properties",
    "json_schema",
    "load_athena",
    "load_dbt",
    "load_yaml",
]


def load_yaml(path: Path) -> Graph:
    """The graph declared in one YAML file; locations are relative to the file."""
    return _graph(_read_yaml(path), str(path), str(path.parent.absolute()))


def load_dbt(manifest: Path, tables: Path | str, name: str | None = None) -> Graph:
    """The graph declared in a dbt manifest, its tables as `<model>.parquet` below `tables`.

    `tables` is a folder here or in S3. `name` chooses one where the project declares several.
    """
    place = str(tables) if "://" in str(tables) else str(Path(tables).resolve())
    return _of_manifest(manifest, name, place, _parquet_of)


def load_athena(manifest: Path, name: str | None = None) -> Graph:
    """The graph declared in a dbt manifest, its tables being the relations that dbt made of it."""
    adapter = _read_json(manifest).get("metadata", {}).get("adapter_type")
    if adapter != "athena":
        raise DeclarationError(
            f"{manifest} is of a dbt target of type {adapter}, not athena",
            "run `dbt build --target athena` (or the target that you mean) first",
        )
    return _of_manifest(manifest, name, "", _relation_of)


def _of_manifest(
    manifest: Path, name: str | None, base: str, locate: Callable[[Mapping[str, Any]], str]
) -> Graph:
    found = dict(_kgimport_models(_read_json(manifest)))
    chosen = _choose_graph(found, name, manifest)
    spec = {"graph": chosen, "tables": dict(_table_specs(found, chosen, locate))}
    return _graph(spec, str(manifest), base)


def _parquet_of(node: Mapping[str, Any]) -> str:
    return (node.get("config") or {}).get("location") or f"{node['name']}.parquet"


def _relation_of(node: Mapping[str, Any]) -> str:
    return f"athena://{node['database']}/{node['schema']}/{node['alias']}"


class _Loader(yaml.SafeLoader):
    """YAML that may not say one thing twice: PyYAML would keep the last and say nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuses a key that its mapping has already."""
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value} stands twice in one mapping", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _read_yaml(path: Path) -> object:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  (a SafeLoader)
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
        raise DeclarationError(f"{at} declares no graph {name}{instead(name, names)}")
    if name is None and len(names) > 1:
        raise DeclarationError(
            f"{at} declares several graphs: {', '.join(names)}", "choose one with --name"
        )
    return name or names[0]


def _table_specs(
    models: Mapping[str, Mapping[str, Any]],
    graph: str,
    locate: Callable[[Mapping[str, Any]], str],
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, node in models.items():
        meta = dict(_meta(node))
        if meta.pop("graph", None) == graph:
            columns = {c: dict(_meta(spec)) for c, spec in node.get("columns", {}).items()}
            ruled = {column: rule for column, rule in columns.items() if rule}
            yield name, {"location": locate(node), "columns": ruled, **meta}


def _graph(raw: object, place: str, base: str) -> Graph:
    spec = _parse(raw, place)
    mistakes = list(in_form(spec))
    if mistakes:
        raise declaration_error(place, mistakes)
    graph = assemble(spec, base)
    mistakes = [line for table in graph.tables for line in in_table(table)]
    if mistakes:
        raise declaration_error(place, mistakes)
    return graph


def _parse(raw: object, place: str) -> GraphSpec:
    try:
        return GraphSpec.model_validate(raw)
    except ValidationError as error:
        raise declaration_error(place, [_line(each) for each in error.errors()]) from error


def _line(error: ErrorDetails) -> str:
    where = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "model_type":
        return f"{where}: should be a mapping of keys to values"
    if error["type"] == "extra_forbidden":
        known = known_keys(error["loc"])
        return f"{where}: unknown key{instead(str(error['loc'][-1]), known)}"
    return f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}"
