"""JSON Schema as Markdown: a section for each object, with a table of its keys."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from tests.reference.markdown import code, paragraphs, table, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Schema = Mapping[str, Any]
    # What is known of the keys of an object, by the object's name and the key.
    Notes = Mapping[tuple[str, str], str]

_KINDS = {"string": "text", "integer": "integer", "number": "number", "boolean": "true or false"}


def sections(schema: Schema, root: str, notes: Notes | None = None) -> list[str]:
    """Return a section for the root, and for each object that it refers to, in their order."""
    every = {root: schema, **schema.get("$defs", {})}
    return [_section(name, every, notes or {}) for name in _in_order(root, every)]


def title(name: str) -> str:
    """Return the heading of an object."""
    return name.removesuffix("Spec") or name


def _section(name: str, every: Mapping[str, Schema], notes: Notes) -> str:
    schema = every[name]
    required = schema.get("required", ())
    rows = [
        (
            code(key),
            _type(each, every),
            "required" if key in required else _default(each),
            each.get("description") or notes.get((name, key), ""),
        )
        for key, each in schema.get("properties", {}).items()
    ]
    parts = (
        f"## {title(name)}",
        paragraphs(schema.get("description", "")),
        table(("key", "value", "default", "meaning"), rows),
    )
    return "\n\n".join(part for part in parts if part)


def _in_order(root: str, every: Mapping[str, Schema]) -> list[str]:
    """Return the names of the objects, breadth first from the root."""
    found = [root]
    for name in found:
        found += [each for each in _references(every[name]) if _is_new_object(each, found, every)]
    return found


def _is_new_object(name: str, found: list[str], every: Mapping[str, Schema]) -> bool:
    return name not in found and "properties" in every[name]


def _references(schema: Any) -> Iterator[str]:
    """Yield the names of what a schema refers to, each once."""
    names: dict[str, None] = {}

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if "$ref" in part:
                names[_name(part["$ref"])] = None
            for key, each in part.items():
                if key != "$defs":
                    walk(each)
        elif isinstance(part, list):
            for each in part:
                walk(each)

    walk(schema)
    yield from names


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _type(schema: Schema, every: Mapping[str, Schema]) -> str:
    """Return the type of a value in words."""
    if "$ref" in schema:
        return _referred(_name(schema["$ref"]), every)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            options = [each for each in schema[key] if each.get("type") != "null"]
            absent = ["null"] * (len(options) < len(schema[key]) and "default" not in schema)
            return " or ".join(dict.fromkeys([*(_type(each, every) for each in options), *absent]))
    if "enum" in schema or "const" in schema:
        return words(schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return _list(schema, every)
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"{_type(values, every)}, by name" if values else "object"
    return _KINDS.get(schema.get("type", ""), "any value")


def _list(schema: Schema, every: Mapping[str, Schema]) -> str:
    if "prefixItems" in schema:
        return f"list: {', '.join(_type(each, every) for each in schema['prefixItems'])}"
    each = _type(schema.get("items") or {}, every)
    if each == "text":
        return "list of texts"
    return f"list of ({each})" if " " in each else f"list of {each}"


def _referred(name: str, every: Mapping[str, Schema]) -> str:
    if "properties" not in every[name]:
        return _type(every[name], every)
    heading = title(name)
    return f"[{heading}](#{heading.lower()})"


def _default(schema: Schema) -> str:
    value = schema.get("default")
    if value in (None, [], {}, ""):
        return ""
    return code(value if isinstance(value, str) else json.dumps(value))


def comments(*roots: type) -> Notes:
    """Return the comments at the fields of dataclasses, and of those that they refer to.

    A comment stands above its field, or at the end of its line.
    """
    return {
        (each.__name__, key): text
        for each in _dataclasses(*roots)
        for key, text in _comments(each).items()
    }


def _dataclasses(*roots: type) -> list[type]:
    found: list[Any] = [*roots]
    for each in found:
        for hint in get_type_hints(each).values():
            found += [new for new in _within(hint) if new not in found]
    return found


def _within(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for each in get_args(hint):
        yield from _within(each)


def _comments(kind: type) -> dict[str, str]:
    source = textwrap.dedent(inspect.getsource(kind))
    lines = source.splitlines()
    (definition,) = ast.parse(source).body
    fields = (each for each in getattr(definition, "body", []) if isinstance(each, ast.AnnAssign))
    return {
        each.target.id: text
        for each in fields
        if isinstance(each.target, ast.Name) and (text := _comment(lines, each))
    }


def _comment(lines: list[str], field: ast.AnnAssign) -> str:
    _, mark, after = lines[(field.end_lineno or 0) - 1][field.end_col_offset or 0 :].partition("#")
    if mark:
        return _sentence(after)
    above: list[str] = []
    at = field.lineno - 2
    while lines[at].strip().startswith("#"):
        above.insert(0, lines[at].strip("# "))
        at -= 1
    return _sentence(" ".join(above))


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""
