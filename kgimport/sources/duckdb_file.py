"""Tables and queries of a DuckDB file, which is attached to a database in memory, read-only.

So any number of kgimports and other readers may read the file at a time, and none can change it.
While it is attached nobody can write to it, so all tables are read in one state.
"""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from os import cpu_count
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import duckdb
import pyarrow as pa

from kgimport import temporary
from kgimport.errors import SourceError, short
from kgimport.locations import LocalPath, Query
from kgimport.records import QueryRecord
from kgimport.sources import batches, casts, duckdb_settings, duckdb_types, duckdb_views
from kgimport.sources.contract import Found, Source, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from duckdb import DuckDBPyConnection

    from kgimport.sources.casts import Column
    from kgimport.sources.contract import Wanted

_IN_MEMORY = ":memory:"
_ELSEWHERE = (_IN_MEMORY, "md:", "motherduck:", "ducklake:")
_LEAST_MB = 128  # DuckDB needs some for each thread
_THREADS = 4  # each of them holds some row groups
_BATCH_ROWS = 61_440  # half a row group of DuckDB
_REASON = 500  # characters of DuckDB's message
_FULL = "No space left"
_HELD = re.compile(r"Conflicting lock is held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")
_HELD_HERE = re.compile(r"already attached|different configuration|file handle conflict")
_State = tuple[tuple[int, int, int] | None, ...]
_NEWER = re.compile(r"with version number|newer version")


@dataclass(frozen=True, slots=True)
class DuckDB:
    """The file of dbt's target, if it has one; each relation names its file, by path.

    Relative paths in views start at `folder`, and views are read under `settings`.
    """

    scheme: ClassVar[str] = "duckdb"
    parts: ClassVar[tuple[str, ...]] = ("FILE", "SCHEMA", "TABLE")
    product: ClassVar[str] = "DuckDB"
    in_files: ClassVar[bool] = True

    path: str | None = None
    folder: str | None = None
    settings: tuple[tuple[str, str], ...] = duckdb_settings.DEFAULT


def _connect(settings: Mapping[str, str], folder: Path) -> DuckDB:
    path, home = settings.get("path", _IN_MEMORY), str(folder.resolve())
    own = duckdb_settings.chosen(settings)
    if path.startswith(_ELSEWHERE) or "://" in path:
        return DuckDB(None, home, own)  # not shown either, because it may have a token
    return DuckDB(str(folder / path), home, own)


@dataclass(frozen=True, slots=True)
class _Files:
    """The files that are open, by path."""

    duck: DuckDB
    stack: ExitStack
    spill: Path
    open: dict[str, _Attached] = field(default_factory=dict)

    def attached(self, path: str, memory_mb: int) -> _Attached:
        if path not in self.open:
            self.open[path] = self.stack.enter_context(_attached(path, self, memory_mb))
        return self.open[path]


@dataclass(frozen=True, slots=True)
class _Attached:
    """A file, the database that it is attached to, and its name there."""

    path: str
    made: DuckDBPyConnection
    name: str
    state: _State


@contextmanager
def _open(duck: DuckDB) -> Iterator[_Files]:
    with temporary.folder() as spill, ExitStack() as stack:
        yield _Files(duck, stack, spill)


@contextmanager
def _attached(path: str, files: _Files, memory_mb: int) -> Iterator[_Attached]:
    """Attach a file. DuckDB gets half of the memory, and spills what exceeds it."""
    state = _state(path)
    config: dict[str, Any] = {
        "memory_limit": f"{max(memory_mb // 2, _LEAST_MB)}MiB",
        "threads": min(_THREADS, cpu_count() or 1),
        "temp_directory": str(files.spill),
    }
    with duckdb.connect(config=config) as made:
        _leave_memory(made)
        for setting, value in files.duck.settings:
            made.execute(f"SET {setting} = ?", [value])
        made.execute("SET python_enable_replacements = false")
        literal = path.replace("'", "''")
        made.execute(f"ATTACH '{literal}' (READ_ONLY, TYPE DUCKDB)")
        (name,) = (str(row[0]) for row in made.execute(_NAME).fetchall())
        made.execute(f"USE {sql_name([name])}")
        if files.duck.folder is not None:
            duckdb_views.relative_to(made, files.duck.folder)
        yield _Attached(path, made, name, state)


def _leave_memory(made: DuckDBPyConnection) -> None:
    """Rename the database in memory, because the file may be called memory.duckdb."""
    other = sql_name([f"kgimport {temporary.unique()}"])
    made.execute(f"ATTACH '{_IN_MEMORY}' AS {other}")
    made.execute(f"USE {other}")
    made.execute("DETACH memory")


_NAME = "SELECT database_name FROM duckdb_databases() WHERE path IS NOT NULL AND NOT internal"


def _locate(files: _Files, wanted: Wanted) -> Found:
    path = _path(files.duck, wanted)
    wanted.progress(f"query {wanted.table}", None)
    began = monotonic()
    with _refusing(path, wanted.table):
        attached = files.attached(path, wanted.memory_mb)
        _copy(attached, wanted)
    _must_be_the_same(attached)
    record = QueryRecord(wanted.table, "", 0, round(monotonic() - began, 3))
    return Found(LocalPath(str(wanted.folder)), record)


SOURCE: Source[DuckDB, _Files] = Source(
    MappingProxyType({"path": "path", **duckdb_settings.OF_PROFILE}), _connect, _open, _locate
)


def _state(path: str) -> _State:
    """Return what shows whether a file, or the log of its last changes, is another than before."""
    found = []
    for file in (Path(path), Path(f"{path}.wal")):
        at = file.stat() if file.exists() else None
        found.append((at.st_ino, at.st_size, at.st_mtime_ns) if at else None)
    return tuple(found)


def _must_be_the_same(attached: _Attached) -> None:
    """Refuse a file that somebody overwrote, which locks do not prevent."""
    if _state(attached.path) != attached.state:
        raise SourceError(
            f"the DuckDB file {attached.path} changed while it was read",
            "try again when nothing replaces it",
        )


def _path(duck: DuckDB, wanted: Wanted) -> str:
    """Return the file of a location. A relation of dbt's has the name of the target's database."""
    location = wanted.location
    named = location.place if isinstance(location, Query) else location.names[0]
    path = duck.path if named is None or named == _database(duck) else named
    if path is None:
        raise SourceError(
            f"the rows of {wanted.table} come from a query, and no DuckDB file is known",
            "use a dbt project whose target has a path, or write duckdb://FILE/select:SQL",
        )
    if not Path(path).is_file():
        raise SourceError(
            f"there is no DuckDB file {path}, from which table {wanted.table} comes",
            "build it first (`dbt build`), or correct the path",
        )
    return path


def _database(duck: DuckDB) -> str | None:
    """Return the name that DuckDB and dbt give to the target's database: that of its file."""
    return Path(duck.path).stem if duck.path else None


def _copy(attached: _Attached, wanted: Wanted) -> None:
    made, rows = attached.made, _rows(attached, wanted)
    columns = list(_columns(made, rows, wanted))
    number = casts.counted(wanted, rows, columns, lambda sql: made.execute(sql).fetchall())
    reader = made.sql(casts.selection(rows, columns)).to_arrow_reader(_BATCH_ROWS)
    schema = duckdb_settings.in_utc(reader.schema)
    written = batches.write(wanted.table, reader, schema, wanted.folder, wanted.memory_mb)
    casts.must_be_all(wanted, number, written)


def _rows(attached: _Attached, wanted: Wanted) -> str:
    """Return the query for a table's rows."""
    location = wanted.location
    if not isinstance(location, Query):
        return f"SELECT * FROM {sql_name((attached.name, *location.names[1:]))}"  # noqa: S608
    statements = attached.made.extract_statements(location.sql)
    if [each.type for each in statements] != [duckdb.StatementType.SELECT]:
        raise SourceError(
            f"the query of table {wanted.table} is not one SELECT", "write one SELECT"
        )
    return location.sql


def _columns(made: DuckDBPyConnection, rows: str, wanted: Wanted) -> Iterator[Column]:
    found = made.sql(rows)
    batches.must_have_own_names(wanted.table, found.columns, str.casefold)
    for name, kind in zip(found.columns, found.types, strict=True):
        yield duckdb_types.column(name, kind, is_used=wanted.is_used(name))


@contextmanager
def _refusing(path: str, table: str) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, pa.ArrowException) as error:
        if _FULL in str(error):
            raise  # the disk is full, which every source reports alike
        raise _meaning(str(error), path, table) from error


def _meaning(text: str, path: str, table: str) -> SourceError:
    if held := _HELD.search(text):
        return SourceError(
            f"the DuckDB file {path} is held by {held['program']} (pid {held['pid']}), which may "
            "write to it",
            "wait until that program has ended, or close its connection",
        )
    if _HELD_HERE.search(text):
        return SourceError(
            f"this Python process itself has the DuckDB file {path} open, for writing",
            "close that connection, or run kgimport as a program of its own",
        )
    reason = short(" ".join(text.split("\n\n", maxsplit=1)[0].split()), _REASON)
    hint = (
        "install a newer duckdb next to kgimport: pip install -U duckdb"
        if _NEWER.search(text)
        else f"try the table in DuckDB itself: duckdb -readonly {path}"
    )
    return SourceError(f"DuckDB cannot read table {table} from {path}: {reason}", hint)
