"""Records as text: written in the newest form of their kind, read in the last two.

A text of the form before is upgraded as JSON and then validated as strictly as any. What is read
back is believed no more than a declaration: names, paths and numbers are what kgimport writes, or
the record is damaged. So a path in it stays within its build directory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from kgimport.errors import DestinationError
from kgimport.records.contradictions import contradictions
from kgimport.records.export import EXPORT_FORM, ExportRecord
from kgimport.records.store import STORE_FORM, StoreRecord
from kgimport.records.upgrade import export_from_4

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Step = Callable[[dict[str, Any]], dict[str, Any]]

Record = TypeVar("Record", ExportRecord, StoreRecord)


@dataclass(frozen=True, slots=True)
class Form:
    """The newest form of a kind of record by its number, and the command that writes it.

    `steps` lead from an older form, by its number, to the next one.
    """

    number: int
    made_by: str
    steps: Mapping[int, Step] = field(default_factory=dict)

    @property
    def read(self) -> tuple[int, ...]:
        """The forms that are read."""
        return (*sorted(self.steps), self.number)


FORMS: dict[type[ExportRecord | StoreRecord], Form] = {
    ExportRecord: Form(EXPORT_FORM, "kgimport export", {4: export_from_4}),
    StoreRecord: Form(STORE_FORM, "kgimport build-db"),
}


@cache
def _adapters() -> dict[type, TypeAdapter[Any]]:
    """Return what reads and writes each form, made once.

    That takes longer than to read a record.
    """
    return {record: TypeAdapter(record) for record in FORMS}


def dump(record: ExportRecord | StoreRecord) -> str:
    """Return the record as JSON that is the same for the same record."""
    text = _adapters()[type(record)].dump_json(record, indent=2)
    return text.decode() + "\n"


def parse(kind: type[Record], text: str, name: str) -> Record:
    """Read a record back; `DestinationError` where it is damaged, or of a form that is not read."""
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
    known = " and ".join(map(str, form.read))
    reads = f"this kgimport reads form{'s' * (len(form.read) > 1)} {known}"
    newer = isinstance(version, int) and version > form.number
    again = f"run `{form.made_by}` again with this version"
    hint = f"upgrade kgimport, or {again}" if newer else again
    return DestinationError(f"{name} has form {str(version)[:_SHOWN]}, {reads}", hint)


_SHOWN = 60


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part)[:_SHOWN] for part in first['loc'])}: {first['msg']}"
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _sound(record: Record) -> Record:
    """Return the same record.

    `ValueError` where it contradicts itself, as none that we write does.
    """
    if isinstance(record, ExportRecord):
        for contradiction in contradictions(record):
            raise ValueError(contradiction)
    return record
