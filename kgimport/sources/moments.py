"""Units for INT96 timestamps: no type of 8 bytes holds all of their 12, so the values decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kgimport.errors import ValueRefusedError
from kgimport.sources.nested import arrays

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kgimport.sources.listing import File
    from kgimport.sources.nested import Unit

# The range of microseconds since 1970 whose nanoseconds fit into 64 bits, regardless of their last
# three digits. Polars counts from the beginning of a day, so it loses the hours of the first day.
_FIRST, _LAST = -106_751 * 86_400_000_000, (2**63 - 1) // 1_000 - 1


def units(table: str, files: Sequence[File], columns: Sequence[str]) -> dict[str, Unit]:
    """Return the unit in which each column is read without a change: `ns` if possible, else `us`.

    Raises `ValueRefusedError` if a column's values fit neither.
    """
    outside, finer = dict.fromkeys(columns, 0), dict.fromkeys(columns, 0)
    for file in files if columns else ():
        for name, micro, nano in _both(file, columns):
            beyond, fine = _measured(micro, nano)
            outside[name] += beyond
            finer[name] += fine
    refused = [
        f"{table}.{name} (INT96): {outside[name]:,} timestamps are outside the years 1677 to 2262, "
        f"and {finer[name]:,} have a fraction finer than a microsecond: no type holds both; "
        "cast it to a timestamp of microseconds in SQL"
        for name in columns
        if outside[name] and finer[name]
    ]
    if refused:
        raise ValueRefusedError(
            "these columns cannot be imported exactly:\n  " + "\n  ".join(refused),
            "cast them in SQL, or set `skip: true` under the column's config.meta.kgimport",
        )
    return {name: "us" if outside[name] else "ns" for name in columns}


def _both(file: File, columns: Sequence[str]) -> Iterator[tuple[str, pa.Array, pa.Array]]:
    """Yield the timestamps of each column, batch by batch, in microseconds and in nanoseconds."""
    with file.opened() as one, file.opened() as two:
        micros, nanos = (
            pq.ParquetFile(stream, coerce_int96_timestamp_unit=unit).iter_batches(
                columns=list(columns)
            )
            for stream, unit in ((one, "us"), (two, "ns"))
        )
        for first, second in zip(micros, nanos, strict=True):
            for name in columns:
                pairs = zip(arrays(first[name]), arrays(second[name]), strict=True)
                for micro, nano in pairs:
                    if pa.types.is_timestamp(micro.type):
                        yield name, micro, nano


def _measured(micro: pa.Array, nano: pa.Array) -> tuple[int, int]:
    """Return how many timestamps do not fit into 64 bits of nanoseconds, and how many are finer.

    Finer than a microsecond, that is. Beyond 64 bits, Arrow's nanoseconds lack their upper bits,
    but keep the last digits.
    """
    ticks = micro.cast(pa.int64())
    beyond = pc.or_(pc.less(ticks, _FIRST), pc.greater(ticks, _LAST))
    rest = pc.subtract(nano.cast(pa.int64()), pc.multiply(ticks, 1_000))
    return pc.sum(beyond).as_py() or 0, pc.sum(pc.not_equal(rest, 0)).as_py() or 0
