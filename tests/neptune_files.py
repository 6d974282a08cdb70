"""Reads Neptune's two kinds of CSV into a graph of dictionaries, as its user guide says.

Nothing of it is shared with the code that writes them. Each record becomes a vertex or an edge, or
a fault: what cannot be parsed, an end that is missing, a second value of a single property.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# A field: its text, or None where nothing is between two commas.
Row = list[str | None]
_FIELD = re.compile(r'"((?:[^"]|"")*)"|([^",\r\n]*)')
_WHOLE = {"byte": 7, "short": 15, "int": 31, "long": 63}
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN|-?Infinity")
_MOMENTS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ")
_SYSTEM = {
    "csv": {"~id": "id", "~label": "label", "~from": "from", "~to": "to"},
    "opencypher": {
        ":ID": "id",
        ":LABEL": "label",
        ":TYPE": "label",
        ":START_ID": "from",
        ":END_ID": "to",
    },
}


class ParsingError(Exception):
    """A record that is no vertex and no edge."""


class InsertError(Exception):
    """A record that does not fit what is there; its code comes first."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An entry of a log of errors; records are counted from 1, after the header."""

    kind: str  # parsing, datatype or insert
    code: str
    text: str
    file: str
    record: int

    def logged(self) -> dict[str, Any]:
        """Return it as the loader writes it."""
        return {
            "errorCode": self.code,
            "errorMessage": self.text,
            "fileName": self.file,
            "recordNum": self.record,
        }


@dataclass(slots=True)
class Counts:
    """What a job has loaded: a value is a label or a property."""

    records: int = 0
    duplicates: int = 0


@dataclass(slots=True)
class Graph:
    """Vertices and edges by their ids."""

    vertices: dict[str, dict[str, Any]] = field(default_factory=dict)
    labels: dict[str, set[str]] = field(default_factory=dict)
    edges: dict[str, dict[str, Any]] = field(default_factory=dict)
    ends: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # type, from, to

    def vertices_of(self, label: str | None) -> list[dict[str, Any]]:
        """Return the properties of each vertex with a label, or of all."""
        found = self.vertices.items()
        return [props for name, props in found if label is None or label in self.labels[name]]

    def edges_of(self, kind: str | None) -> list[dict[str, Any]]:
        """Return the properties of each edge of a type, or of all."""
        return [p for name, p in self.edges.items() if kind in (None, self.ends[name][0])]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what it is in the system, or a property with its type and its cardinality."""

    system: str = ""
    name: str = ""
    type: str = "string"
    many: bool = False


def load(
    graph: Graph,
    request: dict[str, Any],
    file: str,
    content: bytes,
    counts: Counts,
    *,
    loses: int = 0,
) -> list[Fault]:
    """Add a file to a graph, up to its first fault; `loses` rows at its end are left out."""
    try:
        text = (gzip.decompress(content) if file.endswith(".gz") else content).decode()
        header, *rows = records(text)
        columns = [_column(cell or "", request["format"]) for cell in header]
    except (ParsingError, ValueError, OSError) as error:
        return [Fault("parsing", "PARSING_ERROR", str(error), file, 0)]
    for at, row in enumerate(rows[: len(rows) - loses], 1):
        try:
            _add(graph, request, columns, row, counts)
        except ParsingError as error:
            return [Fault("parsing", "PARSING_ERROR", str(error), file, at)]
        except InsertError as error:
            return [Fault("insert", error.args[0], error.args[1], file, at)]
    return []


def records(text: str) -> Iterator[Row]:
    """Yield the records of RFC 4180; a blank field is None, a quoted empty one is ''."""
    at, row = 0, []
    while at < len(text):
        found = _FIELD.match(text, at)
        assert found
        row.append(found[1].replace('""', '"') if found[1] is not None else found[2] or None)
        at = found.end()
        end = re.compile(r",|\r?\n|\Z").match(text, at)
        if end is None:
            raise ParsingError(f"a quote or a line break is out of place at character {at}")
        at = end.end()
        if end[0] != ",":
            yield row
            row = []
        elif at == len(text):
            row.append(None)
            yield row


def _column(cell: str, form: str) -> Column:
    if cell in _SYSTEM[form]:
        return Column(_SYSTEM[form][cell])
    name, colon, kind = re.sub(r"\\:", "\0", cell).rpartition(":")
    name, kind = (name, kind.lower()) if colon else (kind, "string")
    if not name or re.search(r"[ ,\r\n]", name):
        raise ParsingError(f"not a header: {cell}")
    base = kind.removesuffix("[]").removesuffix("(single)").removesuffix("(set)")
    many = form == "csv" and not kind.endswith("(single)")
    return Column("", name.replace("\0", ":"), base, many)


def _add(
    graph: Graph, request: dict[str, Any], columns: list[Column], row: Row, counts: Counts
) -> None:
    if len(row) != len(columns):
        raise ParsingError(f"{len(row)} fields, {len(columns)} in the header")
    empty = request.get("parserConfiguration", {}).get("allowEmptyStrings") == "true"
    cells = [None if cell == "" and not empty else cell for cell in row]
    system = {c.system: cell for c, cell in zip(columns, row, strict=True) if c.system}
    if system.get("id") is None:
        raise ParsingError("a record without an id")
    name = str(system["id"])
    is_edge = "from" in system
    counts.records += 1 if is_edge else 0
    props = _edge(graph, name, system) if is_edge else _vertex(graph, name, system, counts)
    for column, cell in zip(columns, cells, strict=True):
        if not column.system and cell is not None:
            counts.records += 1
            _set(props, column, cell, request, counts, is_edge=is_edge)


def _vertex(
    graph: Graph, name: str, system: dict[str, str | None], counts: Counts
) -> dict[str, Any]:
    labels = set((system.get("label") or "vertex").split(";"))
    if "" in labels:
        raise ParsingError("an empty label")
    counts.records += len(labels)
    graph.labels.setdefault(name, set()).update(labels)
    return graph.vertices.setdefault(name, {})


def _edge(graph: Graph, name: str, system: dict[str, str | None]) -> dict[str, Any]:
    start, end = str(system.get("from")), str(system.get("to"))
    if missing := [each for each in (start, end) if each not in graph.vertices]:
        raise InsertError("FROM_OR_TO_VERTEX_ARE_MISSING", f"there is no vertex {missing[0]}")
    about = (system.get("label") or "edge", start, end)
    if graph.ends.setdefault(name, about) != about:
        raise InsertError("ID_ASSIGNED_TO_MULTIPLE_EDGES", f"{name} is {graph.ends[name]}")
    return graph.edges.setdefault(name, {})


def _set(
    props: dict[str, Any],
    column: Column,
    cell: str,
    request: dict[str, Any],
    counts: Counts,
    *,
    is_edge: bool,
) -> None:
    if column.many and not is_edge:
        parts = [part.replace("\\;", ";") for part in re.split(r"(?<!\\);", cell)]
        props.setdefault(column.name, set()).update(_value(column.type, part) for part in parts)
        return
    value, old = _value(column.type, cell), props.get(column.name)
    if old is None:
        props[column.name] = value
    elif old == value:
        counts.duplicates += 1
    elif request["format"] == "csv":  # openCypher's loader leaves the old value
        if not request.get("updateSingleCardinalityProperties"):
            raise InsertError("SINGLE_CARDINALITY_VIOLATION", f"{column.name} is {old}")
        props[column.name] = value


def _value(kind: str, text: str) -> Any:
    if "\0" in text:
        raise ParsingError("NUL in a text")
    if kind in ("bool", "boolean"):
        return text == "true"
    if kind in _WHOLE or kind in ("float", "double"):
        return _number(kind, text)
    if kind in ("date", "datetime"):
        return _moment(text)
    if kind != "string":
        raise ParsingError(f"no type {kind}")
    return text


def _number(kind: str, text: str) -> int | float:
    if kind in _WHOLE and re.fullmatch(r"[+-]?\d+", text):
        if -(1 << _WHOLE[kind]) <= int(text) < 1 << _WHOLE[kind]:
            return int(text)
    elif kind not in _WHOLE and _FLOAT.fullmatch(text):
        return float(text)
    raise ParsingError(f"not a {kind}: {text}")


def _moment(text: str) -> datetime:
    for form in _MOMENTS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  (the loader keeps no zone)
        except ValueError:
            continue
    raise ParsingError(f"not a date: {text}")
