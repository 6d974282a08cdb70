"""Tables and queries that any ADBC driver reads, which a connection profile of ADBC names.

A profile is a file of the driver manager's: the driver, and options, whose values may come from
environment variables. What the driver hands out arrives unchanged. Whether that is what its
database holds is for the driver to say: unlike the other sources, no SQL of ours checks it.
"""

from __future__ import annotations

import os
import re
import tomllib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from kgimport.errors import SourceError
from kgimport.locations import LocalPath, Query
from kgimport.records import QueryRecord
from kgimport.sources import adbc, batches, casts
from kgimport.sources.contract import Found, Source, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kgimport.sources.contract import Wanted

_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ENV_VAR = re.compile(r"\{\{\s*env_var\(\s*([^)\s]+)\s*\)\s*\}\}")
_SECRET = re.compile(r"pass|secret|token|key|auth|credential", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Adbc:
    """Nothing: each relation names its profile, by the path of its file."""

    scheme: ClassVar[str] = "adbc"
    parts: ClassVar[tuple[str, ...]] = ("PROFILE.toml", "TABLE")
    product: ClassVar[str] = "ADBC"
    in_files: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class _Profiles:
    """The profiles that are open, by path."""

    stack: ExitStack
    open: dict[str, tuple[Any, adbc.Manners]] = field(default_factory=dict)

    def cursor(self, path: str) -> tuple[Any, adbc.Manners]:
        if path not in self.open:
            self.open[path] = self.stack.enter_context(_opened(path))
        return self.open[path]


@contextmanager
def _open(_: Adbc) -> Iterator[_Profiles]:
    with ExitStack() as stack:
        yield _Profiles(stack)


@contextmanager
def _opened(path: str) -> Iterator[tuple[Any, adbc.Manners]]:
    dbapi = adbc.driver("adbc_driver_manager", "ADBC", "adbc")
    manners = adbc.Manners(
        f"the driver of {path}",
        "correct the profile, or the query; ADBC's documentation describes profiles, and each "
        "driver's its options",
        tuple(secrets(path)),
    )
    with adbc.opened(partial(dbapi.connect, profile=path), manners, {}) as cursor:
        yield cursor, manners


def secrets(path: str) -> Iterator[str]:
    """Yield what messages must not show of a profile; raise `SourceError` if it is not TOML."""
    try:
        options = tomllib.loads(Path(path).read_text(encoding="utf-8")).get("Options", {})
    except (OSError, ValueError) as error:
        raise SourceError(
            f"the ADBC profile {path} cannot be read: {error}", "correct the path, or the file"
        ) from error
    for key, value in _flat(options):
        text = _ENV_VAR.sub(lambda found: os.environ.get(found[1], ""), str(value))
        yield from (os.environ.get(name, "") for name in _ENV_VAR.findall(str(value)))
        if _SECRET.search(key):
            yield text
        yield from _in_address(text)


def _flat(options: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield options with their whole names: TOML takes a dot for a table."""
    for name, value in options.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _in_address(text: str) -> Iterator[str]:
    try:
        password = urlsplit(text).password
    except ValueError:
        return
    if password:
        yield password
        yield unquote(password)


# Rows ---------------------------------------------------------------------------------------------


def _locate(profiles: _Profiles, wanted: Wanted) -> Found:
    wanted.progress(f"query {wanted.table}", None)
    began = monotonic()
    path, rows = _where(wanted)
    cursor, manners = profiles.cursor(path)
    with adbc.refusing(manners, f"does not return the rows of {wanted.table}"):
        _copy(cursor, rows, wanted)
    record = QueryRecord(wanted.table, "", 0, round(monotonic() - began, 3))
    return Found(LocalPath(str(wanted.folder)), record)


SOURCE: Source[Adbc, _Profiles] = Source(MappingProxyType({}), lambda _, __: Adbc(), _open, _locate)


def _where(wanted: Wanted) -> tuple[str, str]:
    """Return the profile of a location, and the query for its rows."""
    location = wanted.location
    if not isinstance(location, Query):
        path, table = location.names
        return path, f"SELECT * FROM {_spelled(table)}"  # noqa: S608  (its names are quoted)
    if not location.place:
        raise SourceError(
            f"the rows of {wanted.table} come from a query that names no ADBC profile",
            "write adbc://PROFILE.toml/select:SQL",
        )
    return location.place, location.sql


def _spelled(table: str) -> str:
    """Return a table's name for a query; its parts are quoted only if they need it.

    How to quote differs from database to database.
    """
    names = table.split(".")
    return ".".join(each if _PLAIN_NAME.fullmatch(each) else sql_name([each]) for each in names)


def _copy(cursor: Any, rows: str, wanted: Wanted) -> None:
    cursor.execute(rows)
    announced = cursor.rowcount
    with cursor.fetch_record_batch() as reader:
        batches.must_have_own_names(wanted.table, reader.schema.names)
        schema = pa.schema([(each.name, _kept(each.type)) for each in reader.schema])
        written = batches.write(wanted.table, reader, schema, wanted.folder, wanted.memory_mb)
    if announced == -1:
        cursor.execute(f"SELECT count(*) FROM ({rows}\n) AS q")  # noqa: S608
        ((announced,),) = cursor.fetchall()
    casts.must_be_all(wanted, announced, written)


def _kept(dtype: pa.DataType) -> pa.DataType:
    """Return the type in which Parquet holds the values of another form of it."""
    if pa.types.is_dictionary(dtype):
        return _kept(dtype.value_type)
    return {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}.get(dtype, dtype)
