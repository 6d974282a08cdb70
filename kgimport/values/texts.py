"""Texts that `type:` turns into booleans, dates and moments, which Polars cannot cast text to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from kgimport.values.value import as_text, same

if TYPE_CHECKING:
    from kgimport.values.value import Transform


@dataclass(frozen=True, slots=True)
class FromText:
    """How a text is read, and how its value is spelled to see whether the same text comes back.

    `plain` removes from a text what its value need not keep.
    """

    read: Transform
    spell: Transform
    plain: Transform = same


def _truth(text: pl.Expr) -> pl.Expr:
    return pl.when(text.is_in(["true", "false"])).then(text == "true")


def _date(text: pl.Expr) -> pl.Expr:
    return text.str.to_date("%Y-%m-%d", strict=False)


def _moment(text: pl.Expr) -> pl.Expr:
    form = "%Y-%m-%d %H:%M:%S%.f"
    return _plain_moment(text).str.to_datetime(form, time_unit="us", strict=False)


def _plain_moment(text: pl.Expr) -> pl.Expr:
    """Return a moment's text with a blank in place of T, and without zeros after its fraction."""
    spaced = text.str.replace(r"^(\d+-\d+-\d+)T", "$1 ")
    return spaced.str.replace(r"\.0+$", "").str.replace(r"(\.\d*?)0+$", "$1")


def _spelled_moment(moment: pl.Expr) -> pl.Expr:
    return _plain_moment(moment.dt.to_string("%Y-%m-%d %H:%M:%S%.6f"))


FROM_TEXT = {
    "boolean": FromText(_truth, as_text),
    "date": FromText(_date, as_text),
    "localdatetime": FromText(_moment, _spelled_moment, _plain_moment),
}
