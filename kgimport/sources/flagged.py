"""Rows that arrive together with what is wrong with them: one statement for each table.

Few warehouses show several statements one state. So the values that no cast keeps are not counted
by a query of their own. Instead, the statement has one more column for each kind of them: the text
of such a value, else null. They are counted as they arrive, and are not written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from kgimport.errors import short
from kgimport.findings import SAMPLES, Finding
from kgimport.sources import batches, casts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kgimport.sources.casts import Kind
    from kgimport.sources.contract import Wanted

    Quoted = Callable[[str], str]

_WIDTH = 60  # the most characters of a sample's value


@dataclass(frozen=True, slots=True)
class Flag:
    """Values that do not arrive exactly: `sql` is the text of such a value, else null."""

    kind: Kind
    sql: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A column to ask for: `sql` spells its values, which are of `type` once they are written.

    In its SQL, the columns of the table or query are `q.NAME`.
    """

    name: str
    sql: str
    type: pa.DataType
    flags: tuple[Flag, ...] = ()


def write(wanted: Wanted, columns: Sequence[Asked], arriving: Iterable[pa.RecordBatch]) -> int:
    """Write the rows of a `selection` as Parquet, without flags, and return how many there are.

    Raises `ValueRefusedError` if a flag is raised.
    """
    schema = pa.schema([(each.name, each.type) for each in columns])
    seen = _Seen(wanted, columns)
    written = batches.write(
        wanted.table, arriving, schema, wanted.folder, wanted.memory_mb, check=seen.looked
    )
    casts.refuse(seen.findings())
    return written


def selection(rows: str, columns: Sequence[Asked], quoted: Quoted) -> str:
    """Return the query for all columns, and after them a column for each flag."""
    flags = [flag.sql for each in columns for flag in each.flags]
    values = ", ".join(
        (
            *(f"{each.sql} AS {quoted(each.name)}" for each in columns),
            *(f"{sql} AS {quoted(f'kgimport_{at}')}" for at, sql in enumerate(flags)),
        )
    )
    return f"SELECT {values} FROM ({rows}\n) AS q"  # noqa: S608  (names are quoted)


class _Seen:
    """What the flags of the rows that have arrived say."""

    def __init__(self, wanted: Wanted, columns: Sequence[Asked]) -> None:
        self.table, self.names = wanted.table, [each.name for each in columns]
        self.keys = [key for key in wanted.keys if key in self.names]
        self.flags = [_Raised(each.name, flag) for each in columns for flag in each.flags]

    def looked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch without its flags, which are counted."""
        width = len(self.names)
        columns = dict(zip(self.names, batch.columns, strict=False))
        keys = {key: columns[key] for key in self.keys}
        for flag, texts in zip(self.flags, batch.columns[width:], strict=True):
            flag.look(texts, keys)
        return pa.RecordBatch.from_arrays(batch.columns[:width], names=self.names)

    def findings(self) -> list[Finding]:
        """Return a finding for each kind of values that do not arrive exactly."""
        return [each.finding(self.table) for each in self.flags if each.count]


class _Raised:
    """A flag, how many rows raise it, and the first of them."""

    def __init__(self, name: str, flag: Flag) -> None:
        self.name, self.kind, self.count = name, flag.kind, 0
        self.samples: list[dict[str, str]] = []

    def look(self, texts: pa.Array, keys: Mapping[str, pa.Array]) -> None:
        """Count the values of a batch that are not null; `keys` are the columns of its key."""
        self.count += len(texts) - texts.null_count
        wanted = SAMPLES - len(self.samples)
        if wanted and texts.null_count < len(texts):
            for at in pc.indices_nonzero(texts.is_valid())[:wanted].to_pylist():
                row = {**{key: column[at] for key, column in keys.items()}, self.name: texts[at]}
                self.samples.append({n: short(each.as_py(), _WIDTH) for n, each in row.items()})

    def finding(self, table: str) -> Finding:
        check, sentence = self.kind.check, self.kind.sentence
        return Finding(
            check, "value", table, (self.name,), sentence, self.count, tuple(self.samples)
        )
