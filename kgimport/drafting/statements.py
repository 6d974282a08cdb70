"""What each kind of dbt's tests, constraints and semantic models states about a table.

To read another kind of test, write a function and add a row to `TESTS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kgimport.drafting.evidence import Key, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from kgimport.drafting.artifacts import Constraint, Manifest, Node, SemanticModel


@dataclass(frozen=True, slots=True)
class Unique:
    """Columns that are together unique, and under which condition, if there is one."""

    table: str
    columns: tuple[str, ...]
    reason: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class NotNull:
    """A column without nulls."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class Stated:
    """A key that holds no nulls either, by one statement."""

    table: str
    key: Key


@dataclass(frozen=True, slots=True)
class Refers:
    """Columns that hold keys of another table."""

    table: str
    reference: Reference


Statement = Unique | NotNull | Stated | Refers
_ALL = "!= 0"  # how many failures dbt calls an error by default
_COLUMN = re.compile(r"[^\W\d]\w*")
_NAMED = re.compile(r"(?:ref|source)\(\s*(?:['\"][^'\"]+['\"]\s*,\s*)?['\"](?P<name>[^'\"]+)['\"]")
_CALL = re.compile(r"(?P<to>[^()]+?)\s*\((?P<columns>[^()]+)\)")


def of_tests(tests: Iterable[Node], found: Callable[[str], str]) -> Iterator[Statement]:
    """Yield what tests state about the tables that they test.

    `found` gives the unique id of a table for its name. Tests that are disabled do not have it.
    """
    for test in tests:
        about = test.test_metadata
        table = test.attached_node or _only(test.depends_on.nodes)
        if about and table and about.name in TESTS:
            for each in TESTS[about.name](table, test, about.kwargs):
                yield _resolved(each, test, found)


def _only(nodes: list[str]) -> str:
    return nodes[0] if len(nodes) == 1 else ""


def _columns(test: Node, kwargs: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """Return the columns that a test names under one of some arguments, or that it stands below."""
    found = next((kwargs[name] for name in names if kwargs.get(name)), None)
    found = found or kwargs.get("column_name") or test.column_name or ()
    listed = [found] if isinstance(found, str) else found
    return tuple(map(_bare, listed)) if isinstance(listed, list) else ()


def _bare(column: object) -> str:
    """Return a column's name without the quotes of SQL."""
    return str(column).strip('"`[]')


def _conditions(test: Node, kwargs: Mapping[str, Any]) -> list[str]:
    """Return the conditions of the rows that a test examines; none if it examines all."""
    conditions = (test.config.where, kwargs.get("row_condition"), kwargs.get("from_condition"))
    return [str(each) for each in conditions if each and str(each) != "1=1"]


def _condition(test: Node, kwargs: Mapping[str, Any]) -> str:
    """Return under which condition a test holds; empty if it holds for all rows."""
    found = _conditions(test, kwargs)
    return f"tested only where {found[0]}" if found else ""


def _excludes_nulls(condition: str, columns: tuple[str, ...]) -> bool:
    """Whether a condition only leaves out nulls, which a test of a relationship does anyway."""
    bare = condition.replace('"', "").replace("`", "")
    return bare.strip("() ").casefold() in {f"{each} is not null".casefold() for each in columns}


def _tolerance(test: Node) -> str:
    """Return what a test lets pass; empty if any failure is an error."""
    if (test.config.severity or "").lower() == "warn":
        return "the test only warns"
    limit = test.config.error_if or _ALL
    return "" if limit == _ALL else f"the test lets failures pass (error_if: {limit})"


def _tested(test: Node, what: str) -> str:
    return f"by a disabled test {what}" if test.config.enabled is False else what


def _unique(table: str, test: Node, kwargs: Mapping[str, Any]) -> Iterator[Statement]:
    if columns := _columns(test, kwargs, "combination_of_columns", "column_list", "column_names"):
        yield Unique(table, columns, _tested(test, "tested unique"), _condition(test, kwargs))


def _not_null(table: str, test: Node, kwargs: Mapping[str, Any]) -> Iterator[Statement]:
    if not _condition(test, kwargs):
        yield from (NotNull(table, column) for column in _columns(test, kwargs))


def _primary(table: str, test: Node, kwargs: Mapping[str, Any]) -> Iterator[Statement]:
    if columns := _columns(test, kwargs, "column_names"):
        reason = _tested(test, "tested as primary key")
        yield Stated(table, Key(columns, reason, _condition(test, kwargs)))


def _refers(table: str, test: Node, kwargs: Mapping[str, Any]) -> Iterator[Statement]:
    columns = _columns(test, kwargs, "fk_column_names", "fk_column_name")
    key = _columns(test, {"f": kwargs.get("field")}, "f") if kwargs.get("field") else ()
    key = key or _columns(test, kwargs, "pk_column_names", "pk_column_name")
    if len(columns) == len(key) > 0:
        reason = _tested(test, "tested relationship")
        found = _conditions(test, kwargs)
        where = [each for each in found if not _excludes_nulls(each, columns)]
        doubt = f"only where {' and '.join(where)}" if where else ""
        to = str(kwargs.get("to") or kwargs.get("pk_table_name") or "")
        yield Refers(table, Reference(columns, to, key, reason, _tolerance(test), doubt))


def _resolved(statement: Statement, test: Node, found: Callable[[str], str]) -> Statement:
    """Return a statement whose reference has the id of the table to which it refers."""
    if not isinstance(statement, Refers):
        return statement
    others = [each for each in test.depends_on.nodes if each != statement.table]
    to = others[0] if len(others) == 1 else found(named(statement.reference.to))
    return replace(statement, reference=replace(statement.reference, to=to))


TESTS: Mapping[str, Callable[[str, Node, Mapping[str, Any]], Iterator[Statement]]] = {
    "unique": _unique,
    "not_null": _not_null,
    "relationships": _refers,
    # dbt_utils
    "unique_combination_of_columns": _unique,
    "relationships_where": _refers,
    # dbt_expectations
    "expect_column_values_to_be_unique": _unique,
    "expect_compound_columns_to_be_unique": _unique,
    "expect_column_values_to_not_be_null": _not_null,
    # dbt_constraints
    "primary_key": _primary,
    "unique_key": _unique,
    "foreign_key": _refers,
}


def of_constraints(node: Node, found: Callable[[str], str]) -> Iterator[Statement]:
    """Yield what a table's constraints state; `found` gives the unique id for a relation's name."""
    for constraint in node.constraints or ():
        yield from _of_constraint(node, constraint, tuple(constraint.columns or ()), found)
    for column in node.columns.values():
        for constraint in column.constraints or ():
            yield from _of_constraint(node, constraint, (column.name,), found)


def _of_constraint(
    node: Node, constraint: Constraint, columns: tuple[str, ...], found: Callable[[str], str]
) -> Iterator[Statement]:
    match constraint.type:
        case "primary_key" if columns:
            yield Stated(node.unique_id, Key(columns, "primary key constraint"))
        case "unique" if columns:
            yield Unique(node.unique_id, columns, "unique constraint")
        case "not_null":
            yield from (NotNull(node.unique_id, column) for column in columns)
        case "foreign_key" if columns:
            yield from _foreign(node, constraint, columns, found)


def _foreign(
    node: Node, constraint: Constraint, columns: tuple[str, ...], found: Callable[[str], str]
) -> Iterator[Statement]:
    to, key = constraint.to, tuple(constraint.to_columns or ())
    if (call := _CALL.search(constraint.expression or "")) and not to:
        to, key = call["to"], tuple(map(_bare, map(str.strip, call["columns"].split(","))))
    table = found(named(to or ""))
    if table and len(key) == len(columns):
        reason = "foreign key constraint"
        yield Refers(node.unique_id, Reference(columns, table, key, reason))


def named(to: str) -> str:
    """Return the name in a `ref()` or a `source()`, or else that of a relation."""
    called = _NAMED.search(to)
    return called["name"] if called else to.removeprefix("references ").strip()


def of_semantic_models(manifest: Manifest) -> Iterator[Statement]:
    """Yield the keys that semantic models state, and the foreign entities that refer to them."""
    models = [(each, _only(each.depends_on.nodes)) for each in manifest.semantic_models.values()]
    primary: dict[str, list[tuple[str, str]]] = {}
    for model, table in models:
        for column, entity in _entities(model, "primary"):
            primary.setdefault(entity, []).append((table, column))
            reason = f"primary entity of the semantic model {model.name}"
            yield Stated(table, Key((column,), reason))
    for model, table in models:
        for column, entity in _entities(model, "foreign"):
            reason = f"foreign entity of the semantic model {model.name}"
            for to, key in primary.get(entity, ())[:2]:
                yield Refers(table, Reference((column,), to, (key,), reason))


def _entities(model: SemanticModel, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the column and the name of each entity of a kind that is a column."""
    for entity in model.entities:
        if entity.type == kind and _COLUMN.fullmatch(entity.column):
            yield entity.column, entity.name
