"""Raw Parquet on the disk, as `land` uploads it: which files make a table, and in which order.

A customer's table is `<customer>/<table>/[<column>=<value>/]….parquet`. Tables that come in loads
are `<customer>/initial/<table>/….parquet` and
`<customer>/incremental/<table>/<YYYYMMDD_HHMMSS>/….parquet`; what is in the customer's `truth` is
for tests, and no table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote

from kgimport.errors import DeclarationError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SUFFIX = ".parquet"
_LEAST = 3  # customer, table, file
_FORM = "write the files as CUSTOMER/TABLE/[COLUMN=VALUE/]FILE.parquet"
_LOADS_FORM = (
    "write the files as CUSTOMER/initial/TABLE/FILE.parquet and "
    "CUSTOMER/incremental/TABLE/YYYYMMDD_HHMMSS/FILE.parquet"
)
LOAD: Final = "load_folder"  # the column of a table in loads: `initial`, or the time of the load
_INITIAL, _INCREMENTAL, _HIDDEN = "initial", "incremental", "truth"
_STAMP: Final = re.compile(r"\d{8}_\d{6}")

_Parts: TypeAlias = tuple[str, ...]  # of a path below the folder of all customers


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table of a customer: its files, sorted, and what their folders say.

    `root` is the customer's folder, and `folders` are those in it that belong to the table alone.
    """

    customer: str
    name: str
    root: Path
    folders: tuple[str, ...]
    files: tuple[Path, ...]
    partitioned_by: tuple[str, ...]
    is_in_loads: bool = False

    def place(self, file: Path) -> str:
        """Return where a file is, from the customer's folder on."""
        return file.relative_to(self.root).as_posix()

    def partitions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield the partition values and the folder of each file."""
        for file in self.files:
            place = self.place(file).rpartition("/")[0]
            yield self._values(place.split("/")[1:]), place

    def _values(self, steps: list[str]) -> tuple[str, ...]:
        if self.is_in_loads:
            return (steps[1] if len(steps) > 1 else _INITIAL,)
        return tuple(unquote(step.partition("=")[2]) for step in steps)


def tables(data: Path) -> list[RawTable]:
    """Return the tables below a folder, sorted by customer and name.

    Raises `SourceError` if there are none; `DeclarationError` if a file belongs to no table, or if
    the files of a table are in folders of different depths or column names.
    """
    paths = sorted(file.relative_to(data).parts for file in data.rglob(f"*{_SUFFIX}"))
    if not paths:
        raise SourceError(f"there is no Parquet below {data}", _FORM)
    if shallow := ["/".join(path) for path in paths if len(path) < _LEAST]:
        raise DeclarationError(f"{shallow[0]} belongs to no table below {data}", _FORM)
    if any(_is_load(("", *path)) for path in paths):
        raise DeclarationError(
            f"{data} has the loads of one customer",
            "name the folder above it: the folder's own name becomes that of the database",
        )
    loads = {path[0] for path in paths if _is_load(path)}
    plain = sorted({path[:2] for path in paths if path[0] not in loads})
    made = [_table(data, customer, name) for customer, name in plain]
    made += [table for customer in loads for table in _in_loads(data, customer, paths)]
    return sorted(made, key=lambda table: (table.customer, table.name))


def _table(data: Path, customer: str, name: str) -> RawTable:
    folder = data / customer / name
    files = tuple(sorted(folder.rglob(f"*{_SUFFIX}")))
    keys = {tuple(part.partition("=")[0] for part in _steps(folder, file)) for file in files}
    if len(keys) > 1 or not all("=" in part for file in files for part in _steps(folder, file)):
        raise DeclarationError(
            f"the folders of {folder} do not name the same partition columns for all files",
            "name the folders COLUMN=VALUE, the same columns above every file",
        )
    return RawTable(customer, name, data / customer, (name,), files, keys.pop())


def _steps(folder: Path, file: Path) -> _Parts:
    return file.relative_to(folder).parts[:-1]


def _is_load(path: _Parts) -> bool:
    """Return whether a path is that of a file of a load."""
    match path:
        case (_, "initial", name, _):
            return "=" not in name
        case (_, "incremental", _, stamp, _):
            return _STAMP.fullmatch(stamp) is not None
        case _:
            return False


def _in_loads(data: Path, customer: str, paths: list[_Parts]) -> Iterator[RawTable]:
    """Yield the tables of a customer that come in loads, sorted by name."""
    mine = [path for path in paths if path[0] == customer and path[1] != _HIDDEN]
    if strange := ["/".join(path) for path in mine if not _is_load(path)]:
        raise DeclarationError(f"{strange[0]} belongs to no load below {data}", _LOADS_FORM)
    for name in sorted({path[2] for path in mine}):
        yield RawTable(
            customer,
            name,
            root=data / customer,
            folders=(f"{_INITIAL}/{name}", f"{_INCREMENTAL}/{name}"),
            files=tuple(data.joinpath(*path) for path in mine if path[2] == name),
            partitioned_by=(LOAD,),
            is_in_loads=True,
        )
