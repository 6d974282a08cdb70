"""Rows that an ADBC driver reads, and what its errors mean."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa

from kgimport.errors import RuntimeMissingError, SourceError, short
from kgimport.sources import flagged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kgimport.sources.contract import Wanted
    from kgimport.sources.flagged import Asked, Quoted

_MANAGER = "adbc_driver_manager"
_REASON = 500  # characters of a driver's message
_HIDDEN = "…"


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

    Raises `ValueRefusedError` for values that do not arrive exactly, and `SourceError` if other
    rows arrive than the driver announced: a driver may lose the error that ends a stream.
    """
    cursor.execute(flagged.selection(rows, columns, quoted))
    announced = cursor.rowcount
    with cursor.fetch_record_batch() as reader:
        # A result without rows may come without columns, too.
        written = flagged.write(wanted, columns, reader if len(reader.schema) else ())
    if announced not in (-1, written):
        raise SourceError(
            f"{wanted.table}: {announced:,} rows were announced, {written:,} arrived",
            "run again; if it happens again, report it to the makers of the driver",
        )
