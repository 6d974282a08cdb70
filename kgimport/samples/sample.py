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
    """A table to be written: the folder it lies in, its columns, and what makes each file's rows.

    `files` are paths within the folder, `rows` batches of columns, which are made when they are
    written. Columns in `deltas` are numbers that grow, mostly, and are encoded as such.
    """

    folder: str
    schema: pa.Schema
    files: Mapping[str, Iterable[Columns]]
    deltas: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample: its name, the greatest scale that its keys have digits for, and its tables.

    `tables` makes them of a scale and a seed, with the same rows each time.
    """

    name: str
    largest_scale: int
    tables: Callable[[float, int], Iterator[Table]]


Column: TypeAlias = "Callable[[Draws, Ints], pa.Array]"


def declared(number: int, seed: int, name: str, rows: int, columns: Mapping[str, Column]) -> Table:
    """Yield a table of so many rows, each column by a function of its own draws and the row
    numbers.

    Rows count from 0 and are made block by block, so memory does not grow with them. `number` tells
    the tables of a sample apart: each column of each block has a stream of its own.
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
