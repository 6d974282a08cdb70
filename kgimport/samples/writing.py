"""Samples to files: the same scale and seed give the same bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kgimport.errors import DestinationError, UsageError
from kgimport.samples import NAMES, csv_files, parquet_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from kgimport.samples.sample import Columns, Sample, Table


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The files that were written for one table; `table` is its name, or else its folder."""

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
    """Write the tables of a sample; the same scale and seed give the same bytes.

    Args:
        sample: what to write.
        out: a directory that is new or empty, or holds an earlier sample, which is replaced.
            Other samples, a `README.md` and names that begin with a dot are left alone.
        scale: 100 gives about a hundred times as many rows as 1.
        seed: another seed gives other data of the same kind.
        progress: is called with the name of each table before it is made.

    Raises:
        UsageError: the scale is not within (0, the sample's largest], or the seed is below zero.
        DestinationError: `out` holds something else, or cannot be written; or the sample is a part,
            and those in `out` have other settings.
    """
    _check_options(sample, scale, seed)
    whole = f"{sample.name} {sample.settings or f'scale={scale:g}'} seed={seed}"
    origin = f"{whole} {sample.part}".rstrip()
    try:
        out.mkdir(parents=True, exist_ok=True)
        earlier = _earlier(out, sample.name)
        if sample.part:
            _check_whole(out, whole, earlier.values())
        _clear(earlier, partial_only=bool(sample.part))
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


# How the files of a table are written, by their suffix.
_FORMS: Final[Mapping[str, Any]] = {".parquet": parquet_files, ".csv": csv_files}
_PARTIAL: Final = ".tmp"


def _earlier(out: Path, sample: str) -> dict[Path, str]:
    """Return the files of a sample that are there, and the origin of each."""
    spared = {path for path in out.iterdir() if path.name.startswith(".")} | {out / "README.md"}
    files = [p for p in sorted(out.rglob("*")) if not p.is_dir() and not spared & {p, *p.parents}]
    origins = {path: _origin(path, sample) for path in files}
    strange = next((path for path, origin in origins.items() if origin is None), None)
    if strange:
        raise DestinationError(
            f"{out} holds something that is not sample data: {strange.relative_to(out)}",
            "name a new or an empty directory",
        )
    return {path: o for path, o in origins.items() if o and o.partition(" ")[0] == sample}


def _check_whole(out: Path, whole: str, origins: Iterable[str]) -> None:
    """Refuse to add a part to what was made with other settings."""
    others = (o for o in origins if " " in o and not f"{o} ".startswith(f"{whole} "))
    if other := next(others, None):
        raise DestinationError(
            f"{out} holds the sample {other}, to which nothing of {whole} can be added",
            "take the same options, or another directory",
        )


def _clear(earlier: Mapping[Path, str], *, partial_only: bool) -> None:
    """Remove an earlier sample, so that a run that fails leaves no mixture of two samples."""
    for path in earlier:
        if path.suffix == _PARTIAL or not partial_only:
            path.unlink()


def _origin(path: Path, sample: str) -> str | None:
    """Return the origin of a file, which begins with its sample; None for a file of others."""
    form = _FORMS.get(path.suffix)
    if form is not None:
        found: str | None = form.origin(path)
        return found
    if path.suffix == csv_files.SUMS:
        return path.stem if path.stem in (sample, *NAMES) else None
    is_partial = path.suffix == _PARTIAL and _LEFT.fullmatch(path.stem)
    return sample if is_partial else None


# The files of which a run that was killed may have left a part.
_LEFT: Final = re.compile(r"part-\d+\.(parquet|csv)|(Books|Users|Ratings)\.csv")


def _write_table(
    out: Path, table: Table, origin: str, progress: Callable[[str], None]
) -> TableFiles:
    name = table.name or table.folder
    progress(name)
    paths = {out / table.folder / name: batches for name, batches in table.files.items()}
    rows = sum(_write(path, table, batches, origin) for path, batches in paths.items())
    size = sum(path.stat().st_size for path in paths)
    return TableFiles(name, files=len(paths), rows=rows, bytes=size)


def _write(path: Path, table: Table, batches: Iterable[Columns], origin: str) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not `files.replacing`: after a kill, the next run knows this name, and removes the file.
    temporary = path.with_name(f"{path.name}{_PARTIAL}")
    rows: int = _FORMS[path.suffix].write(temporary, table, batches, origin)
    temporary.replace(path)
    return rows
