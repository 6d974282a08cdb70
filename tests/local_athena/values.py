"""Trino's values and types in the words of Athena's results and of Glue. No I/O."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from typing import Any

_HIVE = {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary"}
_MOMENT = re.compile(r"([\d-]* ?\d\d:\d\d:\d\d)(?:\.(\d+))?(.*)$")
_PRECISION = {"bigint": 19, "integer": 10, "smallint": 5, "tinyint": 3, "double": 17, "float": 17}


class NoHiveTypeError(Exception):
    """A type that a Hive table cannot have."""


def hive_type(trino: str) -> str:
    """The type as Glue spells it; NoHiveTypeError where there is none.

    >>> hive_type("array(row(a integer, b varchar(3)))")
    'array<struct<a:int,b:varchar(3)>>'
    """
    name, inner, rest = _taken_apart(trino)
    parts = _split(inner)
    if rest or name in ("time", "interval", "json", "uuid", "ipaddress"):
        raise NoHiveTypeError(f"Unsupported Hive type: {trino}")
    if name == "row":
        return "struct<" + ",".join(f"{n}:{hive_type(t)}" for n, t in map(_field, parts)) + ">"
    if name in ("array", "map"):
        return f"{name}<{','.join(hive_type(part) for part in parts)}>"
    if inner and name != "timestamp":
        return f"{name}({','.join(parts)})"
    return _HIVE.get(name, name)


def _taken_apart(trino: str) -> tuple[str, str, str]:
    """A type's name, what is in its brackets, and what follows them ("with time zone")."""
    name, opened, rest = trino.strip().partition("(")
    if not opened:
        name, _, rest = trino.strip().partition(" ")
        return name, "", rest
    inner, _, rest = rest.rpartition(")")
    return name, inner, rest.strip()


def _split(inner: str) -> list[str]:
    """Cut at the commas that are in no brackets."""
    parts, depth = [""], 0
    for character in inner:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _field(part: str) -> tuple[str, str]:
    name, _, trino = part.partition(" ")
    return name.strip('"'), trino


def column_info(name: str, trino: str) -> dict[str, Any]:
    """The description of a result's column."""
    base, inner, rest = _taken_apart(trino)
    kind = {"real": "float"}.get(base, base) + (f" {rest}" if rest else "")
    numbers = [int(number) for number in re.findall(r"\d+", inner)] if base == "decimal" else []
    longest = 2147483647 if base == "varchar" else 3 if base == "timestamp" else 0
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": numbers[0] if numbers else _PRECISION.get(kind, longest),
        "Scale": numbers[1] if len(numbers) > 1 else 0,
        "Nullable": "UNKNOWN",
        "CaseSensitive": base in ("varchar", "char"),
    }


def printed(value: Any, trino: str) -> str | None:
    """A value of the engine's JSON as Athena prints it; None for null."""
    if value is None:
        return None
    base, inner, _ = _taken_apart(trino)
    if base in ("timestamp", "time"):
        return _milliseconds(str(value))
    if base == "varbinary":
        return base64.b64decode(value).hex(" ")
    return _nested(value, base, inner)


def _milliseconds(value: str) -> str:
    match = _MOMENT.match(value)
    return f"{match[1]}.{(match[2] or '').ljust(3, '0')}{match[3]}" if match else value


def _nested(value: Any, base: str, inner: str) -> str:
    parts = _split(inner)
    if base == "array":
        return "[" + ", ".join(_inside(v, parts[0]) for v in value) + "]"
    if base == "map":
        pairs = (f"{_inside(k, parts[0])}={_inside(v, parts[1])}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if base == "row":
        fields = zip(map(_field, parts), value, strict=True)
        named = (f"{name}={_inside(v, trino)}" for (name, trino), v in fields)
        return "{" + ", ".join(named) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    return _java_double(value) if isinstance(value, float) else str(value)


def _inside(value: Any, trino: str) -> str:
    return "null" if value is None else str(printed(value, trino))


def _java_double(value: float) -> str:
    """As Java's Double.toString: with an exponent below 1E-3 and from 1E7 on."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124  (NaN)
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = len(text) - 1 + int(exponent)
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"
