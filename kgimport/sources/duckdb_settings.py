"""Settings of dbt's session on DuckDB that change what its views show: pure.

dbt tested the views under them, so kgimport reads them under the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Names of DuckDB 1.5 and 2.0. Others concern memory, files and logs, or have secrets.
_NAMES = (
    "TimeZone",
    "Calendar",
    "binary_as_string",
    "default_collation",
    "default_null_order",
    "default_order",
    "error_on_division_by_zero",
    "ieee_floating_point_ops",
    "integer_division",
    "null_order",
    "old_implicit_casting",
    "order_by_non_integer_literal",
    "regex_match_operator_semantics",
    "scalar_subquery_error_on_multiple_rows",
)
_KNOWN = {name.casefold(): name for name in _NAMES}
_OF_PROFILE = ("config_options", "settings")  # in the order in which dbt applies them
OF_PROFILE = {key: key for key in _OF_PROFILE}
DEFAULT = (("TimeZone", "UTC"),)  # without a profile


def chosen(profile: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the names and values of the settings in a profile, whose mappings are JSON.

    What it does not set is DuckDB's own default, as in dbt's session: the zone is the machine's.
    """
    return tuple(_of(profile)) if profile else DEFAULT


def _of(profile: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key in _OF_PROFILE:
        given: dict[str, Any] = json.loads(profile.get(key, "{}"))
        for name, value in given.items():
            if known := _KNOWN.get(name.casefold()):
                yield known, str(value)


def in_utc(schema: pa.Schema) -> pa.Schema:
    """Return a schema in which every instant, also within others, has UTC as its zone.

    The zone of Arrow's type is only how an instant is shown, so a cast keeps it.
    """
    return pa.schema([_field(each) for each in schema])


def _field(field: pa.Field) -> pa.Field:
    return field.with_type(_type(field.type))


def _type(kind: pa.DataType) -> pa.DataType:
    return next((made(kind) for is_such, made in _IN_UTC if is_such(kind)), kind)


_IN_UTC: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], pa.DataType]], ...] = (
    (pa.types.is_timestamp, lambda kind: pa.timestamp(kind.unit, kind.tz and "UTC")),
    (pa.types.is_list, lambda kind: pa.list_(_field(kind.value_field))),
    (pa.types.is_map, lambda kind: pa.map_(_field(kind.key_field), _field(kind.item_field))),
    (pa.types.is_struct, lambda kind: pa.struct(list(map(_field, kind)))),
)
