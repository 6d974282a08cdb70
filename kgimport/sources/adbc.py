"""Rows that an ADBC driver reads: one statement for each table, with its rows and its doubts.

Few warehouses show several statements one state. So the values that no cast keeps are not counted
by a query of their own. Instead, the statement has one more column for each kind of them: the text
of such a value, else null. They are counted as they arrive, and are not written.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from kgimport.errors import RuntimeMissingError, SourceError, short
from kgimport.findings import SAMPLES, Finding
from kgimport.sources import batches, casts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kgimport.sources.casts import Kind
    from kgimport.sources.contract import Wanted

_MANAGER = "adbc_driver_manager"
_REASON = 500  # characters of a driver's message
_WIDTH = 60  # the most characters of a sample's value
_HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class Flag:
    """Values that do not arrive exactly: `sql` is the text of such a value, else null."""

    kind: Kind
    sql: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A column to ask for: `sql` spells its values, which are of `type` once they have arrived."""

    name: str
    sql: str
    type: pa.DataType
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Manners:
    """What messages say of a warehouse: its name, the next step, and what they must not show."""

    product: str
    hint: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def without_secrets(self, text: str) -> str:
        """Return a text with every secret hidden, also in the form that it has in an address."""
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            for form in (secret, quote(secret, safe=""), repr(secret)[1:-1]):
                text = text.replace(form, _HIDDEN)
        return text


def driver(module: str, product: str, extra: str) -> Any:
    """Return a driver's DB-API module; raise `RuntimeMissingError` if it is not installed."""
    try:
        return import_module(f"{module}.dbapi")
    except ModuleNotFoundError as error:
        raise RuntimeMissingError(
            f"the driver for {product} is not installed", f"pip install 'kgimport[{extra}]'"
        ) from error


@contextmanager
def refusing(manners: Manners, what: str) -> Iterator[None]:
    """Turn errors of a driver into a `SourceError`: the product, what it does not do, and why."""
    try:
        yield
    except (import_module(f"{_MANAGER}.dbapi").Error, pa.ArrowException) as error:
        text = " ".join(str(error).split())
        shown = manners.without_secrets(text)
        raise SourceError(f"{manners.product} {what}: {short(shown, _REASON)}", manners.hint) from (
            error if shown == text else None
        )


@contextmanager
def opened(
    connect: Callable[[], Any], manners: Manners, options: Mapping[str, str]
) -> Iterator[Any]:
    """Provide a cursor of a new connection; `options` are those of its statement."""
    with (
        refusing(manners, "does not let kgimport in"),
        connect() as connection,
        connection.cursor(adbc_stmt_kwargs=dict(options)) as cursor,
    ):
        yield cursor


def copy(cursor: Any, wanted: Wanted, rows: str, columns: Sequence[Asked], quoted: Quoted) -> None:
    """Write the rows of a query as Parquet; `rows` is SQL, and `quoted` spells a name in it.

    The columns' SQL names the query's columns `q.NAME`. Raises `ValueRefusedError` for values that
    do not arrive exactly, and `SourceError` if other rows arrive than the warehouse announced.
    """
    cursor.execute(selection(rows, columns, quoted))
    announced = cursor.rowcount
    schema = pa.schema([(each.name, each.type) for each in columns])
    seen = _Seen(wanted, columns)
    with cursor.fetch_record_batch() as reader:
        # A result without rows may come without columns, too.
        found = seen.watched(reader) if len(reader.schema) else ()
        written = batches.write(wanted.table, found, schema, wanted.folder)
    casts.refuse(seen.findings())
    if announced not in (-1, written):
        raise SourceError(
            f"{wanted.table}: {announced:,} rows were announced, {written:,} arrived",
            "run again; if it happens again, report it to the makers of the driver",
        )


if TYPE_CHECKING:
    Quoted = Callable[[str], str]


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

    def watched(self, reader: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the batches without their flags, which are counted."""
        for batch in reader:
            width = len(self.names)
            columns = dict(zip(self.names, batch.columns, strict=False))
            keys = {key: columns[key] for key in self.keys}
            for flag, texts in zip(self.flags, batch.columns[width:], strict=True):
                flag.look(texts, keys)
            yield pa.RecordBatch.from_arrays(batch.columns[:width], names=self.names)

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
