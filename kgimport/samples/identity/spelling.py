"""Numbers as the identifiers of people and machines: a different one for each number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kgimport.samples.columns import letters

if TYPE_CHECKING:
    import numpy.typing as npt

    from kgimport.samples.draws import Bools, Ints, Lots

_FACTORS: Final = (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93)
_LOWER: Final = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_UPPER: Final = np.frombuffer(b"0123456789ABCDEF", dtype=np.uint8)
_ID_BITS: Final = 60  # what a UUID of version 4 leaves of its first half


def joined(*parts: pa.Array | str) -> pa.Array:
    """Return the parts of each row as one text; null if one of them is null."""
    return pc.binary_join_element_wise(*parts, "")


def where(condition: Bools, those: pa.Array | pa.Scalar, others: pa.Array) -> pa.Array:
    """Return `those` in the rows where the condition holds, else `others`."""
    return pc.if_else(pa.array(condition), those, others)


def decimal(numbers: Ints) -> pa.Array:
    """Return whole numbers as text."""
    return pa.array(numbers).cast(pa.string())


def padded(numbers: Ints, width: int) -> pa.Array:
    """Return the last `width` digits of numbers, with leading zeros."""
    return letters(_digits(numbers, width))


def _digits(numbers: Ints, width: int) -> npt.NDArray[np.uint8]:
    powers = 10 ** np.arange(width - 1, -1, -1)
    return (numbers[:, None] // powers % 10 + ord("0")).astype(np.uint8)


def spread(numbers: Ints, factor: int, below: int) -> Ints:
    """Return a permutation of the numbers 0 .. `below` - 1; both must have no common divisor.

    Without an overflow as long as `factor` times `below` is less than 2**63.
    """
    return (numbers % below) * factor % below


def _mixed(lots: Lots, purpose: int, numbers: Ints) -> npt.NDArray[np.uint64]:
    """Return 60 bits for each number, other ones for each; another order for each purpose."""
    top, fold = np.uint64((1 << _ID_BITS) - 1), np.uint64(_ID_BITS // 2)
    start = (lots.seed * _FACTORS[0] + (purpose + 1) * _FACTORS[1]) & ((1 << _ID_BITS) - 1)
    mixed = (numbers.astype(np.uint64) + np.uint64(start)) & top
    for factor in _FACTORS:
        mixed = (mixed * np.uint64(factor)) & top
        mixed ^= mixed >> fold
    return mixed


def _nibbles(words: npt.NDArray[np.uint64], count: int) -> npt.NDArray[np.int64]:
    shifts = np.arange(count - 1, -1, -1, dtype=np.uint64) * np.uint64(4)
    return ((words[:, None] >> shifts) & np.uint64(15)).astype(np.int64)


def hexes(lots: Lots, purpose: int, numbers: Ints) -> pa.Array:
    """Return ids of 16 hexadecimal digits in capitals, as devices have them."""
    found = _nibbles(_mixed(lots, purpose, numbers), 15)
    return letters(_UPPER[np.hstack([found[:, :1] ^ 9, found])])


def uuids(lots: Lots, purpose: int, numbers: Ints) -> pa.Array:
    """Return random-looking UUIDs of version 4."""
    first = _nibbles(_mixed(lots, purpose, numbers), 15)
    second = _nibbles(_mixed(lots, purpose + 1, numbers), 15)
    fixed = np.broadcast_to(np.array([4, 8]), (numbers.size, 2))
    made = _LOWER[np.hstack([first[:, :12], fixed[:, :1], first[:, 12:], fixed[:, 1:], second])]
    parts = np.split(made, [8, 12, 16, 20], axis=1)
    hyphen = np.full((numbers.size, 1), ord("-"), dtype=np.uint8)
    return letters(np.hstack([p for part in parts[:-1] for p in (part, hyphen)] + parts[-1:]))


def addresses(numbers: Ints) -> pa.Array:
    """Return IPv4 addresses of private networks: a different one for each number below 2**24."""
    host = spread(numbers, 10_007_611, 1 << 24)
    parts = [decimal(host >> shift & 255) for shift in (16, 8, 0)]
    return joined("10.", parts[0], ".", parts[1], ".", parts[2])


def social(numbers: Ints) -> pa.Array:
    """Return numbers in the form of a Social Security Number; none is in use."""
    text = _digits(9 * 10**8 + spread(numbers, 38_742_049, 10**8), 9)
    hyphen = np.full((numbers.size, 1), ord("-"), dtype=np.uint8)
    return letters(np.hstack([text[:, :3], hyphen, text[:, 3:5], hyphen, text[:, 5:]]))


def phones(numbers: Ints) -> pa.Array:
    """Return telephone numbers of a country that does not exist, never ending in nine zeros."""
    return joined("+999", padded(1 + spread(numbers, 48_828_125, 10**9 - 1), 9))


def purchases(lots: Lots, numbers: Ints) -> pa.Array:
    """Return numbers of purchases: four letters and eight digits."""
    drawn = lots.below(26**4, 900, numbers)
    word = (drawn[:, None] // 26 ** np.arange(4) % 26 + ord("A")).astype(np.uint8)
    hyphen = np.full((numbers.size, 1), ord("-"), dtype=np.uint8)
    digits = _digits(spread(numbers, 38_742_049, 10**8), 8)
    return letters(np.hstack([word, hyphen, digits]))
