"""A cell's text as a value of a Neptune type: (type, value), so that 1 is not 1.0 and not "1"."""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime
from typing import Any

from tests.neptune.csv_cells import UnreadableError

Value = tuple[str, Any]

# What a header may say, in lower case, and the one name that we use for it.
GREMLIN = {
    "bool": "Bool",
    "boolean": "Bool",
    "byte": "Byte",
    "short": "Short",
    "int": "Int",
    "long": "Long",
    "float": "Float",
    "double": "Double",
    "string": "String",
    "date": "Date",
    "datetime": "Date",  # both are an instant
}
# There `Date` and its like are stored as text, so a file of ours must not have them.
OPENCYPHER = {name: kind for name, kind in GREMLIN.items() if name != "date"}

_BITS = {"Byte": 8, "Short": 16, "Int": 32, "Long": 64}
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|NaN|-?Infinity", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\dZ?)?)?", re.ASCII)


def value(kind: str, text: str) -> Value:
    """What a text means as one of these types."""
    match kind:
        case "String":
            return (kind, text)
        case "Bool":
            return _bool(text)
        case "Byte" | "Short" | "Int" | "Long":
            return _whole(kind, text)
        case "Float" | "Double":
            return _decimal(kind, text)
        case "Date":
            return instant(_matched(_INSTANT, text))
        case _:
            raise AssertionError(kind)


def _bool(text: str) -> Value:
    if text not in {"true", "false"}:  # Neptune takes anything else for false
        raise UnreadableError(f"not a Bool: {text!r}")
    return ("Bool", text == "true")


def _whole(kind: str, text: str) -> Value:
    number = int(_matched(_WHOLE, text))
    bound = 2 ** (_BITS[kind] - 1)
    if not -bound <= number < bound:
        raise UnreadableError(f"out of range of {kind}: {text}")
    return (kind, number)


def _decimal(kind: str, text: str) -> Value:
    number = float(_matched(_DECIMAL, text))
    if abs(number) == float("inf") and "Inf" not in text:
        raise UnreadableError(f"out of range of {kind}: {text}")
    if kind == "Float":
        (number,) = struct.unpack("f", struct.pack("f", number))
    return decimal(kind, number)


def decimal(kind: str, number: float) -> Value:
    """A number as a value that compares by its bits: NaN is NaN, and -0.0 is not 0.0."""
    return (kind, number.hex())


def instant(text: str) -> Value:
    """An instant of ISO 8601; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError as error:
        raise UnreadableError(f"not a date: {text!r}") from error
    return ("Date", moment.replace(tzinfo=UTC))


def _matched(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise UnreadableError(f"{text!r} has another form")
    return text
