"""What a sample is: tables, each with the rows of its files, for a scale and a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa

from kgimport.samples.draws import Draws, Ints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Columns: TypeAlias = dict[str, pa.Array]
_BLOCK = 32_768


@dataclass(frozen=True, slots=True)
class Table:
    """A table to write: its folder, its columns, and what makes each file's rows.

    `files` are paths within the folder, `rows` batches of columns, which are made when they are
    written. Columns in `deltas` are numbers that mostly grow, and are encoded as such. A `name` is
    for tables that share a folder.
    """

    folder: str
    schema: pa.Schema
    files: Mapping[str, Iterable[Columns]]
    deltas: frozenset[str] = frozenset()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample: its name, the largest scale for which its keys have digits, and its tables.

    `tables` makes them for a scale and a seed, with the same rows each time. A sample that has
    options of its own instead of a scale states them in `settings`, as NAME=VALUE. A sample
    with a `part` is added to those of the same settings and seed in its folder; one without
    replaces all of them.
    """

    name: str
    largest_scale: int
    tables: Callable[[float, int], Iterator[Table]]
    settings: str = ""
    part: str = ""


Column: TypeAlias = "Callable[[Draws, Ints], pa.Array]"


def declared(number: int, seed: int, name: str, rows: int, columns: Mapping[str, Column]) -> Table:
    """Return a table of `rows` rows; a function makes each column from draws and row numbers.

    Rows count from 0 and are made block by block, so memory does not grow with them. `number`
    distinguishes the tables of a sample: each column of each block has a stream of its own.
    """

    def made(first: int, size: int) -> Columns:
        numbers = np.arange(first, first + size)
        return {
            column: make(Draws(seed, (number, at, first // _BLOCK, 0)), numbers)
            for at, (column, make) in enumerate(columns.items())
        }

    def batches() -> Iterator[Columns]:
        for first in range(0, rows, _BLOCK):
            yield made(first, min(_BLOCK, rows - first))

    schema = pa.schema({column: values.type for column, values in made(0, 0).items()})
    return Table(name, schema, {"part-0.parquet": batches()})
