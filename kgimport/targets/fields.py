"""The columns of a table that become properties: how a target carries each, or why it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from kgimport.errors import ValueRefusedError
from kgimport.features import column_of as column_of_feature
from kgimport.graph import NO_RULE
from kgimport.targets.target import Carrier, Field
from kgimport.values import Refusal, value_of
from kgimport.values.columns import is_left_out, unfit_name_column, unreadable
from kgimport.values.points import column_of, point_value, unfit_columns
from kgimport.values.types import named_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kgimport.features import Feature, FeatureKind
    from kgimport.graph import ColumnRule, Table
    from kgimport.targets.target import TableKind, Target
    from kgimport.values import Value

_COMPUTED: dict[FeatureKind, pl.DataType] = {
    "component": pl.String(),
    "degree": pl.Int64(),
    "pagerank": pl.Float64(),
}
_NAMELESS = Refusal("a property needs a name", "choose one with `property:`, or in SQL")


def carrier(
    target: Target, dtype: pl.DataType, rule: ColumnRule = NO_RULE, kind: TableKind = "node"
) -> Carrier | Refusal:
    """Return how the target carries a column of this type under its rule, or why it cannot."""
    return carried(target, value_of(dtype, rule), kind)


def carried(target: Target, how: Value | Refusal, kind: TableKind) -> Carrier | Refusal:
    """Return how the target carries a value in a table of that kind, or why it cannot.

    Rules and refusals are worded for the target.
    """
    made = how if isinstance(how, Refusal) else target.carry(how, kind)
    if isinstance(made, Refusal):
        return made.by(target.store)
    own = target.sentences
    rules = (replace(rule, sentence=own.get(rule.name, rule.sentence)) for rule in made.rules)
    return replace(made, rules=tuple(rules))


def fields(target: Target, table: Table, schema: pl.Schema) -> tuple[Field, ...]:
    """Return the columns of `schema` that become properties, in their order.

    Raises one `ValueRefusedError` with every column whose type or name the target cannot carry
    exactly.
    """
    made, refused = [], list(target.unfit_names(table))
    if unfit := unfit_name_column(table, schema):
        column, refusal = unfit
        refused.append(_line(table, column, str(schema[column]), refusal))
    for column, dtype in schema.items():
        for name, how in _carriers(target, table, column, dtype):
            if isinstance(how, Refusal):
                refused.append(_line(table, name, str(dtype), how))
            else:
                made.append(Field(column, name, how, target.spelled_name(name)))
    _refuse(refused)
    return tuple(made)


def _carriers(
    target: Target, table: Table, column: str, dtype: pl.DataType
) -> Iterator[tuple[str, Carrier | Refusal]]:
    if refusal := unreadable(column):
        if not is_left_out(table, column):
            yield column, refusal
    elif table.is_property(column):
        for name, how in named_values(table.property_name(column), dtype, table.rule(column)):
            refusal = _misnamed(target, table, column, name)
            yield name, refusal or carried(target, how, table.kind)


def _misnamed(target: Target, table: Table, column: str, name: str) -> Refusal | None:
    """Return why a column cannot become the property of that name, if it cannot."""
    return target.misnamed(table, column, name) if name else _NAMELESS


def point_fields(target: Target, table: Table, schema: pl.Schema) -> tuple[Field, ...]:
    """Return the properties that the table's points become.

    Raises one `ValueRefusedError` with every column that does not hold coordinates, and every point
    that the target cannot carry.
    """
    unfit = [
        _line(table, name, str(schema[name]), how) for name, how in unfit_columns(table, schema)
    ]
    made, refused = [], [*unfit]
    for point in table.points:
        column, name = column_of(point), point.property
        how: Carrier | Refusal | None = _misnamed(target, table, column, name)
        if how is None and not unfit:
            how = carried(target, point_value(point, schema), table.kind)
        if isinstance(how, Refusal):
            refused.append(_line(table, name, "point", how))
        elif how is not None:
            made.append(Field(column, name, how, target.spelled_name(name)))
    _refuse(refused)
    return tuple(made)


def computed_field(target: Target, table: Table, feature: Feature) -> Field:
    """Return the property that a feature becomes.

    Raises `ValueRefusedError` if the target cannot carry its name.
    """
    column, name, dtype = column_of_feature(feature), feature.property, _COMPUTED[feature.kind]
    how = _misnamed(target, table, column, name) or carried(target, value_of(dtype), table.kind)
    if isinstance(how, Refusal):
        _refuse([_line(table, name, feature.kind, how)])
    assert isinstance(how, Carrier)  # noqa: S101  (anything else is refused)
    return Field(column, name, how)


def _line(table: Table, name: str, kind: str, how: Refusal) -> str:
    """Return the line of a message about a refused name; invisible characters in it are escaped."""
    visible = "".join(each if each.isprintable() else repr(each)[1:-1] for each in name)
    return f"{table.name}.{visible or repr(name)} ({kind}): {how.reason}; {how.remedy}"


def _refuse(columns: Sequence[str]) -> None:
    """Raise one error with these lines about columns, if there are any."""
    if columns:
        raise ValueRefusedError(
            "these columns cannot be imported exactly:\n  " + "\n  ".join(columns),
            "set the policy under the column's config.meta.kgimport, or `skip: true`",
        )
