"""Names for a graph, from the names of tables and columns: things, labels, types."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

import inflection

# What dbt projects put before or after the name of the thing that a table is about.
_BEFORE = (
    *("stg", "staging", "src", "source", "raw", "base", "int", "intermediate", "prep", "seed"),
    *("dim", "fct", "fact", "tfact", "afact", "mart", "marts", "bridge", "brg", "link", "lnk"),
    *("map", "mapping", "xref", "rel", "edge", "node", "hub", "sat", "snap", "snapshot", "tbl"),
    *("rpt", "report", "agg", "obt", "dwh"),
)
_AFTER = (
    *("dim", "fct", "fact", "snapshot", "scd", "dimension", "mart", "table", "tbl"),
    *("detail", "details", "master"),
)
_JOINS = ("bridge", "brg", "link", "lnk", "map", "mapping", "xref", "rel", "edge")
_VERBAL = ("rel", "edge")  # what follows these is the type of a relationship, often a verb
_MARKS = ("id", "key", "pk", "fk", "sk", "hk", "uuid", "guid", "skey", "hashkey")
_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words(name: str) -> list[str]:
    """Return the words of a name in lower case: of snake_case, camelCase, and names with blanks."""
    return [word.lower() for word in _WORD.findall(_HUMP.sub("_", name))]


def _stripped(name: str) -> list[str]:
    """Return the words of the thing that a table is about, without its layer; at least one."""
    parts = words(name.rsplit("__", maxsplit=1)[-1])
    while len(parts) > 1 and parts[0] in _BEFORE:
        parts = parts[1:]
    while len(parts) > 1 and (parts[-1] in _AFTER or re.fullmatch(r"v\d+", parts[-1])):
        parts = parts[:-1]
    return parts or ["table"]


def singular(name: str) -> str:
    """Return a word in the singular, if it is the plural of the result."""
    one = inflection.singularize(name)
    return one if inflection.pluralize(one) == name and len(one) > 1 else name


@cache
def thing(name: str) -> str:
    """Return what a table is about, in the singular: `stg_shop__order_items` is `order_item`."""
    *first, last = _stripped(name)
    return "_".join([*first, singular(last)])


def is_join(name: str) -> bool:
    """Whether a table's name says that it joins others: `bridge_course_topic`."""
    return any(word in _JOINS for word in words(name)[:1])


def label(name: str) -> str:
    """Return a node label for a table: `fct_order_items` is `OrderItem`."""
    return _camel(thing(name))


def longer_label(name: str) -> str:
    """Return a label with the source that a table's name contains: `stg_shop__orders`, ShopOrder.

    For two tables about things of one name.
    """
    parts = [part for part in words(name) if part not in _BEFORE] or words(name) or ["table"]
    once = [parts[0], *(two for one, two in pairwise(parts) if one != two)]
    return _camel("_".join([*once[:-1], singular(once[-1])]))


def _camel(text: str) -> str:
    found = "".join(part[:1].upper() + part[1:] for part in text.split("_"))
    return found if found[:1].isalpha() else f"T{found}"


@cache
def stem(column: str) -> str:
    """Return what a key column identifies: `customer_id` is `customer`; empty for `id`."""
    parts = words(column)
    while parts and parts[-1] in _MARKS:
        parts = parts[:-1]
    return "_".join(parts)


@cache
def is_marked(column: str) -> bool:
    """Whether a column's name says that it is a key: `customer_id`, `key`."""
    parts = words(column)
    return bool(parts) and parts[-1] in _MARKS


def foreign_type(columns: tuple[str, ...], to: str) -> str:
    """Return the type of a relationship from a row to what its foreign key names.

    It names the role that the key gives: `manager_id` is `HAS_MANAGER`. A key without a word of
    its own, or of several columns, gives the thing at the end.
    """
    role = stem(columns[0]) if len(columns) == 1 else ""
    return f"HAS_{(role or thing(to)).upper()}"


def table_type(name: str, start: str, end: str) -> str:
    """Return the type of the relationships of a table between two other tables.

    `rel_takes` is `TAKES`. A table whose name only repeats those of its ends gets `HAS_` and the
    second; any other its own name in the singular.
    """
    own = _stripped(name)
    if next(iter(words(name)), "") in _VERBAL:
        return "_".join(own).upper()
    ends = {singular(word) for table in (start, end) for word in thing(table).split("_")}
    if all(singular(word) in {*ends, "x", "to", "and"} for word in own):
        return f"HAS_{thing(end).upper()}"
    return thing(name).upper()


def graph_name(text: str) -> str:
    """Return a text as the name of a graph, which begins with a letter."""
    found = re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("_.-")
    return found if found[:1].isalpha() else f"graph_{found}".rstrip("_")
