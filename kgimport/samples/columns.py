"""Arrow columns from whole numbers: keys, lists, timestamps, decimals, nulls."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kgimport.samples.draws import Bools, Draws, Ints, places

DAY: Final = 86_400_000_000
HOUR: Final = 3_600_000_000
MOMENT: Final = pa.timestamp("us", tz="UTC")

_DIGITS: Final = np.frombuffer(b"0123456789abcdefghjkmnpqrstvwxyz", dtype=np.uint8)


def tokens(numbers: Ints, width: int) -> pa.Array:
    """Return opaque tokens in base 32, a different one for each number below 32**width."""
    # Each step permutes the numbers of 5 * width bits: an odd factor, or a shift folded back.
    top, fold = np.uint64(32**width - 1), np.uint64(5 * width // 2)
    mixed = numbers.astype(np.uint64) + np.uint64(1)
    for factor in (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93):
        mixed = (mixed * np.uint64(factor)) & top
        mixed ^= mixed >> fold
    shifts = np.arange(width, dtype=np.uint64) * np.uint64(5)
    return letters(_DIGITS[((mixed[:, None] >> shifts) & np.uint64(31)).astype(np.int64)])


def keys(prefix: str, number: Ints) -> pa.Array:
    """Return keys like c-000001, counted from 1, for a prefix of one letter."""
    digits = (number[:, None] + 1) // 10 ** np.arange(5, -1, -1) % 10 + ord("0")
    head = np.frombuffer(f"{prefix}-".encode(), dtype=np.uint8)
    return letters(
        np.hstack([np.broadcast_to(head, (number.size, head.size)), digits.astype(np.uint8)])
    )


def letters(characters: npt.NDArray[np.uint8]) -> pa.Array:
    """Return a string for each row of ASCII codes."""
    rows, width = characters.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    data = pa.py_buffer(np.ascontiguousarray(characters))
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), data)


def picked(values: pa.Array, position: Ints) -> pa.Array:
    """Return the values at these positions."""
    return values.take(pa.array(position))


def some(draws: Draws, values: pa.Array, size: int) -> pa.Array:
    """Draw values; repeated values are drawn more often."""
    return picked(values, draws.below(len(values), size))


def lists(draws: Draws, values: pa.Array, first: Ints) -> pa.Array:
    """Return lists of one to three different values, each beginning with the one at `first`."""
    lengths = 1 + draws.below(3, first.size)
    hop = 1 + draws.below(len(values) // 2 - 1, first.size)
    position = np.repeat(first, lengths) + places(lengths) * np.repeat(hop, lengths)
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), picked(values, position % len(values))
    )


def moments(draws: Draws, first: str, last: str, size: int) -> Ints:
    """Draw microseconds since 1970, from the first day up to but without the last one."""
    begin, end = (int(np.datetime64(day, "D").astype(np.int64)) for day in (first, last))
    days, hours = begin + draws.below(end - begin, size), draws.below(24, size)
    return days * DAY + hours * HOUR + draws.below(HOUR, size)


def stamps(microseconds: Ints) -> pa.Array:
    """Return timestamps in UTC for microseconds since 1970."""
    return pa.array(microseconds).cast(MOMENT)


def dates(days: Ints) -> pa.Array:
    """Return dates for days since 1970."""
    return pa.array(days.astype(np.int32)).cast(pa.date32())


def decimals(hundredths: Ints, precision: int) -> pa.Array:
    """Return decimals with two places for hundredths, none of them negative."""
    # An Arrow decimal is a little-endian number of 16 bytes.
    words = np.stack([hundredths, np.zeros_like(hundredths)], axis=1).astype("<i8")
    kind = pa.decimal128(precision, 2)
    return pa.Decimal128Array.from_buffers(kind, hundredths.size, [None, pa.py_buffer(words)])


def unless(missing: Bools, values: pa.Array) -> pa.Array:
    """Return the values, or null where they are missing."""
    return pc.if_else(pa.array(~missing), values, pa.scalar(None, values.type))
