"""What a dbt project states about its tables, as evidence for a draft: pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from kgimport.drafting import statements
from kgimport.drafting.evidence import Evidence, Key, Layer, Reference, Table
from kgimport.drafting.names import graph_name, words
from kgimport.drafting.statements import NotNull, Refers, Stated, Unique
from kgimport.errors import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from kgimport.drafting.artifacts import Manifest, Node
    from kgimport.drafting.statements import Statement

T = TypeVar("T")
_TABLES = ("model", "seed", "snapshot")
_LAYERS = {
    **dict.fromkeys(("staging", "stg", "base", "raw", "src", "landing", "bronze"), Layer.STAGING),
    **dict.fromkeys(("source", "sources", "stage"), Layer.STAGING),
    **dict.fromkeys(("intermediate", "int", "interim", "silver", "prep"), Layer.INTERMEDIATE),
    **dict.fromkeys(("util", "utils", "helpers"), Layer.INTERMEDIATE),
    **dict.fromkeys(("reporting", "reports", "report", "rpt", "metrics"), Layer.REPORT),
    **dict.fromkeys(("external", "exports", "integrations", "dashboards"), Layer.REPORT),
    **dict.fromkeys(("mart", "marts", "dimensional", "core", "gold"), Layer.MART),
}
_PREFIXES = ("stg", "base", "raw", "src", "int", "rpt", "report")


@dataclass(slots=True)
class _Found:
    """What statements say about one table."""

    keys: list[Unique | Stated] = field(default_factory=list)
    not_null: set[str] = field(default_factory=set)
    references: list[Reference] = field(default_factory=list)


def evidence(manifest: Manifest, known: Mapping[str, Mapping[str, str]], dbt: str) -> Evidence:
    """Return what a project states; `known` has the types of columns by the tables' unique ids.

    Ephemeral and disabled models, and older versions of a model, have no table to read. `dbt` is
    the project's path, as the declaration spells it.
    """
    tables = {each.unique_id: each for each in manifest.nodes.values() if _is_table(each)}
    every = {**manifest.sources, **tables}
    name = manifest.metadata.project_name or "graph"
    found = _found(_statements(manifest, tables), every)
    parents = {each.unique_id: each.depends_on.nodes for each in manifest.nodes.values()}
    above = _ancestors(parents)
    made = [
        _table(node, found.get(unique_id, _Found()), known.get(unique_id, {}), above(unique_id))
        for unique_id, node in sorted(every.items())
    ]
    notes = _notes(manifest, tables)
    return Evidence(graph_name(name), f"the dbt project {name}", tuple(made), dbt, tuple(notes))


def _is_table(node: Node) -> bool:
    return (
        node.resource_type in _TABLES
        and node.config.materialized != "ephemeral"
        and node.config.enabled is not False
        and node.version == node.latest_version
    )


def _notes(manifest: Manifest, tables: Mapping[str, Node]) -> Iterator[str]:
    left = [
        each
        for each in manifest.nodes.values()
        if each.resource_type in _TABLES and each.unique_id not in tables
    ]
    ephemeral = [each.name for each in left if each.config.materialized == "ephemeral"]
    if ephemeral:
        yield f"ephemeral, so without a table: {listed(ephemeral)}"
    if older := [each.name for each in left if each.name not in ephemeral]:
        yield f"disabled, or not the latest version: {listed(older)}"


def _statements(manifest: Manifest, tables: Mapping[str, Node]) -> Iterator[Statement]:
    """Yield all statements, the strongest first: of two equal ones, the first one counts."""
    relations = {each.relation_name: each.unique_id for each in tables.values()}
    named = {each.name: each.unique_id for each in tables.values()}
    aliases = {each.alias or each.name: each.unique_id for each in tables.values()}

    def found(to: str) -> str:
        last = to.rsplit(".", maxsplit=1)[-1].strip('"`[] ')
        return relations.get(to) or named.get(to) or aliases.get(last, "")

    for node in tables.values():
        yield from statements.of_constraints(node, found)
    yield from statements.of_tests(_tests(manifest.nodes.values()), found)
    yield from statements.of_semantic_models(manifest)
    disabled = chain.from_iterable((manifest.disabled or {}).values())
    yield from statements.of_tests(_tests(disabled), found)


def _tests(nodes: Iterable[Node]) -> Iterator[Node]:
    yield from (each for each in nodes if each.resource_type == "test")


def _found(all_of_them: Iterable[Statement], tables: Mapping[str, Node]) -> dict[str, _Found]:
    made: dict[str, _Found] = {}
    for each in all_of_them:
        if each.table not in tables:
            continue
        about = made.setdefault(each.table, _Found())
        match each:
            case Unique() | Stated():
                about.keys.append(each)
            case NotNull():
                about.not_null.add(each.column)
            case Refers():
                about.references.append(each.reference)
    return made


def _ancestors(parents: Mapping[str, Iterable[str]]) -> Callable[[str], frozenset[str]]:
    """Return a function that gives all nodes from which a node is made, directly or not."""
    made: dict[str, frozenset[str]] = {}

    def above(node: str) -> frozenset[str]:
        waiting, seen = list(parents.get(node, ())), set()
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                waiting += made.get(each, parents.get(each, ()))
        return made.setdefault(node, frozenset(seen))

    return above


def layer(node: Node) -> Layer:
    """Return a table's layer, from the names of its folders, or else from its own."""
    if node.resource_type == "source":
        return Layer.SOURCE
    if node.resource_type in ("seed", "snapshot"):
        return Layer.STAGING
    folders = chain.from_iterable(map(words, node.fqn[1:-1]))
    if levels := [_LAYERS[word] for word in folders if word in _LAYERS]:
        return min(levels)
    first = next(iter(words(node.name)), "")
    return _LAYERS[first] if first in _PREFIXES else Layer.MART


def _table(node: Node, found: _Found, known: Mapping[str, str], made_from: frozenset[str]) -> Table:
    described = {each.name: each.data_type or "" for each in node.columns.values()}
    columns = dict(known) or described
    spelled = {each.casefold(): each for each in columns}

    def own(name: str) -> str:
        return name if name in columns else spelled.get(name.casefold(), name)

    not_null = frozenset(map(own, found.not_null))
    keys = [replace(key, columns=tuple(map(own, key.columns))) for key in _keys(node, found)]
    references = [replace(each, columns=tuple(map(own, each.columns))) for each in found.references]
    return Table(
        node.unique_id,
        node.name,
        layer(node),
        columns,
        _once(keys, lambda key: key.columns),
        _once(references, lambda each: (each.columns, each.to, each.key, each.doubt)),
        not_null | {column for key in keys if not key.doubt for column in key.columns},
        made_from,
    )


def _keys(node: Node, found: _Found) -> Iterator[Key]:
    keys = [
        each.key if isinstance(each, Stated) else _tested(each, found.not_null)
        for each in found.keys
    ]
    yield from sorted(keys, key=lambda key: key.doubt != "")
    merged = node.config.unique_key
    columns = (merged,) if isinstance(merged, str) else tuple(map(str, merged or ()))
    if columns and node.resource_type == "model":
        doubt = "only the model's unique_key states it, which merges rows and tests nothing"
        yield Key(columns, "unique_key of the model", doubt)


def _tested(each: Unique, not_null: set[str]) -> Key:
    nullable = [column for column in each.columns if column not in not_null]
    if each.condition or nullable:
        missing = f"tested unique, but {', '.join(nullable)} not as not_null"
        return Key(each.columns, each.reason, each.condition or missing)
    return Key(each.columns, f"{each.reason} and not_null")


def _once(values: Iterable[T], of: Callable[[T], object]) -> tuple[T, ...]:
    """Return the first of all values of which `of` gives the same."""
    first: dict[object, T] = {}
    for each in values:
        first.setdefault(of(each), each)
    return tuple(first.values())
