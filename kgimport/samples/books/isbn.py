"""Numbers of books, as they should be and as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from kgimport.samples.draws import Ints, Lots

_BODY, _SPREAD = 10**8, 38_742_049  # the factor has no divisor in common with the bodies
_GROUPS: Final = np.array([0] * 6 + [1] * 2 + [3, 84])  # English, German, Spanish
_GROUP, _SPELLED, _WHETHER = 101, 102, 103  # purposes of lots

_CHARACTERS: Final = np.frombuffer(b"0123456789X", dtype=np.uint8)
_EAN: Final = np.array([9, 7, 8])


def _digits(lots: Lots, books: Ints) -> Ints:
    """Return the nine digits of each book; no two books below 10**8 have the same."""
    group = _GROUPS[lots.below(_GROUPS.size, _GROUP, books)] % 10
    number = group * _BODY + (books + 1) * _SPREAD % _BODY
    return number[:, None] // 10 ** np.arange(8, -1, -1) % 10


def isbns(lots: Lots, books: Ints) -> pa.Array:
    """Return the ISBN of each book: ten characters, of which the last proves the others."""
    digits = _digits(lots, books)
    check = -(digits * np.arange(10, 1, -1)).sum(axis=1) % 11
    return _text(_CHARACTERS[np.hstack([digits, check[:, None]])])


def _eans(lots: Lots, books: Ints) -> pa.Array:
    """Return the same numbers in thirteen digits."""
    digits = np.hstack([np.broadcast_to(_EAN, (books.size, 3)), _digits(lots, books)])
    check = -(digits * np.array([1, 3] * 6)).sum(axis=1) % 10
    return _text(_CHARACTERS[np.hstack([digits, check[:, None]])])


def _text(characters: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> pa.Array:
    """Return a string for each row of ASCII codes."""
    rows, width = characters.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    data = pa.py_buffer(np.ascontiguousarray(characters))
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), data)


def spelled(lots: Lots, books: Ints, rows: Ints, *, permille: int) -> pa.Array:
    """Return ISBNs, of which `permille` in a thousand rows are written in another way.

    A final x is written small in half of the other rows, too.
    """
    plain = isbns(lots, books)
    way = lots.below(7, _SPELLED, rows)
    other = pc.choose(
        pa.array(way),
        pc.utf8_ltrim(plain, "0"),
        _eans(lots, books),
        pc.binary_join_element_wise(plain, "<90", ""),
        pc.binary_join_element_wise(" ", plain, ""),
        pc.utf8_replace_slice(plain, 1, 1, "-"),
        pc.binary_join_element_wise('"', plain, '\\"', ""),
        pc.binary_join_element_wise(plain, ".", ""),
    )
    small = pc.if_else(pa.array(lots.below(2, _WHETHER, rows) == 0), pc.utf8_lower(plain), plain)
    return pc.if_else(pa.array(lots.chance(permille, _WHETHER, rows)), other, small)
