"""Which dbt is run, and the Python that it runs in."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport.errors import RuntimeMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_WITHOUT = "or name the folder of the tables' Parquet with --tables, which needs no dbt"
# The first line of an installed program, or its second where the path is too long for one.
_SHEBANG = re.compile(rb"\A#!\s*(?P<own>/\S*python[\w.]*)\s*$", re.MULTILINE)
_EXEC = re.compile(rb"""^'''exec' ["']?(?P<own>/[^"'\n]*python[\w.]*)["']? """, re.MULTILINE)
_BEGINNING = 4096


@dataclass(frozen=True, slots=True)
class Program:
    """A dbt, and the Python that has it installed."""

    dbt: Path
    python: Path


def programs() -> list[Program]:
    """Return the dbt that is installed next to kgimport, and the one on the PATH, as they exist.

    Raises `RuntimeMissingError` if there is none, or none that is written in Python.
    """
    places = list(dict.fromkeys(_places()))
    found = [Program(dbt, python) for dbt in places if (python := _python(dbt))]
    if found:
        return found
    if places:
        raise RuntimeMissingError(
            f"{places[0]} is not dbt Core: it is a program without Python, as dbt Fusion and the "
            "CLI of dbt Cloud are, and kgimport asks dbt Core where the tables are",
            "install dbt Core next to kgimport (pip install dbt-core and your adapter, as in "
            f"'kgimport[dbt]'), {_WITHOUT}",
        )
    raise RuntimeMissingError("dbt is not installed", f"pip install 'kgimport[dbt]', {_WITHOUT}")


def _places() -> Iterator[Path]:
    neighbour = Path(sys.executable).with_name("dbt")
    if neighbour.exists():
        yield neighbour
    on_path = shutil.which("dbt")
    if on_path:
        yield Path(on_path).absolute()


def _python(dbt: Path) -> Path | None:
    """Return the Python of an installed dbt; None for a dbt that is not written in Python."""
    if dbt == Path(sys.executable).with_name("dbt"):
        return Path(sys.executable)
    try:
        with dbt.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        return None
    if not beginning.startswith(b"#!"):
        return None
    named = _SHEBANG.search(beginning) or _EXEC.search(beginning)
    places = [Path(named["own"].decode())] if named else []
    # Where a version manager's shell script is on the PATH, its `python` is next to it.
    return next((each for each in [*places, *_neighbours(dbt)] if each.exists()), None)


def _neighbours(dbt: Path) -> Iterator[Path]:
    for place in (dbt, dbt.resolve()):
        yield from (place.with_name("python"), place.with_name("python3"))
