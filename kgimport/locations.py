"""Where rows are: parsed from text once, on input, and a value from then on.

    person.parquet, /lake/knows/*.parquet   local files: a file, a folder or a glob
    s3://BUCKET/KEY                         the same in S3
    athena://CATALOG/DATABASE/TABLE         a relation of a warehouse, which the scheme names
    duckdb://FILE/SCHEMA/TABLE              the same in a file of a database, by its path
    select:SQL                              the result of a query of the first warehouse
    postgres://select:SQL                   the same of the warehouse that the scheme names
    duckdb://FILE/select:SQL                the same of a file of a database, by its path
    adbc://PROFILE.toml/TABLE               a table by an ADBC driver, which a profile names

`str` gives the text again, for messages and records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import PlainSerializer, PlainValidator

from kgimport.aws import ENVIRONMENT, Session
from kgimport.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MARK = "://"
_S3 = f"s3{_MARK}"
S3_FORM = f"{_S3}BUCKET/PREFIX"
_QUERY = "select:"
# The blank in the SQL distinguishes it from a table's name.
_QUERIED = re.compile(r"(?:(?P<place>.+?)/)??select:(?P<sql>.*\S\s.*)", re.DOTALL)


class Connection(Protocol):
    """How to reach a warehouse: a frozen value that its source defines.

    The address of a relation begins with `scheme` and consists of `parts`; messages call the
    warehouse `product`. Where databases are `in_files`, the first part is a path.
    """

    @property
    def scheme(self) -> str: ...  # noqa: D102
    @property
    def parts(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def product(self) -> str: ...  # noqa: D102
    @property
    def in_files(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class LocalPath:
    """A file, a folder of files, or a glob on this machine."""

    path: str

    def __str__(self) -> str:
        return self.path

    def __truediv__(self, name: str) -> LocalPath:
        return LocalPath(str(Path(self.path) / name))


@dataclass(frozen=True, slots=True)
class S3Path:
    """An object, a folder of objects, or a glob in S3, and the session for reading it.

    Paths with the same address are equal, regardless of their sessions.
    """

    bucket: str
    key: str
    session: Session = field(default=ENVIRONMENT, compare=False)

    def __str__(self) -> str:
        return f"{_S3}{self.bucket}/{self.key}" if self.key else f"{_S3}{self.bucket}"

    def __truediv__(self, name: str) -> S3Path:
        folder = self.key.rstrip("/")
        return replace(self, key=f"{folder}/{name}" if folder else name)

    @property
    def parent(self) -> S3Path:
        """Return the folder that contains it."""
        return replace(self, key=self.key.rpartition("/")[0])

    def name_below(self, folder: S3Path) -> str:
        """Return its name relative to a folder that contains it."""
        return str(self).removeprefix(f"{folder}/")


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view of a warehouse, with its names from the outermost to its own.

    `sql` is what to write in a query, quoted as dbt does; None where only the names are known.
    """

    names: tuple[str, ...]
    connection: Connection
    sql: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.connection.scheme}{_MARK}{'/'.join(self.names)}"


@dataclass(frozen=True, slots=True)
class Query:
    """The result of a query of a warehouse.

    `place` is None if the text of the location names no warehouse, and empty if it names one
    without a file.
    """

    sql: str
    connection: Connection
    place: str | None = None

    def __str__(self) -> str:
        if self.place is None:
            return f"{_QUERY}{self.sql}"
        folder = f"{self.place}/" if self.place else ""
        return f"{self.connection.scheme}{_MARK}{folder}{_QUERY}{self.sql}"


@dataclass(frozen=True, slots=True)
class Foreign:
    """An address that no source knows, at which there are no files."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __truediv__(self, name: str) -> Foreign:
        return Foreign(f"{self.text}/{name}")


Folder = LocalPath | S3Path | Foreign
_Any = LocalPath | S3Path | Relation | Query | Foreign


@dataclass(frozen=True, slots=True)
class Context:
    """What the text of a location does not state.

    Relative paths are relative to `base`; without one, they stay as they are. Relations are read
    through the connection of their scheme, and queries run through the first connection. `places`
    has the locations of tables, by name, that name none themselves: dbt knows where they are.
    """

    base: Folder | None = None
    session: Session = ENVIRONMENT
    connections: Sequence[Connection] = ()
    places: Mapping[str, _Any] = field(default_factory=dict)


_ALONE = Context()


def parse(text: str, context: Context = _ALONE) -> _Any:
    """Return the location that a text stands for.

    Raises `UsageError` for an S3 location without a bucket, for a relation with other parts than
    its warehouse has, and for a query with a place that its warehouse does not need, or without.
    """
    if text.startswith(_QUERY):
        sql = text.removeprefix(_QUERY).strip()
        return Query(sql, context.connections[0]) if context.connections else Foreign(text)
    scheme, mark, rest = text.partition(_MARK)
    if not mark:
        return context.base / text if context.base else LocalPath(text)
    if text.startswith(_S3):
        return _in_s3(text, rest, context.session)
    known = [each for each in context.connections if each.scheme == scheme]
    if not known:
        return Foreign(text)
    if query := _QUERIED.fullmatch(rest):
        return _query(query["place"] or "", query["sql"].strip(), known[0], context.base)
    return _relation(text, rest, known[0], context.base)


def _query(place: str, sql: str, connection: Connection, base: Folder | None) -> Query:
    if connection.in_files != bool(place):
        file = f"{connection.parts[0]}/" if connection.in_files else ""
        raise UsageError(
            f"a query of {connection.product} needs {'a' if file else 'no'} file or database in "
            "its location",
            f"write {connection.scheme}{_MARK}{file}{_QUERY}SQL",
        )
    return Query(sql, connection, str(base / place) if base and place else place)


def of_table(name: str, text: str | None, context: Context) -> _Any:
    """Return where the rows of a table are: at the location that it names, or where dbt put it."""
    return context.places[name] if text is None else parse(text, context)


def _in_s3(text: str, rest: str, session: Session) -> S3Path:
    bucket, _, key = rest.partition("/")
    if not bucket:
        raise UsageError(f"{text} is not a place in S3", f"write {S3_FORM}")
    return S3Path(bucket, key, session)


def _relation(text: str, rest: str, connection: Connection, base: Folder | None) -> Relation:
    parts = connection.parts
    names = tuple(rest.rsplit("/", len(parts) - 1) if connection.in_files else rest.split("/"))
    if len(names) != len(parts) or not all(names):
        raise UsageError(
            f"{text} is not a table of {connection.product}",
            f"write {connection.scheme}{_MARK}{'/'.join(parts)}",
        )
    if connection.in_files and base:
        names = (str(base / names[0]), *names[1:])
    return Relation(names, connection)


def folder(text: str, session: Session = ENVIRONMENT) -> Folder:
    """Return the folder that a text stands for; a local one is made absolute."""
    found = parse(text, Context(session=session))
    match found:
        case LocalPath():
            return LocalPath(str(Path(text).resolve()))
        case S3Path():
            return replace(found, key=found.key.rstrip("/"))
        case Foreign():
            return found
        case _:  # a query or a relation, for which there is no connection here
            return Foreign(text)


def s3_folder(text: str, session: Session = ENVIRONMENT) -> S3Path:
    """Return the folder in S3 that a text stands for; raise `UsageError` if it is not in S3."""
    if not text.startswith(_S3):
        raise UsageError(f"{text} is not a place in S3", f"write {S3_FORM}")
    return _in_s3(text, text.removeprefix(_S3).rstrip("/"), session)


def _read_back(text: object) -> _Any:
    """Return a location from a record, which may be damaged."""
    if not isinstance(text, str):
        raise ValueError("a location is text")  # noqa: TRY004  (what pydantic expects)
    try:
        return parse(text)
    except UsageError as error:
        raise ValueError(error.message) from error


# A location that records hold as its text.
Location = Annotated[_Any, PlainValidator(_read_back), PlainSerializer(str, return_type=str)]


def asked_as(location: Location, session: Session) -> Location:
    """Return a location with another session for S3; other locations stay as they are."""
    return replace(location, session=session) if isinstance(location, S3Path) else location
