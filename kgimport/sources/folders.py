"""Columns in the names of a table's folders, as in Hive: `month=2026-01` is a column of text."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import polars as pl

from kgimport.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Spelled = dict[str, list[str | None]]

_NULL = "__HIVE_DEFAULT_PARTITION__"


def told(table: str, names: Sequence[str]) -> Spelled:
    """Return the columns that folders' names have, each with a value per file, in their order.

    `names` are the files' names below the table's location. Raises `SourceError` if the files do
    not all have the same columns, or if one has a column twice.
    """
    paths = [[part.partition("=") for part in name.split("/")[:-1]] for name in names]
    pairs = [[(key, value) for key, is_pair, value in path if is_pair and key] for path in paths]
    keys = [tuple(_decoded(table, key) for key, _ in each) for each in pairs]
    for name, each in zip(names, keys, strict=True):
        if each != keys[0]:
            raise _odd(table, f"{names[0]} has {_spelled(keys[0])}, {name} has {_spelled(each)}")
        if len(set(each)) < len(each):
            raise _odd(table, f"{name} has a column twice")
    return {key: [_value(table, each[at][1]) for each in pairs] for at, key in enumerate(keys[0])}


def _spelled(keys: tuple[str, ...]) -> str:
    return "/".join(f"{key}=" for key in keys) or "none"


def _odd(table: str, how: str) -> SourceError:
    return SourceError(
        f"the folders of table {table} do not name the same columns for all files: {how}",
        "name the folders COLUMN=VALUE, the same columns in the same order above every file; "
        "a folder whose name begins with _ or . is ignored",
    )


def _value(table: str, text: str) -> str | None:
    return None if text == _NULL else _decoded(table, text)


def _decoded(table: str, text: str) -> str:
    """Return a name without Hive's escapes, in which %XX stands for a byte."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"a folder of table {table} has a name that is not text: {text}",
            "name the folder in UTF-8",
        ) from error


def column(path: pl.Expr, places: Sequence[str], values: Sequence[str | None]) -> pl.Expr:
    """Return an expression that gives each row the value of its file, by the file's path.

    It uses categories and their numbers, through which Polars streams and pushes slices. A join, or
    a replacement of values, would read the whole table for a few rows, or keep it in memory.
    """
    numbered = [f"{at}-" if value is None else f"{at}+{value}" for at, value in enumerate(values)]
    number = path.cast(pl.Enum(places)).to_physical()
    return number.cat.to(pl.Enum(numbered)).cast(pl.String).str.extract(r"(?s)^\d+\+(.*)$")
