"""From the plain values of a file to a graph: check their shape first, then their meaning."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from kgimport.declaration import features
from kgimport.declaration.assemble import assemble
from kgimport.declaration.spec import GraphSpec, known_keys
from kgimport.declaration.validation import (
    FORM,
    declaration_error,
    in_form,
    in_table,
    instead,
    refuse,
    without_place,
)
from kgimport.errors import short

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from kgimport.graph import Graph
    from kgimport.locations import Context

Shaped = TypeVar("Shaped", bound=BaseModel)


def graph_of(raw: object, place: str, context: Context) -> Graph:
    """Return the graph that plain values declare; messages name `place` as their origin.

    `context` gives locations their meaning. Raises `DeclarationError` with every mistake.
    """
    spec = spec_of(raw, place)
    refuse(place, chain(in_form(spec), without_place(spec, context.places)))
    graph = assemble(spec, context)
    of_tables = (line for table in graph.tables for line in in_table(table))
    refuse(place, chain(of_tables, features.mistakes(graph)))
    return graph


def spec_of(raw: object, place: str) -> GraphSpec:
    """Return plain values as a declaration whose shape is right; its meaning is checked later."""
    return shaped(GraphSpec, raw, place, FORM)


def shaped(shape: type[Shaped], raw: object, place: str, hint: str) -> Shaped:
    """Return plain values as a model; raise `DeclarationError` with every mistake and the hint."""
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise declaration_error(place, map(_line, found), hint) from None


def _line(error: ErrorDetails) -> str:
    where = ".".join(map(short, error["loc"])) or "the file"
    if error["type"] == "model_type":
        return f"{where}: should be a mapping of keys to values"
    if error["type"] == "extra_forbidden":
        known = known_keys(error["loc"])
        return f"{where}: unknown key{instead(str(error['loc'][-1]), known)}"
    return f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}"
