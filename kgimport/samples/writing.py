"""Samples to Parquet: the same scale and seed give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from kgimport.errors import DestinationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kgimport.samples.sample import Columns, Sample, Table


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The files that were written for one table; `table` is its folder."""

    table: str
    files: int
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Generated:
    """What `generate` wrote, table by table, in the order of writing."""

    out: Path
    tables: tuple[TableFiles, ...]

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(table.bytes for table in self.tables)


def generate(
    sample: Sample,
    out: Path,
    *,
    scale: float = 1.0,
    seed: int = 7,
    progress: Callable[[str], None] = lambda _: None,
) -> Generated:
    """Write the tables of a sample as Parquet; the same scale and seed give the same bytes.

    Args:
        sample: what to write.
        out: a directory that is new or empty, or holds an earlier sample, which is replaced.
            A `README.md` and names that begin with a dot are left alone.
        scale: 100 gives about a hundred times as many rows as 1.
        seed: another seed gives other data of the same kind.
        progress: is called with the folder of each table before it is made.

    Raises:
        UsageError: the scale is not within (0, the sample's largest], or the seed is below zero.
        DestinationError: `out` holds something else, or cannot be written.
    """
    _check_options(sample, scale, seed)
    origin = f"{sample.name} scale={scale:g} seed={seed}"
    try:
        _clear(out)
        tables = sample.tables(scale, seed)
        written = tuple(_write_table(out, table, origin, progress) for table in tables)
    except OSError as error:
        raise DestinationError(
            f"{error.filename or out} cannot be written: {error.strerror or error}",
            "name a directory that can be written and has room",
        ) from error
    return Generated(out=out, tables=written)


def _check_options(sample: Sample, scale: float, seed: int) -> None:
    if not 0 < scale <= sample.largest_scale:
        raise UsageError(
            f"the scale {scale} is not between 0 and {sample.largest_scale}",
            "take 1, or 100, or 0.1",
        )
    if seed < 0:
        raise UsageError(f"the seed {seed} is below zero", "take a whole number from 0 upwards")


_ORIGIN: Final = b"kgimport.sample"  # in the footer of each file


def _clear(out: Path) -> None:
    """Remove an earlier sample, so that a run that fails leaves no mixture of two samples."""
    out.mkdir(parents=True, exist_ok=True)
    spared = {path for path in out.iterdir() if path.name.startswith(".")} | {out / "README.md"}
    files = [p for p in sorted(out.rglob("*")) if not p.is_dir() and not spared & {p, *p.parents}]
    strange = next((path for path in files if not _is_sample(path)), None)
    if strange:
        raise DestinationError(
            f"{out} holds something that is not sample data: {strange.relative_to(out)}",
            "name a new or an empty directory",
        )
    for path in files:
        path.unlink()


def _is_sample(path: Path) -> bool:
    """Return whether a file is from a sample by its footer: a real table may have the same name."""
    if path.name == "part-0.parquet.tmp":
        return True
    if path.suffix != ".parquet":
        return False
    try:
        return _ORIGIN in (pq.read_metadata(path).metadata or {})
    except pa.ArrowInvalid:
        return False


def _write_table(
    out: Path, table: Table, origin: str, progress: Callable[[str], None]
) -> TableFiles:
    progress(table.folder)
    paths = {out / table.folder / name: batches for name, batches in table.files.items()}
    rows = sum(_write(path, table, batches, origin) for path, batches in paths.items())
    size = sum(path.stat().st_size for path in paths)
    return TableFiles(table.folder, files=len(paths), rows=rows, bytes=size)


def _write(path: Path, table: Table, batches: Iterable[Columns], origin: str) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not `files.replacing`: after a kill, the next run knows this name, and removes the file.
    temporary = path.with_name(f"{path.name}.tmp")
    schema, rows = table.schema, 0
    with pq.ParquetWriter(temporary, schema, **_parquet(schema, table.deltas)) as writer:
        writer.add_key_value_metadata({_ORIGIN: origin.encode()})
        for columns in batches:
            made = pa.table([columns[name] for name in schema.names], schema=schema)
            writer.write_table(made)
            rows += made.num_rows
    temporary.replace(path)
    return rows


def _parquet(schema: pa.Schema, growing: frozenset[str]) -> dict[str, object]:
    """Return writer options, all explicit, so that a new default does not change the files."""
    deltas = [name for name in schema.names if name in growing]
    repeated = [
        f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
        for field in schema
        if field.name not in growing and not pa.types.is_boolean(field.type)
    ]
    return {
        "version": "2.6",
        "data_page_version": "1.0",
        "compression": "zstd",
        "compression_level": 9,
        "use_dictionary": repeated,
        "column_encoding": dict.fromkeys(deltas, "DELTA_BINARY_PACKED"),
        "write_statistics": True,
        "store_schema": False,
    }
