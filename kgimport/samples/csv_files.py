"""Samples as CSV: the origin and the hash of each file are in a list of checksums next to it.

CSV has no footer, so only its hash shows that a file is not a real one of the same name.
`sha256sum --check` reads the list, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa

from kgimport import files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kgimport.samples.sample import Columns, Table

SUMS: Final = ".sha256"


def write(path: Path, table: Table, batches: Iterable[Columns], origin: str) -> int:
    """Write a file whose final name lacks the last suffix, list it, and return its rows.

    Quotes are only where they are needed; null is an empty cell, an empty text a quoted one.
    """
    rows = 0
    with path.open("wb") as file:
        for columns in batches:
            made = pa.table([columns[name] for name in table.schema.names], schema=table.schema)
            frame = pl.DataFrame(made)
            frame.write_csv(file, include_header=rows == 0, quote_style="necessary")
            rows += frame.height
    sums = path.parent / f"{origin.partition(' ')[0]}{SUMS}"
    listed = {**_listed(sums), path.stem: files.sha256(path)}
    sums.write_text("".join(f"{listed[name]}  {name}\n" for name in sorted(listed)), "ascii")
    return rows


def origin(path: Path) -> str | None:
    """Return what a file is a sample of, if a list next to it has its hash."""
    lists = [sums for sums in path.parent.glob(f"*{SUMS}") if path.name in _listed(sums)]
    return next((s.stem for s in lists if _listed(s)[path.name] == files.sha256(path)), None)


def _listed(sums: Path) -> dict[str, str]:
    """Return the hash of each file that a list names."""
    if not sums.exists():
        return {}
    lines = sums.read_text("ascii", errors="replace").splitlines()
    return {name: digest for digest, mark, name in (line.partition("  ") for line in lines) if mark}
