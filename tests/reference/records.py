"""docs/reference/records.md, from the dataclasses that records are written from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from kgimport.commands.doctor import Symptom
from kgimport.docker.image import Baked
from kgimport.records import DeltaRecord, ExportRecord, StoreRecord
from kgimport.records.forms import FORMS
from tests.reference import markdown
from tests.reference.schemas import comments, sections

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION = """
What kgimport leaves as JSON for other programs. Each kind of record has a number of its own for its
form, `version`; the form before the newest is read, too. A record is validated when it is read, and
one that is damaged or contradicts itself is refused.
"""
# What was declared: the page of the declaration shows it.
_DECLARED = {"Graph"}
_KINDS = (
    (ExportRecord, "`export.json`, in a build directory, and `kgimport export --json`."),
    (StoreRecord, "`store.json`, in a store, and `kgimport build-db --json` or `run --json`."),
    (DeltaRecord, "`delta.json`, in a delta, and `kgimport diff --json`."),
    (Baked, "`kgimport image --json`."),
    (Symptom, "`kgimport doctor --json`: a list of these."),
)


def page() -> str:
    """Return the page."""
    return markdown.page("Records", markdown.paragraphs(_INTRODUCTION.strip()), *_parts())


def _parts() -> Iterator[str]:
    shown: set[str] = set()
    numbers: dict[type, int] = {kind: form.number for kind, form in FORMS.items()}
    for kind, where in _KINDS:
        schema = TypeAdapter(kind).json_schema(mode="serialization")
        for name in _DECLARED & {*schema.get("$defs", {})}:
            schema["$defs"][name].pop("properties", None)
        first, *others = sections(schema, kind.__name__, comments(kind))
        heading, _, rest = first.partition("\n\n")
        number = f" Its newest form is {form}." if (form := numbers.get(kind)) else ""
        yield "\n\n".join((heading, where + number, rest))
        yield from (each for each in others if each not in shown)
        shown |= {*others}
