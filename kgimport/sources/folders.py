"""What the folders of a table say: `month=2026-01` is a column of text, as Hive has it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import polars as pl

from kgimport.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Told = dict[str, list[str | None]]

_NULL = "__HIVE_DEFAULT_PARTITION__"


def told(table: str, names: Sequence[str]) -> Told:
    """For each column that folders spell, its value for each file, in the files' order.

    The names are those below the table's location. Raises `SourceError` where they do not spell
    the same columns for all files, or one twice.
    """
    ways = [[part.partition("=") for part in name.split("/")[:-1]] for name in names]
    pairs = [[(key, value) for key, is_pair, value in way if is_pair and key] for way in ways]
    keys = [tuple(_decoded(table, key) for key, _ in each) for each in pairs]
    for name, each in zip(names, keys, strict=True):
        if each != keys[0]:
            raise _odd(table, f"{names[0]} has {_spelled(keys[0])}, {name} has {_spelled(each)}")
        if len(set(each)) < len(each):
            raise _odd(table, f"{name} has one twice")
    return {key: [_value(table, each[at][1]) for each in pairs] for at, key in enumerate(keys[0])}


def _spelled(keys: tuple[str, ...]) -> str:
    return "/".join(f"{key}=" for key in keys) or "none"


def _odd(table: str, how: str) -> SourceError:
    return SourceError(
        f"the folders of table {table} do not spell the same columns for all files: {how}",
        "name them COLUMN=VALUE in one order, all files as deep; "
        "a folder whose name begins with _ or . is left alone",
    )


def _value(table: str, text: str) -> str | None:
    return None if text == _NULL else _decoded(table, text)


def _decoded(table: str, text: str) -> str:
    """Return a name without Hive's escapes: %XX stands for a byte of it."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"the folders of table {table} say what is no text: {text}", "name the folder in UTF-8"
        ) from error


def column(path: pl.Expr, places: Sequence[str], values: Sequence[str | None]) -> pl.Expr:
    """For each row its file's value, by the path of that file.

    By numbers and categories, which Polars streams and pushes slices through; a join, or values
    replaced, would read the whole table for a few rows, or keep it in memory.
    """
    numbered = [f"{at}-" if value is None else f"{at}+{value}" for at, value in enumerate(values)]
    number = path.cast(pl.Enum(places)).to_physical()
    return number.cat.to(pl.Enum(numbered)).cast(pl.String).str.extract(r"(?s)^\d+\+(.*)$")
