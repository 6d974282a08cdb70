"""Records as text: written in the newest form of their kind, and read in that one and some before.

A text in an older form is upgraded as JSON and then validated as strictly as any other. A
record that is read back is trusted no more than a declaration: if a name, a path or a number is not
one that kgimport writes, the record is damaged. So a path in it stays in its build directory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from kgimport.errors import DestinationError
from kgimport.records.contradictions import contradictions
from kgimport.records.delta import DELTA_FORM, DeltaRecord
from kgimport.records.export import EXPORT_FORM, ExportRecord
from kgimport.records.store import STORE_FORM, StoreRecord
from kgimport.records.upgrade import export_from_4, export_from_5, export_from_6

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Step = Callable[[dict[str, Any]], dict[str, Any]]

Record = TypeVar("Record", ExportRecord, StoreRecord, DeltaRecord)


_SHOWN = 60  # the most characters that a message quotes of a record


@dataclass(frozen=True, slots=True)
class Form:
    """The number of the newest form of a kind of record, and the command that writes it.

    `steps` holds the upgrades: from each older form, by its number, to the next one.
    """

    number: int
    made_by: str
    steps: Mapping[int, Step] = field(default_factory=dict)

    @property
    def read(self) -> tuple[int, ...]:
        """The forms that are read."""
        return (*sorted(self.steps), self.number)


FORMS: dict[type[ExportRecord | StoreRecord | DeltaRecord], Form] = {
    ExportRecord: Form(
        EXPORT_FORM,
        "kgimport export",
        {4: export_from_4, 5: export_from_5, 6: export_from_6},
    ),
    StoreRecord: Form(STORE_FORM, "kgimport build-db"),
    DeltaRecord: Form(DELTA_FORM, "kgimport diff"),
}


@cache
def _adapters() -> dict[type, TypeAdapter[Any]]:
    """Return what reads and writes each kind of record; making it takes longer than reading one."""
    return {record: TypeAdapter(record) for record in FORMS}


def dump(record: ExportRecord | StoreRecord | DeltaRecord) -> str:
    """Return the record as JSON; equal records give equal texts."""
    text = _adapters()[type(record)].dump_json(record, indent=2)
    return text.decode() + "\n"


def parse(kind: type[Record], text: str, name: str) -> Record:
    """Return the record in a text; `DestinationError` if it is damaged or its form is not read.

    `name` is the name of its file, for messages.
    """
    form = FORMS[kind]
    try:
        version = json.loads(text)["version"]
        if isinstance(version, int) and version in form.read:
            record: Record = _adapters()[kind].validate_json(
                _newest(form, version, text), strict=True
            )
            return _sound(record)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DestinationError(
            f"{name} is damaged: {_reason(error)}", f"run `{form.made_by}` again"
        ) from error
    raise _unread(form, version, name)


def _newest(form: Form, version: int, text: str) -> str:
    """Return the text in the newest form."""
    if version == form.number:
        return text
    content = json.loads(text)
    for number in range(version, form.number):
        content = form.steps[number](content)
    return json.dumps(content)


def _unread(form: Form, version: object, name: str) -> DestinationError:
    *others, newest = map(str, form.read)
    known = f"{', '.join(others)} and {newest}" if others else newest
    reads = f"this kgimport reads form{'s' * (len(form.read) > 1)} {known}"
    newer = isinstance(version, int) and version > form.number
    again = f"run `{form.made_by}` again with this version"
    hint = f"upgrade kgimport, or {again}" if newer else again
    return DestinationError(f"{name} has form {str(version)[:_SHOWN]}, {reads}", hint)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part)[:_SHOWN] for part in first['loc'])}: {first['msg']}"
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _sound(record: Record) -> Record:
    """Return the record unchanged; `ValueError` if it contradicts itself."""
    if isinstance(record, ExportRecord):
        for contradiction in contradictions(record):
            raise ValueError(contradiction)
    return record
