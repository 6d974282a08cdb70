"""Books, their readers and their ratings: three CSV files with the dirt of real ones.

The files are `books/Books.csv`, `Users.csv` and `Ratings.csv`, with the names, columns and defects
of the book recommendation data that is published on Kaggle (Book-Crossing, 2004), but everything in
them is made up. All three grow with the scale; 400 gives the size of the published ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.samples.books.tables import TABLES
from kgimport.samples.draws import Lots
from kgimport.samples.sample import Sample, Table

if TYPE_CHECKING:
    from collections.abc import Iterator


def _tables(scale: float, seed: int) -> Iterator[Table]:
    for name, (schema, rows_of) in TABLES.items():
        files = {f"{name}.csv": rows_of(Lots(seed), scale)}
        yield Table("books", schema, files, name=f"books/{name}")


# Above it, ISBNs would repeat, and the ratings would not fit into memory.
SAMPLE = Sample("books", 4_000, _tables)
