"""Sample data of a learning management system with three customers, at any size.

People, courses and assets are made up and carry opaque keys only. Every file is made from streams
of random numbers of its own and block by block, so memory does not grow with the scale and no file
needs another one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from kgimport.errors import DestinationError, UsageError
from kgimport.synthetic.lms_journeys import MONTHS, TENANTS, World, build_world
from kgimport.synthetic.lms_tables import DETAILS, HISTORIES, SCHEMAS, Columns, schemas_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class TableFiles:
    """What was written of one customer's table."""

    customer: str
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
    def interactions(self) -> int:
        """The rows of the histories."""
        return sum(table.rows for table in self.tables if table.table in HISTORIES)

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(table.bytes for table in self.tables)


def generate(
    out: Path,
    *,
    scale: float = 1.0,
    seed: int = 7,
    progress: Callable[[str], None] = lambda _: None,
) -> Generated:
    """Write the sample tables as Parquet; the same scale and seed give the same bytes.

    The files are `customer_<n>/<table>/part-0.parquet`, and for the histories
    `customer_<n>/<table>/event_month=2026-01/part-0.parquet` to `2026-06`. Users and their
    interactions grow with the scale, courses and assets with its square root.

    Args:
        out: a directory that is new or empty, or holds an earlier sample, which is replaced.
            A `README.md` and whatever begins with a dot may lie beside it.
        scale: 1 gives 1,500 users and about 130,000 interactions, 100 a hundred times as many.
        seed: another seed gives other data of the same kind.
        progress: is called with `customer_<n>/<table>` before each table is made.

    Raises:
        UsageError: the scale is not within (0, 100000], or the seed is below zero.
        DestinationError: `out` holds something else, or cannot be written.
    """
    _check_options(scale, seed)
    worlds = (build_world(tenant, scale, seed) for tenant in TENANTS)
    origin = f"lms scale={scale:g} seed={seed}"
    try:
        _clear(out)
        written = tuple(
            _write_table(out, world, table, origin, progress)
            for world in worlds
            for table in schemas_of(world.tenant)
        )
    except OSError as error:
        raise DestinationError(
            f"{error.filename or out} cannot be written: {error.strerror or error}",
            "name a directory that can be written and has room",
        ) from error
    return Generated(out=out, tables=written)


def _check_options(scale: float, seed: int) -> None:
    if not 0 < scale <= _LARGEST_SCALE:
        raise UsageError(
            f"the scale {scale} is not between 0 and {_LARGEST_SCALE}", "take 1, or 100, or 0.1"
        )
    if seed < 0:
        raise UsageError(f"the seed {seed} is below zero", "take a whole number from 0 upwards")


_LARGEST_SCALE: Final = 100_000  # above it, keys would need more digits
_PATH: Final = re.compile(
    rf"customer_\d/({'|'.join(SCHEMAS)})/(event_month=\d{{4}}-\d\d/)?part-0\.parquet(\.tmp)?"
)
_ORIGIN: Final = b"kgimport.sample"  # in the footer of each file


def _clear(out: Path) -> None:
    """Remove an earlier sample, so that a run that fails leaves no mixture of two."""
    out.mkdir(parents=True, exist_ok=True)
    beside = {path for path in out.iterdir() if path.name.startswith(".")} | {out / "README.md"}
    files = [p for p in sorted(out.rglob("*")) if not p.is_dir() and not beside & {p, *p.parents}]
    strange = next((path for path in files if not _is_sample(path, out)), None)
    if strange:
        raise DestinationError(
            f"{out} holds something that is not sample data: {strange.relative_to(out)}",
            "name a new or an empty directory",
        )
    for path in files:
        path.unlink()


def _is_sample(path: Path, out: Path) -> bool:
    """Tables of a real warehouse may have the same names, so the file itself has to say it."""
    if not _PATH.fullmatch(path.relative_to(out).as_posix()):
        return False
    if path.suffix == ".tmp":
        return True
    try:
        return _ORIGIN in (pq.read_metadata(path).metadata or {})
    except pa.ArrowInvalid:
        return False


def _write_table(
    out: Path, world: World, table: str, origin: str, progress: Callable[[str], None]
) -> TableFiles:
    customer = world.tenant.name
    progress(f"{customer}/{table}")
    folder = out / customer / table
    parts: dict[Path, Iterable[Columns]] = (
        {folder: DETAILS[table](world)}
        if table in DETAILS
        else {
            folder / f"event_month={name}": HISTORIES[table](world, month)
            for month, name in enumerate(MONTHS)
        }
    )
    paths = [path / "part-0.parquet" for path in parts]
    schema = schemas_of(world.tenant)[table]
    rows = sum(_write(path, schema, parts[path.parent], origin) for path in paths)
    size = sum(path.stat().st_size for path in paths)
    return TableFiles(customer, table, files=len(paths), rows=rows, bytes=size)


def _write(path: Path, schema: pa.Schema, batches: Iterable[Columns], origin: str) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    rows = 0
    with pq.ParquetWriter(temporary, schema, **_parquet(schema)) as writer:
        writer.add_key_value_metadata({_ORIGIN: origin.encode()})
        for columns in batches:
            table = pa.table([columns[name] for name in schema.names], schema=schema)
            writer.write_table(table)
            rows += table.num_rows
    temporary.replace(path)
    return rows


_DELTAS: Final = ("event_at", "created_at", "last_login_at", "size_bytes")


def _parquet(schema: pa.Schema) -> dict[str, object]:
    """Writer options, named so that a new default does not change the files."""
    deltas = [name for name in schema.names if name in _DELTAS]
    repeated = [
        f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
        for field in schema
        if field.name not in _DELTAS and not pa.types.is_boolean(field.type)
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
